// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_COMPOSE_PREFIX_H_
#define TALLYBELL_ENGINE_FRAME_COMPOSE_PREFIX_H_

#include "absl/strings/string_view.h"

namespace tallybell {

// Takes off what Docker Compose puts before a line of a container: its name, padded, and a bar,
// with or without colours, in the ways of versions 1 and 2:
//   anka-registry      | I0425 16:22:44.191788 ...
//   ESC[36manka-registry-1  | ESC[0mI0425 16:22:44.191788 ...
// False, and nothing is changed, if there is none. The one letter before etcd's `I | etcdmain:` is
// no name. Thread-safe.
bool TakeComposePrefix(absl::string_view* rest, absl::string_view* name);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_COMPOSE_PREFIX_H_
