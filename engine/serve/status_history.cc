// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What happened last.

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

constexpr size_t kMaxBytes = 20'000;

void AddKind(const HistoryEvent& event, StatusHtml* html) {
  const std::string& kind = event.kind;
  if (kind == "firing") {
    html->Tag("<span class=\"badge bad\">▲ firing</span>");
  } else if (kind == "resolved" || kind == "inactive") {
    html->Tag("<span class=\"badge well\">● ").Line(kind).Tag("</span>");
  } else if (kind == "pending" || kind == "failed" || kind == "parked" || kind == "dropped") {
    html->Tag("<span class=\"badge warn\">◆ ").Line(kind).Tag("</span>");
  } else {
    html->Tag("<span class=\"badge\">").Line(kind).Tag("</span>");
  }
}

StatusHtml Row(const HistoryEvent& event, TimeNs now) {
  StatusHtml html;
  html.Tag("<tr class=\"item\"><td>").Time(event.time, now).Tag("</td><td>");
  AddKind(event, &html);
  html.Tag("</td><th scope=\"row\">").Line(event.rule);
  const std::string labels = ShownLabels(event.labels);
  if (!labels.empty()) html.Tag(" <code>").Line(labels, 160).Tag("</code>");
  html.Tag("</th><td>");
  if (event.delivery.has_value() && !event.delivery->receiver.empty()) {
    html.Line(event.delivery->state).Tag(" to ").Line(event.delivery->receiver, 120).Tag(" ");
  }
  return html.Tag("<span class=\"note\">").Line(EventText(event), 160).Tag("</span></td></tr>");
}

}  // namespace

StatusHtml StatusHistory(const StatusView& view) {
  StatusHtml html;
  html.Tag("<section id=\"history\"><h2>History</h2>");
  if (!view.history.has_value()) {
    return html.Tag("<p class=\"none\">The state file is busy, so history is left out; it is ")
        .Tag("here again when that is over.</p></section>");
  }
  if (view.history->empty()) {
    return html.Tag("<p class=\"none\">Nothing has happened yet.</p></section>");
  }
  html.Tag("<table class=\"history\"><thead><tr><th scope=\"col\">Time</th>");
  html.Tag("<th scope=\"col\">Event</th><th scope=\"col\">Alert</th>");
  html.Tag("<th scope=\"col\">Detail</th></tr></thead><tbody>");
  StatusHtml rows;
  for (const HistoryEvent& event : *view.history) {
    if (rows.size() < kMaxBytes) rows.Add(Row(event, view.snapshot->at));
  }
  html.Add(rows).Tag("</tbody></table><p class=\"more\">");
  return html.Tag("<a href=\"api/v1/history\">More history as JSON</a>.</p></section>");
}

}  // namespace tallybell
