// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Transitions as JSON objects, one a line: what replay --output jsonl prints (docs/semantics.md,
// "Output of a replay").
#ifndef TALLYBELL_ENGINE_RUN_TRANSITION_JSON_H_
#define TALLYBELL_ENGINE_RUN_TRANSITION_JSON_H_

#include "engine/base/json_text.h"
#include "engine/model/alert.h"

namespace tallybell {

Json TransitionJson(const Transition& transition);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_TRANSITION_JSON_H_
