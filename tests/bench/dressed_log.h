// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_BENCH_DRESSED_LOG_H_
#define TALLYBELL_TESTS_BENCH_DRESSED_LOG_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/controller_log.h"

namespace tallybell {

// The lines of a controller as files hold them. Plain glog lines have 124 bytes on average.
class DressedLog {
 public:
  enum class Dress {
    kGlog,
    kDocker,  // glog in docker's json-file
    kCri,     // glog as the kubelet lays it out
    kZap,     // JSON of zap
  };

  struct Options {
    Dress dress = Dress::kGlog;
    bool colour = false;  // what a line says is coloured, as a terminal would have it
    // So many hosts take turns: each line names one, mac0000 and so on, in the field `host` of
    // JSON, or at its end after " on ".
    int hosts = 0;
    // Every line says "unit07 lost job 00000123" instead: so many jobs take turns, one unit in a
    // hundred has each, and a line comes each millisecond.
    int jobs = 0;
  };

  explicit DressedLog(Options options) : options_(options) {}

  // Appends the next line, with its newline.
  void AppendLine(std::string* out);

 private:
  void Next();
  void AppendGlog(std::string* out) const;
  void AppendZap(std::string* out) const;
  // What the line says; `escape`: ESC is written as JSON has it.
  void AppendText(bool escape, std::string* out) const;

  const Options options_;
  ControllerLog log_;
  ControllerLog::Line line_;
  int64_t number_ = -1;  // of the line
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_BENCH_DRESSED_LOG_H_
