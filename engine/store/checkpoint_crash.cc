// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/checkpoint_crash.h"

#include <sqlite3.h>

#include "engine/base/crash_point.h"

namespace tallybell {
namespace {

constexpr char kPoint[] = "in-checkpoint";

const sqlite3_io_methods* plain = nullptr;

int WriteOrDie(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  CrashPoint(kPoint);
  return plain->xWrite(file, data, size, offset);
}

}  // namespace

void WatchCheckpoints(sqlite3* db) {
  if (!CrashPointArmed(kPoint)) return;
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr || plain != nullptr) {
    return;
  }
  static sqlite3_io_methods watched;
  plain = file->pMethods;
  watched = *plain;
  watched.xWrite = WriteOrDie;
  file->pMethods = &watched;
}

}  // namespace tallybell
