// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/history_routes.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/serve/api_answer.h"
#include "engine/serve/history_query.h"

namespace tallybell {
namespace {

// A commit waits for so many rows to be read: about 10 ms.
constexpr int64_t kRowsAtOnce = 250;

// An answer ends early beyond this, and says where to go on.
constexpr size_t kMaxBytes = size_t{16} << 20;

// One request on its way through the history, from the newest row on.
class HistoryReading {
 public:
  HistoryReading(HistoryQuery query, Responder responder)
      : query_(std::move(query)), responder_(std::move(responder)) {}
  // Where it was not called to its end, it will not be.
  ~HistoryReading() {
    responder_.Answer(ErrorResponse(503, "unavailable", "too many read, or tallybell is ending"));
  }

  // See Committer::Reader.
  bool Look(Store* store) {
    const absl::StatusOr<Store::HistoryPage> page =
        store->HistoryBefore(query_.before, kRowsAtOnce);
    if (!page.ok()) {
      responder_.Answer(ErrorResponse(503, "unavailable", page.status().message()));
      return false;
    }
    std::vector<std::string> found;
    bool full = false;
    for (size_t i = 0; i < page->rows.size() && !full; ++i) {
      query_.before = page->numbers[i];
      const HistoryEvent event = ReadHistoryEvent(page->rows[i]);
      if (!query_.Fits(event)) continue;
      found.push_back(DumpJson(HistoryEventJson(event)));
      bytes_ += found.back().size();
      full = ++events_ == query_.limit || bytes_ > kMaxBytes;
    }
    TakeIn(found);
    if (!full && page->more) return true;
    Answer(full);
    return false;
  }

 private:
  // Newest first.
  void TakeIn(const std::vector<std::string>& found) {
    std::string stretch;
    for (auto it = found.rbegin(); it != found.rend(); ++it) {
      absl::StrAppend(&stretch, stretch.empty() ? "" : ",", *it);
    }
    if (!stretch.empty()) stretches_.push_back(std::move(stretch));
  }

  void Answer(bool more) {
    ServedResponse response;
    response.content_type = kJsonType;
    std::string& body = response.body;
    body.reserve(bytes_ + static_cast<size_t>(events_) + 100);
    body = R"({"status":"success","data":{"events":[)";
    for (auto it = stretches_.rbegin(); it != stretches_.rend(); ++it) {
      absl::StrAppend(&body, it == stretches_.rbegin() ? "" : ",", *it);
    }
    absl::StrAppend(&body, "],\"next\":", more ? absl::StrCat(query_.before) : "null", "}}");
    responder_.Answer(std::move(response));
  }

  HistoryQuery query_;
  Responder responder_;
  std::vector<std::string> stretches_;  // newest first
  int64_t events_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

std::vector<HttpRoute> HistoryRoutes(std::function<void(Committer::Reader)> read,
                                     const Clock* clock) {
  HttpHandler show = [read = std::move(read), clock](ServedRequest request, Responder responder) {
    absl::StatusOr<HistoryQuery> query = ReadHistoryQuery(request.query, clock->Now());
    if (!query.ok()) {
      return responder.Answer(ErrorResponse(400, "bad_data", query.status().message()));
    }
    auto reading = std::make_shared<HistoryReading>(*std::move(query), std::move(responder));
    read([reading = std::move(reading)](Store* store) { return reading->Look(store); });
  };
  std::vector<HttpRoute> routes;
  routes.push_back(Route("GET", "/api/v1/history", std::move(show)));
  return routes;
}

}  // namespace tallybell
