// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "engine/model/labels.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

struct Row {
  std::string fingerprint;
  std::vector<std::pair<std::string, std::string>> labels;  // as written, empty ones too
};

std::string ValueOf(const std::string& written) {
  size_t times = 0;
  if (absl::StartsWith(written, "x*") &&
      absl::SimpleAtoi(absl::string_view(written).substr(2), &times)) {
    return std::string(times, 'x');
  }
  std::string value;
  EXPECT_TRUE(absl::CUnescape(written, &value)) << written;
  return value;
}

std::vector<Row> ReadRows() {
  std::ifstream file(TALLYBELL_SOURCE_DIR "/tests/data/fingerprints.tsv");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (absl::StartsWith(line, "#")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, '\t');
    Row row;
    row.fingerprint = words[0];
    for (size_t i = 1; i < words.size(); ++i) {
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(words[i], absl::MaxSplits('=', 1));
      row.labels.emplace_back(pair.first, ValueOf(pair.second));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Labels LabelsOf(const Row& row, bool backwards) {
  Labels labels;
  std::vector<std::pair<std::string, std::string>> pairs = row.labels;
  if (backwards) pairs.assign(row.labels.rbegin(), row.labels.rend());
  for (const auto& [name, value] : pairs) labels.Set(name, value);
  return labels;
}

TEST(FingerprintTest, IsWhatItAlwaysWasInWhateverOrderLabelsCome) {
  const std::vector<Row> rows = ReadRows();
  EXPECT_EQ(rows.size(), 50u);
  for (const Row& row : rows) {
    for (const bool backwards : {false, true}) {
      const Labels labels = LabelsOf(row, backwards);
      EXPECT_EQ(FormatFingerprint(labels.Fingerprint()), row.fingerprint);
    }
  }
}

TEST(FingerprintTest, IsAnotherForEachOfTheSetsThatWantToBeOne) {
  std::map<std::string, std::vector<Labels::Pair>> seen;
  for (const Row& row : ReadRows()) {
    const Labels labels = LabelsOf(row, false);
    const auto [it, is_new] = seen.emplace(row.fingerprint, labels.pairs());
    EXPECT_TRUE(is_new || it->second == labels.pairs()) << row.fingerprint;
  }
  EXPECT_GE(seen.size(), 49u);
}

}  // namespace
}  // namespace tallybell
