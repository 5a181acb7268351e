// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/evaluator.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace tallybell {

Evaluator::Evaluator(const RuleSet* rules, const Options& options, Metrics* metrics)
    : rule_set_(rules),
      options_(options),
      decided_early_(metrics->Get("matches_decided_early_total")),
      memory_(options.memory),
      clocks_(rules) {
  RuleEvaluator::Options rule_options;
  rule_options.external_labels = options.external_labels;
  rule_options.live = options.live;
  rule_options.max_groups = options.max_groups;
  rule_options.max_told = options.max_told;
  for (size_t i = 0; i < rules->rules.size(); ++i) {
    evaluators_.push_back(std::make_unique<RuleEvaluator>(&rules->rules[i], i, rule_options,
                                                          &memory_, &file_names_, metrics));
  }
  deadlines_.resize(clocks_.clocks().size());
  scheduled_.assign(rules->rules.size(), kNever);
  scheduled_in_.assign(rules->rules.size(), 0);
}

uint32_t Evaluator::AddFile(std::string name) {
  const auto [it, inserted] =
      file_numbers_.emplace(name, static_cast<uint32_t>(file_names_.size()));
  if (inserted) file_names_.push_back(std::move(name));
  return it->second;
}

uint32_t Evaluator::AddSource(const std::vector<Labels>& streams, DurationNs lateness,
                              TimeNs live_at) {
  const uint32_t number = clocks_.AddSource(streams, lateness);
  deadlines_.resize(clocks_.clocks().size());
  for (uint32_t rule = 0; rule < evaluators_.size(); ++rule) {
    if (clocks_.Selects(rule, number)) evaluators_[rule]->ResumeAbsence(live_at);
    Schedule(rule);
  }
  return number;
}

// Keeps the rule's entry among its clock's deadlines true.
void Evaluator::Schedule(uint32_t rule) {
  const TimeNs next = evaluators_[rule]->next_instant();
  const size_t clock = clocks_.clock_of(rule);
  if (scheduled_[rule] == next && scheduled_in_[rule] == clock) return;
  if (scheduled_[rule] != kNever) {
    deadlines_[scheduled_in_[rule]].erase({scheduled_[rule], rule});
  }
  if (next != kNever) deadlines_[clock].insert({next, rule});
  scheduled_[rule] = next;
  scheduled_in_[rule] = clock;
}

void Evaluator::Add(const MatchedRecord& record) {
  for (const RuleMatch& match : record.matches) {
    RuleEvaluator& rule = *evaluators_[match.rule];
    const TimeNs t = clocks_.clocks()[clocks_.clock_of(match.rule)].t;
    const TimeNs next = rule.next_instant();
    // What lies before T is decided only once Decide was called.
    rule.Add(match, record, std::min(t, next));
    if (rule.next_instant() != next) Schedule(match.rule);
  }
}

void Evaluator::Started(uint32_t source, TimeNs t) {
  for (uint32_t rule = 0; rule < evaluators_.size(); ++rule) {
    if (!clocks_.Selects(rule, source)) continue;
    evaluators_[rule]->StartAbsence(t);
    Schedule(rule);
  }
}

void Evaluator::SetLive(uint32_t source, bool live, TimeNs at) {
  std::vector<bool> held_before;
  for (const RuleClocks::Clock& clock : clocks_.clocks()) held_before.push_back(clock.held);
  clocks_.SetLive(source, live);
  for (size_t i = 0; i < held_before.size(); ++i) {
    const RuleClocks::Clock& clock = clocks_.clocks()[i];
    if (clock.held == held_before[i]) continue;
    for (const uint32_t rule : clock.rules) {
      if (clock.held) {
        evaluators_[rule]->ResumeAbsence(at);
      } else {
        evaluators_[rule]->SuspendAbsence();
      }
      Schedule(rule);
    }
  }
}

void Evaluator::WatchAnew(uint32_t source, TimeNs at) {
  for (uint32_t rule = 0; rule < evaluators_.size(); ++rule) {
    if (!clocks_.Selects(rule, source)) continue;
    evaluators_[rule]->SuspendAbsence();
    evaluators_[rule]->ResumeAbsence(at);
    Schedule(rule);
  }
}

void Evaluator::WatchAnew(TimeNs at) {
  for (uint32_t rule = 0; rule < evaluators_.size(); ++rule) {
    // Where no source is live it stays suspended.
    if (!clocks_.clocks()[clocks_.clock_of(rule)].held) continue;
    evaluators_[rule]->SuspendAbsence();
    evaluators_[rule]->ResumeAbsence(at);
    Schedule(rule);
  }
}

void Evaluator::DecideClock(size_t clock, TimeNs t, RuleEvaluator::Output* output) {
  auto& deadlines = deadlines_[clock];
  while (!deadlines.empty() && deadlines.begin()->first < t) {
    const uint32_t rule = deadlines.begin()->second;
    evaluators_[rule]->DecideBefore(t, output);
    Schedule(rule);
  }
}

