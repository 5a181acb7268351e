// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/partial_lines.h"

#include <cstring>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// Writes lines as Docker's driver does and otherwise, and keeps in mind what is to be found.
class DockerLog {
 public:
  explicit DockerLog(uint32_t seed) : random_(seed) {}

  void AddLine() {
    const auto begin = static_cast<uint32_t>(block_.size());
    switch (random_() % 12) {
      case 0:
        absl::StrAppend(&block_, (const char*[]){"", "  ", "no JSON", "\"}", "\\"}[random_() % 5]);
        break;
      case 1:
        AddOdd(begin);
        break;
      default:
        AddExact(begin);
    }
    if (random_() % 20 != 0 || !last_) block_ += '\n';
  }
  void AddLastLine() {
    last_ = true;
    AddLine();
  }

  const std::string& block() const { return block_; }
  const std::vector<uint32_t>& begins() const { return begins_; }
  bool seen(int stream) const { return seen_[stream]; }

 private:
  static constexpr absl::string_view kStreams[] = {"stdout", "stderr"};

  // Of any form that is not quite the driver's.
  void AddOdd(uint32_t begin) {
    absl::StrAppend(
        &block_,
        (const char*[]){R"({"stream":"stdout","log":"a\n","time":"2024-05-01T00:00:00Z"})",
                        R"({"log":"a\n", "stream":"stderr","time":"2024-05-01T00:00:00Z"})",
                        R"({"log":"a\n","stream":"other","time":"2024-05-01T00:00:00Z"})",
                        R"( {"log":"a\n","log":"","stream":"stdout","time":""})",
                        R"({"log":"a\n","stream":"stdout","time":"2024-05-01T00:00:00Z)",
                        R"({"log":"a","b":"\n","stream":"stdout","time":"2024-05-01"})",
                        R"({)"}[random_() % 7]);
    begins_.push_back(begin);
    open_[0] = open_[1] = seen_[0] = seen_[1] = true;
  }

  void AddExact(uint32_t begin) {
    static constexpr absl::string_view kPieces[] = {"a stretch of text ",
                                                    R"(\")",
                                                    R"(\\)",
                                                    R"(\u001b[0m)",
                                                    "n",
                                                    "é",
                                                    "'",
                                                    "}",
                                                    "{",
                                                    R"(\",\"stream\":\"stdout\",\"time\":\")",
                                                    R"(\t)"};
    static constexpr absl::string_view kTimes[] = {
        "2024-05-01T12:32:30.426698123Z", "2024-05-01T12:32:30.42Z", "2024-05-01T12:32:30Z",
        "2024-05-01T12:32:30.426698123+02:00", ""};
    const int stream = only_stderr_ ? 1 : static_cast<int>(random_() % 2);
    const bool whole = random_() % 5 != 0;
    std::string log;
    for (uint32_t pieces = random_() % 12; pieces > 0; --pieces) {
      absl::StrAppend(&log, kPieces[random_() % std::size(kPieces)]);
    }
    if (whole) absl::StrAppend(&log, "\\n");
    const std::string attributes = random_() % 9 == 0 ? R"(,"attrs":{"a":"1","b\"":""})" : "";
    const std::string line =
        absl::StrCat(R"({"log":")", log, R"(","stream":")", kStreams[stream], "\"", attributes,
                     R"(,"time":")", kTimes[random_() % std::size(kTimes)], R"("})");
    std::string scratch;
    const EnvelopedLine read = Unwrap(EnvelopeKind::kDocker, line, &scratch);
    EXPECT_EQ(read.stream, kStreams[stream]) << line;
    EXPECT_EQ(read.partial, !whole) << line;
    absl::StrAppend(&block_, line);
    seen_[stream] = true;
    if (!whole || open_[stream]) begins_.push_back(begin);
    open_[stream] = !whole;
  }

  std::mt19937 random_;
  const bool only_stderr_ = random_() % 3 == 0;
  bool last_ = false;
  std::string block_;
  std::vector<uint32_t> begins_;
  bool open_[2] = {true, true};
  bool seen_[2] = {false, false};
};

TEST(PartialLinesTest, FindsThePiecesOfRandomDockerLogsAndTheirStreams) {
  for (uint32_t seed = 0; seed < 20'000; ++seed) {
    DockerLog log(seed);
    for (uint32_t lines = seed % 10; lines > 0; --lines) log.AddLine();
    log.AddLastLine();
    // Memory of exactly that size, so that a sanitizer sees a read beyond its end.
    const size_t size = log.block().size();
    std::unique_ptr<char[]> exact(new char[size]);
    std::memcpy(exact.get(), log.block().data(), size);
    std::vector<uint32_t> begins;
    const RuntimeStreams streams =
        FindPartialLines(ScanEnvelope::kDocker, absl::string_view(exact.get(), size), &begins);
    ASSERT_EQ(begins, log.begins()) << "seed " << seed << "\n" << log.block();
    ASSERT_EQ(streams.out, log.seen(0)) << "seed " << seed << "\n" << log.block();
    ASSERT_EQ(streams.err, log.seen(1)) << "seed " << seed << "\n" << log.block();
  }
}

TEST(PartialLinesTest, WhereItDoesNotLookForStreamsThereMayBeBoth) {
  std::vector<uint32_t> begins;
  for (const ScanEnvelope envelope : {ScanEnvelope::kNone, ScanEnvelope::kCri}) {
    const RuntimeStreams streams =
        FindPartialLines(envelope, "2024-05-01T12:32:30.4Z stdout F text\n", &begins);
    EXPECT_TRUE(streams.out && streams.err);
  }
}

}  // namespace
}  // namespace tallybell
