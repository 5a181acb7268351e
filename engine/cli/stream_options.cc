// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/stream_options.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/run/source_format.h"

namespace tallybell {

absl::StatusOr<StreamOptions> StreamOptions::Read(const Arguments& arguments) {
  StreamOptions options;
  for (const std::string& label : arguments.All("label")) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(label, absl::MaxSplits('=', 1));
    if (!IsLabelName(pair.first) || pair.second.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--label \"", label, "\" is not NAME=VALUE"));
    }
    options.labels.Set(pair.first, pair.second);
  }
  options.format = arguments.Get("format", "auto");
  if (!IsFormatName(options.format)) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no format \"", options.format, "\"; formats are ", FormatNames()));
  }
  if (arguments.Has("year") && (!absl::SimpleAtoi(arguments.Get("year"), &options.first_year) ||
                                options.first_year < 1678 || options.first_year > 2261)) {
    return absl::InvalidArgumentError("--year must be from 1678 to 2261");
  }
  if (arguments.Has("timezone")) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(arguments.Get("timezone"), &zone)) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no time zone \"", arguments.Get("timezone"), "\""));
    }
    options.zone = zone;
  }
  return options;
}

}  // namespace tallybell
