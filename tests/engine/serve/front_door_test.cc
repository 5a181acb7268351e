// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/front_door.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/base/json_text.h"
#include "engine/net/http_client.h"
#include "engine/net/url.h"
#include "engine/serve/metrics_page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// A front door before an engine that is only its hooks.
class FrontDoorTest : public testing::Test {
 protected:
  void SetUp() override {
    EngineHooks hooks;
    hooks.snapshot = [](LiveEngine*) {
      auto snapshot = std::make_shared<EngineSnapshot>();
      RuleView rule;
      rule.group = "g";
      rule.alert = "A";
      rule.file = "f.yaml";
      snapshot->rules.push_back(rule);
      return std::shared_ptr<const EngineSnapshot>(std::move(snapshot));
    };
    hooks.update_gauges = [this](LiveEngine*) { metrics_.Get("groups").Set(7); };
    hooks.reload = [this](LiveEngine*) { return reload_; };
    hooks.forget = [this](LiveEngine*, const std::string& rule, const Labels& group) {
      forgotten_ = absl::StrCat(rule, FormatLabels(group));
      return rule == "A" ? absl::OkStatus() : absl::NotFoundError("no such rule");
    };
    hooks.configuration = [](LiveEngine*) { return std::string("sources: []\n"); };
    hooks.read_state = [](LiveEngine*, const Committer::Reader&) { return false; };
    hooks.outbox = std::make_shared<OutboxAccess>(nullptr);
    hooks.clock = &clock_;
    HttpListener::Options options;
    options.listen = "127.0.0.1:0";
    auto door = FrontDoor::Open(std::move(options), {}, std::move(hooks), &mailbox_, &metrics_);
    ASSERT_TRUE(door.ok()) << door.status();
    door_ = *std::move(door);
    engine_ = std::thread([this] {
      while (!done_.load()) mailbox_.DeliverAll(nullptr);
    });
  }

  void TearDown() override {
    StopEngine();
    mailbox_.Close();
    door_->Close(kSecond);
  }

  void StopEngine() {
    done_ = true;
    if (engine_.joinable()) engine_.join();
  }

  HttpResponse Ask(const std::string& method, const std::string& path) {
    HttpClient::Options options;
    options.base = *ParseUrl(absl::StrCat("http://", door_->address()));
    auto client = *HttpClient::Create(std::move(options));
    HttpRequest request;
    request.method = method;
    request.path = path;
    absl::StatusOr<HttpResponse> response = client->Do(request, 20 * kSecond);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *std::move(response) : HttpResponse();
  }

  const SystemClock clock_{};
  EngineMailbox mailbox_;
  Metrics metrics_;
  absl::Status reload_;
  std::string forgotten_;
  std::atomic<bool> done_{false};
  std::unique_ptr<FrontDoor> door_;
  std::thread engine_;
};

TEST_F(FrontDoorTest, SaysThatItLivesAndThatTheEngineTurns) {
  EXPECT_EQ(Ask("GET", "/-/healthy").status, 200);
  EXPECT_EQ(Ask("GET", "/-/ready").status, 200);
  StopEngine();
  mailbox_.Close();
  EXPECT_EQ(Ask("GET", "/-/healthy").status, 200);
  EXPECT_EQ(Ask("GET", "/-/ready").status, 503);
  EXPECT_EQ(Ask("GET", "/api/v1/rules").status, 503);
  EXPECT_EQ(Ask("GET", "/metrics").status, 503);
}

TEST_F(FrontDoorTest, MetricsAreBroughtUpToDateFirst) {
  const HttpResponse response = Ask("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), kMetricsContentType);
  EXPECT_TRUE(absl::StrContains(response.body, "\ntallybell_groups 7\n")) << response.body;
}

TEST_F(FrontDoorTest, AnswersTheApiInJson) {
  for (const char* path :
       {"/api/v1/rules", "/api/v1/alerts", "/api/v1/status/sources", "/api/v1/status/config"}) {
    const HttpResponse response = Ask("GET", path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.Header("Content-Type"), "application/json");
    const absl::StatusOr<Json> json = ParseJson(response.body);
    ASSERT_TRUE(json.ok()) << response.body;
    EXPECT_EQ((*json)["status"], "success");
  }
  EXPECT_EQ((*ParseJson(Ask("GET", "/api/v1/rules?rule_name[]=B").body))["data"]["groups"].size(),
            0u);
  EXPECT_EQ(
      (*ParseJson(Ask("GET", "/api/v1/rules?rule_name%5B%5D=A&type=alert").body))["data"]["groups"]
          .size(),
      1u);
}

TEST_F(FrontDoorTest, ShowsTheStatusPage) {
  const HttpResponse response = Ask("GET", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(absl::StrContains(response.body, "<main id=\"live\"")) << response.body;
  EXPECT_TRUE(absl::StartsWith(Ask("GET", "/?fragment=1").body, "<main id=\"live\""));
  EXPECT_EQ(Ask("POST", "/").status, 405);
  EXPECT_EQ(Ask("GET", "/static/../metrics").status, 404);
}

TEST_F(FrontDoorTest, AReloadThatFailsSaysWhy) {
  EXPECT_EQ(Ask("POST", "/-/reload").status, 200);
  reload_ = absl::InvalidArgumentError("rules.yaml:3:1: error: no");
  const HttpResponse response = Ask("POST", "/-/reload");
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(absl::StrContains(response.body, "rules.yaml:3:1: error: no"));
  EXPECT_EQ(Ask("GET", "/-/reload").status, 405);
}

TEST_F(FrontDoorTest, AReloadThatMustWaitIsWorthAnotherTry) {
  reload_ = absl::UnavailableError("the state cannot be written now");
  const HttpResponse response = Ask("POST", "/-/reload");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Retry-After", "1")));
  EXPECT_TRUE(absl::StrContains(response.body, "the state cannot be written now"));
}

TEST_F(FrontDoorTest, AGroupIsForgottenByNameAndLabels) {
  EXPECT_EQ(Ask("DELETE", "/api/v1/groups?rule=A&group=host%3Dmac%201&group=vm=x").status, 200);
  EXPECT_EQ(forgotten_, R"(A{host="mac 1", vm="x"})");
  EXPECT_EQ(Ask("DELETE", "/api/v1/groups?rule=B").status, 404);
  EXPECT_EQ(Ask("DELETE", "/api/v1/groups").status, 400);
  EXPECT_EQ(Ask("DELETE", "/api/v1/groups?rule=A&group=1x").status, 400);
}

TEST_F(FrontDoorTest, WhatCannotBeReadNowIsUnavailableAndNotWaitedFor) {
  EXPECT_EQ(Ask("GET", "/api/v1/history").status, 503);
  EXPECT_EQ(Ask("GET", "/api/v1/history?since=soon").status, 400);
  EXPECT_EQ(Ask("GET", "/api/v1/outbox").status, 503);
  EXPECT_EQ(Ask("POST", "/api/v1/outbox/retry?all=true").status, 503);
  EXPECT_EQ(Ask("DELETE", "/api/v1/groups?rule=A&group=host=").status, 400);
}

}  // namespace
}  // namespace tallybell
