// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/outbox.h"

#include <deque>
#include <map>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/alerta.h"
#include "sinks/alertmanager.h"
#include "tests/engine/outbox/queue_fixture.h"
#include "tests/support/alerta_receiver.h"
#include "tests/support/scripted_receiver.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = Verdict::Kind;

// What a fake receiver was told; outlives it.
class Heard {
 public:
  void Add(const Alert& alert) {
    absl::MutexLock lock(&mutex_);
    words_.push_back(
        absl::StrCat(alert.labels.Get("host"), alert.ends_at == kNoTime ? " firing" : " end"));
  }
  std::vector<std::string> words() const {
    absl::MutexLock lock(&mutex_);
    return words_;
  }
  bool WaitFor(size_t n) const {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, n]()
                           ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return words_.size() >= n; };
    return mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30));
  }
  // Where set, every Send blocks until it is not, or the sink is cancelled.
  void Hang(bool hang) {
    absl::MutexLock lock(&mutex_);
    hang_ = hang;
  }
  void Cancel() {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  void Pass() {
    absl::MutexLock lock(&mutex_);
    sending_ = true;
    const auto go = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !hang_ || cancelled_; };
    mutex_.Await(absl::Condition(&go));
  }
  void WaitUntilSending() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&sending_));
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> words_ ABSL_GUARDED_BY(mutex_);
  bool hang_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
};

class FakeSink : public Sink {
 public:
  FakeSink(std::string name, Heard* heard) : name_(std::move(name)), heard_(heard) {}
  const std::string& name() const override { return name_; }
  const SinkPolicy& policy() const override { return policy_; }
  std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs) override {
    heard_->Pass();
    for (const Notice& notice : notices) heard_->Add(*notice.alert);
    return std::vector<Verdict>(notices.size(), Verdict{Kind::kAccepted, "ok", 0, false});
  }
  void Cancel() override { heard_->Cancel(); }

 private:
  const std::string name_;
  const SinkPolicy policy_;
  Heard* const heard_;
};

// Keeps rows as the state file does: deltas in order, callbacks after them.
class Disk {
 public:
  void Commit(Delta delta) {
    {
      absl::MutexLock lock(&mutex_);
      for (OutboxRow& row : delta.outbox) {
        const auto key = std::make_pair(row.receiver, row.id);
        if (row.erased) {
          rows_.erase(key);
        } else {
          rows_[key] = std::move(row);
        }
      }
      history_ += delta.history.size();
    }
    for (const auto& callback : delta.committed) callback();
  }
  std::vector<OutboxRow> rows() const {
    absl::MutexLock lock(&mutex_);
    std::vector<OutboxRow> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row);
    return rows;
  }
  bool WaitForHistory(size_t n) const {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, n]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return history_ >= n; };
    return mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30));
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::pair<std::string, int64_t>, OutboxRow> rows_ ABSL_GUARDED_BY(mutex_);
  size_t history_ ABSL_GUARDED_BY(mutex_) = 0;
};

class OutboxTest : public ::testing::Test {
 protected:
  std::unique_ptr<Outbox> Open(std::vector<std::unique_ptr<Sink>> sinks,
                               DurationNs shutdown = 30 * kSecond) {
    Outbox::Options options;
    options.shutdown = shutdown;
    auto outbox = std::make_unique<Outbox>(options, std::move(sinks), &clock_, &metrics_,
                                           [this](Delta delta) { disk_.Commit(std::move(delta)); });
    Delta orphans;
    EXPECT_TRUE(outbox->Restore(disk_.rows(), &orphans).ok());
    disk_.Commit(std::move(orphans));
    outbox->Start();
    return outbox;
  }
  std::unique_ptr<Outbox> OpenFakes() {
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<FakeSink>("one", &one_));
    sinks.push_back(std::make_unique<FakeSink>("two", &two_));
    return Open(std::move(sinks), 100 * kMillisecond);
  }
  Delta Tell(Outbox& outbox, absl::string_view host, bool end = false) {
    AlertUpdate update;
    update.alert = TestAlert(host, start_);
    if (end) {
      update.kind = AlertUpdate::Kind::kResolved;
      update.alert.ends_at = clock_.Now();
    }
    Delta delta;
    outbox.Tell({update}, &delta);
    return delta;
  }

  SystemClock clock_;
  const TimeNs start_ = clock_.Now();
  Metrics metrics_;
  Disk disk_;
  Heard one_;
  Heard two_;
};

