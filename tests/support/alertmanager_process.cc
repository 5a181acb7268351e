// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/alertmanager_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"

namespace tallybell {
namespace {

constexpr int kTries = 5;    // somebody may take the port between finding and using it
constexpr int kLooks = 300;  // for readiness
constexpr int kLookMillis = 100;

// A port that was free a moment ago.
int FreePort() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

std::string Config(const AlertmanagerProcess::Options& options) {
  std::string text = absl::StrCat(
      "route: {receiver: there, group_by: ['...'], group_wait: ", options.group_wait,
      ", group_interval: ", options.group_interval, "}\nreceivers:\n  - name: there\n");
  if (!options.webhook_url.empty()) {
    absl::StrAppend(&text, "    webhook_configs: [{url: '", options.webhook_url, "'}]\n");
  }
  return text;
}

}  // namespace

bool AlertmanagerProcess::Installed() { return access(kBinary, X_OK) == 0; }

absl::StatusOr<std::unique_ptr<AlertmanagerProcess>> AlertmanagerProcess::Start(
    const Options& options) {
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    std::unique_ptr<AlertmanagerProcess> process(new AlertmanagerProcess);
    RETURN_IF_ERROR(process->Launch(options));
    status = process->AwaitReady();
    if (status.ok()) return process;
  }
  return status;
}

AlertmanagerProcess::~AlertmanagerProcess() {
  End();
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string AlertmanagerProcess::url() const { return absl::StrCat("http://127.0.0.1:", port_); }

absl::Status AlertmanagerProcess::Launch(const Options& options) {
  std::string directory = (std::filesystem::temp_directory_path() / "alertmanager-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return absl::InternalError("no temporary directory");
  directory_ = directory;
  const std::string config_path = directory_ + "/alertmanager.yml";
  std::ofstream(config_path) << Config(options);
  port_ = FreePort();

  const std::string config = absl::StrCat("--config.file=", config_path);
  const std::string storage = absl::StrCat("--storage.path=", directory_, "/data");
  const std::string listen = absl::StrCat("--web.listen-address=127.0.0.1:", port_);
  const std::string log_path = directory_ + "/log";
  pid_ = fork();
  if (pid_ < 0) return absl::InternalError("cannot fork");
  if (pid_ == 0) {
    // So that a test that dies leaves nothing behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(log, 1);
    dup2(log, 2);
    execl(kBinary, kBinary, config.c_str(), storage.c_str(), listen.c_str(),
          "--cluster.listen-address=", static_cast<char*>(nullptr));
    _exit(127);
  }
  HttpClient::Options http;
  ASSIGN_OR_RETURN(http.base, ParseUrl(url()));
  ASSIGN_OR_RETURN(client_, HttpClient::Create(http));
  return absl::OkStatus();
}

absl::Status AlertmanagerProcess::AwaitReady() {
  HttpRequest request;
  request.method = "GET";
  request.path = "/-/ready";
  for (int i = 0; i < kLooks; ++i) {
    int state = 0;
    if (waitpid(pid_, &state, WNOHANG) == pid_) {
      pid_ = -1;
      return absl::UnavailableError("it ended at once; is its port taken?");
    }
    const absl::StatusOr<HttpResponse> response = client_->Do(request, kSecond);
    if (response.ok() && response->status == 200) return absl::OkStatus();
    poll(nullptr, 0, kLookMillis);
  }
  return absl::UnavailableError("it is not ready after half a minute");
}

absl::StatusOr<Json> AlertmanagerProcess::Get(const std::string& path) {
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  ASSIGN_OR_RETURN(const HttpResponse response, client_->Do(request, 10 * kSecond));
  if (response.status != 200) return absl::UnknownError(absl::StrCat("status ", response.status));
  return ParseJson(response.body);
}

void AlertmanagerProcess::End() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace tallybell
