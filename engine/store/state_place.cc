// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/state_place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "engine/base/unique_fd.h"

namespace tallybell {
namespace {

struct NetworkType {
  uint64_t type;
  absl::string_view name;
};

constexpr NetworkType kNetworkTypes[] = {
    {0x6969, "NFS"},     {0x517b, "SMB"},      {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB"}, {0x5346414f, "AFS"},  {0x73757245, "Coda"},
    {0x564c, "NCP"},     {0x00c36400, "Ceph"}, {0x0bd00bd0, "Lustre"}};

absl::Status Denied(absl::string_view what) {
  // A missing right and a file system without writing differ in what is to be done, not in whose
  // fault it is.
  return absl::PermissionDeniedError(absl::ErrnoToStatus(errno, what).message());
}

}  // namespace

absl::string_view NetworkFileSystem(uint64_t type) {
  for (const NetworkType& network : kNetworkTypes) {
    if (network.type == (type & 0xffffffff)) return network.name;
  }
  return "";
}

std::string StateDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status CheckStatePlace(const std::string& path, bool allow_network) {
  const std::string directory = StateDirectoryOf(path);
  struct statfs system;
  if (statfs(directory.c_str(), &system) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("its directory ", directory));
  }
  const absl::string_view network = NetworkFileSystem(static_cast<uint64_t>(system.f_type));
  if (!network.empty() && !allow_network) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it is on a network file system (", network,
        "), where neither its lock nor what was written can be relied on; put it on a local disk, "
        "or set state: {allow_network_filesystem: true}"));
  }
  struct stat facts;
  const bool there = stat(path.c_str(), &facts) == 0;
  if (there && !S_ISREG(facts.st_mode)) {
    return absl::InvalidArgumentError(S_ISDIR(facts.st_mode) ? "it is a directory"
                                                             : "it is not a regular file");
  }
  if (!there && errno != ENOENT) return absl::ErrnoToStatus(errno, "cannot open");
  // The write-ahead log is made there.
  if (access(directory.c_str(), W_OK | X_OK) != 0) {
    return Denied(absl::StrCat("its directory ", directory, " cannot be written"));
  }
  if (there && access(path.c_str(), R_OK | W_OK) != 0) return Denied("it cannot be written");
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const UniqueFd fd(open(StateDirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return absl::ErrnoToStatus(errno, "its directory");
  return absl::OkStatus();
}

}  // namespace tallybell
