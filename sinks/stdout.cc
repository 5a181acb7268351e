// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/stdout.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

std::string Line(const Notice& notice) {
  const Alert& alert = *notice.alert;
  const bool firing = alert.ends_at == kNoTime;
  Json labels = Json::object();
  for (const auto& [name, value] : alert.labels.pairs()) labels[name] = value;
  Json annotations = Json::object();
  for (const auto& [name, value] : alert.annotations) annotations[name] = value;
  Json evidence = Json::array();
  for (const EvidenceLine& line : alert.evidence) {
    if (!alert.show_evidence) break;
    evidence.push_back({{"source", line.source}, {"offset", line.offset}, {"line", line.line}});
  }
  const Json object = {
      {"time", FormatRfc3339(firing ? alert.starts_at : alert.ends_at)},
      {"alert", alert.rule},
      {"group", alert.rule_group},
      {"state", firing ? "firing" : "resolved"},
      {"value", alert.value},
      {"exact", alert.exact},
      {"labels", std::move(labels)},
      {"annotations", std::move(annotations)},
      {"startsAt", FormatRfc3339(alert.starts_at)},
      {"endsAt", firing ? Json() : Json(FormatRfc3339(alert.ends_at))},
      {"fingerprint", FormatFingerprint(alert.Fingerprint())},
      {"evidence", std::move(evidence)},
  };
  return DumpJson(object) + "\n";
}

}  // namespace

StdoutSink::StdoutSink(int fd, DurationNs timeout) : fd_(fd), timeout_(timeout) {}

bool StdoutSink::Flush(std::string* why) {
  // The descriptor is shared with whoever started us, so it is not made non-blocking. A pipe that
  // says it can be written takes PIPE_BUF bytes without waiting.
  constexpr DurationNs kStep = 100 * kMillisecond;
  DurationNs waited = 0;
  while (!unwritten_.empty()) {
    pollfd poller = {fd_, POLLOUT, 0};
    const int ready = poll(&poller, 1, static_cast<int>(kStep / kMillisecond));
    if (ready < 0 && errno != EINTR) {
      *why = std::strerror(errno);
      return false;
    }
    if (ready <= 0) {
      waited += kStep;
      if (waited < timeout_ && !cancelled_) continue;
      *why = "nobody reads it";
      return false;
    }
    const size_t size = std::min<size_t>(unwritten_.size(), PIPE_BUF);
    const ssize_t n = write(fd_, unwritten_.data(), size);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
      *why = std::strerror(errno);
      return false;
    }
    if (n > 0) unwritten_.erase(0, n);
  }
  return true;
}

std::vector<Verdict> StdoutSink::Send(absl::Span<const Notice> notices, TimeNs /*now*/) {
  std::vector<Verdict> verdicts(notices.size());
  for (size_t i = 0; i < notices.size(); ++i) {
    std::string why;
    if (Flush(&why)) {
      // From the first byte on the line is as good as told: the rest of it goes first next time.
      unwritten_ = Line(notices[i]);
      const size_t size = unwritten_.size();
      if (Flush(&why) || unwritten_.size() < size) {
        verdicts[i].kind = Verdict::Kind::kAccepted;
        verdicts[i].answer = "written";
        continue;
      }
      unwritten_.clear();
    }
    verdicts[i].answer = absl::StrCat("cannot write: ", why);
    for (size_t rest = i + 1; rest < notices.size(); ++rest) verdicts[rest] = verdicts[i];
    break;
  }
  return verdicts;
}

}  // namespace tallybell
