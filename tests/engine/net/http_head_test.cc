// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_head.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/net/http_body.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using State = HttpHeadReader::State;

// Reads a head that comes in pieces of `step` bytes.
State Read(absl::string_view text, size_t step, HttpHeadReader* reader, size_t* used) {
  *used = 0;
  State state = State::kMore;
  while (state == State::kMore && *used < text.size()) {
    size_t taken = 0;
    state = reader->Feed(text.substr(*used, step), &taken);
    *used += taken;
  }
  return state;
}

// 0 for a head that is good, else the status of its refusal; -1: not at its end yet.
int Judge(absl::string_view text) {
  HttpHeadReader reader({});
  size_t used = 0;
  const State state = Read(text, text.size(), &reader, &used);
  return state == State::kMore ? -1 : reader.refusal().status;
}

int JudgeFields(absl::string_view fields) {
  return Judge(absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\n", fields, "\r\n"));
}

TEST(HttpHeadTest, ReadsAHeadHoweverItIsCut) {
  const std::string text =
      "POST /a?b=c HTTP/1.1\r\nHost: localhost:80\r\nX-One:  two three \r\nEmpty:\r\n"
      "Content-Length: 12\r\n\r\nbody";
  for (size_t step = 1; step <= text.size(); ++step) {
    HttpHeadReader reader({});
    size_t used = 0;
    ASSERT_EQ(Read(text, step, &reader, &used), State::kDone);
    EXPECT_EQ(used, text.size() - 4);
    EXPECT_EQ(reader.head().method, "POST");
    EXPECT_EQ(reader.head().target, "/a?b=c");
    EXPECT_EQ(reader.head().host, "localhost:80");
    EXPECT_EQ(reader.head().Field("x-one"), "two three");
    EXPECT_EQ(reader.head().Field("empty"), "");
    EXPECT_EQ(reader.head().length, 12);
    EXPECT_TRUE(reader.head().keep_alive);
  }
}

TEST(HttpHeadTest, RefusesWhatTwoReadersCouldReadInTwoWays) {
  EXPECT_EQ(JudgeFields(""), 0);
  EXPECT_EQ(JudgeFields("Content-Length: 3\r\n"), 0);
  EXPECT_EQ(JudgeFields("Transfer-Encoding: chunked\r\n"), 0);
  EXPECT_EQ(JudgeFields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(JudgeFields("Content-Length: 3\r\nContent-Length: 3\r\n"), 400);
  EXPECT_EQ(JudgeFields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  for (const char* length : {"3, 3", "+3", "-3", "0x3", "3 3", "", "9999999999999999999"}) {
    EXPECT_EQ(JudgeFields(absl::StrCat("Content-Length: ", length, "\r\n")), 400) << length;
  }
  EXPECT_EQ(JudgeFields("Transfer-Encoding: gzip, chunked\r\n"), 501);
  EXPECT_EQ(JudgeFields("Transfer-Encoding: xchunked\r\n"), 501);
  EXPECT_EQ(Judge("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(JudgeFields("X: one\r\n two\r\n"), 400);
  EXPECT_EQ(JudgeFields("X : one\r\n"), 400);
  EXPECT_EQ(JudgeFields("no colon\r\n"), 400);
  EXPECT_EQ(JudgeFields(": no name\r\n"), 400);
  EXPECT_EQ(JudgeFields("Host: b\r\n"), 400);
  EXPECT_EQ(JudgeFields(absl::string_view("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(JudgeFields("X: a\rb\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\n\r\n"), 400);  // no Host
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400);
}

TEST(HttpHeadTest, RefusesTheFirstByteThatNoHeadMayHold) {
  EXPECT_EQ(Judge("GET / HTTP/1.1\n"), 400);
  EXPECT_EQ(Judge("\x16\x03\x01"), 400);  // TLS
  EXPECT_EQ(Judge("\xff"), 400);
  EXPECT_EQ(Judge("GET /\r\n"), 400);  // HTTP/0.9
  EXPECT_EQ(Judge("GET  / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(Judge("GET /\t HTTP/1.1\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/1.1 \r\n"), 400);
  EXPECT_EQ(Judge("G@T / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(Judge("GET / http/1.1\r\n"), 400);
  EXPECT_EQ(Judge("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(Judge("PRI * HTTP/2.0\r\n"), 505);
  EXPECT_EQ(Judge("\r\nGET / HTTP/1.0\r\n\r\n"), 0);  // one empty line is forgiven
  EXPECT_EQ(Judge("\r\n\r\n"), 400);
}

TEST(HttpHeadTest, HoldsEachLimitToTheByte) {
  const HttpHeadReader::Limits limits;
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n";
  const auto line = [&](size_t bytes) {
    return absl::StrCat("GET /", std::string(bytes - 14, 'a'), rest, "\r\n");
  };
  EXPECT_EQ(Judge(line(limits.request_line)), 0);
  EXPECT_EQ(Judge(line(limits.request_line + 1)), 414);
  EXPECT_EQ(Judge(std::string(limits.request_line + 1, 'a')), 414);
  const auto headers = [&](size_t bytes) {
    return absl::StrCat("GET /", rest, "X: ", std::string(bytes - 16, 'a'), "\r\n\r\n");
  };
  EXPECT_EQ(Judge(headers(limits.headers)), 0);
  EXPECT_EQ(Judge(headers(limits.headers + 1)), 431);
  std::string many = absl::StrCat("GET /", rest);
  for (size_t i = 1; i < limits.fields; ++i) many += "X: y\r\n";
  EXPECT_EQ(Judge(many + "\r\n"), 0);
  EXPECT_EQ(Judge(many + "X: y\r\n"), 431);
}

TEST(HttpHeadTest, KnowsWhetherAnotherRequestFollowsAndWhetherTheClientWaits) {
  const auto read = [](absl::string_view text) {
    HttpHeadReader reader({});
    size_t used = 0;
    EXPECT_EQ(Read(text, text.size(), &reader, &used), State::kDone) << text;
    return reader.head();
  };
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(read("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").expects_continue);
  EXPECT_TRUE(
      read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n")
          .expects_continue);
  EXPECT_EQ(JudgeFields("Expect: something\r\n"), 417);
}

// The other reader: Boost.Beast's. What we take, it must take and understand alike; it takes more.
TEST(HttpHeadTest, UnderstandsWhatItTakesAsAnotherReaderDoes) {
  namespace http = boost::beast::http;
  const std::vector<std::string> pieces = {
      "GET",
      "POST",
      " ",
      " / ",
      "/x?y",
      "HTTP/1.1",
      "HTTP/1.0",
      "\r\n",
      "\r\n\r\n",
      "\n",
      "\r",
      ":",
      "Host: a\r\n",
      "Host: a\r\n",
      "Content-Length: 3\r\n",
      "Content-Length: 03\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Connection: close\r\n",
      "X: y\r\n",
      " folded\r\n",
      "3\r\nabc\r\n0\r\n\r\n",
      "1;e=f\r\na\r\n",
      "0\r\n",
      "abc",
      "\t",
      std::string(1, '\0'),
      "POST /p HTTP/1.1\r\nHost: a\r\n",
      "POST /p HTTP/1.1\r\nHost: a\r\n",
      "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "a\r\n0123456789\r\n"};
  constexpr int kSeed = 20240501;
  std::mt19937 random(kSeed);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = random() % 2 == 0 ? "POST /p HTTP/1.1\r\nHost: a\r\n" : "";
    for (size_t i = 1 + random() % 8; i > 0; --i) text += pieces[random() % pieces.size()];
    HttpHeadReader reader({});
    size_t head_bytes = 0;
    if (Read(text, 1 + random() % 9, &reader, &head_bytes) != State::kDone) continue;
    HttpHead& head = reader.head();
    HttpBodyReader body(head.chunked, head.length, 1000);
    size_t body_bytes = 0;
    if (body.Feed(absl::string_view(text).substr(head_bytes), &body_bytes) !=
        HttpBodyReader::State::kDone) {
      continue;
    }
    ++taken;
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, " round ", round, ": ", text));
    // It forgives no empty line.
    const size_t begin = absl::StartsWith(text, "\r\n") ? 2 : 0;
    http::request_parser<http::string_body> other;
    other.eager(true);
    boost::system::error_code error;
    const size_t used =
        other.put(boost::asio::buffer(text.data() + begin, head_bytes + body_bytes - begin), error);
    ASSERT_FALSE(error) << error.message();
    ASSERT_TRUE(other.is_done());
    ASSERT_EQ(used, head_bytes + body_bytes - begin);
    const auto& message = other.get();
    ASSERT_EQ(std::string(message.method_string()), head.method);
    ASSERT_EQ(std::string(message.target()), head.target);
    ASSERT_EQ(message.body(), body.body());
    ASSERT_EQ(message.keep_alive(), head.keep_alive);
    size_t i = 0;
    for (const auto& [name, value] : head.fields) {
      // Beast keeps fields of one name together.
      ++i;
      ASSERT_NE(message.find(name), message.end()) << name;
    }
    ASSERT_EQ(static_cast<size_t>(std::distance(message.begin(), message.end())), i);
  }
  EXPECT_GT(taken, 500);
}

HttpBodyReader::State ReadChunks(absl::string_view text, int64_t max, std::string* body) {
  HttpBodyReader reader(true, 0, max);
  size_t used = 0;
  HttpBodyReader::State state = HttpBodyReader::State::kMore;
  for (size_t at = 0; at < text.size() && state == HttpBodyReader::State::kMore; at += used) {
    state = reader.Feed(text.substr(at, 1), &used);
  }
  *body = reader.body();
  return state;
}

TEST(HttpBodyTest, ReadsChunksExtensionsAndTrailers) {
  std::string body;
  EXPECT_EQ(ReadChunks("3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: u\r\n\r\n", 100, &body),
            HttpBodyReader::State::kDone);
  EXPECT_EQ(body, "abc0123456789");
  EXPECT_EQ(ReadChunks("3\r\nabc\r\n", 100, &body), HttpBodyReader::State::kMore);
}

TEST(HttpBodyTest, RefusesASizeThatIsNotPlainlyOne) {
  std::string body;
  for (const char* text :
       {"-2\r\n", "+2\r\n", " 2\r\n", "2 \r\n", "0x2\r\n", "\r\n", ";\r\n", "2\n", "g\r\n",
        "fffffffff\r\n", "1\r\nab\r\n", "1\r\na\n", "1\r\na\rb"}) {
    EXPECT_EQ(ReadChunks(text, 100, &body), HttpBodyReader::State::kMalformed) << text;
  }
  EXPECT_EQ(ReadChunks("1;" + std::string(500, 'x'), 100, &body),
            HttpBodyReader::State::kMalformed);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 100; ++i) trailers += absl::StrCat("X: ", std::string(100, 'y'), "\r\n");
  EXPECT_EQ(ReadChunks(trailers, 100, &body), HttpBodyReader::State::kMalformed);
  EXPECT_EQ(ReadChunks("0\r\nno trailer\r\n", 100, &body), HttpBodyReader::State::kMalformed);
  EXPECT_EQ(ReadChunks("0\r\nX: y\r\n z\r\n", 100, &body), HttpBodyReader::State::kMalformed);
}

TEST(HttpBodyTest, CountsWhatTheChunksSayBeforeTheyCome) {
  std::string body;
  EXPECT_EQ(ReadChunks("64\r\n", 100, &body), HttpBodyReader::State::kMore);
  EXPECT_EQ(ReadChunks("65\r\n", 100, &body), HttpBodyReader::State::kTooLong);
  EXPECT_EQ(ReadChunks("2\r\nab\r\n63\r\n", 100, &body), HttpBodyReader::State::kTooLong);
  EXPECT_EQ(ReadChunks("ffffffff\r\n", 100, &body), HttpBodyReader::State::kTooLong);
}

}  // namespace
}  // namespace tallybell
