// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/episode.h"

#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

// Readers take any number; a writer of a later form must use another key than "v".
constexpr int kVersion = 1;

absl::Status Bad(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("a row of the outbox is damaged: ", what));
}

Json Pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json array = Json::array();
  for (const auto& [name, value] : pairs) array.push_back(Json::array({name, value}));
  return array;
}

// Typed reading that leaves `*out` as it is where the key is missing, and fails on another type.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  void Read(const char* key, int64_t* out) {
    if (const Json* value = Find(key)) {
      Check(value->is_number_integer()) ? void(*out = value->get<int64_t>()) : void();
    }
  }
  void Read(const char* key, bool* out) {
    if (const Json* value = Find(key)) {
      Check(value->is_boolean()) ? void(*out = value->get<bool>()) : void();
    }
  }
  void Read(const char* key, std::string* out) {
    if (const Json* value = Find(key)) {
      Check(value->is_string()) ? void(*out = value->get<std::string>()) : void();
    }
  }
  // The array of that key; an empty one where it is missing.
  const Json& Array(const char* key) {
    static const Json* const kEmpty = new Json(Json::array());
    const Json* value = Find(key);
    return value != nullptr && Check(value->is_array()) ? *value : *kEmpty;
  }
  bool Check(bool good) {
    ok_ = ok_ && good;
    return good;
  }
  bool ok() const { return ok_; }

 private:
  const Json* Find(const char* key) {
    if (!Check(object_.is_object())) return nullptr;
    const auto it = object_.find(key);
    return it == object_.end() ? nullptr : &*it;
  }

  const Json& object_;
  bool ok_ = true;
};

bool IsCount(int64_t number) { return number >= 0 && number <= 1'000'000'000; }

bool IsPair(const Json& value) {
  return value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string();
}

void ReadEvidence(const Json& value, Reader* reader, std::vector<EvidenceLine>* out) {
  if (!reader->Check(value.is_array() && value.size() == 3 && value[0].is_string() &&
                     value[1].is_number_integer() && value[2].is_string())) {
    return;
  }
  out->push_back(
      {value[0].get<std::string>(), value[1].get<uint64_t>(), value[2].get<std::string>()});
}

}  // namespace

std::string SaidText(const Episode& episode) {
  const Alert& alert = *episode.alert;
  Json evidence = Json::array();
  for (const EvidenceLine& line : alert.evidence) {
    evidence.push_back(Json::array({line.source, line.offset, line.line}));
  }
  Json row = {
      {"v", kVersion},
      {"group", alert.rule_group},
      {"rule", alert.rule},
      {"labels", Pairs(alert.labels.pairs())},
      {"annotations", Pairs(alert.annotations)},
      {"value", alert.value},
      {"exact", alert.exact},
      {"first_value", episode.first_value},
      {"first_exact", episode.first_exact},
      {"starts_at", alert.starts_at},
      {"ends_at", alert.ends_at},
      {"evidence", std::move(evidence)},
      {"by", alert.by_values},
      {"show_evidence", alert.show_evidence},
  };
  return DumpJson(row);
}

std::string AnsweredText(const Episode& episode) {
  Json row = {{"v", kVersion}, {"accepted_at", episode.accepted_at}};
  if (episode.tries > 0) row["tries"] = episode.tries;
  if (episode.offered_at != kNoTime) row["offered_at"] = episode.offered_at;
  if (episode.attempts > 0) row["attempts"] = episode.attempts;
  if (!episode.error.empty()) row["error"] = episode.error;
  if (episode.next_at != kNoTime) row["next_at"] = episode.next_at;
  if (episode.dropped) row["dropped"] = true;
  if (!episode.parked.empty()) {
    row["state"] = "parked";
    row["reason"] = episode.parked;
  }
  return DumpJson(row);
}

absl::StatusOr<Episode> EpisodeFromSaid(absl::string_view text) {
  const absl::StatusOr<Json> row = ParseJson(text);
  if (!row.ok() || !row->is_object()) return Bad("not an object");
  Episode episode;
  Alert alert;
  Reader reader(*row);
  reader.Read("group", &alert.rule_group);
  reader.Read("rule", &alert.rule);
  for (const Json& pair : reader.Array("labels")) {
    if (reader.Check(IsPair(pair))) {
      alert.labels.Set(pair[0].get<std::string>(), pair[1].get<std::string>());
    }
  }
  for (const Json& pair : reader.Array("annotations")) {
    if (reader.Check(IsPair(pair))) {
      alert.annotations.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
    }
  }
  reader.Read("value", &alert.value);
  reader.Read("exact", &alert.exact);
  reader.Read("first_value", &episode.first_value);
  reader.Read("first_exact", &episode.first_exact);
  reader.Read("starts_at", &alert.starts_at);
  reader.Read("ends_at", &alert.ends_at);
  for (const Json& line : reader.Array("evidence")) ReadEvidence(line, &reader, &alert.evidence);
  for (const Json& value : reader.Array("by")) {
    if (reader.Check(value.is_string())) alert.by_values.push_back(value.get<std::string>());
  }
  reader.Read("show_evidence", &alert.show_evidence);
  if (!reader.ok()) return Bad("a value has another type");
  if (alert.labels.empty() || alert.starts_at == kNoTime) return Bad("labels or start are missing");
  episode.alert = std::make_shared<const Alert>(std::move(alert));
  return episode;
}

absl::Status ReadAnswered(absl::string_view text, Episode* episode) {
  const absl::StatusOr<Json> row = ParseJson(text);
  if (!row.ok() || !row->is_object()) return Bad("not an object");
  Reader reader(*row);
  int64_t tries = 0;
  int64_t attempts = 0;
  std::string state;
  reader.Read("accepted_at", &episode->accepted_at);
  reader.Read("tries", &tries);
  reader.Read("state", &state);
  reader.Read("reason", &episode->parked);
  reader.Read("offered_at", &episode->offered_at);
  reader.Read("attempts", &attempts);
  reader.Read("error", &episode->error);
  reader.Read("next_at", &episode->next_at);
  reader.Read("dropped", &episode->dropped);
  if (state == "parked" && episode->parked.empty()) episode->parked = "unknown";
  if (!reader.ok() || !IsCount(tries) || !IsCount(attempts)) {
    return Bad("a value has another type");
  }
  episode->tries = static_cast<int>(tries);
  episode->attempts = static_cast<int>(attempts);
  return absl::OkStatus();
}

int Gravity(const Alert& alert) {
  struct Word {
    absl::string_view word;
    int gravity;
  };
  static constexpr Word kWords[] = {
      {"critical", 5}, {"page", 5},  {"fatal", 5}, {"emergency", 5},     {"security", 5},
      {"crit", 5},     {"error", 4}, {"major", 4}, {"high", 4},          {"warning", 3},
      {"warn", 3},     {"minor", 3}, {"info", 1},  {"informational", 1}, {"notice", 1},
      {"none", 0},     {"debug", 0}, {"trace", 0},
  };
  const absl::string_view severity = alert.labels.Get("severity");
  for (const Word& word : kWords) {
    if (absl::EqualsIgnoreCase(severity, word.word)) return word.gravity;
  }
  return 2;
}

}  // namespace tallybell
