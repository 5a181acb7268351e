# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Receivers that misbehave in every way that a socket allows, until they are healed."""

import gzip
import json
import socket
import struct
import threading
import time

from harness import rfc3339_seconds

CHUNK = b"x" * 65536
OK = b"HTTP/1.1 200 OK\r\n"


def answer(status, body=b"", headers=""):
    return (f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
            .encode() + body)


def bomb():
    """What unpacks to 256 MiB."""
    return gzip.compress(bytes(256 << 20), 1)


def pour(connection, begin, filler):
    """Sends `filler` until nobody takes it any more."""
    connection.sendall(begin)
    while True:
        connection.sendall(filler)


def drip(connection, data):
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)  # this is what a drip is


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait_for_the_end(connection):
    while connection.recv(65536):
        pass


def hang(connection):
    wait_for_the_end(connection)


def half_close(connection):
    connection.shutdown(socket.SHUT_WR)
    wait_for_the_end(connection)


def reset_after_head(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    reset(connection)


def cut_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")


# What never ends, and must cost neither time nor memory.
FLOODS = {
    "endless headers": lambda c: pour(c, OK, b"X-A: " + CHUNK[:4000] + b"\r\n"),
    "one endless header": lambda c: pour(c, OK + b"X-A: ", CHUNK),
    "a body of 1 GiB": lambda c: pour(c, OK + b"Content-Length: 1073741824\r\n\r\n", CHUNK),
    "a body without end": lambda c: pour(c, OK + b"\r\n", CHUNK),
    "chunks without end": lambda c: pour(c, OK + b"Transfer-Encoding: chunked\r\n\r\n",
                                         b"10000\r\n" + CHUNK + b"\r\n"),
    "a chunk of size -2": lambda c: pour(c, OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n",
                                         CHUNK),
    "100 Continue for ever": lambda c: pour(c, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}

# Each is what is done after a request was read; then the connection is closed.
FAULTS = {
    **FLOODS,
    "hangs": hang,
    "drips headers": lambda c: drip(c, OK + b"X-A: " + b"x" * 10000),
    "drips its body": lambda c: drip(c, answer(200, b"x" * 10000)[:60]),
    "closes": lambda c: None,
    "closes its half": half_close,
    "resets": reset,
    "resets after the headers": reset_after_head,
    "ends in the body": cut_body,
    "a length of xyz": lambda c: c.sendall(OK + b"Content-Length: xyz\r\n\r\nhello"),
    "no HTTP at all": lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "an error that unpacks to a bomb":
        lambda c: c.sendall(answer(503, bomb(), "Content-Encoding: gzip\r\n")),
    **{f"answers {status}": lambda c, status=status: c.sendall(answer(status, b"no"))
       for status in (404, 405, 408, 429, 500, 502, 503, 504)},
    "asks for patience in vain":
        lambda c: c.sendall(answer(429, b"", "Retry-After: soon\r\n")),
    "redirects": lambda c: c.sendall(answer(307, b"", "Location: http://127.0.0.1:9/\r\n")),
}


class FaultyReceiver:
    """Alertmanager's or Alerta's API, as far as a teller of alerts sees it. While `fault` is set,
    each connection's first request is answered with it."""

    def __init__(self, kind, fault=None, listen=True):
        self.kind = kind
        self.fault = fault
        self.attempts = 0
        self.told = []  # (n, "firing" or "resolved", seconds of the monotonic clock), in order
        self.lock = threading.Lock()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.fillers = []
        if listen:
            self.listen()

    @classmethod
    def absent(cls, kind):
        """Its port is known, and nobody listens there."""
        return cls(kind, listen=False)

    @classmethod
    def full(cls, kind):
        """Listens, but has no room for one more connection: it neither answers nor refuses."""
        receiver = cls(kind, listen=False)
        receiver.socket.listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", receiver.port))
            receiver.fillers.append(filler)
        return receiver

    def listen(self):
        self.socket.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self):
        self.fault = None
        if self.fillers or not self.attempts:
            for filler in self.fillers:
                filler.close()
            self.listen()

    def stop(self):
        for filler in self.fillers:
            filler.close()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}" + ("/api" if self.kind == "alerta" else "")

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while self._one(connection):
                    pass
            except (OSError, ValueError):
                pass  # whoever asked has gone

    def _one(self, connection):
        body = self.read(connection)
        if body is None:
            return False
        fault = self.fault
        with self.lock:
            self.attempts += 1
        if fault is not None:
            fault(connection)
            return False
        self._note(json.loads(body))
        connection.sendall(answer(201 if self.kind == "alerta" else 200, b"{}"))
        return True

    @staticmethod
    def read(connection):
        """The body of the next request; None at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        while len(body) < length:
            more = connection.recv(65536)
            if not more:
                return None
            body += more
        return body

    def _note(self, body):
        at = time.monotonic()
        with self.lock:
            for alert in body if self.kind == "alertmanager" else [body]:
                if self.kind == "alerta":
                    n = alert["resource"]
                    state = "resolved" if alert["severity"] == "normal" else "firing"
                else:
                    n = alert["labels"]["n"]
                    ended = rfc3339_seconds(alert["endsAt"]) <= time.time()
                    state = "resolved" if ended else "firing"
                self.told.append((n, state, at))

    def states(self, n):
        with self.lock:
            return [state for m, state, _ in self.told if m == n]

    def has(self, n, state="firing"):
        return state in self.states(n)
