// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/bench/controller_log.h"

#include <cstddef>
#include <iterator>

namespace tallybell {
namespace {

struct Template {
  char severity;
  absl::string_view place;
  // '#' stands for a UUID, '~' for a number.
  absl::string_view text;
};

constexpr Template kUsual[] = {
    {'I', "controller.go:329", "StartVm: reqID #, instance #"},
    {'I', "controller.go:627",
     "Processing StartVMResponse: request: #, instance: #, node id: #, status: 0, timestamp: ~"},
    {'I', "node_task.go:48", "performing node task #"},
    {'I', "node_task.go:74", "queue id: ready/40/~_#"},
    {'I', "node_task.go:114", "requestId:#, got stop vm request for #"},
    {'I', "node_task.go:165", "got NodeConfigRequest: Version ~"},
    {'I', "reg_logic.go:230",
     "Searching for tag os-deps:uni-apps:app-deps:ensureit:6cores:8G-RAM of template #"},
    {'I', "queue_server.go:97", "task # taken from queue ready/~ by node #"},
    {'I', "scheduler.go:211", "instance # scheduled on node #, ~ slots left, group default"},
    {'I', "heartbeat.go:58", "node # reported: vms ~, cpu 0.~, free disk ~ bytes"},
    {'W', "listener.go:41",
     "Pushing status response error: Post \"https://controller.internal/queue/v1/task\": i/o "
     "timeout"},
    {'I', "factory.go:75", "Default http client using API Key authentication, session #"},
    {'I', "start_vm.go:217", "checking for disk space"},
    {'I', "start_vm.go:51", "started handling startVMRequest"},
    {'I', "node_config.go:31", "Setting config version: ~"},
    {'I', "log_cleaner.go:34", "clean /var/log/veertu/anka_agent*..."},
    {'I', "migrations.go:35", "Performing DB migrations"},
    {'I', "heartbeat.go:31", "heartbeat"},
};

constexpr Template kFailing[] = {
    {'E', "start_vm.go:44", "requestId: #, can't start vm #: no free slots"},
    {'W', "start_vm.go:217", "requestId: #, rejecting due to lack of disk space, ~ bytes free"},
    {'E', "queue_server.go:184",
     "Server Internal error: etcdserver: mvcc: database space exceeded"},
    {'E', "arm_v1.go:98", "failed to start vm #: maximum number of running instances exceeded"},
};

// `digits` digits, with zeros in front.
void AppendDigits(uint64_t value, int digits, std::string* out) {
  const size_t end = out->size() + static_cast<size_t>(digits);
  out->resize(end);
  for (int i = 1; i <= digits; ++i, value /= 10) {
    (*out)[end - static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
  }
}

}  // namespace

// SplitMix64.
uint64_t ControllerLog::Random() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

void ControllerLog::Next(Line* line) {
  static constexpr uint64_t kMeanStepMicros = 100000;
  const uint64_t random = Random();
  micros_ += random % (2 * kMeanStepMicros);
  const uint64_t choice = random >> 32;
  const bool fails = choice % 200 == 0;
  const Template& chosen = fails ? kFailing[choice / 200 % std::size(kFailing)]
                                 : kUsual[choice / 200 % std::size(kUsual)];
  line->micros = micros_;
  line->severity = chosen.severity;
  line->place = chosen.place;
  line->text.clear();
  AppendText(chosen.text, &line->text);
}

void ControllerLog::AppendText(absl::string_view pattern, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : pattern) {
    if (c == '~') {
      AppendDigits(Random(), 7, out);
    } else if (c == '#') {
      uint64_t bits = 0;
      for (int i = 0; i < 36; ++i, bits >>= 4) {
        if (i % 16 == 0) bits = Random();
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        out->push_back(dash ? '-' : kHex[bits & 15]);
      }
    } else {
      out->push_back(c);
    }
  }
}

}  // namespace tallybell
