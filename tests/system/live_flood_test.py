# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Clients that want to exhaust the server of a running tallybell: endless requests, requests that
two readers would read in two ways, thousands of connections that say nothing or little, and pushes
without pause. It refuses them within its memory, answers others meanwhile, and counts on.

TALLYBELL_FLOOD_MIB says how much an endless request sends if nobody stops it (64), TALLYBELL_SLOW
and TALLYBELL_IDLE how many connections drip (300) and say nothing (1500), TALLYBELL_LINES how many
lines stand in the file that is read beside a flood of pushes (60000).
"""

import gzip
import json
import os
import re
import socket
import threading
import time
import urllib.error
import urllib.request

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

MIB = 1 << 20
SANITIZED = bool(os.environ.get("TALLYBELL_SANITIZE"))
FLOOD = int(os.environ.get("TALLYBELL_FLOOD_MIB", "64")) * MIB
SLOW = int(os.environ.get("TALLYBELL_SLOW", "300"))
IDLE = int(os.environ.get("TALLYBELL_IDLE", "1500"))
LINES = int(os.environ.get("TALLYBELL_LINES", "30000" if SANITIZED else "60000"))
APART = max(10, LINES // 5000)  # lines from one match to the next: a value is exact up to 10,000
HOST = b"Host: localhost\r\n"

# Of one rule 1,000 alerts are told; the end of what is awaited has one of its own.
RULES = """\
groups:
  - name: flood
    rules:
      - {alert: Seen, match: '/see (?P<n>\\w+)/', when: count > 0 in 6h, by: [n]}
      - {alert: End, match: '/end (?P<n>\\w+)/', when: count > 0 in 6h, by: [n]}
