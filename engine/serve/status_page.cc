// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_page.h"

#include "absl/strings/str_cat.h"
#include "engine/serve/status_assets.h"
#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

std::string Title(const StatusView& view) {
  const int64_t firing = CountAlerts(*view.snapshot).firing;
  return firing == 0 ? "tallybell" : absl::StrCat("(", CountText(firing), ") tallybell");
}

StatusHtml Fragment(const StatusView& view) {
  ShownRules shown;
  const StatusHtml rules = StatusRules(view, &shown);
  StatusHtml html;
  // The script takes the title, and loads the whole page where another version answers.
  html.Tag("<main id=\"live\" data-title=\"").Line(Title(view)).Tag("\" data-page=\"");
  html.Line(absl::StrCat(StatusStyle().path, " ", StatusScript().path)).Tag("\">");
  html.Add(StatusHead(view)).Add(StatusAlerts(view, shown)).Add(rules);
  html.Add(StatusSources(view)).Add(StatusReceivers(view)).Add(StatusHistory(view));
  return html.Tag("</main>");
}

void AddHead(const StatusView& view, StatusHtml* html) {
  html->Tag("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>");
  html->Line(Title(view));
  html->Tag("</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
  html->Tag("<meta name=\"color-scheme\" content=\"light dark\"/>");
  html->Tag("<meta name=\"robots\" content=\"noindex\"/>");
  html->Tag("<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/");
  html->Tag(
      "svg%22 viewBox=%220 0 16 16%22%3E%3Cpath fill=%22%232f6f8f%22 d=%22M8 1a4.5 4.5 0 0 0-");
  html->Tag("4.5 4.5V9L2 12h12l-1.5-3V5.5A4.5 4.5 0 0 0 8 1zM6 13a2 2 0 0 0 4 0z%22/%3E%3C/svg%3E");
  html->Tag("\"/><link rel=\"stylesheet\" href=\"").Line(StatusStyle().path);
  html->Tag("\"/><script src=\"").Line(StatusScript().path).Tag("\" defer=\"defer\"></script>");
  html->Tag("</head>");
}

}  // namespace

std::string StatusFragment(const StatusView& view) { return Fragment(view).text(); }

std::string StatusPage(const StatusView& view) {
  StatusHtml html;
  AddHead(view, &html);
  html.Tag("<body><header><div class=\"bar\"><a class=\"brand\" href=\"./\">");
  html.Tag(
      "<svg viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"M8 1a4.5 4.5 0 0 0-4.5 4.5V9");
  html.Tag("L2 12h12l-1.5-3V5.5A4.5 4.5 0 0 0 8 1zM6 13a2 2 0 0 0 4 0z\"/></svg>");
  html.Tag("<h1>tallybell</h1></a><nav aria-label=\"Sections\"><a href=\"#alerts\">Alerts</a>");
  html.Tag("<a href=\"#rules\">Rules</a><a href=\"#sources\">Sources</a>");
  html.Tag("<a href=\"#receivers\">Receivers</a><a href=\"#history\">History</a></nav>");
  // Only a script can filter and follow.
  html.Tag("<div class=\"scripted\" hidden=\"hidden\"><input id=\"filter\" type=\"search\" ");
  html.Tag("placeholder=\"Filter\" aria-label=\"Show only what has these words\" ");
  html.Tag("autocomplete=\"off\" spellcheck=\"false\"/><span id=\"found\" role=\"status\"></span>");
  html.Tag("</div></div><p id=\"link\" role=\"status\" hidden=\"hidden\"></p></header>");
  html.Add(Fragment(view));
  html.Tag("<footer><p>All times are UTC. Raw: <a href=\"api/v1/alerts\">alerts</a>, ");
  html.Tag("<a href=\"api/v1/rules\">rules</a>, <a href=\"api/v1/status/sources\">sources</a>, ");
  html.Tag("<a href=\"api/v1/status/config\">configuration</a>, <a href=\"metrics\">metrics</a>.");
  return html.Tag("</p></footer></body></html>\n").text();
}

}  // namespace tallybell
