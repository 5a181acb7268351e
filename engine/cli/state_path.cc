// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/state_path.h"

#include <stdlib.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status_macros.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "engine/serve/history_query.h"
#include "rules/diagnostics.h"

namespace tallybell {

absl::StatusOr<std::string> StatePath(const Arguments& arguments) {
  if (arguments.Has("state") == arguments.Has("config")) {
    return absl::InvalidArgumentError("one of --config FILE and --state FILE is needed");
  }
  if (arguments.Has("state")) return arguments.Get("state");
  const std::string file = arguments.Get("config");
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", text.status().message()));
  }
  Diagnostics diagnostics;
  const Configuration configuration = LoadConfiguration(file, *text, &diagnostics);
  // Whatever else is wrong with it: what happened can be looked at.
  if (!configuration.state_path.empty()) return configuration.state_path;
  return absl::InvalidArgumentError(diagnostics.ToString());
}

absl::StatusOr<std::unique_ptr<StateReader>> ReadState(const std::string& path) {
  const char* const directory = getenv("TMPDIR");
  return StateReader::Open(path, directory != nullptr && *directory != '\0' ? directory : "/tmp");
}

absl::StatusOr<std::unique_ptr<Store>> OpenStateAtRest(const std::string& path) {
  Store::Options options;
  options.path = path;
  options.create = false;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
  if (!Store::IsHeld(store.status())) return store;
  return absl::FailedPreconditionError(
      absl::StrCat("a tallybell runs on ", path,
                   " and is the only one that may change it: stop it, do this again, and start "
                   "it; nothing is lost meanwhile"));
}

absl::StatusOr<std::vector<Labels::Pair>> GroupPairs(const Arguments& arguments) {
  std::vector<Labels::Pair> pairs;
  for (const std::string& text : arguments.All("group")) {
    const absl::StatusOr<Labels::Pair> pair = ParsePair(text);
    if (!pair.ok()) return absl::InvalidArgumentError(absl::StrCat("--", pair.status().message()));
    pairs.push_back(*pair);
  }
  return pairs;
}

std::string Printable(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 too: to some terminals U+009B is what ESC [ is to all.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || c1) {
      absl::StrAppendFormat(&out, "\\x%02x", c1 ? static_cast<unsigned char>(text[++i]) : byte);
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace tallybell
