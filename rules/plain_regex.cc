// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/plain_regex.h"

#include <algorithm>
#include <cstring>

#include "rules/plain_regex_choices.h"
#include "rules/plain_regex_parser.h"

namespace tallybell {
namespace {

using Kind = PlainAtom::Kind;

// The characters that a repetition of a limited number may look at, in all: each place where the
// regex's first text stands may cost so many.
constexpr uint32_t kMaxCounted = 128;

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

// The same for the character that ends at `at`.
size_t OtherCharacterBefore(const char* begin, const char* at) {
  const char* lead = at;
  do {
    if (lead == begin || at - lead == 4) return 0;
    --lead;
  } while ((static_cast<unsigned char>(*lead) & 0xC0) == 0x80);
  const auto size = static_cast<size_t>(at - lead);
  return OtherCharacter(lead, at) == size ? size : 0;
}

// Behind the character of `set` that stands at `at`, or `at` if there is none.
template <bool kBack, typename ByteSet>
[[gnu::always_inline]] inline const char* Past(const ByteSet& set, const char* at,
                                               const char* limit) {
  if (at == limit) return at;
  if constexpr (kBack) {
    if (set.ascii[static_cast<unsigned char>(at[-1])]) return at - 1;
    return set.others ? at - OtherCharacterBefore(limit, at) : at;
  } else {
    if (set.ascii[static_cast<unsigned char>(*at)]) return at + 1;
    return set.others ? at + OtherCharacter(at, limit) : at;
  }
}

}  // namespace

struct PlainRegex::Part {
  std::string text;                   // may be empty
  std::vector<Step> marks;            // each `size` bytes from the text's beginning
  const PlainAtom* repeat = nullptr;  // null in the last part
};

struct PlainRegex::Search {
  const char* begin;
  const char* end;
  Groups* groups;
  // How many of the runs were tried, the first ones, and how far each went the last time. Later
  // attempts begin further right and come further right, too. One that comes to a run within what
  // the run took before would end where that ended, and fail as that failed. So no run looks at a
  // byte twice.
  size_t tried = 0;
  const char* ends[kMaxRuns];
};

std::optional<PlainRegex> PlainRegex::Compile(absl::string_view regex) {
  if (regex.size() > kMaxText) return std::nullopt;
  const std::optional<std::vector<PlainAtom>> atoms = ParsePlainRegex(regex);
  if (!atoms.has_value()) return std::nullopt;
  PlainRegex plain;
  std::vector<Part> parts;
  if (!plain.AddAtoms(*atoms, &parts)) return std::nullopt;
  // At the end of a line nothing has to be looked for.
  plain.backwards_ = plain.at_end_ && !plain.at_begin_ && LeavesNoChoiceFromTheEnd(*atoms);
  if (!plain.backwards_) {
    if (!plain.at_begin_ && !CanBeLookedFor(parts)) return std::nullopt;
    if (!LeavesNoChoice(*atoms, plain.at_end_)) return std::nullopt;
  }
  if (!plain.AddSteps(parts)) return std::nullopt;
  return plain;
}

// False if the order of the atoms is not one that is known here, or a limit is met.
bool PlainRegex::AddAtoms(const std::vector<PlainAtom>& atoms, std::vector<Part>* parts) {
  parts->emplace_back();
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
        mark.size = static_cast<uint32_t>(parts->back().text.size());
        parts->back().marks.push_back(mark);
        break;
      }
      case Kind::kText:
        parts->back().text += atom.text;
        break;
      case Kind::kRepeat:
        counted += atom.max == PlainAtom::kNoMax ? atom.min : atom.max;
        if (counted > kMaxCounted) return false;
        parts->back().repeat = &atom;
        parts->emplace_back();
        break;
    }
    any = any || is_more;
  }
  return any || at_begin_;
}

// Whether a match can be looked for by the first text: nothing is before it, or one repetition.
// That shares no character with the text's beginning, or is of a fixed number: however many places
// the text has, what is before them is looked at once. The text that comes first is also that of
// the leftmost match.
bool PlainRegex::CanBeLookedFor(const std::vector<Part>& parts) {
  return !parts[0].text.empty() || (parts.size() > 1 && !parts[1].text.empty());
}