TEST_F(OutboxTest, TellsEveryReceiverOnceItIsCommitted) {
  auto outbox = OpenFakes();
  Delta delta = Tell(*outbox, "a");
  EXPECT_TRUE(delta.urgent);
  EXPECT_EQ(delta.outbox.size(), 2u);
  EXPECT_THAT(one_.words(), IsEmpty());
  disk_.Commit(std::move(delta));
  EXPECT_TRUE(one_.WaitFor(1));
  EXPECT_TRUE(two_.WaitFor(1));
  disk_.Commit(Tell(*outbox, "a", true));
  EXPECT_TRUE(disk_.WaitForHistory(4));
  outbox->Stop();
  EXPECT_THAT(one_.words(), ElementsAre("a firing", "a end"));
  EXPECT_THAT(two_.words(), ElementsAre("a firing", "a end"));
  EXPECT_THAT(disk_.rows(), IsEmpty());
}

TEST_F(OutboxTest, AValueMakesNoRow) {
  auto outbox = OpenFakes();
  disk_.Commit(Tell(*outbox, "a"));
  AlertUpdate update;
  update.kind = AlertUpdate::Kind::kValue;
  update.alert = TestAlert("a", start_);
  Delta delta;
  outbox->Tell({update}, &delta);
  EXPECT_TRUE(delta.empty());
  EXPECT_FALSE(delta.urgent);
}

TEST_F(OutboxTest, OneReceiverThatHangsDelaysNobodyAndIsCutAtTheEnd) {
  one_.Hang(true);
  auto outbox = OpenFakes();
  for (int i = 0; i < 100; ++i) disk_.Commit(Tell(*outbox, absl::StrCat("h", i)));
  EXPECT_TRUE(two_.WaitFor(100));
  one_.WaitUntilSending();
  EXPECT_THAT(one_.words(), IsEmpty());
  outbox->Stop();
}

TEST_F(OutboxTest, WhatWasNotToldIsToldAfterARestart) {
  one_.Hang(true);
  auto outbox = OpenFakes();
  disk_.Commit(Tell(*outbox, "a"));
  disk_.Commit(Tell(*outbox, "b"));
  EXPECT_TRUE(two_.WaitFor(2));
  outbox.reset();  // cut short, as by kill -9: the answer to what was under way came too late
  one_.Hang(false);
  outbox = OpenFakes();
  EXPECT_TRUE(one_.WaitFor(2));
  disk_.Commit(Tell(*outbox, "a", true));
  disk_.Commit(Tell(*outbox, "b", true));
  EXPECT_TRUE(one_.WaitFor(4));
  outbox->Stop();
  std::set<std::string> words;
  for (const std::string& word : one_.words()) words.insert(word);
  EXPECT_THAT(words, ElementsAre("a end", "a firing", "b end", "b firing"));
  EXPECT_THAT(disk_.rows(), IsEmpty());
}

TEST_F(OutboxTest, ForgetsReceiversThatAreNotConfiguredAnyMore) {
  two_.Hang(true);
  auto outbox = OpenFakes();
  disk_.Commit(Tell(*outbox, "a"));
  EXPECT_TRUE(one_.WaitFor(1));
  outbox.reset();
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<FakeSink>("one", &one_));
  outbox = Open(std::move(sinks));
  for (const OutboxRow& row : disk_.rows()) EXPECT_EQ(row.receiver, "one");
  EXPECT_GE(metrics_.Total("outbox_dropped_total"), 1);
}

TEST_F(OutboxTest, TellingAgainWhatFiresAfterARestartReachesOnlyNewReceivers) {
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<FakeSink>("one", &one_));
  auto outbox = Open(std::move(sinks));
  disk_.Commit(Tell(*outbox, "a"));
  EXPECT_TRUE(disk_.WaitForHistory(1));
  outbox.reset();
  outbox = OpenFakes();
  disk_.Commit(Tell(*outbox, "a"));
  EXPECT_TRUE(two_.WaitFor(1));
  outbox->Stop();
  EXPECT_THAT(one_.words(), ElementsAre("a firing"));
  EXPECT_THAT(two_.words(), ElementsAre("a firing"));
}

