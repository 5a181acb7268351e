// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_ENGINE_SOURCE_H_
#define TALLYBELL_ENGINE_RUN_ENGINE_SOURCE_H_

#include "engine/run/engine_snapshot.h"
#include "engine/run/source_health.h"
#include "engine/store/delta.h"

namespace tallybell {

struct LiveRules;

// Something that a running engine follows: it puts what it reads into the evaluator of its
// LiveRules, and says what must be remembered of that. Belongs to the evaluation thread.
class EngineSource {
 public:
  virtual ~EngineSource() = default;

  // Looks after what changes slowly, about once a second.
  virtual void Poll(Delta* delta) = 0;

  // Reads a little of what there is. True if there may be more at once.
  virtual bool Read() = 0;
  // Whether others bring it what it reads, and can be told to come again.
  virtual bool IsPushed() const { return false; }

  // Appends what must be remembered of what was read since the last call.
  virtual void Save(Delta* delta) = 0;
  virtual bool Unsaved() const = 0;
  // Whether somebody waits for a Save to be committed.
  virtual bool Urgent() const { return false; }

  // Nothing will ever come again.
  virtual bool Ended() const { return false; }

  virtual SourceHealth& health() = 0;
  virtual SourceView View() const = 0;

  // The same streams under other rules, which outlive it.
  virtual void UseRules(LiveRules* rules) = 0;

  // Readable when there may be something to Poll for or to Read; -1: nothing says so.
  virtual int watch_fd() const = 0;
  // Empties watch_fd. True if Poll should be called at once.
  virtual bool TakeWatchEvents() = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_ENGINE_SOURCE_H_
