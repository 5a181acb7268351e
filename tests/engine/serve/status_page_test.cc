// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_page.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/model/rule_id.h"
#include "engine/run/recent_matches.h"
#include "engine/serve/status_assets.h"
#include "engine/serve/status_parts.h"
#include "gtest/gtest.h"
#include "tests/engine/serve/status_sample.h"
#include "tests/engine/serve/strict_markup.h"

namespace tallybell {
namespace {

constexpr size_t kMaxPage = 300 * 1024;

std::string Page(std::shared_ptr<EngineSnapshot> snapshot) {
  return StatusPage(SampleView(std::move(snapshot), ""));
}

// As `view` without what the sample finds wrong.
StatusView Well() {
  StatusView view = SampleView(SampleSnapshot(2, 0), "");
  view.receivers->pop_back();
  return view;
}

bool Says(const StatusView& view, absl::string_view text) {
  return absl::StrContains(StrictMarkup::Read(StatusPage(view)).text, text);
}

TEST(StatusPageTest, IsWellFormedAndLoadsOnlyWhatIsItsOwn) {
  const StrictMarkup page = StrictMarkup::Read(Page(SampleSnapshot(30, 20)));
  EXPECT_EQ(page.fault, "");
  EXPECT_EQ(page.Count("script"), 1);
  EXPECT_EQ(page.Count("style"), 0);
  EXPECT_EQ(page.Count("main"), 1);
  EXPECT_EQ(page.Count("h1"), 1);
  for (const StrictMarkup::Element& element : page.elements) {
    for (const auto& [name, value] : element.attributes) {
      if (name != "src" && name != "href") continue;
      // A runbook: where a person may go, and nothing that is loaded.
      if (element.name == "a" && element.attributes.count("rel") > 0) continue;
      EXPECT_FALSE(absl::StrContains(value, "//") && !absl::StartsWith(value, "data:")) << value;
    }
    if (element.name != "script") continue;
    EXPECT_EQ(element.attributes.at("src"), StatusScript().path);
  }
  for (const char* id : {"alerts", "rules", "sources", "receivers", "history", "state"}) {
    EXPECT_TRUE(page.HasId(id)) << id;
  }
}

TEST(StatusPageTest, NothingFromALogBecomesMarkup) {
  const std::vector<std::string> words = {
      "<script>alert(1)</script>",
      "\"><img src=x onerror=alert(1)>",
      "' onmouseover='alert(1)",
      "</title></code></main></pre>",
      "&lt;script&gt; &amp &#60;",
      "<!--",
      "]]>",
      "\x1b[2J\x1b]0;title\x07",
      "\u202Egnp.exe\u2066",
      "\xff\xfe\xc0\xaf\xed\xa0\x80",
      std::string("nul\0nul", 7),
      "two\nlines\r\nand\ttab",
      "javascript:alert(1)",
      "%3Cscript%3E",
      "{{ $value }}",
      std::string(100'000, '<'),
      std::string(100'000, '\xff'),
  };
  for (const std::string& word : words) {
    auto snapshot = SampleSnapshot(6, 12);
    Spoil(word, snapshot.get());
    StatusView view = SampleView(snapshot, word);
    for (const std::string& markup : {StatusPage(view), StatusFragment(view)}) {
      const StrictMarkup page = StrictMarkup::Read(markup);
      EXPECT_EQ(page.fault, "") << word.substr(0, 40);
      EXPECT_LE(page.Count("script"), 1);
      EXPECT_EQ(page.Count("img"), 0);
      EXPECT_LT(markup.size(), kMaxPage) << word.substr(0, 40);
    }
  }
}

TEST(StatusPageTest, AThousandRulesAndAlertsAreBoundedAndTheRestIsCounted) {
  for (const int spoiled : {0, 1}) {
    auto snapshot = SampleSnapshot(1'000, 1'000);
    if (spoiled == 1) Spoil(std::string(2'000, '"'), snapshot.get());
    StatusView view = SampleView(snapshot, "");
    for (int i = 0; i < 500; ++i) {
      view.receivers->push_back(view.receivers->back());
      snapshot->sources.push_back(snapshot->sources.back());
    }
    const std::string markup = StatusPage(view);
    const StrictMarkup page = StrictMarkup::Read(markup);
    EXPECT_EQ(page.fault, "");
    EXPECT_LT(markup.size(), kMaxPage);
    EXPECT_TRUE(absl::StrContains(page.text, "900 firing, 100 pending"));
    EXPECT_TRUE(absl::StrContains(page.text, " more are not shown here: all alerts as JSON"));
    EXPECT_TRUE(absl::StrContains(page.text, " more are not shown here: all rules as JSON"));
    EXPECT_TRUE(absl::StrContains(page.text, " more are not shown here: all sources as JSON"));
  }
}

TEST(StatusPageTest, TheFirstHundredThatFireAreShownWhole) {
  const StrictMarkup page = StrictMarkup::Read(Page(SampleSnapshot(1'000, 1'000)));
  EXPECT_EQ(page.Count("article"), 100);
}

TEST(StatusPageTest, TheHeadSaysWhatIsNotWell) {
  EXPECT_TRUE(Says(Well(), "All well"));
  StatusView view = Well();
  auto snapshot = SampleSnapshot(2, 3);
  view.snapshot = snapshot;
  EXPECT_TRUE(Says(view, "3 alerts firing"));
  EXPECT_FALSE(Says(view, "All well"));
  snapshot = SampleSnapshot(2, 0);
  snapshot->sources[0].state = SourceView::State::kDown;
  view.snapshot = snapshot;
  EXPECT_TRUE(Says(view, "Needs a look"));
  EXPECT_TRUE(Says(view, "1 source is down"));
  snapshot = SampleSnapshot(2, 0);
  snapshot->waits_for_disk = kMinute;
  view.snapshot = snapshot;
  EXPECT_TRUE(Says(view, "State cannot be written: nothing is read until it can"));
  snapshot->state_lost = true;
  EXPECT_TRUE(Says(view, "The state file is lost"));
  view = Well();
  view.reload_failed = true;
  EXPECT_TRUE(Says(view, "The last reload failed"));
  view = SampleView(SampleSnapshot(2, 0), "");
  EXPECT_TRUE(Says(view, "1 receiver takes nothing of what waits"));
  EXPECT_TRUE(Says(view, "1 alert parked: refused for good"));
  view.receivers.reset();
  EXPECT_TRUE(Says(view, "tallybell is ending"));
}

TEST(StatusPageTest, AFiringAlertIsShownWithItsLinesAndLeadsToItsRule) {
  const auto snapshot = SampleSnapshot(3, 1);
  const StrictMarkup page = StrictMarkup::Read(Page(snapshot));
  const std::string rule =
      absl::StrCat("rule-", RuleId(snapshot->rules[0].group, snapshot->rules[0].alert));
  const Alert& alert = snapshot->rules[0].alerts[0].alert;
  EXPECT_TRUE(page.HasId(rule));
  EXPECT_TRUE(page.HasId(absl::StrCat("alert-", FormatFingerprint(alert.Fingerprint()))));
  const bool linked = std::any_of(
      page.elements.begin(), page.elements.end(), [&](const StrictMarkup::Element& element) {
        const auto href = element.attributes.find("href");
        return href != element.attributes.end() && href->second == "#" + rule;
      });
  EXPECT_TRUE(linked);
  EXPECT_TRUE(absl::StrContains(page.text, alert.annotations[0].second));
  for (const EvidenceLine& line : alert.evidence) {
    EXPECT_TRUE(absl::StrContains(page.text, line.line)) << line.line;
  }
}

TEST(StatusPageTest, ARunbookIsALinkIfItIsAPlainAddressAndNothingElseIs) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"runbook", "https://wiki.example.com/anka?vm=1&x=%20#start"},
      {"dashboard_url", "http://grafana:3000/d/1"}};
  const std::vector<std::pair<std::string, std::string>> others = {
      {"note", "https://wiki.example.com/"},
      {"runbook", "javascript:alert(1)"},
      {"runbook", "https://a/\" onclick=\"x"},
      {"runbook", "https://a/ see there"},
      {"runbook", "https://a/<b>"},
      {"runbook", "//a/b"},
      {"runbook", "https://a/\xe2\x80\xae"},
      {"runbook", "https://" + std::string(300, 'a')}};
  for (const auto* const set : {&cases, &others}) {
    for (const auto& annotation : *set) {
      const auto snapshot = SampleSnapshot(1, 1);
      snapshot->rules[0].alerts[0].alert.annotations = {annotation};
      const StrictMarkup page = StrictMarkup::Read(Page(snapshot));
      EXPECT_EQ(page.fault, "");
      int links = 0;
      for (const StrictMarkup::Element& element : page.elements) {
        const auto href = element.attributes.find("href");
        if (href == element.attributes.end() || element.name != "a") continue;
        if (!absl::StrContains(href->second, "//")) continue;
        ++links;
        EXPECT_EQ(href->second, annotation.second);
        EXPECT_EQ(element.attributes.at("rel"), "noreferrer");
      }
      EXPECT_EQ(links, set == &cases ? 1 : 0) << annotation.second;
    }
  }
}

TEST(StatusPageTest, TheAlertOfALinkIsThereWhateverElseIs) {
  const auto snapshot = SampleSnapshot(1'000, 1'000);
  StatusView view = SampleView(snapshot, "");
  // The one that would be shown last.
  const Alert& alert = snapshot->rules[999].alerts[0].alert;
  view.alert = FormatFingerprint(alert.Fingerprint());
  view.rule = RuleId(alert.rule_group, alert.rule);
  StrictMarkup page = StrictMarkup::Read(StatusPage(view));
  EXPECT_TRUE(page.HasId(absl::StrCat("alert-", view.alert)));
  EXPECT_TRUE(page.HasId(absl::StrCat("rule-", view.rule)));
  EXPECT_TRUE(absl::StrContains(page.text, alert.evidence[0].line));

  view.alert = "00000000000000aa";
  page = StrictMarkup::Read(StatusPage(view));
  EXPECT_TRUE(page.HasId("alert-00000000000000aa"));
  EXPECT_TRUE(absl::StrContains(page.text, "does not fire any more. Its rule tells"));
}

TEST(StatusPageTest, AlertsAboutTallybellItselfAreAlertsToo) {
  StatusView view = Well();
  auto snapshot = SampleSnapshot(2, 0);
  Alert alert;
  alert.rule_group = "tallybell";
  alert.rule = "TallybellSourceDown";
  alert.labels = Labels{{"alertname", "TallybellSourceDown"}, {"source", "disk"}};
  alert.annotations = {{"summary", "disk has told nothing"}};
  alert.starts_at = kSampleNow - kMinute;
  snapshot->own_alerts.push_back(alert);
  view.snapshot = snapshot;
  EXPECT_TRUE(Says(view, "1 alert firing"));
  EXPECT_TRUE(Says(view, "disk has told nothing"));
}

TEST(StatusPageTest, RulesOfOneNameHaveAnIdEach) {
  auto snapshot = SampleSnapshot(1, 0);
  snapshot->rules.push_back(snapshot->rules[0]);
  snapshot->rules[1].ordinal = 1;
  EXPECT_EQ(StrictMarkup::Read(Page(snapshot)).fault, "");
}

TEST(StatusPageTest, SaysWhyHistoryIsMissing) {
  StatusView view = Well();
  EXPECT_TRUE(Says(view, "told"));
  view.history.reset();
  EXPECT_TRUE(Says(view, "The state file is busy, so history is left out"));
  view.history.emplace();
  EXPECT_TRUE(Says(view, "Nothing has happened yet."));
}

TEST(StatusPageTest, AnEmptyTallybellHasAPage) {
  StatusView view;
  view.snapshot = std::make_shared<EngineSnapshot>();
  view.receivers.emplace();
  const StrictMarkup page = StrictMarkup::Read(StatusPage(view));
  EXPECT_EQ(page.fault, "");
  EXPECT_TRUE(absl::StrContains(page.text, "No rules."));
}

TEST(StatusPageTest, TheFragmentIsThePagesMain) {
  const StatusView view = SampleView(SampleSnapshot(3, 2), "");
  EXPECT_TRUE(absl::StrContains(StatusPage(view), StatusFragment(view)));
  EXPECT_EQ(StrictMarkup::Read(StatusFragment(view)).elements[0].name, "main");
}

TEST(StatusSparklineTest, DrawsABarForEachHalfHourThatHasMatches) {
  EXPECT_EQ(StatusSparkline({}).size(), 0u);
  EXPECT_EQ(StatusSparkline(std::vector<uint32_t>(RecentMatches::kBins, 0)).size(), 0u);
  std::vector<uint32_t> recent(RecentMatches::kBins, 0);
  recent[0] = 1;
  recent[141] = 500;
  recent[143] = 500;
  const std::string svg = StatusSparkline(recent).text();
  EXPECT_TRUE(absl::StrContains(svg, "d=\"M1 20v-2M142 20v-20\"")) << svg;
  EXPECT_TRUE(absl::StrContains(svg, "at most 1,000 in half an hour")) << svg;
  // Nor does what is large overflow.
  const std::vector<uint32_t> most(RecentMatches::kBins, 0xFFFFFFFF);
  EXPECT_TRUE(absl::StrContains(StatusSparkline(most).text(), "v-20M"));
}

}  // namespace
}  // namespace tallybell
