// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Whether the parts of a regex can be taken one after another, each as long as it can be, without
// ever going back, and RE2's match is found all the same.
#ifndef TALLYBELL_RULES_PLAIN_REGEX_CHOICES_H_
#define TALLYBELL_RULES_PLAIN_REGEX_CHOICES_H_

#include <vector>

#include "rules/plain_regex_parser.h"

namespace tallybell {

// Whether `atom` only says where something is.
bool IsMark(const PlainAtom& atom);

// From where the match begins to the right. `at_end`: it must end with the text.
bool LeavesNoChoice(const std::vector<PlainAtom>& atoms, bool at_end);

// From the end of the text to the left, for a match that must end there.
bool LeavesNoChoiceFromTheEnd(const std::vector<PlainAtom>& atoms);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_PLAIN_REGEX_CHOICES_H_
