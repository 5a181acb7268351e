// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_RUN_SOURCE_READER_FIXTURE_H_
#define TALLYBELL_TESTS_ENGINE_RUN_SOURCE_READER_FIXTURE_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/match/group_key.h"
#include "engine/run/source_reader.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {

// A file that grows when it is told to.
class GrowingFile : public ByteReader {
 public:
  GrowingFile(const std::string* bytes, size_t at, const size_t* end)
      : bytes_(bytes), at_(at), end_(end) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, *end_ - at_);
    bytes_->copy(buffer, n, at_);
    at_ += n;
    return n;
  }

 private:
  const std::string* const bytes_;
  size_t at_;
  const size_t* const end_;
};

// Reads made-up bytes with rules that give what they match away.
class SourceReaderFixture : public ::testing::Test {
 protected:
  SourceReaderFixture() {
    UseRules("{alert: A, match: boom, when: count > 0 in 1m, by: file}");
    options_.name = "log";
    options_.first_year = 2024;
  }

  // `rules`, as they stand in the list of a group.
  void UseRules(const std::string& rules, CandidateRules::Scan scan = CandidateRules::Scan::kOn) {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("r", absl::StrCat("groups: [{name: g, rules: [", rules, "]}]"),
                               &diagnostics);
    EXPECT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
    matcher_ = std::make_unique<RuleMatcher>(&rules_, &redactor_, &metrics_);
    candidates_ = std::make_unique<CandidateRulesCache>(&rules_, scan);
  }

  std::unique_ptr<SourceReader> Open(uint64_t offset) {
    options_.offset = offset;
    file_ = std::make_unique<GrowingFile>(&bytes_, offset, &end_);
    return std::make_unique<SourceReader>(options_, file_.get(), candidates_.get(), matcher_.get());
  }

  void ReadToEnd(SourceReader* reader, std::vector<SourceItem>* items) {
    for (;;) {
      const absl::StatusOr<bool> at_end = reader->Read(arrival_, items);
      ASSERT_TRUE(at_end.ok()) << at_end.status();
      if (*at_end) return;
    }
  }

  // The same, and shows what each call gave, which may be lent until the next. Returns how many
  // there were.
  int ReadInPieces(SourceReader* reader,
                   absl::FunctionRef<void(const std::vector<SourceItem>& items)> show) {
    int reads = 0;
    for (bool at_end = false; !at_end; ++reads) {
      std::vector<SourceItem> items;
      const absl::StatusOr<bool> read = reader->Read(arrival_, &items);
      EXPECT_TRUE(read.ok()) << read.status();
      if (!read.ok()) break;
      at_end = *read;
      // It takes the first to find out what the lines look like.
      EXPECT_TRUE(at_end || reads == 0 || !items.empty()) << "read " << reads;
      show(items);
    }
    return reads;
  }

  // The whole of `bytes` as a replay reads it.
  std::vector<SourceItem> ReadAll(std::string bytes) {
    bytes_ = std::move(bytes);
    end_ = bytes_.size();
    reader_ = Open(0);
    std::vector<SourceItem> items;
    ReadToEnd(reader_.get(), &items);
    return items;
  }

  // The times of what counted, as hh:mm:ss.
  static std::vector<std::string> Matches(const std::vector<SourceItem>& items) {
    std::vector<std::string> times;
    for (const SourceItem& item : items) {
      if (!item.mark) times.push_back(FormatRfc3339(item.time).substr(11, 8));
    }
    return times;
  }

  // Reads a growing file live; with `restart`, a new reader takes up after each step.
  std::vector<std::string> Follow(const std::vector<size_t>& steps, bool restart) {
    end_ = 0;
    std::vector<SourceItem> items;
    std::unique_ptr<SourceReader> reader = Open(0);
    for (size_t i = 0; i < steps.size(); ++i) {
      end_ = steps[i];
      if (i + 1 == steps.size()) reader->Finish();
      ReadToEnd(reader.get(), &items);
      if (!restart || i + 1 == steps.size()) continue;
      const std::string state = reader->SaveState();
      const uint64_t offset = reader->resume_offset();
      reader = Open(offset);
      EXPECT_TRUE(reader->RestoreState(state).ok());
    }
    return Told(items);
  }

  // Each item as a line.
  static std::vector<std::string> Told(const std::vector<SourceItem>& items) {
    std::vector<std::string> told;
    for (const SourceItem& item : items) {
      std::string text = absl::StrCat(FormatRfc3339(item.time), item.mark ? " mark" : "");
      for (const RuleMatch& match : item.record.matches) {
        absl::StrAppend(&text, " ", item.record.offset, " ", match.rule, " ",
                        absl::StrJoin(GroupKeyValues(match.group), ","), " ",
                        match.evidence.view());
      }
      told.push_back(std::move(text));
    }
    return told;
  }

  RuleSet rules_;
  const Redactor redactor_;
  Metrics metrics_;
  std::unique_ptr<RuleMatcher> matcher_;
  std::unique_ptr<CandidateRulesCache> candidates_;
  SourceReader::Options options_;
  TimeNs arrival_ = kNoTime;
  std::string bytes_;
  size_t end_ = 0;
  std::unique_ptr<GrowingFile> file_;
  std::unique_ptr<SourceReader> reader_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_RUN_SOURCE_READER_FIXTURE_H_
