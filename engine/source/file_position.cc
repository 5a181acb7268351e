// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/file_position.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

constexpr absl::string_view kVersion = "v1";

// Takes the next word off `*text`, which a single space ends.
bool TakeWord(absl::string_view* text, absl::string_view* word) {
  const size_t space = text->find(' ');
  if (space == absl::string_view::npos) return false;
  *word = text->substr(0, space);
  text->remove_prefix(space + 1);
  return true;
}

// Only the spelling that Encode writes: no sign, no leading zero.
bool TakeNumber(absl::string_view* text, uint64_t* number) {
  absl::string_view word;
  return TakeWord(text, &word) && absl::SimpleAtoi(word, number) && word == absl::StrCat(*number);
}

}  // namespace

std::string FilePosition::Key() const {
  return absl::StrCat(device, ":", inode, ":", generation, ":", path);
}

std::string FilePosition::Encode() const {
  return absl::StrCat(absl::StrCat(kVersion, " ", device, " ", inode, " ", birth, " "),
                      absl::StrCat(generation, " "),
                      absl::StrCat(offset, " ", head_length, " ", head_hash, " "),
                      absl::StrCat(tail_length, " ", tail_hash, " ", path));
}

absl::StatusOr<FilePosition> FilePosition::Decode(absl::string_view text) {
  FilePosition position;
  absl::string_view version;
  const bool complete =
      TakeWord(&text, &version) && TakeNumber(&text, &position.device) &&
      TakeNumber(&text, &position.inode) && TakeNumber(&text, &position.birth) &&
      TakeNumber(&text, &position.generation) && TakeNumber(&text, &position.offset) &&
      TakeNumber(&text, &position.head_length) && TakeNumber(&text, &position.head_hash) &&
      TakeNumber(&text, &position.tail_length) && TakeNumber(&text, &position.tail_hash);
  if (!complete || version != kVersion) {
    return absl::InvalidArgumentError("not the position of a file");
  }
  if (text.empty() || text.find('\0') != absl::string_view::npos ||
      position.head_length > kSample || position.tail_length > kSample ||
      position.tail_length > position.offset || (position.offset >> 63) != 0) {
    return absl::InvalidArgumentError("not a possible position of a file");
  }
  position.path = std::string(text);
  return position;
}

uint64_t HashSample(absl::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace tallybell
