// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_routes.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/serve/status_assets.h"
#include "gtest/gtest.h"
#include "tests/engine/serve/status_sample.h"
#include "tests/engine/serve/strict_markup.h"

namespace tallybell {
namespace {

// Routes before an engine that is a snapshot, and a state file that cannot be read.
class StatusRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    metrics_.Get("build_info", {{"version", "9.8.7"}}).Set(1);
    metrics_.Get("process_start_time_seconds").Set(kSampleNow - kHour);
    metrics_.Get("config_last_reload_successful").Set(0);
    StatusInputs inputs;
    inputs.ask = [this](const SnapshotDesk::Client& client) {
      if (!full_) client(snapshot_);
      return !full_;
    };
    inputs.read = [](const Committer::Reader&) {};
    inputs.outbox = std::make_shared<OutboxAccess>(nullptr);
    inputs.metrics = &metrics_;
    routes_ = StatusRoutes(std::move(inputs));
  }

  ServedResponse Ask(absl::string_view path, HttpFields query = {}) {
    ServedResponse got;
    for (const HttpRoute& route : routes_) {
      if (route.path != path) continue;
      EXPECT_TRUE(route.needs_auth);
      ServedRequest request;
      request.query = std::move(query);
      route.handler(std::move(request),
                    Responder([&](ServedResponse response) { got = std::move(response); }));
    }
    return got;
  }

  static std::string Header(const ServedResponse& response, absl::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  Metrics metrics_;
  bool full_ = false;
  std::shared_ptr<const EngineSnapshot> snapshot_ = SampleSnapshot(3, 2);
  std::vector<HttpRoute> routes_;
};

TEST_F(StatusRoutesTest, ThePageForbidsWhatItDoesNotNeed) {
  const ServedResponse response = Ask("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Header(response, "Content-Security-Policy"),
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  EXPECT_EQ(Header(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(Header(response, "Referrer-Policy"), "no-referrer");
  const StrictMarkup page = StrictMarkup::Read(response.body);
  EXPECT_EQ(page.fault, "");
  EXPECT_TRUE(absl::StrContains(page.text, "tallybell 9.8.7"));
  EXPECT_TRUE(absl::StrContains(page.text, "up since 15:40:00"));
  EXPECT_TRUE(absl::StrContains(page.text, "The last reload failed"));
  EXPECT_TRUE(absl::StrContains(page.text, "The state file is busy"));
}

TEST_F(StatusRoutesTest, WhatThePageLoadsIsServedUnderANameOfItsOwn) {
  for (const StatusAsset* asset : {&StatusStyle(), &StatusScript()}) {
    EXPECT_TRUE(absl::StrContains(Ask("/").body, absl::StrCat("\"", asset->path, "\"")));
    const ServedResponse response = Ask(absl::StrCat("/", asset->path));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, asset->content_type);
    EXPECT_EQ(response.body, asset->text);
    EXPECT_GT(response.body.size(), 1'000u);
    EXPECT_TRUE(absl::StrContains(Header(response, "Cache-Control"), "immutable"));
    EXPECT_EQ(Header(response, "X-Content-Type-Options"), "nosniff");
  }
}

TEST_F(StatusRoutesTest, TheFragmentIsThePartThatChanges) {
  const ServedResponse response = Ask("/", {{"fragment", "1"}});
  EXPECT_TRUE(absl::StartsWith(response.body, "<main "));
  EXPECT_NE(Header(response, "Content-Security-Policy"), "");
}

TEST_F(StatusRoutesTest, ALinkNamesAnAlertByItsDigitsAndNothingElse) {
  EXPECT_TRUE(absl::StrContains(Ask("/", {{"alert", "00000000000000aa"}}).body,
                                "id=\"alert-00000000000000aa\""));
  for (const char* no : {"\"><script>xyz", "00000000000000AA", "00000000000000a", ""}) {
    const ServedResponse response = Ask("/", {{"alert", no}, {"rule", no}});
    EXPECT_FALSE(absl::StrContains(response.body, "of this link")) << no;
    EXPECT_FALSE(absl::StrContains(response.body, "xyz")) << no;
  }
}

TEST_F(StatusRoutesTest, AnEngineThatEndsOrIsAskedTooMuchIsUnavailable) {
  snapshot_ = nullptr;
  EXPECT_EQ(Ask("/").status, 503);
  full_ = true;
  EXPECT_EQ(Ask("/").status, 503);
  EXPECT_NE(Header(Ask("/"), "Retry-After"), "");
}

TEST_F(StatusRoutesTest, AnotherSnapshotIsAnotherPage) {
  EXPECT_TRUE(absl::StrContains(Ask("/").body, "2 alerts firing"));
  EXPECT_TRUE(absl::StrContains(Ask("/").body, "2 alerts firing"));
  snapshot_ = SampleSnapshot(3, 5);
  EXPECT_TRUE(absl::StrContains(Ask("/").body, "5 alerts firing"));
}

}  // namespace
}  // namespace tallybell
