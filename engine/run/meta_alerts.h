// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_META_ALERTS_H_
#define TALLYBELL_ENGINE_RUN_META_ALERTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/outbox/outbox.h"
#include "engine/store/delta.h"

namespace tallybell {

// An alert of tallybell about itself.
struct MetaAlert {
  std::string name;  // TallybellSourceDown, …
  Labels own;        // what tells it from others of that name: {source="…"}
  std::string severity = "warning";
  std::string summary;
  int64_t value = 1;
};

// The alerts of tallybell about itself that fire. What the receivers were told outlives a restart:
// one that fired when the process ended fires on until its owner says that it ended.
//
// Belongs to the evaluation thread.
class MetaAlerts {
 public:
  // `stored`: the rows of the last run; others are passed over.
  explicit MetaAlerts(const std::vector<PositionRow>& stored);

  // It fires since `at`, or still fires: then only summary and value are taken over.
  void Fire(const MetaAlert& alert, TimeNs at);
  // It ends at `at`, if it fires.
  void End(absl::string_view name, const Labels& own, TimeNs at);
  // Ends those of that name that are none of `kept`: what they were about is configured no more.
  void EndOthers(absl::string_view name, const std::vector<Labels>& kept, TimeNs at);

  bool Fires(absl::string_view name, const Labels& own) const;

  // Those that fire, as the receivers are told of them.
  std::vector<Alert> Firing() const;

  // Appends what the receivers do not know yet; where the external labels were changed, the end of
  // the old identity and the firing of the new one.
  void Tell(const Labels& external_labels, TimeNs now, std::vector<AlertUpdate>* updates,
            Delta* delta);

 private:
  struct Entry {
    MetaAlert alert;
    TimeNs since = kNoTime;
    TimeNs ended = kNoTime;  // kNoTime while it fires
    bool changed = true;     // there is something to tell
    bool again = false;      // receivers that are new since the last run do not know it yet
    Labels told;             // as the receivers know it; empty: they do not
  };
  using Key = std::pair<std::string, Labels>;

  // Appends what is to be said of one. True if it is over and done with.
  static bool TellOne(const Labels& external_labels, TimeNs now, Entry* entry,
                      std::vector<AlertUpdate>* updates, Delta* delta);

  std::map<Key, Entry> entries_;
  Labels external_labels_;  // those of the last Tell
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_META_ALERTS_H_
