// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Writes a controller's log to stdout: generate_controller_log [MEGABYTES], by default 1024 (MiB).

#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/bench/controller_log.h"

int main(int argc, char** argv) {
  uint64_t megabytes = 1024;
  if (argc > 2 || (argc == 2 && !absl::SimpleAtoi(argv[1], &megabytes))) {
    std::fprintf(stderr, "usage: generate_controller_log [MEGABYTES]\n");
    return 2;
  }
  const uint64_t size = megabytes << 20;
  tallybell::ControllerLog log;
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
