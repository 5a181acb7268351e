// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The head of a request: its request line and its headers, read strictly.
#ifndef TALLYBELL_ENGINE_NET_HTTP_HEAD_H_
#define TALLYBELL_ENGINE_NET_HTTP_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/net/http_served.h"

namespace tallybell {

// Why a request is not served: what the client is told, and under which word it is counted.
struct HttpRefusal {
  int status = 0;                 // 0: it is not refused
  absl::string_view reason = {};  // of http_refused_total; a literal
};

struct HttpHead {
  std::string method;
  std::string target;  // as sent: printable ASCII
  int minor_version = 1;
  HttpFields fields;
  std::string host;        // the Host field; empty: HTTP/1.0 without one
  bool chunked = false;    // the body ends with its last chunk,
  int64_t length = 0;      // else it has so many bytes
  bool keep_alive = true;  // the client may send another request after this one
  bool expects_continue = false;

  // The first field of that name, in any case; empty where there is none.
  absl::string_view Field(absl::string_view name) const;
};

// Takes a head's bytes as they come and refuses at the first byte that no head may hold.
//
// Nothing is guessed, because a proxy before us may guess otherwise and two readings of one
// request let one client speak in the name of another: lines end in CR LF; no folded lines; no
// blank before a colon; one Content-Length at most, of digits only; none together with
// Transfer-Encoding, which must be "chunked"; exactly one Host. Pure; not thread-safe.
class HttpHeadReader {
 public:
  struct Limits {
    size_t request_line = 8 * 1024;  // bytes, without its line end
    size_t headers = 32 * 1024;      // bytes of all header lines with their ends
    size_t fields = 100;
  };
  enum class State { kMore, kDone, kRefused };

  explicit HttpHeadReader(const Limits& limits) : limits_(limits) {}

  // Reads on, up to the head's end, and says in `*used` how many of `bytes` were the head's. Not to
  // be called again after kDone or kRefused.
  State Feed(absl::string_view bytes, size_t* used);

  // Whether any byte of a head has come.
  bool begun() const { return begun_; }
  // Valid once the state is kDone.
  HttpHead& head() { return head_; }
  // Set once the state is kRefused: 400, 414, 417, 431, 501 or 505.
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  // Takes what ends nothing, breaks no rule and reaches no limit; says how many bytes that was.
  size_t TakeRun(absl::string_view bytes);
  bool TakeByte(char byte);
  bool TakeLine();
  bool TakeRequestLine();
  bool TakeField();
  bool Finish();
  bool ReadFraming();
  bool Refuse(int status, absl::string_view reason);

  const Limits limits_;
  HttpHead head_;
  HttpRefusal refusal_;
  std::string line_;  // the line under way, without its end
  size_t header_bytes_ = 0;
  bool begun_ = false;
  bool has_cr_ = false;  // the last byte was CR
  bool has_request_line_ = false;
  bool skipped_empty_ = false;
  bool done_ = false;
};

// Whether `text` is what a Host field may say: a name or address and perhaps a port.
bool IsHostField(absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_HEAD_H_
