// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/plain_regex.h"

#include <algorithm>
#include <cstring>

#include "rules/plain_regex_parser.h"

namespace tallybell {
namespace {

using Kind = PlainAtom::Kind;

// The characters that a repetition of a limited number may look at, in all: each place where the
// regex's first text stands may cost so many.
constexpr uint32_t kMaxCounted = 128;

bool IsMark(const PlainAtom& atom) {
  return atom.kind != Kind::kText && atom.kind != Kind::kRepeat;
}

// The characters that a text begins with, or that a repetition is of.
CharacterSet FirstOf(const PlainAtom& atom) {
  if (atom.kind != Kind::kText) return atom.set;
  CharacterSet first;
  const auto byte = static_cast<unsigned char>(atom.text[0]);
  if (byte < 128) {
    first.ascii.set(byte);
  } else {
    first.others = true;
  }
  return first;
}

// Whether a repetition comes to the same end as RE2's whenever it takes as much as it can. It does
// where nothing that may stand behind it begins with one of its characters: it cannot stop earlier.
// It also does where all that follows may be empty: RE2 tries the most first, and whoever stops
// earlier comes no further.
bool TakesAll(const std::vector<PlainAtom>& atoms, size_t repeat, bool at_end) {
  const PlainAtom& atom = atoms[repeat];
  if (atom.min == atom.max) return true;
  bool disjoint = true;
  for (size_t i = repeat + 1; i < atoms.size(); ++i) {
    if (IsMark(atoms[i])) continue;
    disjoint = disjoint && atom.set.DisjointFrom(FirstOf(atoms[i]));
    if (atoms[i].kind == Kind::kText || atoms[i].min > 0) return disjoint;
  }
  return !atom.lazy || (at_end && disjoint);
}

// How many bytes of UTF-8 stand for one character that is not ASCII, or 0 if they do not. Like RE2
// where it takes any such character: some that do not exist pass.
size_t OtherCharacter(const char* at, const char* end) {
  const auto first = static_cast<unsigned char>(*at);
  if (first < 0xC2 || first > 0xF4) return 0;
  const size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (static_cast<size_t>(end - at) < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(at[i]) & 0xC0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

struct PlainRegex::Search {
  const char* begin;
  const char* end;
  Groups* groups;
  // For each run how far it went when it was last tried, counted from 1; 0: not yet. Later
  // attempts begin further right and come further right, too. One that comes to a run within what
  // the run took before would end where that ended, and fail as that failed. So no run looks at a
  // byte twice.
  size_t tried[kMaxRuns];
};

std::optional<PlainRegex> PlainRegex::Compile(absl::string_view regex) {
  if (regex.size() > kMaxText) return std::nullopt;
  const std::optional<std::vector<PlainAtom>> atoms = ParsePlainRegex(regex);
  if (!atoms.has_value()) return std::nullopt;
  PlainRegex plain;
  if (!plain.AddAtoms(*atoms) || !IsDetermined(*atoms)) return std::nullopt;
  return plain;
}

bool PlainRegex::IsDetermined(const std::vector<PlainAtom>& atoms) {
  const bool at_end = std::any_of(atoms.begin(), atoms.end(),
                                  [](const PlainAtom& atom) { return atom.kind == Kind::kEnd; });
  for (size_t i = 0; i < atoms.size(); ++i) {
    if (atoms[i].kind == Kind::kRepeat && !TakesAll(atoms, i, at_end)) return false;
  }
  return true;
}

// False if the order of the atoms is not one that is known here, or a limit is met.
bool PlainRegex::AddAtoms(const std::vector<PlainAtom>& atoms) {
  std::string text;
  // Marks within `text`, each as far from its beginning as `size` says.
  std::vector<Step> marks;
  bool any = false;  // anything that is more than a mark
  uint32_t counted = 0;
  for (const PlainAtom& atom : atoms) {
    const bool is_more = !IsMark(atom);
    if (is_more && at_end_) return false;
    switch (atom.kind) {
      case Kind::kBegin:
        if (any || at_begin_) return false;
        at_begin_ = true;
        break;
      case Kind::kEnd:
        if (at_end_) return false;
        at_end_ = true;
        break;
      case Kind::kOpen:
      case Kind::kClose: {
        if (atom.group > kMaxGroups) return false;
        Step mark;
        mark.kind = Step::Kind::kMark;
        mark.place = static_cast<uint32_t>(atom.group * 2 - (atom.kind == Kind::kOpen ? 2 : 1));
        mark.size = static_cast<uint32_t>(text.size());
        marks.push_back(mark);
        break;
      }
      case Kind::kText:
        text += atom.text;
        break;
      case Kind::kRepeat:
        if (!any && !at_begin_) return false;
        AddText(text, marks);
        text.clear();
        marks.clear();
        counted += atom.max == PlainAtom::kNoMax ? atom.min : atom.max;
        if (counted > kMaxCounted || !AddRepeat(atom)) return false;
        break;
    }
    any = any || is_more;
  }
  AddText(text, marks);
  return any || at_begin_;
}

void PlainRegex::AddText(const std::string& text, const std::vector<Step>& marks) {
  if (!text.empty() && sets_.empty() && !at_begin_) {
    first_ = LiteralSearch(text);
  } else if (!text.empty()) {
    Step step;
    step.place = static_cast<uint32_t>(texts_.size());
    step.size = static_cast<uint32_t>(text.size());
    texts_ += text;
    steps_.push_back(step);
  }
  for (Step mark : marks) {
    mark.size = static_cast<uint32_t>(text.size()) - mark.size;
    steps_.push_back(mark);
  }
}

bool PlainRegex::AddRepeat(const PlainAtom& atom) {
  ByteSet set;
  for (size_t c = 0; c < 256; ++c) set.ascii[c] = c < 128 && atom.set.ascii[c];
  set.others = atom.set.others;
  Step step;
  step.place = static_cast<uint32_t>(sets_.size());
  sets_.push_back(set);
  const bool endless = atom.max == PlainAtom::kNoMax;
  if (!endless || atom.min > 1) {
    step.kind = Step::Kind::kSome;
    step.min = atom.min;
    step.max = endless ? atom.min : atom.max;
    steps_.push_back(step);
  }
  if (endless) {
    if (runs_ == kMaxRuns) return false;
    step.kind = Step::Kind::kRun;
    step.min = atom.min == 1 ? 1 : 0;
    step.run = static_cast<uint8_t>(runs_++);
    steps_.push_back(step);
  }
  return true;
}

// Where the run ends, or null if the attempt fails.
const char* PlainRegex::Run(const Step& step, const char* at, Search* search) const {
  if (static_cast<size_t>(at - search->begin) < search->tried[step.run]) return nullptr;
  const ByteSet& set = sets_[step.place];
  const char* p = at;
  for (;;) {
    while (p != search->end && set.ascii[static_cast<unsigned char>(*p)]) ++p;
    if (!set.others || p == search->end) break;
    const size_t size = OtherCharacter(p, search->end);
    if (size == 0) break;
    p += size;
  }
  search->tried[step.run] = static_cast<size_t>(p - search->begin) + 1;
  return p == at && step.min > 0 ? nullptr : p;
}

const char* PlainRegex::Some(const Step& step, const char* at, const char* end) const {
  const ByteSet& set = sets_[step.place];
  uint32_t count = 0;
  for (; count < step.max && at != end; ++count) {
    if (set.ascii[static_cast<unsigned char>(*at)]) {
      ++at;
      continue;
    }
    const size_t size = set.others ? OtherCharacter(at, end) : 0;
    if (size == 0) break;
    at += size;
  }
  return count < step.min ? nullptr : at;
}

// Where the match ends whose first text ends at `at`, or null if there is none.
const char* PlainRegex::Attempt(const char* at, Search* search) const {
  const char* const end = search->end;
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Step::Kind::kText:
        if (static_cast<size_t>(end - at) < step.size ||
            std::memcmp(at, texts_.data() + step.place, step.size) != 0) {
          return nullptr;
        }
        at += step.size;
        break;
      case Step::Kind::kRun:
        at = Run(step, at, search);
        if (at == nullptr) return nullptr;
        break;
      case Step::Kind::kSome:
        at = Some(step, at, end);
        if (at == nullptr) return nullptr;
        break;
      case Step::Kind::kMark:
        if (search->groups != nullptr) search->groups->marks_[step.place] = at - step.size;
        break;
    }
  }
  return at_end_ && at != end ? nullptr : at;
}

bool PlainRegex::Find(absl::string_view line, absl::string_view* match, Groups* groups) const {
  // A line without bytes may be nowhere, but null means that an attempt has failed.
  const char* const text = line.data() == nullptr ? "" : line.data();
  Search search;
  search.begin = text;
  search.end = text + line.size();
  search.groups = groups;
  std::fill_n(search.tried, runs_, 0);
  for (size_t from = 0;; ++from) {
    if (!at_begin_) from = first_.Find(line, from);
    if (from == absl::string_view::npos) return false;
    const char* const end = Attempt(text + from + first_.text().size(), &search);
    if (end != nullptr) {
      if (match != nullptr) *match = line.substr(from, static_cast<size_t>(end - text) - from);
      return true;
    }
    if (at_begin_) return false;
  }
}

}  // namespace tallybell
