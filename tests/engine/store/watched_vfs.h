// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_STORE_WATCHED_VFS_H_
#define TALLYBELL_TESTS_ENGINE_STORE_WATCHED_VFS_H_

#include <errno.h>
#include <sqlite3.h>

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// What SQLite asks of the system, seen by a test that may refuse it: one for the process, from
// Install to Uninstall. Everything is passed on to the system's own VFS.
class WatchedVfs {
 public:
  enum class Call { kOpen, kDelete, kWrite, kTruncate, kSync };

  struct Request {
    Call call = Call::kOpen;
    std::string name;         // of the file
    absl::string_view bytes;  // of a write
    sqlite3_int64 at = 0;     // where it is written, or the size of a truncation
  };

  class Watcher {
   public:
    virtual ~Watcher() = default;
    // SQLITE_OK lets it pass; anything else is the answer, with *error as the system's.
    virtual int Before(const Request& request, int* error) = 0;
    virtual void After(const Request&) {}
  };

  // Null: nobody watches.
  static void Install(Watcher* watcher) {
    watcher_ = watcher;
    if (installed_) return;
    installed_ = true;
    system_ = sqlite3_vfs_find(nullptr);
    vfs_ = *system_;
    vfs_.zName = "watched";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
    vfs_.xOpen = Open;
    vfs_.xDelete = Delete;
    vfs_.xGetLastError = LastError;
    sqlite3_vfs_register(&vfs_, 1);
  }

  // Files are opened by the system's VFS again.
  static void Uninstall() {
    watcher_ = nullptr;
    if (installed_) sqlite3_vfs_unregister(&vfs_);
    installed_ = false;
  }

 private:
  struct File {
    sqlite3_file base;
    const char* name;  // lives as long as the file
    sqlite3_io_methods methods;
    sqlite3_file* system() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }

  template <typename Act>
  static int Do(Request request, Act act) {
    if (watcher_ == nullptr) return act();
    int error = 0;
    const int refused = watcher_->Before(request, &error);
    last_error_ = error;
    if (refused != SQLITE_OK) return refused;
    const int code = act();
    if (code == SQLITE_OK) watcher_->After(request);
    return code;
  }
  static std::string Name(const char* name) { return name == nullptr ? "" : name; }

  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    File* const own = Of(file);
    own->base.pMethods = nullptr;
    own->name = name;
    const int code = Do({Call::kOpen, Name(name), {}, 0},
                        [&] { return system_->xOpen(system_, name, own->system(), flags, out); });
    if (code != SQLITE_OK || own->system()->pMethods == nullptr) return code;
    sqlite3_io_methods& methods = own->methods;
    methods = {};
    // No mapped files and no shared memory: neither is used in a file that is held alone.
    methods.iVersion = 1;
    methods.xClose = [](sqlite3_file* f) { return Pass(f)->pMethods->xClose(Pass(f)); };
    methods.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      return Pass(f)->pMethods->xRead(Pass(f), to, size, at);
    };
    methods.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
      const absl::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
      return Do({Call::kWrite, Name(Of(f)->name), bytes, at},
                [&] { return Pass(f)->pMethods->xWrite(Pass(f), data, size, at); });
    };
    methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      return Do({Call::kTruncate, Name(Of(f)->name), {}, size},
                [&] { return Pass(f)->pMethods->xTruncate(Pass(f), size); });
    };
    methods.xSync = [](sqlite3_file* f, int how) {
      return Do({Call::kSync, Name(Of(f)->name), {}, 0},
                [&] { return Pass(f)->pMethods->xSync(Pass(f), how); });
    };
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return Pass(f)->pMethods->xFileSize(Pass(f), size);
    };
    methods.xLock = [](sqlite3_file* f, int level) {
      return Pass(f)->pMethods->xLock(Pass(f), level);
    };
    methods.xUnlock = [](sqlite3_file* f, int level) {
      return Pass(f)->pMethods->xUnlock(Pass(f), level);
    };
    methods.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      return Pass(f)->pMethods->xCheckReservedLock(Pass(f), held);
    };
    methods.xFileControl = [](sqlite3_file* f, int what, void* with) {
      return Pass(f)->pMethods->xFileControl(Pass(f), what, with);
    };
    methods.xSectorSize = [](sqlite3_file* f) { return Pass(f)->pMethods->xSectorSize(Pass(f)); };
    methods.xDeviceCharacteristics = [](sqlite3_file* f) {
      return Pass(f)->pMethods->xDeviceCharacteristics(Pass(f));
    };
    own->base.pMethods = &methods;
    return code;
  }
  static sqlite3_file* Pass(sqlite3_file* file) { return Of(file)->system(); }

  static int Delete(sqlite3_vfs*, const char* name, int sync_directory) {
    return Do({Call::kDelete, Name(name), {}, 0},
              [&] { return system_->xDelete(system_, name, sync_directory); });
  }

  static int LastError(sqlite3_vfs*, int, char*) { return last_error_ != 0 ? last_error_ : errno; }

  inline static Watcher* watcher_ = nullptr;
  inline static bool installed_ = false;
  inline static sqlite3_vfs* system_ = nullptr;
  inline static sqlite3_vfs vfs_;
  inline static int last_error_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_STORE_WATCHED_VFS_H_
