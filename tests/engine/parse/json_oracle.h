// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a line of JSON holds, read character by character into copies: slow, and written along the
// grammar of RFC 8259.
#ifndef TALLYBELL_TESTS_ENGINE_PARSE_JSON_ORACLE_H_
#define TALLYBELL_TESTS_ENGINE_PARSE_JSON_ORACLE_H_

#include <string>
#include <vector>

namespace tallybell {

class JsonOracle {
 public:
  struct Entry {
    std::string name;  // by FieldName, within objects joined with `_`
    std::string value;
    bool full_object = false;  // its members are entries too
    bool top = false;          // stands in no other object
    bool is_string = false;
  };

  explicit JsonOracle(const std::string& text);

  // Whether it is one object, and no more than 64 deep.
  bool valid() const { return valid_; }
  // It has a number that no double can hold.
  bool has_huge_number() const { return has_huge_number_; }
  // In the order of the line, those of one name too; none that is null.
  const std::vector<Entry>& entries() const { return entries_; }

  // The first entry of that name, or null.
  const Entry* Find(const std::string& name) const;

 private:
  bool Next(char c);
  void Space();
  bool Value(int depth, const std::string& name);
  bool Object(int depth, const std::string& name);
  bool Array(int depth);
  bool String(std::string* decoded);
  bool Escape(std::string* decoded);
  bool Number();
  bool Digits();

  std::string text_;
  size_t at_ = 0;
  bool in_array_ = false;  // what stands there has no name
  bool valid_ = false;
  bool has_huge_number_ = false;
  std::vector<Entry> entries_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_PARSE_JSON_ORACLE_H_
