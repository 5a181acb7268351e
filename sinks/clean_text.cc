// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/clean_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/utf8.h"
#include "engine/model/labels.h"

namespace tallybell {
namespace {

std::string Whole(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  AppendValidUtf8(text, &valid);
  return absl::StrReplaceAll(valid, {{absl::string_view("\0", 1), ""}});
}

}  // namespace

std::string CleanText(absl::string_view text, size_t max_bytes) {
  std::string clean = Whole(text);
  clean.resize(Utf8Truncate(clean, max_bytes).size());
  return clean;
}

std::string CleanIdentity(absl::string_view text, size_t max_bytes) {
  std::string clean = Whole(text);
  if (clean.size() <= max_bytes) return clean;
  const std::string hash = FormatFingerprint(Labels{{"text", clean}}.Fingerprint());
  return absl::StrCat(Utf8Truncate(clean, max_bytes - hash.size() - 1), "~", hash);
}

std::string CleanLabelName(absl::string_view name) {
  std::string clean;
  if (name.empty() || absl::ascii_isdigit(name[0])) clean = "_";
  for (const char c : name) clean.push_back(absl::ascii_isalnum(c) ? c : '_');
  return clean;
}

}  // namespace tallybell
