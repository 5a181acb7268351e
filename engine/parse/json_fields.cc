// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/json_fields.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "engine/base/json_string.h"
#include "engine/parse/json_scanner.h"

namespace tallybell {
namespace {

// Adds fields to a line, of each name only the first.
class FirstFields {
 public:
  explicit FirstFields(ParsedLine* line) : line_(line) {}

  bool Has(absl::string_view name) const {
    if (!names_.empty()) return names_.contains(name);
    for (const Field& field : line_->fields.all()) {
      if (field.name == name) return true;
    }
    return false;
  }

  // `name` lives as long as the line.
  void Add(absl::string_view name, absl::string_view value) {
    line_->fields.Add(name, value);
    const auto& all = line_->fields.all();
    if (!names_.empty()) {
      names_.insert(name);
    } else if (all.size() >= kWalked) {
      for (const Field& field : all) names_.insert(field.name);
    }
  }

 private:
  static constexpr size_t kWalked = 32;  // with more fields a walk would be slow

  ParsedLine* line_;
  absl::flat_hash_set<absl::string_view> names_;
};

absl::string_view Decoded(absl::string_view raw, bool has_escapes, ParsedLine* line) {
  if (!has_escapes) return raw;
  std::string decoded;
  DecodeJsonString(raw, &decoded);
  return line->Keep(std::move(decoded));
}

absl::string_view ValueOf(const JsonMember& member, ParsedLine* line) {
  if (!member.IsString()) return member.value;
  return Decoded(member.Unquoted(), member.value_has_escapes, line);
}

std::string NameOf(const JsonMember& member) {
  if (!member.key_has_escapes) return FieldName(member.key);
  std::string key;
  DecodeJsonString(member.key, &key);
  return FieldName(key);
}

// Walks along the members and keeps the name of the place where it stands.
class FieldWalk {
 public:
  FieldWalk(const JsonMembers& members, const WantedFields& wanted, ParsedLine* line,
            FirstFields* fields)
      : members_(members), wanted_(wanted), line_(line), fields_(fields) {
    prefix_sizes_[1] = 0;
  }

  void Run() {
    for (size_t at = 0; at < members_.size();) {
      const bool enter = Visit(members_[at]);
      const int depth = members_[at].depth;
      ++at;
      while (!enter && at < members_.size() && members_[at].depth > depth) ++at;
    }
  }

 private:
  // Adds the member if it is wanted. Whether those in it may be.
  bool Visit(const JsonMember& member) {
    const size_t prefix = prefix_sizes_[member.depth];
    // A name is as long as its key, once that is decoded.
    if (!member.key_has_escapes && !wanted_.MayHave(prefix + member.key.size())) return false;
    path_.resize(prefix);
    // Six bytes are the longest escape of one character.
    if (path_.size() + member.key.size() / 6 > kMaxJsonFieldName) return false;
    path_ += NameOf(member);
    if (path_.size() > kMaxJsonFieldName || path_.empty() || member.IsNull()) return false;
    const bool has_members = member.IsObject() && HasMembers(member);
    if (wanted_.Has(path_) && !(has_members && wanted_.all()) && !fields_->Has(path_)) {
      // A key that needs no other spelling is its own name.
      const bool own = path_ == member.key;
      fields_->Add(own ? member.key : line_->Keep(path_), ValueOf(member, line_));
    }
    if (!has_members || !wanted_.HasWithin(path_)) return false;
    path_ += '_';
    prefix_sizes_[member.depth + 1] = path_.size();
    return true;
  }

  // Members of an object come right behind it.
  bool HasMembers(const JsonMember& member) const {
    const JsonMember* const next = &member + 1;
    return next != members_.data() + members_.size() && next->depth > member.depth;
  }

  const JsonMembers& members_;
  const WantedFields& wanted_;
  ParsedLine* const line_;
  FirstFields* const fields_;
  std::string path_;
  // Of the name of a member in so many objects: how much of it is those objects' names. Known for
  // those that are entered.
  size_t prefix_sizes_[JsonScanner::kMaxDepth + 2];
};

// Of "etcdserver/util.go:121", as glog names the parts: util.go and 121. Empty if it is no such
// place.
struct Place {
  absl::string_view file;
  absl::string_view line;
};

Place PlaceOf(absl::string_view caller) {
  const size_t colon = caller.find_last_not_of("0123456789");
  if (colon == absl::string_view::npos || caller[colon] != ':' || colon + 1 == caller.size()) {
    return {};
  }
  absl::string_view file = caller.substr(0, colon);
  const size_t slash = file.rfind('/');
  if (slash != absl::string_view::npos) file.remove_prefix(slash + 1);
  return {file, caller.substr(colon + 1)};
}

bool IsMessage(const JsonMember& member) {
  return absl::EqualsIgnoreCase(member.key, "msg") ||
         absl::EqualsIgnoreCase(member.key, "message") ||
         (member.key == "log" && member.IsString());
}

}  // namespace

void AddJsonFields(const JsonMembers& members, const WantedFields& wanted, ParsedLine* line) {
  if (wanted.empty()) return;
  FirstFields fields(line);
  FieldWalk(members, wanted, line, &fields).Run();
  const auto lacks = [&wanted, &fields](absl::string_view name) {
    return wanted.Has(name) && !fields.Has(name);
  };
  const bool lacks_message = lacks("message");
  const bool lacks_place = lacks("file") || lacks("line");
  if (!lacks_message && !lacks_place) return;
  bool has_message = false;
  bool has_caller = false;
  for (const JsonMember& member : members) {
    if (member.depth != 1 || member.IsNull()) continue;
    if (lacks_message && !has_message && IsMessage(member)) {
      has_message = true;
      fields.Add("message", ValueOf(member, line));
    } else if (lacks_place && !has_caller && member.key == "caller" && member.IsString()) {
      has_caller = true;
      const Place place = PlaceOf(ValueOf(member, line));
      if (lacks("file") && !place.file.empty()) fields.Add("file", place.file);
      if (lacks("line") && !place.line.empty()) fields.Add("line", place.line);
    }
  }
}

}  // namespace tallybell
