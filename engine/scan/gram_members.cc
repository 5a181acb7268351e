// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/gram_members.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"

namespace tallybell {
namespace {

// Bytes beside a gram that tell its members apart. As many as all of a table have.
constexpr size_t kSizes[] = {4, 2, 1};
// Fewer are compared one after the other.
constexpr size_t kFew = 4;

// Whether `literal` stands at `begin` of `block`.
bool StandsAt(const ScanLiteral& literal, absl::string_view block, size_t begin) {
  const std::string& text = literal.text;
  if (begin + text.size() > block.size()) return false;
  const char* const bytes = block.data() + begin;
  if (!literal.ignore_case) return std::memcmp(bytes, text.data(), text.size()) == 0;
  // What ignores case is kept in small letters.
  return std::equal(text.begin(), text.end(), bytes, [](char a, char b) {
    return a == absl::ascii_tolower(static_cast<unsigned char>(b));
  });
}

}  // namespace

GramMembers::GramMembers(const LiteralGram& gram, const std::vector<ScanLiteral>& literals,
                         const std::vector<uint32_t>& ids) {
  std::vector<Member> left;
  for (const LiteralGram::Member& member : gram.members) {
    left.push_back({literals[member.literal], ids[member.literal], member.at});
  }
  const auto take = [&](ptrdiff_t from, size_t size) {
    const auto has = [&](const Member& member) {
      const ptrdiff_t begin = static_cast<ptrdiff_t>(member.at) + from;
      return begin >= 0 && begin + size <= member.literal.text.size();
    };
    const auto rest = std::stable_partition(left.begin(), left.end(), has);
    if (static_cast<size_t>(rest - left.begin()) <= kFew) return;
    tables_.push_back(MakeTable(
        from, size, {std::make_move_iterator(left.begin()), std::make_move_iterator(rest)}));
    left.erase(left.begin(), rest);
  };
  for (const size_t size : kSizes) {
    if (left.size() <= kFew) break;
    take(static_cast<ptrdiff_t>(gram.bytes.size()), size);
    take(-static_cast<ptrdiff_t>(size), size);
  }
  if (!left.empty()) tables_.push_back(MakeTable(0, 0, std::move(left)));
}

// The same for letters of either case.
uint32_t GramMembers::Bucket(const Table& table, const char* bytes) {
  uint32_t word = 0;
  if (table.size == 4) {
    std::memcpy(&word, bytes, 4);
  } else if (table.size == 2) {
    std::memcpy(&word, bytes, 2);
  } else {
    word = static_cast<unsigned char>(*bytes);
  }
  return ((word | 0x20202020) * 0x9E3779B1U) >> table.shift;
}

GramMembers::Table GramMembers::MakeTable(ptrdiff_t from, size_t size,
                                          std::vector<Member> members) {
  Table table;
  table.from = from;
  table.size = size;
  if (size == 0) {
    table.begin = {0, static_cast<uint32_t>(members.size())};
    table.members = std::move(members);
    return table;
  }
  int bits = 2;
  while ((size_t{1} << bits) < 4 * members.size()) ++bits;
  table.shift = 32 - bits;
  const auto bucket = [&table](const Member& member) {
    return Bucket(table, member.literal.text.data() + member.at + table.from);
  };
  std::stable_sort(members.begin(), members.end(),
                   [&](const Member& a, const Member& b) { return bucket(a) < bucket(b); });
  table.begin.assign((size_t{1} << bits) + 1, 0);
  for (const Member& member : members) ++table.begin[bucket(member) + 1];
  for (size_t i = 1; i < table.begin.size(); ++i) table.begin[i] += table.begin[i - 1];
  table.members = std::move(members);
  return table;
}

void GramMembers::AppendHitsOf(const Table& table, absl::string_view block, size_t at,
                               std::vector<ScanHit>* hits) {
  uint32_t bucket = 0;
  if (table.size > 0) {
    const ptrdiff_t begin = static_cast<ptrdiff_t>(at) + table.from;
    if (begin < 0 || begin + table.size > block.size()) return;
    bucket = Bucket(table, block.data() + begin);
  }
  for (uint32_t i = table.begin[bucket]; i < table.begin[bucket + 1]; ++i) {
    const Member& member = table.members[i];
    if (at < member.at || !StandsAt(member.literal, block, at - member.at)) continue;
    hits->push_back(
        {static_cast<uint32_t>(at - member.at + member.literal.text.size()), member.id});
  }
}

}  // namespace tallybell
