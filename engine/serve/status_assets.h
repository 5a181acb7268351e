// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_STATUS_ASSETS_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_ASSETS_H_

#include "absl/strings/string_view.h"

namespace tallybell {

// A file that the status page loads, built in from engine/serve/status_page.{css,js}. Its name has
// a digest of its text, so whoever has it may keep it for ever.
struct StatusAsset {
  absl::string_view path;  // as the page names it: "static/status-0123abcd.css"
  absl::string_view content_type;
  absl::string_view text;
};

const StatusAsset& StatusStyle();
const StatusAsset& StatusScript();

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_ASSETS_H_
