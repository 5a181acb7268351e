// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Where lines come from.

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

constexpr size_t kMaxBytes = 12'000;

void AddState(const SourceView& source, StatusHtml* html) {
  switch (source.state) {
    case SourceView::State::kLive:
      html->Tag("<span class=\"badge well\">● live</span>");
      return;
    case SourceView::State::kBehind:
      html->Tag("<span class=\"badge warn\">◆ behind</span>");
      return;
    case SourceView::State::kDown:
      html->Tag("<span class=\"badge bad\">▲ down</span>");
      return;
  }
}

bool HasFiles(const SourceView& source) {
  return !absl::StartsWith(source.key, "loki") && !absl::StartsWith(source.key, "stdin");
}

StatusHtml Row(const SourceView& source, TimeNs now) {
  StatusHtml html;
  html.Tag("<tr class=\"item\"><td>");
  AddState(source, &html);
  html.Tag("</td><th scope=\"row\"><code>").Line(source.key, 160).Tag("</code>");
  if (!source.why.empty()) html.Tag("<p class=\"why\">").Line(source.why).Tag("</p>");
  html.Tag("</th><td>");
  if (source.complete_to == kNoTime) {
    html.Tag("<span class=\"none\">nothing read</span>");
  } else {
    html.Line(AgeText(SubtractNs(now, source.complete_to))).Tag(" ago");
  }
  html.Tag("</td><td class=\"num\">");
  if (HasFiles(source)) {
    html.Number(source.files);
  } else {
    html.Tag("<span class=\"none\">–</span>");
  }
  html.Tag("</td><td class=\"num\">")
      .Number(source.lines)
      .Tag("</td><td class=\"num\">")
      .Line(BytesText(source.bytes));
  return html.Tag("</td></tr>");
}

}  // namespace

StatusHtml StatusSources(const StatusView& view) {
  std::vector<const SourceView*> sources;
  for (const SourceView& source : view.snapshot->sources) sources.push_back(&source);
  std::stable_sort(sources.begin(), sources.end(), [](const SourceView* a, const SourceView* b) {
    return static_cast<int>(a->state) > static_cast<int>(b->state);
  });
  StatusHtml html;
  html.Tag("<section id=\"sources\"><h2>Sources <span class=\"count\">");
  html.Number(static_cast<int64_t>(sources.size()));
  html.Tag("</span></h2><table class=\"sources\"><thead><tr><th scope=\"col\">State</th>");
  html.Tag("<th scope=\"col\">Source</th><th scope=\"col\">Complete to</th>");
  html.Tag("<th scope=\"col\" class=\"num\">Files</th><th scope=\"col\" class=\"num\">Lines</th>");
  html.Tag("<th scope=\"col\" class=\"num\">Read</th></tr></thead><tbody>");
  StatusHtml rows;
  size_t shown = 0;
  for (; shown < sources.size() && rows.size() < kMaxBytes; ++shown) {
    rows.Add(Row(*sources[shown], view.snapshot->at));
  }
  if (sources.empty()) rows.Tag("<tr><td colspan=\"6\">No sources.</td></tr>");
  html.Add(rows).Tag("</tbody></table>");
  if (shown < sources.size()) {
    html.Tag("<p class=\"more\">").Number(static_cast<int64_t>(sources.size() - shown));
    html.Tag(" more are not shown here: ");
    html.Tag("<a href=\"api/v1/status/sources\">all sources as JSON</a>.</p>");
  }
  return html.Tag("</section>");
}

}  // namespace tallybell
