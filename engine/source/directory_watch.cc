// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/directory_watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "engine/base/log.h"

namespace tallybell {
namespace {

constexpr uint32_t kEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY |
                             IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

DirectoryWatch::Kernel DirectoryWatch::ThisKernel() { return {inotify_init1, inotify_add_watch}; }

DirectoryWatch::DirectoryWatch(bool enabled, Kernel kernel) : kernel_(kernel) {
  if (!enabled) return;
  fd_ = UniqueFd(kernel_.open(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd_) Refused(errno);
}

void DirectoryWatch::Watch(const std::set<std::string>& directories) {
  if (!fd_) return;
  for (auto it = watches_.begin(); it != watches_.end();) {
    const auto here = it++;
    if (directories.count(here->first) > 0) continue;
    inotify_rm_watch(fd_.get(), here->second);
    watches_.erase(here);
  }
  for (const std::string& directory : directories) {
    if (watches_.contains(directory)) continue;
    const int watch = kernel_.add(fd_.get(), directory.c_str(), kEvents);
    if (watch >= 0) {
      watches_[directory] = watch;
    } else if (errno == ENOSPC || errno == ENOMEM) {
      Refused(errno);
    }
  }
}

bool DirectoryWatch::Take() {
  if (!fd_) return false;
  bool names = false;
  alignas(inotify_event) char buffer[16 << 10];
  for (;;) {
    const ssize_t n = read(fd_.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return names;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      memcpy(&event, buffer + at, sizeof(event));
      at += sizeof(event) + event.len;
      if ((event.mask & ~IN_MODIFY) != 0) names = true;
      // The directory is gone, or is not what its path leads to any more.
      if ((event.mask & (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT)) != 0) {
        Forget(event.wd);
      }
    }
  }
}

void DirectoryWatch::Forget(int watch) {
  for (auto it = watches_.begin(); it != watches_.end(); ++it) {
    if (it->second != watch) continue;
    inotify_rm_watch(fd_.get(), watch);
    watches_.erase(it);
    return;
  }
}

void DirectoryWatch::Refused(int error) {
  if (logged_) return;
  logged_ = true;
  LogWarn("directories cannot be watched; files are looked at once a second instead",
          {{"err", strerror(error)}});
}

}  // namespace tallybell
