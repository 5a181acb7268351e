// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The part of Store that reads and writes rows.

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/status_macros.h"
#include "engine/store/store.h"

namespace tallybell {

absl::StatusOr<Store::Snapshot> Store::Load() {
  Snapshot all;
  all.fresh = fresh_;
  all.reset = reset_;
  ASSIGN_OR_RETURN(Statement read,
                   Statement::Prepare(db_, "SELECT source, state FROM position ORDER BY source"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.positions.push_back({read.Bytes(0), read.Bytes(1)});
  }
  ASSIGN_OR_RETURN(read, Statement::Prepare(db_, "SELECT rule, state FROM rule ORDER BY rule"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.rules.push_back({read.Bytes(0), read.Bytes(1)});
  }
  ASSIGN_OR_RETURN(read, Statement::Prepare(db_,
                                            "SELECT rule, label_group, state FROM rule_group "
                                            "ORDER BY rule, label_group"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.groups.push_back({read.Bytes(0), read.Bytes(1), read.Bytes(2)});
  }
  ASSIGN_OR_RETURN(read, Statement::Prepare(db_,
                                            "SELECT receiver, id, fingerprint, state FROM outbox "
                                            "ORDER BY receiver, id"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.outbox.push_back({read.Bytes(0), read.Number(1), read.Bytes(2), read.Bytes(3)});
  }
  return all;
}

absl::Status Store::WriteRows(const Delta& delta) {
  for (const PositionRow& row : delta.positions) {
    RETURN_IF_ERROR(row.erased ? Get(Write::kErasePosition).Bind(row.source).Run()
                               : Get(Write::kPutPosition).Bind(row.source).Bind(row.state).Run());
  }
  for (const RuleRow& row : delta.rules) {
    if (row.erased) {
      RETURN_IF_ERROR(Get(Write::kEraseRule).Bind(row.rule).Run());
      RETURN_IF_ERROR(Get(Write::kEraseGroups).Bind(row.rule).Run());
    } else {
      RETURN_IF_ERROR(Get(Write::kPutRule).Bind(row.rule).Bind(row.state).Run());
    }
  }
  for (const GroupRow& row : delta.groups) {
    Statement& write = Get(row.erased ? Write::kEraseGroup : Write::kPutGroup);
    write.Bind(row.rule).Bind(row.group);
    if (!row.erased) write.Bind(row.state);
    RETURN_IF_ERROR(write.Run());
  }
  for (const OutboxRow& row : delta.outbox) {
    Statement& write = Get(row.erased ? Write::kEraseOutbox : Write::kPutOutbox);
    write.Bind(row.receiver).Bind(row.id);
    if (!row.erased) write.Bind(row.fingerprint).Bind(row.state);
    RETURN_IF_ERROR(write.Run());
  }
  return absl::OkStatus();
}

absl::Status Store::WriteHistory(const Delta& delta, TimeNs now) {
  if (delta.history.empty()) return absl::OkStatus();
  Statement& add = Get(Write::kAddHistory);
  for (const HistoryRow& row : delta.history) {
    add.Bind(row.time).Bind(row.fingerprint).Bind(row.kind);
    RETURN_IF_ERROR(add.Bind(row.rule).Bind(row.labels).Bind(row.detail).Run());
  }
  const TimeNs oldest = SubtractNs(now, options_.history_age);
  RETURN_IF_ERROR(Get(Write::kTrimHistoryByAge).Bind(oldest).Run());
  return Get(Write::kTrimHistoryByRows).Bind(options_.history_rows).Run();
}

absl::StatusOr<Store::HistoryPage> Store::HistoryBefore(int64_t before, int64_t limit) {
  HistoryPage page;
  if (db_ == nullptr) return absl::UnavailableError("the state file is being opened anew");
  ASSIGN_OR_RETURN(Statement read,
                   Statement::Prepare(db_,
                                      "SELECT time, fingerprint, kind, rule, labels, detail, id "
                                      "FROM history WHERE id < ? ORDER BY id DESC LIMIT ?"));
  read.Bind(before).Bind(std::max<int64_t>(limit, 0));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    page.rows.push_back({read.Number(0), read.Bytes(1), read.Bytes(2), read.Bytes(3), read.Bytes(4),
                         read.Bytes(5)});
    page.numbers.push_back(read.Number(6));
  }
  page.more = static_cast<int64_t>(page.rows.size()) == limit;
  return page;
}

absl::StatusOr<std::vector<HistoryRow>> Store::History(int64_t limit) {
  ASSIGN_OR_RETURN(HistoryPage page, HistoryBefore(std::numeric_limits<int64_t>::max(), limit));
  return std::move(page.rows);
}

}  // namespace tallybell