// A source whose records come faster than they may wait for others to come behind their times: its
// oldest are decided without that.
void Evaluator::DecideTooMany(RuleEvaluator::Output* output) {
  const size_t most = options_.undecided_bytes / GroupMemory::kUndecidedBytes / 4 * 5;
  if (memory_.undecided <= most) return;
  const size_t before = memory_.undecided;
  while (memory_.undecided > most - most / 8) {
    const auto largest = std::max_element(
        evaluators_.begin(), evaluators_.end(),
        [](const auto& a, const auto& b) { return a->undecided() < b->undecided(); });
    const size_t undecided = (*largest)->undecided();
    (*largest)->DecideEarly(undecided - std::min(undecided, most / 8 + 1), output);
    Schedule(static_cast<uint32_t>((*largest)->index()));
    if ((*largest)->undecided() == undecided) break;
  }
  decided_early_.Add(static_cast<int64_t>(before - memory_.undecided));
}

// Lines that no alert can show any more make room: what is kept stays small, and in the cache.
void Evaluator::ForgetLines() {
  lines_kept_to_ = memory_.evidence.end();
  TimeNs since = kNever;
  for (const auto& rule : evaluators_) {
    const TimeNs t =
        std::min(clocks_.clocks()[clocks_.clock_of(rule->index())].t, rule->next_instant());
    since = std::min(since, rule->ShowsFrom(t));
  }
  memory_.evidence.Forget(since);
}

void Evaluator::Decide(TimeNs wall, RuleEvaluator::Output* output) {
  for (size_t i = 0; i < clocks_.clocks().size(); ++i) {
    const RuleClocks::Clock& clock = clocks_.clocks()[i];
    // Where no source is live, time passes all the same for what has been counted already.
    DecideClock(i, clock.held || !options_.live ? clock.t : std::max(clock.t, wall), output);
  }
  DecideTooMany(output);
  if (!options_.live) {
    // A live engine does it before it stores them.
    if (memory_.evidence.end() - lines_kept_to_ >= EvidenceRing::kChunkUnits) ForgetLines();
    return;
  }
  for (const auto& rule : evaluators_) {
    const RuleClocks::Clock& clock = clocks_.clocks()[clocks_.clock_of(rule->index())];
    // A clear that has not been read yet may lie before the wall clock, not before T.
    rule->TellCertain(rule->rule().leaf().clear.empty() ? wall : clock.t, output);
  }
}

void Evaluator::Finish(TimeNs end, bool drain, RuleEvaluator::Output* output) {
  for (uint32_t rule = 0; rule < evaluators_.size(); ++rule) {
    evaluators_[rule]->Finish(end, drain, output);
    Schedule(rule);
  }
}

TimeNs Evaluator::next_certain() const {
  TimeNs next = kNever;
  for (const auto& rule : evaluators_) next = std::min(next, rule->next_certain());
  return next;
}

bool Evaluator::Ahead(const std::vector<uint32_t>& rules, TimeNs told) const {
  return !rules.empty() && std::all_of(rules.begin(), rules.end(), [&](uint32_t rule) {
    return clocks_.clocks()[clocks_.clock_of(rule)].t < told;
  });
}

size_t Evaluator::changed() const {
  size_t changed = 0;
  for (const auto& rule : evaluators_) changed += rule->changed();
  return changed;
}

TimeNs Evaluator::known_to() const {
  TimeNs latest = kNoTime;
  for (const RuleClocks::Clock& clock : clocks_.clocks()) latest = std::max(latest, clock.t);
  return latest;
}

TimeNs Evaluator::decided_everywhere() const {
  TimeNs least = kNever;
  for (const RuleClocks::Clock& clock : clocks_.clocks()) {
    if (!clock.sources.empty()) least = std::min(least, clock.t);
  }
  return least;
}

void SortTransitions(std::vector<Transition>* transitions) {
  std::stable_sort(transitions->begin(), transitions->end(),
                   [](const Transition& a, const Transition& b) {
                     return std::tie(a.time, a.rule_index, a.alert.labels) <
                            std::tie(b.time, b.rule_index, b.alert.labels);
                   });
}

void Evaluator::TakeRecentMatches(const Evaluator& former) {
  std::map<std::tuple<std::string, std::string, int>, const RuleEvaluator*> known;
  for (const auto& rule : former.evaluators_) {
    known[{rule->rule().group, rule->rule().alert, rule->rule().ordinal}] = rule.get();
  }
  for (const auto& evaluator : evaluators_) {
    const Rule& rule = evaluator->rule();
    const auto found = known.find({rule.group, rule.alert, rule.ordinal});
    if (found == known.end() || found->second->rule().watch_key != rule.watch_key) continue;
    evaluator->recent() = found->second->recent();
  }
}

}  // namespace tallybell
