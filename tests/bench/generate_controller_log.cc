// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Writes a controller's log to stdout:
//   generate_controller_log [MEBIBYTES] [--as glog|docker|cri|zap] [--colour] [--hosts N] [--jobs
//   N]
// 1024 MiB of plain glog lines by default; DressedLog::Options says what the others mean.

#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "tests/bench/dressed_log.h"

namespace tallybell {
namespace {

bool ReadDress(absl::string_view name, DressedLog::Dress* dress) {
  static constexpr struct {
    absl::string_view name;
    DressedLog::Dress dress;
  } kDresses[] = {{"glog", DressedLog::Dress::kGlog},
                  {"docker", DressedLog::Dress::kDocker},
                  {"cri", DressedLog::Dress::kCri},
                  {"zap", DressedLog::Dress::kZap}};
  for (const auto& known : kDresses) {
    if (known.name != name) continue;
    *dress = known.dress;
    return true;
  }
  return false;
}

bool ReadArguments(int argc, char** argv, uint64_t* mebibytes, DressedLog::Options* options) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view word = argv[i];
    const absl::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--colour") {
      options->colour = true;
    } else if (word == "--as" && ReadDress(value, &options->dress)) {
      ++i;
    } else if (word == "--hosts" && absl::SimpleAtoi(value, &options->hosts)) {
      ++i;
    } else if (word == "--jobs" && absl::SimpleAtoi(value, &options->jobs)) {
      ++i;
    } else if (!absl::SimpleAtoi(word, mebibytes)) {
      return false;
    }
  }
  return true;
}

int Generate(int argc, char** argv) {
  uint64_t mebibytes = 1024;
  DressedLog::Options options;
  if (!ReadArguments(argc, argv, &mebibytes, &options)) {
    std::fprintf(stderr,
                 "usage: generate_controller_log [MEBIBYTES] [--as glog|docker|cri|zap] "
                 "[--colour] [--hosts N] [--jobs N]\n");
    return 2;
  }
  const uint64_t size = mebibytes << 20;
  DressedLog log(options);
  std::string block;
  for (uint64_t written = 0; written < size; written += block.size()) {
    block.clear();
    while (block.size() < (1u << 20)) log.AppendLine(&block);
    if (std::fwrite(block.data(), 1, block.size(), stdout) != block.size()) {
      std::perror("generate_controller_log");
      return 1;
    }
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tallybell

int main(int argc, char** argv) { return tallybell::Generate(argc, argv); }
