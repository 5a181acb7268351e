# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Receivers of alerts that note the instant at which a request was there as a whole."""

import queue
import re
import socket
import threading
import time

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver:
    """Answers each POST at once; `requests` has pairs of the instant, monotonic, and the body."""

    def __init__(self):
        self.requests = queue.SimpleQueue()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        got = b""
        while True:
            try:
                more = connection.recv(1 << 16)
            except OSError:
                return
            at = time.monotonic()
            if not more:
                return
            got += more
            while (end := got.find(b"\r\n\r\n")) >= 0:
                length = int(_LENGTH.search(got[:end + 2])[1])
                if len(got) < end + 4 + length:
                    break
                self.requests.put((at, got[end + 4:end + 4 + length]))
                got = got[end + 4 + length:]
                connection.sendall(_ANSWER)


class HangingReceiver:
    """Takes connections and requests, and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.taken = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            self.taken.append(self.listener.accept()[0])