bool PlainRegex::AddSteps(const std::vector<Part>& parts) {
  if (backwards_) {
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (part->repeat != nullptr && !AddRepeat(*part->repeat)) return false;
      AddText(*part, /*back=*/true, /*found=*/false);
    }
    return true;
  }
  size_t first = 0;
  if (!at_begin_) {
    if (parts[0].text.empty()) {
      if (!AddRepeat(*parts[0].repeat)) return false;
      AddText(parts[0], /*back=*/true, /*found=*/false);
      before_first_.swap(steps_);
      first = 1;
    }
    first_ = LiteralSearch(parts[first].text);
  }
  for (size_t i = first; i < parts.size(); ++i) {
    AddText(parts[i], /*back=*/false, /*found=*/i == first && !at_begin_);
    if (parts[i].repeat != nullptr && !AddRepeat(*parts[i].repeat)) return false;
  }
  return true;
}

// `found`: the text stands before where the steps begin.
void PlainRegex::AddText(const Part& part, bool back, bool found) {
  if (!part.text.empty() && !found) {
    Step step;
    step.place = static_cast<uint32_t>(texts_.size());
    step.size = static_cast<uint32_t>(part.text.size());
    texts_ += part.text;
    steps_.push_back(step);
  }
  for (Step mark : part.marks) {
    if (!back) mark.size = static_cast<uint32_t>(part.text.size()) - mark.size;
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
template <bool kBack>
const char* PlainRegex::Run(const Step& step, const char* at, Search* search) const {
  // Backwards there is one attempt only.
  if (!kBack && step.run < search->tried && at <= search->ends[step.run]) return nullptr;
  const ByteSet& set = sets_[step.place];
  const char* const limit = kBack ? search->begin : search->end;
  const char* p = at;
  for (const char* next = Past<kBack>(set, p, limit); next != p;
       next = Past<kBack>(set, p, limit)) {
    p = next;
  }
  if (!kBack) {
    search->tried = std::max<size_t>(search->tried, step.run + 1U);
    search->ends[step.run] = p;
  }
  return p == at && step.min > 0 ? nullptr : p;
}

template <bool kBack>
const char* PlainRegex::Some(const Step& step, const char* at, const Search& search) const {
  const ByteSet& set = sets_[step.place];
  const char* const limit = kBack ? search.begin : search.end;
  uint32_t count = 0;
  for (; count < step.max; ++count) {
    const char* const next = Past<kBack>(set, at, limit);
    if (next == at) break;
    at = next;
  }
  return count < step.min ? nullptr : at;
}

template <bool kBack>
const char* PlainRegex::Walk(const std::vector<Step>& steps, const char* at, Search* search) const {
  for (const Step& step : steps) {
    switch (step.kind) {
      case Step::Kind::kText: {
        const char* const text = texts_.data() + step.place;
        const auto left = static_cast<size_t>(kBack ? at - search->begin : search->end - at);
        if (left < step.size) return nullptr;
        if (std::memcmp(kBack ? at - step.size : at, text, step.size) != 0) return nullptr;
        at = kBack ? at - step.size : at + step.size;
        break;
      }
      case Step::Kind::kRun:
        at = Run<kBack>(step, at, search);
        if (at == nullptr) return nullptr;
        break;
      case Step::Kind::kSome:
        at = Some<kBack>(step, at, *search);
        if (at == nullptr) return nullptr;
        break;
      case Step::Kind::kMark:
        if (search->groups == nullptr) break;
        search->groups->marks_[step.place] = kBack ? at + step.size : at - step.size;
        break;
    }
  }
  return at;
}

bool PlainRegex::Find(absl::string_view line, absl::string_view* match, Groups* groups) const {
  // A line without bytes may be nowhere, but null means that an attempt has failed.
  const char* const text = line.data() == nullptr ? "" : line.data();
  Search search;
  search.begin = text;
  search.end = text + line.size();
  search.groups = groups;
  if (backwards_) {
    const char* const begin = Walk<true>(steps_, search.end, &search);
    if (begin == nullptr) return false;
    if (match != nullptr) *match = line.substr(static_cast<size_t>(begin - text));
    return true;
  }
  for (size_t from = 0;; ++from) {
    if (!at_begin_) from = first_.Find(line, from);
    if (from == absl::string_view::npos) return false;
    const char* const begin = Walk<true>(before_first_, text + from, &search);
    if (begin != nullptr) {
      const char* const end = Walk<false>(steps_, text + from + first_.text().size(), &search);
      if (end != nullptr && (!at_end_ || end == search.end)) {
        if (match != nullptr) {
          *match = line.substr(static_cast<size_t>(begin - text), static_cast<size_t>(end - begin));
        }
        return true;
      }
    }
    if (at_begin_) return false;
  }
}

}  // namespace tallybell
