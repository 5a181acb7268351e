# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A Loki for tests: what Loki 3.7 does on the wire, with its weaknesses and with faults on demand.

It takes pushes (JSON), answers query_range and lets itself be tailed. As the real one, its tail
loses entries in silence: of one push with more than six streams that match, six are delivered, and
`dropped_entries` says nothing. `count` is the truth to compare with.

Each test sets the attributes of `faults`; they hold from the next request or frame on.
"""

import base64
import bisect
import hashlib
import http.server
import json
import random
import re
import socket
import struct
import threading
import time
import urllib.parse

from contract_logql import parse_query
from contract_loki_faults import Faults

TAIL_STREAMS = 6  # of one push that a tail delivers
FRAME_ENTRIES = 100


class Stream:
    def __init__(self, labels):
        self.labels = labels
        self.entries = []  # (ns, line, ((name, value)...)), sorted by ns, then as they came
        self.known = set()

    def add(self, ns, line, metadata):
        if (ns, line) in self.known:
            return False  # an exact duplicate is stored once
        self.known.add((ns, line))
        bisect.insort_right(self.entries, (ns, line, metadata), key=lambda entry: entry[0])
        return True


class Tail:
    """One reader of the tail: what waits to be sent to it."""

    def __init__(self, tenant, selects, keeps):
        self.tenant, self.selects, self.keeps = tenant, selects, keeps
        self.waiting = []  # (labels, ns, line)


class ContractLoki:
    def __init__(self, *, port=0, tenants=False, user=None, password=None, token=None,
                 most_entries=5000, poll=0.05, service_name=True, shuffle_ties=None, tls=None,
                 shards=1, most_tails=10):
        self.tenants, self.token = tenants, token
        self.basic = None if user is None else base64.b64encode(
            f"{user}:{password}".encode()).decode()
        self.most_entries, self.poll, self.service_name = most_entries, poll, service_name
        self.ties = None if shuffle_ties is None else random.Random(shuffle_ties)
        self.tls = tls
        self.shards = shards  # into which each push of a stream is cut
        self.most_tails = most_tails  # of a tenant
        self.faults = Faults()
        self.lock = threading.RLock()
        self.streams = {}  # (tenant, sorted label pairs) -> Stream
        self.tails = []
        self.queries = 0
        self.under_way = self.most_under_way = 0  # of the queries
        self.paths = []
        self.port = port
        self.server = None
        self.begin()

    # ---- Its life

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def begin(self):
        self.begun, self.begun_ns = time.monotonic(), time.time_ns()
        self.server = Server(("127.0.0.1", self.port), self)
        self.port = self.server.server_address[1]
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        thread.start()

    def end(self):
        """Goes away as a killed process does, but for what it stores."""
        if self.server is None:
            return
        server, self.server = self.server, None
        server.ended = True
        server.shutdown()
        server.server_close()
        server.cut()
        with self.lock:
            self.tails.clear()

    def cut_tails(self):
        self.server.cut(tails_only=True)

    # ---- What it stores

    def push(self, streams, tenant="fake"):
        """`streams`: a list of (labels, [(ns, line) or (ns, line, metadata)]). As one request."""
        with self.lock:
            delivered = []
            for labels, entries in streams:
                labels = {name: value for name, value in labels.items() if value != ""}
                if self.service_name and "service_name" not in labels:
                    labels["service_name"] = labels.get("job", "unknown_service")
                for shard in range(min(self.shards, max(len(entries), 1))):
                    delivered.append(self._store(labels, shard, entries[shard::self.shards],
                                                 tenant))
            self._tell(delivered, tenant)

    def _store(self, labels, shard, entries, tenant):
        """The labels of the stream, and what of `entries` is new."""
        if self.shards > 1:
            labels = {**labels, "__stream_shard__": str(shard)}
        key = (tenant, tuple(sorted(labels.items())))
        stream = self.streams.setdefault(key, Stream(labels))
        new = []
        for ns, line, *rest in entries:
            metadata = dict(rest[0]) if rest else {}
            if self.service_name and "detected_level" not in metadata:
                metadata["detected_level"] = "error" if "error" in line else "unknown"
            if stream.add(ns, line, tuple(sorted(metadata.items()))):
                new.append((ns, line))
        return labels, new

    def _tell(self, delivered, tenant):
        for tail in self.tails:
            if tail.tenant != tenant:
                continue
            matching = []
            for labels, entries in delivered:
                entries = [entry for entry in entries if tail.keeps(entry[1], labels)]
                if entries and tail.selects(labels):
                    matching.append((labels, entries))
            if self.faults.loses:
                matching = matching[:TAIL_STREAMS]
            for labels, entries in matching:
                tail.waiting.extend((labels, ns, line) for ns, line in entries)

    def count(self, query, tenant="fake", begin=0, end=1 << 62):
        selects, keeps = parse_query(query)
        with self.lock:
            return sum(1 for _ in self._find(selects, keeps, tenant, begin, end))

    def _shows(self, ns, line):
        """Whether it has recovered that entry since it began."""
        recovered = time.monotonic() - self.begun - self.faults.ring_seconds
        share = hashlib.sha1(line.encode()).digest()[0] / 256
        return ns >= self.begun_ns or recovered >= self.faults.recovery_seconds * share

    def _find(self, selects, keeps, tenant, begin, end):
        for (owner, _), stream in self.streams.items():
            if owner != tenant or not selects(stream.labels):
                continue
            first = bisect.bisect_left(stream.entries, begin, key=lambda entry: entry[0])
            for ns, line, metadata in stream.entries[first:]:
                if ns >= end:
                    break
                if keeps(line, stream.labels):
                    yield ns, stream.labels, line, metadata

    def query(self, parameters, tenant, categorize):
        """The answer to query_range; ValueError with the text of a 400."""
        def ns(name, default):
            text = parameters.get(name)
            if text is None:
                return default
            if not re.fullmatch(r"\d+", text):
                raise ValueError(f"could not parse '{name}' parameter")
            return int(text) * (10 ** 9 if len(text) <= 10 else 1)

        now = time.time_ns()
        begin, end = ns("start", now - 3600 * 10 ** 9), ns("end", now)
        limit, direction = int(parameters.get("limit", "100")), parameters.get(
            "direction", "backward")
        if limit <= 0:
            raise ValueError("limit must be a positive value")
        if limit > self.most_entries:
            raise ValueError("max entries limit per query exceeded, limit > "
                             f"max_entries_limit_per_query ({limit} > {self.most_entries})")
        if end < begin:
            raise ValueError("end timestamp must not be before or equal to start time")
        if end - begin > (30 * 24 + 1) * 3600 * 10 ** 9:
            raise ValueError("the query time range exceeds the limit (query length: 31d, limit: "
                             "30d1h)")
        if direction not in ("forward", "backward"):
            raise ValueError(f'invalid direction "{direction}"')
        selects, keeps = parse_query(parameters.get("query", ""))
        if self.faults.ignores_range:
            begin, end = 0, 1 << 62
        with self.lock:
            found = list(self._find(selects, keeps, tenant, begin, end))
        if self.faults.recovery_seconds > 0:
            found = [entry for entry in found if self._shows(entry[0], entry[2])]
        if self.ties is not None:
            # Lines of one stream and one instant keep their order.
            rank = {id(labels): self.ties.random() for _, labels, _, _ in found}
            found.sort(key=lambda entry: rank[id(entry[1])])
        found.sort(key=lambda entry: entry[0], reverse=direction == "backward")
        streams = {}
        for ns_, labels, line, metadata in found[:limit]:
            shown = labels if categorize else {**labels, **dict(metadata)}
            value = [str(ns_), line]
            if categorize:
                value.append({"structuredMetadata": dict(metadata)} if metadata else {})
            streams.setdefault(tuple(sorted(shown.items())), []).append(value)
        data = {"resultType": "streams",
                "result": [{"stream": dict(labels), "values": values}
                           for labels, values in streams.items()],
                "stats": {"summary": {"totalLinesProcessed": len(found)}}}
        if categorize:
            data["encodingFlags"] = ["categorize-labels"]
        return {"status": "success", "data": data}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address, loki):
        self.loki = loki
        self.ended = False
        self.open = {}  # socket -> whether it is a tail
        super().__init__(address, Handler)

    def get_request(self):
        connection, address = super().get_request()
        if self.loki.tls is not None:
            connection = self.loki.tls.wrap_socket(connection, server_side=True,
                                                   do_handshake_on_connect=False)
        self.open[connection] = False
        return connection, address

    def shutdown_request(self, request):
        self.open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        pass  # who is cut off in the middle is no news

    def cut(self, tails_only=False):
        for connection, is_tail in list(self.open.items()):
            if is_tail or not tails_only:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    @property
    def loki(self):
        return self.server.loki

    def answer(self, status, body, content_type="text/plain; charset=utf-8", headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        half = self.loki.faults.query_cut and "query_range" in self.path
        self.wfile.write(body[:len(body) // 2] if half else body)
        if half:
            self.close_connection = True

    def tenant(self):
        """The tenant; None if the request was answered because it may not come in."""
        authorization = self.headers.get("Authorization", "")
        wanted = (f"Basic {self.loki.basic}" if self.loki.basic else
                  f"Bearer {self.loki.token}" if self.loki.token else None)
        if wanted is not None and authorization != wanted:
            self.answer(401, "401 Unauthorized\n")
            return None
        if not self.loki.tenants:
            return "fake"
        tenant = self.headers.get("X-Scope-OrgID", "")
        if tenant == "":
            self.answer(401, "no org id\n")
            return None
        return tenant

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        tenant = self.tenant()
        if tenant is None:
            return
        try:
            streams = [(stream["stream"], [(int(value[0]), *value[1:])
                                           for value in stream["values"]])
                       for stream in json.loads(body)["streams"]]
        except (ValueError, KeyError, TypeError) as error:
            self.answer(400, f"couldn't parse push request: {error}\n")
            return
        if not streams:
            self.answer(422, "error at least one valid stream is required for ingestion\n")
        else:
            self.loki.push(streams, tenant)
            self.answer(204, "")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.loki.paths.append(url.path)
        parameters = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        tenant = self.tenant()
        if tenant is None:
            return
        if url.path.endswith("/loki/api/v1/query_range"):
            with self.loki.lock:
                self.loki.under_way += 1
                self.loki.most_under_way = max(self.loki.most_under_way, self.loki.under_way)
            try:
                self.query_range(parameters, tenant)
            finally:
                with self.loki.lock:
                    self.loki.under_way -= 1
        elif url.path.endswith("/loki/api/v1/tail"):
            self.tail(parameters, tenant)
        else:
            self.answer(404, "404 page not found\n")

    def query_range(self, parameters, tenant):
        faults = self.loki.faults
        self.loki.queries += 1
        time.sleep(faults.query_seconds)
        while faults.query_hangs and not self.server.ended:
            time.sleep(0.02)
        if time.monotonic() - self.loki.begun < faults.ring_seconds:
            return self.answer(500, "empty ring\n")
        if faults.redirect is not None:
            return self.answer(302, "", headers=[("Location", faults.redirect)])
        if faults.query_status is not None:
            return self.answer(faults.query_status[0], faults.query_status[1] + "\n",
                               headers=faults.query_headers)
        if faults.query_half_closes:
            return self.half_close(lambda: faults.query_half_closes)
        if faults.query_body is not None:
            return self.answer(200, faults.query_body, "application/json; charset=UTF-8")
        flags = self.headers.get("X-Loki-Response-Encoding-Flags", "")
        try:
            answer = self.loki.query(parameters, tenant, "categorize-labels" in flags)
        except ValueError as error:
            return self.answer(400, f"{error}\n")
        body = json.dumps(answer, ensure_ascii=False).encode()
        if faults.query_max_bytes is not None and len(body) > faults.query_max_bytes:
            return self.answer(500, "rpc error: code = ResourceExhausted desc = message too large\n")
        return self.answer(200, body, "application/json; charset=UTF-8")

    def half_close(self, goes_on):
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        while not self.server.ended and goes_on():
            time.sleep(0.02)
        self.close_connection = True

    # ---- Tail

    def tail(self, parameters, tenant):
        faults = self.loki.faults
        if faults.tail_refused is not None:
            self.answer(faults.tail_refused[0], faults.tail_refused[1] + "\n")
            return
        try:
            selects, keeps = parse_query(parameters.get("query", ""))
        except ValueError as error:
            self.answer(400, f"{error}\n")
            return
        key = self.headers.get("Sec-WebSocket-Key")
        if key is None:
            self.answer(400, "Bad Request\n")
            return
        accept = base64.b64encode(hashlib.sha1(
            (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.send_response(101, "Switching Protocols")
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        self.server.open[self.connection] = True
        tail = Tail(tenant, selects, keeps)
        begin = int(parameters.get("start", time.time_ns() - 3600 * 10 ** 9))
        others = sum(1 for other in self.loki.tails if other.tenant == tenant)
        reason = (faults.tail_closed or
                  others >= self.loki.most_tails and "max concurrent tail requests limit exceeded" or
                  begin > time.time_ns() and "Invalid start time")
        if reason:
            self.close(reason)
            return
        with self.loki.lock:
            past = sorted(self.loki._find(selects, keeps, tenant, begin, time.time_ns()),
                          key=lambda entry: entry[0])
            # History shows labels that the live tail does not.
            tail.waiting.extend(({**labels, **dict(metadata)}, ns, line) for ns, labels, line,
                                metadata in past[-int(parameters.get("limit", "100")):])
            self.loki.tails.append(tail)
        if self.loki.tls is None:  # which does not bear two threads; what comes is pongs
            threading.Thread(target=self.read_frames, daemon=True).start()
        try:
            self.run_tail(tail)
        except OSError:
            pass
        finally:
            with self.loki.lock:
                if tail in self.loki.tails:
                    self.loki.tails.remove(tail)

    def read_frames(self):
        try:
            while self.connection.recv(4096):
                pass
        except (OSError, ValueError):
            pass

    def frame(self, opcode, payload):
        size = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([size]) if size < 126 else
                                         b"\x7e" + struct.pack(">H", size) if size < 65536 else
                                         b"\x7f" + struct.pack(">Q", size))
        self.connection.sendall(head + payload)

    def close(self, reason):
        self.frame(8, struct.pack(">H", 1011) + reason.encode())

    def run_tail(self, tail):
        faults = self.loki.faults
        began = pinged = time.monotonic()
        while not self.server.ended:
            time.sleep(self.loki.poll)
            now = time.monotonic()
            if faults.tail_silent:
                continue
            if faults.tail_endless:
                self.connection.sendall(b"\x81\x7f" + struct.pack(">Q", 1 << 40))
                while not self.server.ended and faults.tail_endless:
                    self.connection.sendall(b"x" * 65536)
                return
            if faults.tail_seconds is not None and now - began > faults.tail_seconds:
                self.close("reached tail max duration limit")
                return
            if faults.tail_half_closes:
                self.connection.sendall(b"\x81\x05he")
                self.half_close(lambda: faults.tail_half_closes)
                return
            if now - pinged >= 1.0:
                self.frame(9, b"")
                pinged = now
            if faults.tail_frames:
                for opcode, payload in faults.tail_frames:
                    self.frame(opcode, payload)
                faults.tail_frames = []
            if faults.tail_stalled:
                continue
            with self.loki.lock:
                batch, tail.waiting[:FRAME_ENTRIES] = tail.waiting[:FRAME_ENTRIES], []
            if batch:
                text = json.dumps({"streams": [{"stream": labels, "values": [[str(ns), line]]}
                                               for labels, ns, line in batch]})
                text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
                self.frame(1, text.encode())
