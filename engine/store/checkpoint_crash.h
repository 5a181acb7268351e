// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_CHECKPOINT_CRASH_H_
#define TALLYBELL_ENGINE_STORE_CHECKPOINT_CRASH_H_

struct sqlite3;

namespace tallybell {

// Makes each write to the database file itself, which happens in a checkpoint alone, pass the crash
// point "in-checkpoint". Does nothing unless that is armed. `db` is open, in WAL mode and on disk.
void WatchCheckpoints(sqlite3* db);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_CHECKPOINT_CRASH_H_
