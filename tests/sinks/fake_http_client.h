// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SINKS_FAKE_HTTP_CLIENT_H_
#define TALLYBELL_TESTS_SINKS_FAKE_HTTP_CLIENT_H_

#include <functional>
#include <string>
#include <vector>

#include "engine/net/http_client.h"

namespace tallybell {

// Answers by a function, and remembers what it was asked.
class FakeHttpClient : public HttpClient {
 public:
  using Answer = std::function<absl::StatusOr<HttpResponse>(const HttpRequest&)>;

  FakeHttpClient(Answer answer, std::vector<HttpRequest>* requests)
      : answer_(std::move(answer)), requests_(requests) {}

  absl::StatusOr<HttpResponse> Do(const HttpRequest& request, DurationNs) override {
    requests_->push_back(request);
    return answer_(request);
  }
  void Cancel() override {}

 private:
  const Answer answer_;
  std::vector<HttpRequest>* const requests_;
};

inline HttpResponse Response(int status, std::string body = "", HttpHeaders headers = {}) {
  return HttpResponse{status, std::move(headers), std::move(body), kMillisecond};
}

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SINKS_FAKE_HTTP_CLIENT_H_
