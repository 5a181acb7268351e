// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_words.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tallybell {
namespace {

// Whether it fires when there is nothing, and only then.
bool IsNone(const RuleView& rule) {
  return (rule.op == Comparison::kLess && rule.threshold == 1) ||
         ((rule.op == Comparison::kLessOrEqual || rule.op == Comparison::kEqual) &&
          rule.threshold == 0);
}

absl::string_view Words(Comparison op) {
  switch (op) {
    case Comparison::kEqual:
      return "exactly";
    case Comparison::kNotEqual:
      return "any number but";
    case Comparison::kLess:
      return "fewer than";
    case Comparison::kLessOrEqual:
      return "at most";
    case Comparison::kGreater:
      return "more than";
    case Comparison::kGreaterOrEqual:
      return "at least";
  }
  return "?";
}

std::string DeliveryText(const DeliveryRecord& delivery) {
  std::string text = delivery.answer;
  if (delivery.attempts > 1) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", CountOf(delivery.attempts, "attempt"));
  }
  return text;
}

}  // namespace

std::string CountText(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string CountOf(int64_t number, absl::string_view one) {
  return absl::StrCat(CountText(number), " ", one, number == 1 ? "" : "s");
}

std::string BytesText(int64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double size = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  return absl::StrFormat("%.*f %s", size < 10 ? 1 : 0, size, kUnits[unit]);
}

std::string AgeText(DurationNs age) {
  const int64_t seconds = std::max<int64_t>(age, 0) / kSecond;
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (seconds < 3600) return absl::StrCat(seconds / 60, " min");
  const int64_t minutes = seconds / 60;
  if (minutes < 24 * 60) return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
  return absl::StrCat(minutes / (24 * 60), " d ", minutes / 60 % 24, " h");
}

std::string ConditionText(const RuleView& rule) {
  std::string text = IsNone(rule) ? "none" : absl::StrCat(Words(rule.op), " ", rule.threshold);
  absl::StrAppend(&text, " in ", FormatDuration(rule.window));
  if (!rule.by.empty()) absl::StrAppend(&text, " for each ", absl::StrJoin(rule.by, ", "));
  if (rule.hold > 0) absl::StrAppend(&text, ", for ", FormatDuration(rule.hold));
  if (rule.keep_firing_for > 0) {
    absl::StrAppend(&text, ", kept for ", FormatDuration(rule.keep_firing_for));
  }
  return text;
}

std::string NearestText(const RuleView& rule) {
  if (!rule.nearest.has_value()) return "";
  const int64_t value = rule.nearest->value;
  switch (rule.op) {
    case Comparison::kGreater:
      if (rule.threshold == std::numeric_limits<int64_t>::max()) {
        return absl::StrCat(value, ", fires above ", rule.threshold);
      }
      return absl::StrCat(value, " of ", rule.threshold + 1);
    case Comparison::kGreaterOrEqual:
      return absl::StrCat(value, " of ", rule.threshold);
    case Comparison::kLess:
      return absl::StrCat("lowest ", value, ", fires below ", rule.threshold);
    case Comparison::kLessOrEqual:
      return absl::StrCat("lowest ", value, ", fires at ", rule.threshold);
    default:
      return absl::StrCat("peak ", value);
  }
}

std::string EventText(const HistoryEvent& event) {
  if (event.delivery.has_value()) return DeliveryText(*event.delivery);
  const std::string value = absl::StrCat(event.value, event.exact ? "" : "+");
  if (event.kind == "resolved") {
    if (event.starts_at == kNoTime) return "";
    // Nobody reads nanoseconds here.
    const DurationNs lasted = SubtractNs(event.time, event.starts_at);
    return absl::StrCat("after ", FormatDuration(lasted / kSecond * kSecond));
  }
  if (event.kind == "nearest") {
    return absl::StrCat("peak ", value,
                        event.enough == 0 ? "" : absl::StrCat(" of ", event.enough));
  }
  return event.kind == "inactive" ? "" : absl::StrCat("value ", value);
}

std::string ShownLabels(const Labels& labels) {
  Labels shown = labels;
  shown.Set("alertname", "");
  return shown.empty() ? "" : FormatLabels(shown);
}

}  // namespace tallybell
