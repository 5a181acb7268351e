// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MODEL_RECORD_H_
#define TALLYBELL_ENGINE_MODEL_RECORD_H_

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
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
  void Clear() { fields_.clear(); }
  void Add(absl::string_view name, absl::string_view value) { fields_.push_back({name, value}); }
  // Empty where there is no such field.
  absl::string_view Get(absl::string_view name) const {
    for (const Field& field : fields_) {
      if (field.name == name) return field.value;
    }
    return {};
  }
  const absl::InlinedVector<Field, 8>& all() const { return fields_; }

 private:
  absl::InlinedVector<Field, 8> fields_;
};

// What one line says. Views: valid while the line's block is.
struct Record {
  // The whole line after its envelope, header included; see docs/semantics.md, "Line to record".
  absl::string_view text;
  TimeNs time = kNoTime;
  Severity severity = Severity::kUnknown;
  // Never null; owned by the source.
  const Labels* stream = nullptr;
  Fields fields;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_RECORD_H_
