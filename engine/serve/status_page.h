// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The status page as HTML that needs no script: docs/status-page.md.
#ifndef TALLYBELL_ENGINE_SERVE_STATUS_PAGE_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_PAGE_H_

#include <string>

#include "engine/serve/status_view.h"

namespace tallybell {

// Some 300 KiB at most, whatever is in `view`: what does not fit is counted, with a link to where
// all of it is.
std::string StatusPage(const StatusView& view);

// The part of it that changes: the one <main>, which a script puts in place of the old one.
std::string StatusFragment(const StatusView& view);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_PAGE_H_
