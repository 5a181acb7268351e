// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A state file with bytes that are wrong, or any bytes in its place: it is refused, or what it says
// can be read and written on.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/store/store.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Require;
using tallybell::Store;

constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;

// A directory of this process, which goes when it ends.
class Scratch {
 public:
  Scratch() {
    char directory[] = "/tmp/tallybell-fuzz-XXXXXX";
    Require(mkdtemp(directory) != nullptr);
    directory_ = directory;
    options_.path = directory_ + "/state.db";
  }
  ~Scratch() { std::filesystem::remove_all(directory_); }

  const Store::Options& options() const { return options_; }

  void Write(const std::string& bytes) const {
    for (const char* const more : {"-wal", "-shm", "-journal"}) {
      std::filesystem::remove(options_.path + more);
    }
    std::ofstream(options_.path, std::ios::binary) << bytes;
  }

  std::string Read() const {
    std::ifstream file(options_.path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

 private:
  std::string directory_;
  Store::Options options_;
};

// A small state file as it should be.
std::string MakeIntact(const Scratch& scratch) {
  {
    auto store = Store::Open(scratch.options());
    Require(store.ok());
    tallybell::Delta delta;
    delta.positions = {{"file", "state"}};
    delta.rules = {{"rule", "state"}};
    for (int i = 0; i < 20; ++i) {
      delta.groups.push_back({"rule", absl::StrCat("group", i), std::string(100, 's')});
      delta.outbox.push_back({"receiver", i, "0123456789abcdef", std::string(50, 'o')});
      delta.history.push_back({kNow, "f", "firing", "rule", "labels", std::string(50, 'd')});
    }
    Require((*store)->Commit(delta, kNow).ok());
  }
  return scratch.Read();
}

void CheckOpens(const Scratch& scratch) {
  auto store = Store::Open(scratch.options());
  if (!store.ok()) {
    Require(absl::StrContains(store.status().message(), scratch.options().path));
    return;
  }
  (*store)->Load().status().IgnoreError();
  (*store)->History(100).status().IgnoreError();
  tallybell::Delta delta;
  delta.positions = {{"a", "1"}};
  (*store)->Commit(delta, kNow).IgnoreError();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Scratch kScratch;
  static const std::string* const kIntact = new std::string(MakeIntact(kScratch));
  tallybell::FuzzInput input(data, size);
  std::string bytes;
  if (input.Below(4) == 0) {
    bytes = std::string(input.rest());
  } else {
    bytes = *kIntact;
    while (!input.empty()) {
      const size_t at = input.Byte() * 256u + input.Byte() + 65'536u * input.Below(2);
      bytes[at % bytes.size()] = static_cast<char>(input.Byte());
    }
    if (size % 8 == 7) bytes.resize(bytes.size() - bytes.size() / (size % 50 + 1));
  }
  kScratch.Write(bytes);
  CheckOpens(kScratch);
  return 0;
}
