// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_UNTOLD_JSON_H_
#define TALLYBELL_ENGINE_SERVE_UNTOLD_JSON_H_

#include "engine/base/json_text.h"
#include "engine/outbox/untold.h"

namespace tallybell {

// What a receiver has not accepted, as one object with always the same keys (docs/history.md, "What
// waits").
Json UntoldJson(const Untold& untold);
// And back; of its alert there are the rule, the labels, and when it began and ended. What cannot
// be read is left out.
Untold UntoldOf(const Json& json);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_UNTOLD_JSON_H_