TEST_F(OutboxTest, ACommitAfterTheEndDoesNoHarm) {
  auto outbox = OpenFakes();
  Delta delta = Tell(*outbox, "a");
  outbox.reset();
  disk_.Commit(std::move(delta));
  EXPECT_THAT(one_.words(), IsEmpty());
}

TEST_F(OutboxTest, WorksWithNoReceiverAtAll) {
  auto outbox = Open({});
  Delta delta = Tell(*outbox, "a");
  EXPECT_TRUE(delta.outbox.empty());
  disk_.Commit(std::move(delta));
}

TEST_F(OutboxTest, AlertaHearsFiringAndEndOfManyAlerts) {
  AlertaReceiver receiver("key-of-alerta");
  AlertaSink::Options options;
  options.http.base = ParseUrl(receiver.url()).value();
  options.http.credentials.scheme = "Key";
  options.http.credentials.secret = "key-of-alerta";
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(AlertaSink::Create(options).value());
  auto outbox = Open(std::move(sinks));
  constexpr size_t kAlerts = 50;
  for (size_t i = 0; i < kAlerts; ++i) disk_.Commit(Tell(*outbox, absl::StrCat("h", i)));
  for (size_t i = 0; i < kAlerts; ++i) disk_.Commit(Tell(*outbox, absl::StrCat("h", i), true));
  EXPECT_TRUE(disk_.WaitForHistory(2 * kAlerts));
  EXPECT_EQ(receiver.alerts().size(), kAlerts);
  for (const auto& [key, alert] : receiver.alerts()) {
    EXPECT_EQ(alert.status, "closed");
    EXPECT_EQ(alert.severity_changes, 1);
  }
  for (const AlertaReceiver::Answered& request : receiver.requests()) {
    EXPECT_EQ(request.status, 201);
  }
}

TEST_F(OutboxTest, EveryFaultOfAReceiverEndsWithItsHavingTheAlert) {
  using Do = ScriptedReceiver::Step::Do;
  for (const Do fault : {Do::kReset, Do::kClose, Do::kHang}) {
    // Three faults cost about three seconds of back-off; a hang its deadline.
    ScriptedReceiver server({{fault, "", "", false}, ScriptedReceiver::Answer(200)});
    AlertmanagerSink::Options options;
    options.http.base = ParseUrl(server.url()).value();
    options.timeout = 500 * kMillisecond;
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(AlertmanagerSink::Create(options).value());
    auto outbox = Open(std::move(sinks));
    disk_.Commit(Tell(*outbox, absl::StrCat("h", static_cast<int>(fault))));
    ASSERT_TRUE(server.WaitForRequests(2));
    EXPECT_THAT(server.requests()[1].body, HasSubstr(absl::StrCat("h", static_cast<int>(fault))));
  }
  EXPECT_EQ(metrics_.Total("sink_parked_total"), 0);
}

TEST_F(OutboxTest, NoSecretReachesRowsOrHistory) {
  ScriptedReceiver server({ScriptedReceiver::Answer(400, "key s3cr3t-token is bad")});
  AlertmanagerSink::Options options;
  options.http.base = ParseUrl(server.url()).value();
  options.http.credentials.scheme = "Bearer";
  options.http.credentials.secret = "s3cr3t-token";
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(AlertmanagerSink::Create(options).value());
  auto outbox = Open(std::move(sinks));
  disk_.Commit(Tell(*outbox, "a"));
  EXPECT_TRUE(disk_.WaitForHistory(1));
  for (const OutboxRow& row : disk_.rows()) EXPECT_THAT(row.state, Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(disk_.rows().back().state, HasSubstr("<secret> is bad"));
  const std::vector<DeadLetter> letters = outbox->DeadLetters();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].reason, "400 key <secret> is bad");
  EXPECT_EQ(letters[0].alert->labels.Get("host"), "a");
}

}  // namespace
}  // namespace tallybell
