// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_MONTH_NAME_H_
#define TALLYBELL_ENGINE_PARSE_MONTH_NAME_H_

#include "absl/strings/string_view.h"

namespace tallybell {

// The month, 1 to 12, that journalctl and syslog daemons abbreviate so where the language is
// English, Spanish, German, French, Portuguese, Italian, Chinese or Japanese (1月) or Korean (1월);
// 0 for any other word. Letters may be of either case and a dot may follow. Thread-safe.
int MonthFromName(absl::string_view name);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_MONTH_NAME_H_
