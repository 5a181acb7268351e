// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The first line as what a source's reader or a pushed stream left in the state file, the rest as
// the lines that follow: it is refused, or a reader goes on from it, and it is saved as it was.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/model/labels.h"
#include "engine/run/push_repeats.h"
#include "engine/run/push_streams.h"
#include "engine/run/source_reader.h"
#include "engine/source/push_digest.h"
#include "rules/rule_loader.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Json;
using tallybell::PositionRow;
using tallybell::Require;
using tallybell::SourceReader;

class Bytes : public tallybell::ByteReader {
 public:
  explicit Bytes(absl::string_view bytes) : rest_(bytes) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, rest_.size());
    rest_.copy(buffer, n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  absl::string_view rest_;
};

struct Fixture {
  Fixture() {
    tallybell::Diagnostics diagnostics;
    rules = tallybell::LoadRulesFromText(
        "r", "groups: [{name: g, rules: [{alert: A, match: boom, when: count > 0 in 1m}]}]",
        &diagnostics);
    matcher = std::make_unique<tallybell::RuleMatcher>(&rules, &redactor, &metrics);
    candidates = std::make_unique<tallybell::CandidateRulesCache>(&rules);
  }

  tallybell::RuleSet rules;
  tallybell::Redactor redactor;
  tallybell::Metrics metrics;
  std::unique_ptr<tallybell::RuleMatcher> matcher;
  std::unique_ptr<tallybell::CandidateRulesCache> candidates;
};

void CheckReader(Fixture& fixture, absl::string_view state, absl::string_view lines) {
  constexpr tallybell::TimeNs kArrival = 1'717'200'000 * tallybell::kSecond;
  SourceReader::Options options;
  options.name = "log";
  options.live = true;
  options.block = 4096;  // a buffer that costs little to make
  Bytes bytes(lines), no_bytes("");
  SourceReader reader(options, &bytes, fixture.candidates.get(), fixture.matcher.get());
  if (!reader.RestoreState(state).ok()) return;
  const std::string saved = reader.SaveState();
  SourceReader again(options, &no_bytes, fixture.candidates.get(), fixture.matcher.get());
  Require(again.RestoreState(saved).ok() && again.SaveState() == saved);
  std::vector<tallybell::SourceItem> items;
  for (bool finished = false;;) {
    const absl::StatusOr<bool> at_end = reader.Read(kArrival, &items);
    if (!at_end.ok()) return;
    if (*at_end && finished) break;
    if (*at_end) reader.Finish();
    finished = *at_end;
  }
  for (const tallybell::SourceItem& item : items) Require(item.time != tallybell::kNoTime);
}

// The rows under the names that they give themselves, so that they are taken.
void CheckStreams(Fixture& fixture, absl::string_view state) {
  const tallybell::PushStreams::LabelTemplates templates;
  const absl::StatusOr<Json> json = tallybell::ParseJson(state);
  tallybell::Labels pushed;
  std::string tenant;
  if (json.ok() && json->is_object() && json->contains("labels") && (*json)["labels"].is_object()) {
    for (const auto& [name, value] : (*json)["labels"].items()) {
      if (value.is_string()) pushed.Set(name, value.get<std::string>());
    }
    if (json->contains("tenant") && (*json)["tenant"].is_string()) {
      tenant = (*json)["tenant"].get<std::string>();
    }
  }
  const std::string suffix =
      tallybell::FormatPushDigest(tallybell::DigestOf({tenant, tallybell::FormatLabels(pushed)}));
  const std::vector<PositionRow> rows = {{absl::StrCat("k\nstream ", suffix), std::string(state)},
                                         {"k\nstream x", std::string(state)}};
  tallybell::PushStreams streams("k", &templates, fixture.matcher.get(), rows);
  Require(streams.all().size() <= rows.size());
  tallybell::Delta delta;
  if (!streams.all().empty()) streams.Get(pushed, tenant);
  streams.Save(&delta);
  std::vector<PositionRow> saved;
  for (const PositionRow& row : delta.positions) {
    if (!row.erased) saved.push_back(row);
  }
  tallybell::PushStreams again("k", &templates, fixture.matcher.get(), saved);
  Require(again.all().size() == saved.size() && !again.Unsaved());
}

void CheckRepeats(absl::string_view state) {
  constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;
  const tallybell::PushDigest digest = tallybell::DigestOf({"one"});
  tallybell::PushRepeats repeats(
      "k", {{absl::StrCat("k\npush ", tallybell::FormatPushDigest(digest)), std::string(state)},
            {absl::StrCat("k\npush ", state), "5"}});
  repeats.Repeats(digest, kNow);
  Require(repeats.Repeats(digest, kNow));
  repeats.Expire(tallybell::kNever);
  tallybell::Delta delta;
  repeats.Save(&delta);
  Require(!repeats.Unsaved());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Fixture* const kFixture = new Fixture();
  tallybell::FuzzInput input(data, size);
  const absl::string_view state = input.Line();
  CheckReader(*kFixture, state, input.rest());
  CheckStreams(*kFixture, state);
  CheckRepeats(state);
  return 0;
}
