// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_intake.h"

#include <snappy.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/loki_push_encoder.h"

namespace tallybell {
namespace {

std::string Deflate(const std::string& text, int window_bits) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(&out[0]);
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class PushIntakeTest : public ::testing::Test {
 protected:
  // The status that Offer gives, as HTTP says it; 0 if it waits for an answer.
  int Offer(std::string body, std::string type = "application/json", std::string encoding = "",
            std::string tenant = "") {
    PushRequest request{"/loki/api/v1/push", type, encoding, tenant, std::move(body)};
    const absl::Status status = intake_->Offer(
        std::move(request), [this](const PushError& answer) { answers_.push_back(answer.status); });
    return status.ok() ? 0 : PushErrorOf(status).status;
  }

  static std::string Json() {
    return EncodeJson({{{{{"job", "anka"}}, {{kSecond, "can't start vm", {}}}}}});
  }

  std::vector<int> answers_;  // outlives what answers
  PushQueue queue_{10'000};
  Metrics metrics_;
  ManualClock clock_{kDay};
  std::unique_ptr<PushIntake> intake_ = std::make_unique<PushIntake>(
      PushIntake::Options{"loki_push", false, {}}, &queue_, &clock_, &metrics_);
};

TEST_F(PushIntakeTest, TakesEveryEncodingThatLokiTakes) {
  const std::string protobuf = EncodeProtobuf({{{{{"job", "anka"}}, {{kSecond, "line", {}}}}}});
  EXPECT_EQ(Offer(Json()), 0);
  EXPECT_EQ(Offer(Json(), "application/json", "snappy"), 0);
  EXPECT_EQ(Offer(Deflate(Json(), MAX_WBITS + 16), "application/json", "gzip"), 0);
  EXPECT_EQ(Offer(Deflate(Json(), -MAX_WBITS), "application/json", "deflate"), 0);
  EXPECT_EQ(Offer(Deflate(Json(), MAX_WBITS), "application/json", "deflate"), 0);
  EXPECT_EQ(Offer(Snappy(protobuf), "application/x-protobuf"), 0);
  EXPECT_EQ(Offer(Deflate(Snappy(protobuf), MAX_WBITS + 16), "application/x-protobuf", "gzip"), 0);
  Push push;
  while (queue_.Take(&push)) EXPECT_EQ(push.body.streams()[0].labels.Get("job"), "anka");
}

TEST_F(PushIntakeTest, SaysAtOnceWhatItCannotTake) {
  EXPECT_EQ(Offer("{}"), 422);
  EXPECT_EQ(Offer("{"), 400);
  EXPECT_EQ(Offer(Json(), ""), 400);
  EXPECT_EQ(Offer(Json(), "application/json", "zstd"), 400);
  EXPECT_EQ(Offer(Json(), "application/json", "gzip"), 400);
  EXPECT_EQ(Offer(Json(), "application/x-protobuf"), 400);
  EXPECT_EQ(Offer(Json(), "application/json", "", "a|b"), 400);
  EXPECT_EQ(Offer(std::string(9 << 20, ' ')), 413);
  EXPECT_EQ(Offer(Deflate(std::string(9 << 20, ' '), MAX_WBITS + 16), "application/json", "gzip"),
            413);
  intake_ = std::make_unique<PushIntake>(PushIntake::Options{"loki_push", true, {}}, &queue_,
                                         &clock_, &metrics_);
  EXPECT_EQ(Offer(Json()), 401);
  EXPECT_EQ(Offer(Json(), "application/json", "", "tenant1"), 0);
  EXPECT_EQ(metrics_.Total("push_refused_total"), 10);
}

TEST_F(PushIntakeTest, PushesBackWhenTooMuchWaits) {
  int taken = 0;
  while (Offer(Json()) == 0) ++taken;
  EXPECT_GT(taken, 2);
  EXPECT_EQ(Offer(Json()), 429);
  EXPECT_GT(PushErrorOf(absl::ResourceExhaustedError("")).retry_after_seconds, 0);
  EXPECT_TRUE(answers_.empty());
  Push push;
  ASSERT_TRUE(queue_.Take(&push));
  EXPECT_EQ(Offer(Json()), 0);
}

// To unpack and read what there is no room for would let a flood keep everything else from running.
TEST_F(PushIntakeTest, TurnsAwayUnreadWhatThereIsNoRoomFor) {
  while (queue_.bytes() < 9'000) ASSERT_EQ(Offer(Json()), 0);
  const std::string nonsense(2'000, '[');
  EXPECT_EQ(Offer(nonsense), 429);
  EXPECT_EQ(Offer(nonsense, "application/json", "gzip"), 429);
  EXPECT_EQ(metrics_.Total("push_pushed_back_total"), 2);
  Push push;
  while (queue_.Take(&push)) continue;
  EXPECT_EQ(Offer(nonsense), 400);
}

TEST_F(PushIntakeTest, TakesAPushThatIsLargerThanTheQueueWhereThereIsNoOther) {
  const std::string line(20'000, 'x');
  EXPECT_EQ(Offer(EncodeJson({{{{}, {{1, line, {}}}}}})), 0);
  EXPECT_EQ(Offer(Json()), 429);
}

TEST_F(PushIntakeTest, AnswersWhatIsNeverEvaluatedThatItWasNotTaken) {
  {
    PushQueue queue(1000);
    intake_ = std::make_unique<PushIntake>(PushIntake::Options{"loki_push", false, {}}, &queue,
                                           &clock_, &metrics_);
    ASSERT_EQ(Offer(Json()), 0);
  }
  EXPECT_EQ(answers_, std::vector<int>{503});
}

TEST_F(PushIntakeTest, WakesWhoeverEvaluates) {
  EXPECT_FALSE(queue_.TakeWakeUps());
  ASSERT_EQ(Offer(Json()), 0);
  EXPECT_TRUE(queue_.TakeWakeUps());
  EXPECT_FALSE(queue_.TakeWakeUps());
}

TEST_F(PushIntakeTest, DigestsTellPathTenantAndBodyApart) {
  const PushDigest digest = DigestOf({"/a", "t", "body"});
  EXPECT_EQ(digest, DigestOf({"/a", "t", "body"}));
  EXPECT_NE(digest, DigestOf({"/at", "", "body"}));
  EXPECT_NE(digest, DigestOf({"/a", "tb", "ody"}));
  PushDigest read;
  ASSERT_TRUE(ParsePushDigest(FormatPushDigest(digest), &read));
  EXPECT_EQ(read, digest);
  EXPECT_FALSE(ParsePushDigest("xyz", &read));
}

}  // namespace
}  // namespace tallybell
