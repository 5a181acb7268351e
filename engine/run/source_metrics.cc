// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_metrics.h"

#include "engine/parse/line_format.h"

namespace tallybell {

SourceMetrics::SourceMetrics(const std::string& source, Metrics* metrics)
    : source_(source),
      metrics_(metrics),
      lines_(metrics->Get("source_lines_total", {{"source", source}})),
      bytes_(metrics->Get("source_bytes_total", {{"source", source}})),
      without_time_(metrics->Get("source_without_time_total", {{"source", source}})),
      malformed_envelopes_(metrics->Get("source_malformed_envelopes_total", {{"source", source}})),
      malformed_lines_(metrics->Get("source_malformed_lines_total", {{"source", source}})),
      lines_cut_(metrics->Get("source_lines_cut_total", {{"source", source}})),
      records_cut_(metrics->Get("source_records_cut_total", {{"source", source}})),
      clamped_times_(metrics->Get("source_clamped_times_total", {{"source", source}})) {}

void SourceMetrics::Add(const SourceCounts& before, const SourceCounts& now) {
  lines_.Add(now.lines - before.lines);
  bytes_.Add(now.bytes - before.bytes);
  without_time_.Add(now.without_time - before.without_time);
  malformed_envelopes_.Add(now.malformed_envelopes - before.malformed_envelopes);
  malformed_lines_.Add(now.malformed_lines - before.malformed_lines);
  lines_cut_.Add(now.lines_cut - before.lines_cut);
  records_cut_.Add(now.records_cut - before.records_cut);
  clamped_times_.Add(now.clamped_times - before.clamped_times);
  const absl::Span<const LineFormat> formats = AllLineFormats();
  for (size_t i = 0; i < formats.size() && i < records_.size(); ++i) {
    const int64_t more = now.records_by_format[i] - before.records_by_format[i];
    if (more == 0) continue;
    if (records_[i] == nullptr) {
      records_[i] = &metrics_->Get("source_records_total",
                                   {{"source", source_}, {"format", std::string(formats[i].name)}});
    }
    records_[i]->Add(more);
  }
}

}  // namespace tallybell
