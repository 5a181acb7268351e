// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_parts.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/base/usable_cores.h"

namespace tallybell {
namespace {

// A rule takes some 10 us, mostly for its regex; to start a thread takes a tenth of a millisecond.
constexpr size_t kManyRules = 200;
constexpr int kMaxThreads = 8;
constexpr size_t kPartsAThread = 4;  // so that nobody waits long for the slowest

struct Part {
  Diagnostics diagnostics;
  std::vector<Rule> rules;
};

}  // namespace

int ThreadsForRules(size_t count) {
  return count < kManyRules ? 1 : std::min(UsableCores(), kMaxThreads);
}

void ReadRulesInParts(size_t count, int threads, ReadSomeRules read, Diagnostics* diagnostics,
                      std::vector<Rule>* rules) {
  if (threads <= 1) return read(0, count, diagnostics, rules);
  std::vector<Part> parts(std::min(count, static_cast<size_t>(threads) * kPartsAThread));
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < parts.size(); i = next++) {
      read(count * i / parts.size(), count * (i + 1) / parts.size(), &parts[i].diagnostics,
           &parts[i].rules);
    }
  };
  std::vector<std::thread> helpers;
  helpers.reserve(static_cast<size_t>(threads));
  try {
    while (helpers.size() + 1 < static_cast<size_t>(threads)) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // There may be no more threads; those that there are do it all.
  }
  work();
  for (std::thread& helper : helpers) helper.join();
  rules->reserve(rules->size() + count);
  for (Part& part : parts) {
    diagnostics->Append(std::move(part.diagnostics));
    rules->insert(rules->end(), std::make_move_iterator(part.rules.begin()),
                  std::make_move_iterator(part.rules.end()));
  }
}

}  // namespace tallybell
