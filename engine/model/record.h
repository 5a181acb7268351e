// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MODEL_RECORD_H_
#define TALLYBELL_ENGINE_MODEL_RECORD_H_

#include <cstddef>
#include <new>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/model/severity.h"

namespace tallybell {

// One field that a line states: file="controller.go".
struct Field {
  absl::string_view name;
  absl::string_view value;
};

// The fields of one line. Few, so looking one up is a walk. Views into the line or into scratch
// that lives as long as the line does.
class Fields {
 public:
  void Clear() {
    few_size_ = 0;
    many_.clear();
  }
  [[gnu::always_inline]] void Add(absl::string_view name, absl::string_view value) {
    if (few_size_ < kFew) {
      new (few_ + few_size_++ * sizeof(Field)) Field{name, value};
    } else {
      AddToMany({name, value});
    }
  }
  // Empty where there is no such field.
  absl::string_view Get(absl::string_view name) const {
    for (const Field& field : all()) {
      if (field.name == name) return field.value;
    }
    return {};
  }
  // Valid until the next change.
  absl::Span<const Field> all() const {
    if (!many_.empty()) return many_;
    return {reinterpret_cast<const Field*>(few_), few_size_};
  }

 private:
  static constexpr size_t kFew = 8;

  void AddToMany(const Field& field) {
    if (many_.empty()) many_.assign(all().begin(), all().end());
    many_.push_back(field);
  }

  // Made for every record: not even initialized until they are used.
  alignas(Field) unsigned char few_[kFew * sizeof(Field)];
  size_t few_size_ = 0;
  std::vector<Field> many_;  // all of them, where they are more than a few
};

// What one line says. Views: valid while the line's block is.
struct Record {
  // The whole line after its envelope, header included; see docs/semantics.md, "Line to record".
  absl::string_view text;
  TimeNs time = kNoTime;
  Severity severity = Severity::kUnknown;
  // Never null; owned by the source.
  const Labels* stream = nullptr;
  // Null where it states none; owned by whoever made the record.
  const Fields* fields = nullptr;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_RECORD_H_
