// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/run/random_logs.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace tallybell {
namespace {

constexpr TimeNs kBase = 1'714'566'600 * kSecond;  // 2024-05-01T12:30:00Z
constexpr char kUnknownByte[] = "\xEF\xBF\xBD";    // what one bad byte is seen as

enum class Wrap { kNone, kDocker, kCri };

// A line as the program says it; the rest follows from where it stands.
struct Said {
  TimeNs time = kNoTime;
  TimeNs arrives = kNoTime;
  bool header = false;
  char severity = ' ';
  std::string file;
  std::string message;
};

std::string Header(const Said& said, int utc_offset) {
  const TimeNs local = said.time + utc_offset * kSecond;
  const std::string stamp = FormatRfc3339(local);  // 2024-05-01T12:30:00.000000000Z
  return absl::StrFormat("%c%s%s %s     341 %s:114] ", said.severity, stamp.substr(5, 2),
                         stamp.substr(8, 2), stamp.substr(11, 15), said.file);
}

// The bytes that are seen as `text`.
std::string Soil(Dice* dice, std::string text) {
  text = absl::StrReplaceAll(text, {{kUnknownByte, "\xFF"}});
  if (dice->OneIn(6)) {
    const size_t at = dice->Pick(0, static_cast<int>(text.size()));
    text.insert(at, dice->OneIn(2) ? "\x1B[1;31m" : "\x1B[0m");
  }
  if (dice->OneIn(6)) text += "\r";
  return text;
}

std::string JsonText(Dice* dice, const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0xFF) {
      out += "\\ufffd";
    } else if (byte < 0x20 || c == '"' || c == '\\' || (byte < 0x7F && dice->OneIn(40))) {
      absl::StrAppendFormat(&out, "\\u%04x", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string Rfc3339(TimeNs t, int utc_offset) {
  const std::string local = FormatRfc3339(t + utc_offset * kSecond);
  if (utc_offset == 0) return local;
  return absl::StrFormat("%s%c%02d:%02d", local.substr(0, 29), utc_offset < 0 ? '-' : '+',
                         std::abs(utc_offset) / 3600, std::abs(utc_offset) / 60 % 60);
}

// Writes the lines of one file, in the order in which they arrive.
class FileWriter {
 public:
  explicit FileWriter(Dice* dice) : dice_(dice) {
    wrap_ = dice->Of<Wrap>({Wrap::kNone, Wrap::kNone, Wrap::kDocker, Wrap::kCri});
    if (wrap_ == Wrap::kNone) return;
    inner_offset_ = dice->Of<int>({0, 0, 8 * 3600, -7 * 3600, 19'800});
    if (wrap_ == Wrap::kCri) outer_offset_ = dice->Of<int>({0, 8 * 3600, -7 * 3600});
  }

  void Add(const Said& said) {
    const int stream = wrap_ == Wrap::kNone || dice_->OneIn(2) ? 0 : 1;
    Inherited& before = before_[stream];
    TrueRecord record;
    record.time = said.time;
    record.text = said.message;
    if (said.header) {
      record.text = Header(said, inner_offset_) + said.message;
      before = {said.time, said.severity, said.file};
    } else if (wrap_ == Wrap::kNone) {
      record.time = before.time;
    }
    record.severity = before.severity;
    record.file = before.file;
    Write(said, Soil(dice_, record.text), stream, record.time);
    file_.records.push_back(std::move(record));
  }

  bool wrapped() const { return wrap_ != Wrap::kNone; }

  RandomFile Finish() {
    // What stands before the first time that the file states takes that.
    for (TrueRecord& record : file_.records) {
      if (record.time == kNoTime && !file_.stated.empty()) record.time = file_.stated[0].second;
    }
    if (dice_->OneIn(4) && !file_.bytes.empty()) file_.bytes.pop_back();
    return std::move(file_);
  }

 private:
  struct Inherited {
    TimeNs time = kNoTime;
    char severity = ' ';
    std::string file;
  };

  void Write(const Said& said, const std::string& raw, int stream, TimeNs time) {
    if (wrap_ == Wrap::kNone) {
      if (said.header) file_.stated.emplace_back(file_.bytes.size(), said.time);
      absl::StrAppend(&file_.bytes, raw, "\n");
      return;
    }
    // The runtime reads a line soon after it is said, and may cut it into pieces.
    const TimeNs read = said.header ? time + dice_->Pick(0, 200) * kMillisecond : time;
    // Its first piece holds the header: runtimes cut after 16 KiB.
    const int size = static_cast<int>(raw.size());
    size_t cut = 0;
    if (dice_->OneIn(5) && !said.header) cut = dice_->Pick(0, size);
    if (dice_->OneIn(5) && size > 60) cut = dice_->Pick(60, size);
    if (cut > 0) {
      Stated(said.header ? time : read);
      Piece(raw.substr(0, cut), stream, read, /*whole=*/false);
    }
    Stated(said.header && cut == 0 ? time : read);
    Piece(raw.substr(cut), stream, read, /*whole=*/true);
  }

  void Stated(TimeNs time) { file_.stated.emplace_back(file_.bytes.size(), time); }

  void Piece(const std::string& raw, int stream, TimeNs read, bool whole) {
    const absl::string_view name = stream == 0 ? "stdout" : "stderr";
    if (wrap_ == Wrap::kDocker) {
      absl::StrAppend(&file_.bytes, "{\"log\":\"", JsonText(dice_, raw), whole ? "\\n" : "",
                      "\",\"stream\":\"", name, "\",\"time\":\"", FormatRfc3339(read), "\"}\n");
    } else {
      absl::StrAppend(&file_.bytes, Rfc3339(read, outer_offset_), " ", name, whole ? " F " : " P ",
                      raw, "\n");
    }
  }

  Dice* const dice_;
  Wrap wrap_;
  int inner_offset_ = 0;
  int outer_offset_ = 0;
  Inherited before_[2];
  RandomFile file_;
};

std::string RandomMessage(Dice* dice) {
  static const std::vector<std::string> kWords = {
      "boom", "bang", "baaang", "clear", "vm=a", "vm=b", "vm=c", "up=a",
      "up=b", "dry",  "so",     "it",    "goes", "on",   "b",    kUnknownByte};
  std::string message;
  for (int i = dice->Pick(1, 4); i > 0; --i) {
    absl::StrAppend(&message, message.empty() ? "" : " ", dice->Of(kWords));
  }
  return message;
}

}  // namespace

std::vector<TimeNs> RandomFile::Marks(size_t mark_every) const {
  std::vector<TimeNs> marks;
  uint64_t boundary = 0;
  for (const auto& [offset, time] : stated) {
    if (offset < boundary) continue;
    marks.push_back(time);
    boundary = (offset / mark_every + 1) * mark_every;
  }
  if (!stated.empty()) marks.push_back(stated.back().second);
  return marks;
}

RandomLog MakeRandomLog(Dice* dice) {
  RandomLog log;
  const DurationNs reach = dice->OneIn(3) ? 0 : dice->Pick(1, 12) * kSecond;
  log.lateness = reach;
  const int span = dice->Pick(1, 90);
  std::vector<Said> lines(dice->Pick(0, 40));
  for (Said& said : lines) {
    said.time = kBase + dice->Pick(0, span) * kSecond;
    said.arrives = said.time + dice->Pick(0, static_cast<int>(reach / kSecond)) * kSecond;
    said.header = !dice->OneIn(4);
    said.severity = dice->Of<char>({'I', 'W', 'E', 'F'});
    said.file = dice->Of<std::string>({"a.go", "b.go"});
    said.message = RandomMessage(dice);
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Said& a, const Said& b) { return a.arrives < b.arrives; });
  std::vector<FileWriter> writers;
  for (int i = dice->Pick(1, 3); i > 0; --i) writers.emplace_back(dice);
  for (const Said& said : lines) {
    writers[dice->Pick(0, static_cast<int>(writers.size()) - 1)].Add(said);
  }
  // Each file states some time.
  Said last;
  last.time = kBase + span * kSecond;
  last.header = true;
  last.severity = 'I';
  last.file = "end.go";
  last.message = "that is all";
  for (FileWriter& writer : writers) {
    // A piece without the header states when it was read, which is later than it was said.
    if (writer.wrapped()) log.lateness = reach + kSecond;
    writer.Add(last);
    log.files.push_back(writer.Finish());
  }
  return log;
}

}  // namespace tallybell
