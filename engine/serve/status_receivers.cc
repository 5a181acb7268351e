// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Whom tallybell tells, and what they have not taken.

#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

constexpr size_t kMaxBytes = 8'000;

// The oldest that was offered and not taken, and what the receiver said to that.
void AddTrouble(const ReceiverStanding& receiver, TimeNs now, StatusHtml* html) {
  html->Tag("</td><td>");
  if (receiver.offered_at == kNoTime) {
    html->Tag("<span class=\"none\">–</span></td><td><span class=\"none\">–</span>");
    return;
  }
  html->Line(AgeText(SubtractNs(now, receiver.offered_at))).Tag("</td><td>");
  if (!receiver.answer.empty()) html->Line(receiver.answer).Tag(" ");
  html->Tag("<span class=\"note\">").Line(CountOf(receiver.attempts, "attempt"));
  if (receiver.next_attempt != kNoTime) html->Tag(", next at ").Time(receiver.next_attempt, now);
  html->Tag("</span>");
}

StatusHtml Row(const ReceiverStanding& receiver, TimeNs now) {
  StatusHtml html;
  html.Tag("<tr class=\"item\"><td>");
  if (receiver.offered_at != kNoTime) {
    html.Tag("<span class=\"badge bad\">▲ fails</span>");
  } else if (receiver.waiting > 0) {
    html.Tag("<span class=\"badge\">○ waits</span>");
  } else {
    html.Tag("<span class=\"badge well\">● told all</span>");
  }
  html.Tag("</td><th scope=\"row\"><code>").Line(receiver.receiver, 160);
  html.Tag("</code></th><td class=\"num\">").Number(receiver.waiting);
  html.Tag("</td><td class=\"num\">").Number(receiver.parked);
  AddTrouble(receiver, now, &html);
  return html.Tag("</td></tr>");
}

}  // namespace

StatusHtml StatusReceivers(const StatusView& view) {
  StatusHtml html;
  html.Tag("<section id=\"receivers\"><h2>Receivers <span class=\"count\">");
  if (!view.receivers.has_value()) {
    return html.Tag("</span></h2><p class=\"none\">tallybell is ending.</p></section>");
  }
  html.Number(static_cast<int64_t>(view.receivers->size()));
  html.Tag("</span></h2><table class=\"receivers\"><thead><tr><th scope=\"col\">State</th>");
  html.Tag("<th scope=\"col\">Receiver</th><th scope=\"col\" class=\"num\">Waiting</th>");
  html.Tag("<th scope=\"col\" class=\"num\">Parked</th><th scope=\"col\">Not taken for</th>");
  html.Tag("<th scope=\"col\">Last answer to it</th></tr></thead><tbody>");
  StatusHtml rows;
  for (const ReceiverStanding& receiver : *view.receivers) {
    if (rows.size() < kMaxBytes) rows.Add(Row(receiver, view.snapshot->at));
  }
  if (rows.size() == 0) rows.Tag("<tr><td colspan=\"6\">No receivers.</td></tr>");
  html.Add(rows).Tag("</tbody></table><p class=\"more\">Alert by alert: ");
  return html.Tag("<a href=\"api/v1/outbox\">what waits, as JSON</a>.</p></section>");
}

}  // namespace tallybell