"""


def forever(begin, filler):
    """`begin`, and then `filler` until FLOOD was sent."""
    yield begin
    for _ in range(FLOOD // len(filler)):
        yield filler


CHUNK = b"x" * 65536
PUSH = b"POST /loki/api/v1/push HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = PUSH + b"Transfer-Encoding: chunked\r\n"

# What is sent; and the statuses that may be answered, none if the connection just ends.
ENDLESS = {
    "a request line": (lambda: forever(b"GET /", CHUNK), {414, 400}),
    "a header": (lambda: forever(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: ", CHUNK), {431, 400}),
    "a password": (lambda: forever(b"GET /metrics HTTP/1.1\r\n" + HOST + b"Authorization: Basic ",
                                   b"dTpz" * 16384), {431, 400}),
    "headers": (lambda: forever(b"GET / HTTP/1.1\r\n" + HOST, b"X-A: y\r\n" * 8192), {431}),
    "a body in chunks": (lambda: forever(CHUNKED + b"\r\n", b"10000\r\n" + CHUNK + b"\r\n"), {413}),
    "an extension of a chunk": (lambda: forever(CHUNKED + b"\r\n1;", CHUNK), {400, 413, 431}),
    "trailers": (lambda: forever(CHUNKED + b"\r\n1\r\nx\r\n0\r\n", b"X-A: y\r\n" * 8192),
                 {400, 413, 431}),
    "a body": (lambda: forever(PUSH + b"Content-Length: 1000000000000\r\n\r\n", CHUNK), {413}),
}
ODD = {
    "a chunk of size -2": (CHUNKED + b"\r\n-2\r\nxx", {400}),
    "a chunk of a size beyond all": (CHUNKED + b"\r\nffffffffffffffffff\r\nxx", {400, 413}),
    "a length and chunks": (CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n", {400}),
    "two lengths": (PUSH + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nxxxx", {400}),
    "a length below zero": (PUSH + b"Content-Length: -1\r\n\r\n", {400}),
    "no length and no chunks": (PUSH + b"\r\n{}", {400, 411, 422}),
    "a folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: y\r\n z\r\n\r\n", {400}),
    "a bare LF": (b"GET /-/healthy HTTP/1.1\nHost: localhost\n\n", {400}),
    "HTTP/0.9": (b"GET /-/healthy\r\n", {400, 505}),
    "a NUL": (b"GET /-/healthy HTTP/1.1\r\n" + HOST + b"X-A: \0\r\n\r\n", {400}),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", {400}),
    "encoded line ends": (b"GET /%0d%0aX-Evil:%201 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}),
    "a name from elsewhere": (b"GET /metrics HTTP/1.1\r\nHost: evil.example.com\r\n"
                              b"REMOTE_ADDR: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n",
                              {421}),
}


class FloodTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", f"""\
sources:
  - file: {{paths: ['{self.log}'], lateness: 0s}}
  - loki_push: {{queue: 1MiB}}
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]
state: {{path: state.db}}
server: {{listen: '127.0.0.1:0'}}
""")
        self.process = self.tallybell()
        listening = re.findall(r"msg=listening address=(\S+):(\d+)", self.process.stderr())
        self.address = (listening[-1][0], int(listening[-1][1]))
        self.url = "http://%s:%d" % self.address

    def connect(self):
        connection = socket.create_connection(self.address, timeout=harness.PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def ask(self, parts):
        """What is answered to `parts`, which may be cut off: all that comes until the end."""
        with socket.create_connection(self.address, timeout=harness.PATIENCE) as connection:
            answer = b""
            try:
                for part in parts:
                    connection.sendall(part)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has heard enough
            try:
                while more := connection.recv(65536):
                    answer += more
            except OSError:
                pass
        return answer

    def statuses(self, answer):
        return [int(code) for code in re.findall(rb"^HTTP/1.1 (\d{3}) ", answer, re.M)]

    def healthy(self):
        """How long it takes to say that it lives."""
        begin = time.monotonic()
        with urllib.request.urlopen(self.url + "/-/healthy", timeout=harness.PATIENCE) as answer:
            self.assertEqual(answer.status, 200)
        return time.monotonic() - begin

    def see(self, n):
        append(self.log, glog(f"end {n}"))
        wait_until(lambda: self.receiver.fires(n=n, alertname="End"), f"{n} is told")

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics", timeout=harness.PATIENCE) as answer:
            page = answer.read().decode()
        return sum(float(n) for n in re.findall(rf"^tallybell_{name}(?:\{{.*\}})? (\S+)$", page,
                                                re.M))

    def check_memory(self, before, bound, what):
        grown = self.process.resident_bytes() - before
        if not SANITIZED:
            self.assertLessEqual(grown, bound, f"{what}: {grown / MIB:.1f} MiB more")
        return grown


class RequestsTest(FloodTest):
    def test_endless_requests_are_cut_off_within_memory(self):
        most = 0
        for bout in range(3):
            for what, (parts, statuses) in ENDLESS.items():
                before = self.process.resident_bytes()
                got = self.statuses(self.ask(parts()))
                # Who still sends when the connection is closed may lose the answer.
                self.assertLessEqual(set(got), statuses, what)
                self.healthy()
                if bout == 0:
                    continue  # the first of each kind may bring in pages of the program itself
                # A body may have 8 MiB, in a text that doubles as it grows.
                bound = 20 * MIB if what == "a body in chunks" else 2 * MIB
                grown = self.check_memory(before, bound, what)
                most = max(most, grown if bound == 2 * MIB else 0)
        print(f"\n{len(ENDLESS)} endless requests of {FLOOD // MIB} MiB: without a body at most "
              f"{most / MIB:.1f} MiB more", flush=True)
        self.see("after")

    def test_what_could_be_read_in_two_ways_is_refused(self):
        for what, (request, statuses) in ODD.items():
            answer = self.ask([request])
            got = self.statuses(answer)
            self.assertEqual(len(got), 1, f"{what}: {answer[:200]}")
            self.assertIn(got[0], statuses, what)
            self.assertNotIn(b"X-Evil", answer, what)
        self.see("after")

    def test_requests_sent_ahead_wait_in_the_socket(self):
        self.healthy()
        before = self.process.resident_bytes()
        connection = self.connect()
        connection.setblocking(False)
        request = (b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n") * 1000
        sent = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:  # and never reads an answer
            try:
                sent += connection.send(request)
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                break
        self.healthy()
        self.check_memory(before, 8 * MIB, f"{sent} bytes of requests sent ahead")
        self.see("after")

    def test_a_bomb_unpacks_no_further_than_its_limit(self):
        bombs = [gzip.compress(bytes(400 * MIB), 9), gzip.compress(b" " * (9 * MIB), 6)]
        for bout in range(2):
            before = self.process.resident_bytes()
            for bomb in bombs:
                head = PUSH + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
                self.assertEqual(self.statuses(self.ask([head, bomb])), [413])
            if bout > 0:
                self.check_memory(before, 8 * MIB, "bombs")
        self.see("after")


class ConnectionsTest(FloodTest):
    def test_thousands_of_connections_that_drip_or_say_nothing_keep_nobody_out(self):
        slow = []
        over = threading.Event()

        def drip():
            while not over.wait(0.5):
                for connection in list(slow):
                    try:
                        connection.send(b"x")
                    except OSError:
                        slow.remove(connection)

        def begin_drips(number):
            for n in range(number):
                connection = self.connect()
                head = PUSH + b"Content-Length: 4000000\r\n\r\n" if n % 2 else b"GET /"
                try:
                    connection.sendall(head)
                except OSError:
                    continue
                connection.setblocking(False)
                slow.append(connection)
        self.healthy()
        before = self.process.resident_bytes()
        dripping = threading.Thread(target=drip)
        dripping.start()
        waits = []
        try:
            begin_drips(SLOW)
            for n in range(IDLE):
                self.connect()
                if n % 50 == 0:
                    waits.append(self.healthy())
            for n in range(5):
                waits.append(self.healthy())
                self.see(f"meanwhile{n}")
            self.assertLessEqual(self.metric("http_connections"), 1024)
        finally:
            over.set()
            dripping.join()
        grown = self.check_memory(before, 64 * MIB, f"{SLOW + IDLE} connections")
        print(f"\n{SLOW} that drip and {IDLE} that say nothing: healthy within "
              f"{max(waits) * 1000:.0f} ms at most, {grown / MIB:.1f} MiB more", flush=True)
        if SLOW + IDLE > 1024:
            self.assertGreater(self.metric("http_refused_total"), 0)
        self.assertLess(max(waits), 10)


class PushFloodTest(FloodTest):
    PUSHERS = 6
    EACH = 2000  # lines of a push

    def push_on(self, number, enough, taken, turned_away):
        """Pushes without a pause until `enough`; each push is a group of its own if it is taken."""
        part = 0
        now = time.time_ns()
        values = [[str(now + i), "see @ " + "x" * 300] for i in range(self.EACH)]
        body = json.dumps({"streams": [{"stream": {"job": "push"}, "values": values}]}).encode()
        while not enough.is_set():
            group = f"p{number}x{part}"
            request = urllib.request.Request(self.url + "/loki/api/v1/push",
                                             data=body.replace(b"@", group.encode()),
                                             headers={"Content-Type": "application/json"})
            while not enough.is_set():
                try:
                    with urllib.request.urlopen(request, timeout=harness.PATIENCE) as answer:
                        self.assertEqual(answer.status, 204)
                    taken.append(group)
                    part += 1
                    break
                except urllib.error.HTTPError as error:
                    turned_away.append((error.code, error.headers.get("Retry-After")))
                    enough.wait(0.02)  # far less than it was told, and some time for others

    def read_file(self, group):
        """Lines a second of the file, until the last one has rung."""
        text = "".join(glog(f"see {group}" if n % APART == 0 else "idle " + "x" * 80)
                       for n in range(LINES - 1))
        begin = time.monotonic()
        append(self.log, text)
        self.see(group)
        return LINES / (time.monotonic() - begin)

    def test_a_flood_of_pushes_is_turned_away_and_files_are_read_on(self):
        self.read_file("warm")
        alone = self.read_file("alone")
        enough = threading.Event()
        taken, turned_away = [], []
        pushers = [threading.Thread(target=self.push_on, args=(n, enough, taken, turned_away))
                   for n in range(self.PUSHERS)]
        for thread in pushers:
            thread.start()
        try:
            wait_until(lambda: turned_away, "pushes are turned away")
            # It is read to its end while the flood goes on.
            beside = self.read_file("beside")
            before, most = len(turned_away), self.process.resident_bytes()
            wait_until(lambda: len(turned_away) > before, "the flood goes on")
        finally:
            enough.set()
            for thread in pushers:
                thread.join()
        self.assertEqual([what for what in turned_away
                          if what[0] != 429 or not (what[1] or "").isdigit()], [])
        expected = {group: float(self.EACH) for group in taken}
        expected.update({group: float(len(range(0, LINES - 1, APART)))
                         for group in ("warm", "alone", "beside")})

        def values():
            with urllib.request.urlopen(self.url + "/api/v1/alerts",
                                        timeout=harness.PATIENCE) as answer:
                alerts = json.load(answer)["data"]["alerts"]
            return {alert["labels"]["n"]: float(alert["value"]) for alert in alerts
                    if alert["labels"]["alertname"] == "Seen"}

        def differences():
            found = values()
            return [(group, expected.get(group), found.get(group))
                    for group in expected.keys() | found.keys()
                    if expected.get(group) != found.get(group)]
        wait_until(lambda: not differences(), "all is counted once")
        print(f"\n{alone:.0f} lines a second alone, {beside:.0f} beside {self.PUSHERS} who push: "
              f"{100 * beside / alone:.0f} %; {len(taken)} pushes taken, {len(turned_away)} turned "
              f"away, at most {most / MIB:.0f} MiB", flush=True)
        if not SANITIZED:
            self.assertLess(most, 256 * MIB)


if __name__ == "__main__":
    harness.main()
