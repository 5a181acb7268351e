// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/plain_regex_choices.h"

#include <cstddef>

namespace tallybell {
namespace {

using Kind = PlainAtom::Kind;

CharacterSet SetOf(char byte) {
  CharacterSet set;
  if (static_cast<unsigned char>(byte) < 128) {
    set.ascii.set(static_cast<size_t>(byte));
  } else {
    set.others = true;
  }
  return set;
}

// The characters that a text begins with, or that a repetition is of.
CharacterSet FirstOf(const PlainAtom& atom) {
  return atom.kind == Kind::kText ? SetOf(atom.text.front()) : atom.set;
}

// The same of what it ends with: the last byte of a character that is not ASCII is none, either.
CharacterSet LastOf(const PlainAtom& atom) {
  return atom.kind == Kind::kText ? SetOf(atom.text.back()) : atom.set;
}

bool MustBeThere(const PlainAtom& atom) { return atom.kind == Kind::kText || atom.min > 0; }

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
    if (MustBeThere(atoms[i])) return disjoint;
  }
  return !atom.lazy || (at_end && disjoint);
}

// The same, seen from the end. There is one way only to take such a match apart, so that it does
// not matter what RE2 would try first; and the leftmost match is the longest. What must not be
// shared is more here, because what may be empty decides how a longest match is taken apart.
bool TakesAllFromTheEnd(const std::vector<PlainAtom>& atoms, size_t repeat) {
  const PlainAtom& atom = atoms[repeat];
  if (atom.min == atom.max) return true;
  for (size_t i = repeat; i > 0; --i) {
    const PlainAtom& before = atoms[i - 1];
    if (IsMark(before)) continue;
    if (!atom.set.DisjointFrom(LastOf(before))) return false;
    if (MustBeThere(before)) return true;
  }
  return true;
}

}  // namespace

bool IsMark(const PlainAtom& atom) {
  return atom.kind != Kind::kText && atom.kind != Kind::kRepeat;
}

bool LeavesNoChoice(const std::vector<PlainAtom>& atoms, bool at_end) {
  for (size_t i = 0; i < atoms.size(); ++i) {
    if (atoms[i].kind == Kind::kRepeat && !TakesAll(atoms, i, at_end)) return false;
  }
  return true;
}

bool LeavesNoChoiceFromTheEnd(const std::vector<PlainAtom>& atoms) {
  for (size_t i = 0; i < atoms.size(); ++i) {
    if (atoms[i].kind == Kind::kRepeat && !TakesAllFromTheEnd(atoms, i)) return false;
  }
  return true;
}

}  // namespace tallybell
