// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/metrics_page.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/time_ns.h"

namespace tallybell {
namespace {

struct Help {
  absl::string_view name;
  absl::string_view text;
};

// Sorted by name.
constexpr Help kHelp[] = {
    {"alerts", "Alerts by rule and state, as last told by the evaluation."},
    {"alerts_untold_total", "Alerts that fired while the rule had as many told as it may."},
    {"build_info", "Always 1; the labels say which version runs."},
    {"by_missing_total", "Matches that lack every alternative of a name in the rule's by."},
    {"clock_behind_seconds", "How far the clock is behind what was decided; 0 unless set back."},
    {"commit_duration_seconds", "How long transactions of the state took."},
    {"config_last_reload_success_timestamp_seconds", "When the configuration was last taken over."},
    {"config_last_reload_successful", "Whether the last reload was taken over: 1 or 0."},
    {"delivery_duration_seconds", "How long attempts to tell a receiver took, by outcome."},
    {"evidence_lines_gave_way_total", "Lines that alerts might have shown and that gave way."},
    {"evidence_lines_unsaved_total", "Lines that are not in the state file: too many at once."},
    {"groups", "Groups of the rule that hold anything."},
    {"groups_refused_total", "Matches refused because the rule has as many groups as it may."},
    {"http_connections", "Connections that are open to the server."},
    {"http_handler_failures_total", "Requests that failed within the server."},
    {"http_refused_total", "Connections and requests that the server refused, by reason."},
    {"http_requests_total", "Requests that the server answered, by status."},
    {"late_matches_total", "Matches that came later than their source's lateness allows."},
    {"line_to_told_seconds", "From the time that a line states to the receiver's acceptance."},
    {"loki_given_up_lines_total",
     "Lines of a Loki that came so late that nobody knows whether they were counted."},
    {"loki_lines_total", "Lines of a Loki that were counted, by how they were found."},
    {"loki_queries_total", "Questions that were put to a Loki."},
    {"loki_query_failures_total", "Questions to a Loki that were not answered well."},
    {"loki_queue_bytes", "Bytes that were read of a Loki and wait for the evaluation."},
    {"loki_remembered_lines", "Lines of a Loki that are known again when they are read again."},
    {"loki_tail_connected", "Whether the tail of a Loki is there."},
    {"loki_tail_ends_total", "Ends of a tail of a Loki, for whatever reason."},
    {"loki_unreadable_instants_total",
     "Instants with more lines than a Loki gives and than can be told apart."},
    {"matches_decided_early_total", "Matches decided before their time: too many waited."},
    {"outbox_dropped_total", "States that a receiver will not be told, by reason."},
    {"outbox_oldest_seconds", "Age of the oldest state that the receiver has not accepted."},
    {"outbox_waiting", "States that the receiver has not accepted yet."},
    {"process_start_time_seconds", "When the process started."},
    {"push_clamped_times_total", "Pushed stamps too far in the future, taken as the bound."},
    {"push_lines_cut_total", "Pushed lines longer than the limit; the rest of each was left out."},
    {"push_pushed_back_total", "Pushes that were answered with 429 because too many waited."},
    {"push_queue_bytes", "Bytes of pushes that were read and wait for the evaluation."},
    {"push_refused_lines_total",
     "Pushed lines that were refused while the rest of the push was taken."},
    {"push_refused_total", "Pushes that were refused as a whole."},
    {"push_repeats_total", "Pushes that came again and were not counted again."},
    {"push_requests_total", "Pushes that came."},
    {"regex_texts_cut_total", "Searches that ended before their lines did: a large regex."},
    {"rule_matches_total", "Records that the rule counted."},
    {"rule_nearest", "How near the rule has come to its threshold: the nearest count so far."},
    {"rule_threshold", "The number in the rule's condition."},
    {"sink_attempts_failed_total", "Attempts to tell the receiver that failed."},
    {"sink_deferred_total", "States that the receiver took but wants to be told again."},
    {"sink_notices_sent_total", "States that the receiver accepted."},
    {"sink_parked_total", "States that the receiver will never take: the dead letters."},
    {"source_bytes_total", "Bytes that were read, decompressed."},
    {"source_clamped_times_total", "Stamps too far in the future, taken as the bound."},
    {"source_clock_offset_seconds",
     "How far stated times are from the clock: steady means a zone."},
    {"source_complete_to_lag_seconds", "From what the source has told completely to now."},
    {"source_containers_unknown_total",
     "Containers of which nothing could be found out but their id."},
    {"source_files", "Files that are followed."},
    {"source_files_left_out",
     "Files that are not read, because another holds their lines or cannot be followed."},
    {"source_files_unreadable", "Files that cannot be read."},
    {"source_files_waiting", "Files that wait for a descriptor."},
    {"source_future_times_total",
     "Records whose time was too far in the future, taken as the bound."},
    {"source_gaps_total", "Files that are gone and may not have been read to their end."},
    {"source_lag_bytes", "Bytes that stand in files and were not read yet."},
    {"source_lines_cut_total", "Lines longer than the limit; the rest of each was skipped."},
    {"source_lines_total", "Lines that were read."},
    {"source_malformed_envelopes_total", "Lines that do not wear their source's envelope."},
    {"source_malformed_lines_total", "Lines that begin as records of their format and are broken."},
    {"source_pauses_total", "Reads put off because too many matches wait to be decided."},
    {"source_position_rejected_total", "Saved positions that did not fit the file any more."},
    {"source_records_cut_total",
     "Joined records that reached their limit; what followed is another one."},
    {"source_records_total", "Lines that were read for what they say, by format."},
    {"source_rotations_total", "Files that were rotated away under their name."},
    {"source_state", "1 for the state that the source is in: live, behind or down."},
    {"source_truncations_total", "Files that became shorter than what was read of them."},
    {"source_without_time_total", "Records for which nothing states a time."},
    {"state_ballast_bytes", "Room held for the state until the disk is full; 0 while it is."},
    {"state_file_written_anew_total", "How often the state file was gone and was written anew."},
    {"state_resets_total", "Damaged state files that were put aside for a new one."},
    {"state_rows_rejected_total", "Rows of the state that made no sense and were left out."},
    {"store_commit_failures_total", "Transactions that failed; each is tried again."},
    {"store_commits_total", "Transactions of the state."},
    {"store_history_dropped_total", "Rows of history lost while the disk took nothing."},
    {"undecided_matches", "Matches and clears that are read and not decided."},
    {"window_times_gave_way_total", "Times of matches that gave way: a value is a lower bound."},
};

// Appends `value` by Prometheus's rules for what stands between quotes.
void AppendEscaped(absl::string_view value, std::string* page) {
  while (!value.empty()) {
    const size_t plain = std::min(value.find_first_of("\\\"\n"), value.size());
    page->append(value.data(), plain);
    if (plain < value.size()) {
      absl::StrAppend(page, value[plain] == '\n' ? "\\n" : value[plain] == '"' ? "\\\"" : "\\\\");
    }
    value.remove_prefix(std::min(plain + 1, value.size()));
  }
}

void AppendLabels(const MetricLabels& labels, absl::string_view le, std::string* page) {
  char before = '{';
  for (const auto& [name, value] : labels) {
    absl::StrAppend(page, absl::string_view(&before, 1), name, "=\"");
    AppendEscaped(value, page);
    page->push_back('"');
    before = ',';
  }
  if (!le.empty()) {
    absl::StrAppend(page, absl::string_view(&before, 1), "le=\"", le, "\"");
    before = ',';
  }
  if (before == ',') page->push_back('}');
}

// Nanoseconds as seconds, exactly.
std::string Seconds(int64_t nanoseconds) {
  const uint64_t size = nanoseconds < 0 ? -static_cast<uint64_t>(nanoseconds) : nanoseconds;
  std::string text = absl::StrCat(nanoseconds < 0 ? "-" : "", size / kSecond);
  if (const uint64_t fraction = size % kSecond; fraction != 0) {
    std::string digits = absl::StrCat(fraction);
    digits.insert(0, 9 - digits.size(), '0');
    digits.resize(digits.find_last_not_of('0') + 1);
    absl::StrAppend(&text, ".", digits);
  }
  return text;
}

void AppendHead(absl::string_view name, absl::string_view type, std::string* page) {
  absl::StrAppend(page, "# HELP tallybell_", name, " ", MetricHelp(name), "\n# TYPE tallybell_",
                  name, " ", type, "\n");
}

void AppendSample(absl::string_view name, absl::string_view suffix, const MetricLabels& labels,
                  absl::string_view le, absl::string_view value, std::string* page) {
  absl::StrAppend(page, "tallybell_", name, suffix);
  AppendLabels(labels, le, page);
  absl::StrAppend(page, " ", value, "\n");
}

void AppendHistogram(const Metrics::HistogramSample& sample, std::string* page) {
  int64_t count = 0;
  for (size_t i = 0; i < Histogram::kBuckets; ++i) {
    count += sample.values.counts[i];
    const std::string le =
        i + 1 < Histogram::kBuckets ? Seconds(Histogram::kBounds[i]) : std::string("+Inf");
    AppendSample(sample.name, "_bucket", sample.labels, le, absl::StrCat(count), page);
  }
  AppendSample(sample.name, "_sum", sample.labels, "", Seconds(sample.values.sum), page);
  AppendSample(sample.name, "_count", sample.labels, "", absl::StrCat(count), page);
}

}  // namespace

absl::string_view MetricHelp(absl::string_view name) {
  const auto* const help =
      std::lower_bound(std::begin(kHelp), std::end(kHelp), name,
                       [](const Help& a, absl::string_view b) { return a.name < b; });
  return help != std::end(kHelp) && help->name == name ? help->text : absl::string_view();
}

std::string MetricsPage(const Metrics& metrics) {
  std::string page;
  std::string last;
  bool seconds = false;
  metrics.VisitSamples([&](const std::string& name, const MetricLabels& labels, int64_t value) {
    if (name != last) {
      last = name;
      seconds = absl::EndsWith(name, "_seconds");
      AppendHead(name, absl::EndsWith(name, "_total") ? "counter" : "gauge", &page);
    }
    AppendSample(name, "", labels, "", seconds ? Seconds(value) : absl::StrCat(value), &page);
  });
  for (const Metrics::HistogramSample& sample : metrics.HistogramSamples()) {
    if (sample.name != last) {
      last = sample.name;
      AppendHead(last, "histogram", &page);
    }
    AppendHistogram(sample, &page);
  }
  return page;
}

}  // namespace tallybell
