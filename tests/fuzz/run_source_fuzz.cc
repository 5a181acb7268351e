// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a source from its first byte to what counts: the same whether literals are scanned
// for or every line is looked at, however the bytes come, and over a restart anywhere.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/match/group_key.h"
#include "engine/run/source_reader.h"
#include "rules/rule_loader.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::CandidateRules;
using tallybell::CandidateRulesCache;
using tallybell::Require;
using tallybell::RuleMatcher;
using tallybell::SourceItem;
using tallybell::SourceReader;

constexpr char kRules[] = R"(groups: [{name: g, rules: [
  {alert: A, match: [boom, '/v[mM] (?P<vm>[a-z]+)/', 'k\s'], when: count > 0 in 1m, by: [vm, file]},
  {alert: B, match: '/ERROR|panic/i', exclude: dry, when: count > 1 in 1h, clear: up},
  {alert: C, where: 'severity >= error or code > 4', when: count > 0 in 1m, by: [stream, job]}]}])";

// A file that grows up to `*end`.
class GrowingBytes : public tallybell::ByteReader {
 public:
  GrowingBytes(absl::string_view bytes, size_t at, const size_t* end)
      : bytes_(bytes), at_(at), end_(end) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, *end_ - at_);
    bytes_.copy(buffer, n, at_);
    at_ += n;
    return n;
  }

 private:
  const absl::string_view bytes_;
  size_t at_;
  const size_t* const end_;
};

// The rules and all that reading needs of them; made once.
struct Fixture {
  Fixture() {
    tallybell::Diagnostics diagnostics;
    rules = tallybell::LoadRulesFromText("r", kRules, &diagnostics);
    Require(!diagnostics.HasErrors());
    matcher = std::make_unique<RuleMatcher>(&rules, &redactor, &metrics);
    scanned = std::make_unique<CandidateRulesCache>(&rules, CandidateRules::Scan::kOn);
    all = std::make_unique<CandidateRulesCache>(&rules, CandidateRules::Scan::kOff);
  }

  tallybell::RuleSet rules;
  tallybell::Redactor redactor;
  tallybell::Metrics metrics;
  std::unique_ptr<RuleMatcher> matcher;
  std::unique_ptr<CandidateRulesCache> scanned;
  std::unique_ptr<CandidateRulesCache> all;
};

Fixture& Shared() {
  static Fixture* const kFixture = new Fixture();
  return *kFixture;
}

std::vector<std::string> Told(const std::vector<SourceItem>& items) {
  std::vector<std::string> told;
  for (const SourceItem& item : items) {
    std::string text = absl::StrCat(item.time, item.mark ? " mark" : "");
    for (const tallybell::RuleMatch& match : item.record.matches) {
      absl::StrAppend(&text, " ", item.record.offset, " ", match.rule, " ",
                      absl::StrJoin(tallybell::GroupKeyValues(match.group), ","), " ",
                      match.evidence.view());
    }
    told.push_back(std::move(text));
  }
  return told;
}

// Reads the bytes up to each of `steps`; with `restart`, a new reader takes up after each.
// Nothing where the source cannot be read.
std::vector<std::string> Follow(absl::string_view bytes, const std::vector<size_t>& steps,
                                SourceReader::Options options, CandidateRulesCache* candidates,
                                bool restart) {
  constexpr tallybell::TimeNs kArrival = 1'717'200'000 * tallybell::kSecond;
  size_t end = 0;
  std::vector<SourceItem> items;
  auto file = std::make_unique<GrowingBytes>(bytes, 0, &end);
  const RuleMatcher* const matcher = Shared().matcher.get();
  auto reader = std::make_unique<SourceReader>(options, file.get(), candidates, matcher);
  for (size_t i = 0; i < steps.size(); ++i) {
    end = steps[i];
    const bool last = i + 1 == steps.size();
    if (last && options.live) reader->Finish();
    for (;;) {
      const absl::StatusOr<bool> at_end =
          reader->Read(options.live ? kArrival : tallybell::kNoTime, &items);
      if (!at_end.ok()) return {};
      if (*at_end) break;
    }
    if (!restart || last) continue;
    const std::string state = reader->SaveState();
    // Lines that are joined before it is known what they look like may be joined anew after it.
    if (options.multiline.on() && !absl::StrContains(state, R"("settled":true)")) continue;
    options.offset = reader->resume_offset();
    Require(options.offset <= end);
    file = std::make_unique<GrowingBytes>(bytes, options.offset, &end);
    reader = std::make_unique<SourceReader>(options, file.get(), candidates, matcher);
    Require(reader->RestoreState(state).ok());
  }
  return Told(items);
}

void CheckReplay(absl::string_view bytes, SourceReader::Options options) {
  const std::vector<size_t> whole = {bytes.size()};
  CandidateRulesCache* const scanned = Shared().scanned.get();
  const std::vector<std::string> told = Follow(bytes, whole, options, scanned, false);
  Require(told == Follow(bytes, whole, options, Shared().all.get(), false));
  options.block = 40;
  Require(told == Follow(bytes, whole, options, scanned, false));
}

void CheckLive(absl::string_view bytes, size_t step, SourceReader::Options options) {
  options.live = true;
  options.ends = tallybell::kNoTime;
  // A reader is made for each, which costs more than what it reads.
  step = std::max(step, bytes.size() / 16 + 1);
  std::vector<size_t> steps;
  for (size_t at = 0; at < bytes.size();) {
    at = std::min(bytes.size(), at + step);
    steps.push_back(at);
  }
  CandidateRulesCache* const scanned = Shared().scanned.get();
  Require(Follow(bytes, steps, options, scanned, true) ==
          Follow(bytes, steps, options, scanned, false));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kFirst =
      std::make_shared<const tallybell::Pattern>(*tallybell::Pattern::Regex("^[^ \t}]", false));
  tallybell::FuzzInput input(data, size);
  // Of the first line: the format, how marks lie, and how the bytes come.
  const absl::string_view how = input.Line();
  const auto digit = [how](size_t i) {
    return i < how.size() ? static_cast<uint8_t>(how[i]) : uint8_t{0};
  };
  SourceReader::Options options;
  options.name = "log";
  options.labels = tallybell::Labels{{"job", "a"}};
  options.block = 4096;  // a buffer that costs little to make
  options.first_year = digit(0) % 2 == 0 ? 2024 : 0;
  options.mark_every = size_t{1} << (digit(1) % 17);
  if (digit(2) % 4 == 1) {
    options.multiline.first = kFirst;
    options.multiline.max_lines = 3;
  }
  options.ends = 1'717'200'000 * tallybell::kSecond;
  CheckReplay(input.rest(), options);
  CheckLive(input.rest(), 1 + size_t{2} * digit(3), options);
  return 0;
}
