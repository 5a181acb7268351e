// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SUPPORT_ALLOCATION_COUNT_H_
#define TALLYBELL_TESTS_SUPPORT_ALLOCATION_COUNT_H_

#include <cstdint>

namespace tallybell {

// How often any thread of this program has called operator new. A program that links
// allocation_count.cc has its own operator new and delete.
int64_t AllocationCount();

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_ALLOCATION_COUNT_H_
