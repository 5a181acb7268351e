# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Clients that push over HTTP and try again, as promtail does, at a Loki that goes away while lines
flow, comes back without all that it has, and stalls its tails: what it stores counts once.

TALLYBELL_LOKI_SECONDS: how long they go on (default 5).
"""

import json
import os
import random
import signal
import threading
import time
import unittest
import urllib.error
import urllib.request

from harness import wait_until
from loki_case import LokiTest, burst

SEED = 20240504
SECONDS = float(os.environ.get("TALLYBELL_LOKI_SECONDS", "5"))


class Client(threading.Thread):
    """Sends batch after batch, each until it is taken, with waits that grow; its lines keep the time
    at which they were written."""

    def __init__(self, loki, number, done):
        super().__init__(daemon=True)
        self.loki, self.number, self.done = loki, number, done
        self.dice = random.Random(SEED + number)
        self.again = 0

    def run(self):
        batch = 0
        while not self.done.is_set():
            streams = burst(f"{self.number}-{batch}", self.dice.choice((1, 4, 12, 30)),
                            lines=self.dice.choice((1, 2, 9)))
            body = json.dumps({"streams": [
                {"stream": {**labels, "client": str(self.number)},
                 "values": [[str(ns), line] for ns, line in entries]}
                for labels, entries in streams]}).encode()
            wait = 0.1
            while not self.send(body):
                self.again += 1
                time.sleep(wait * self.dice.uniform(0.5, 1.5))
                wait = min(2 * wait, 3.0)
            batch += 1
            self.done.wait(self.dice.uniform(0.01, 0.2))

    def send(self, body):
        request = urllib.request.Request(f"{self.loki.url}/loki/api/v1/push", data=body,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                # Now and then the answer is lost: what is stored is sent again.
                return answer.status == 204 and self.dice.random() > 0.05
        except (OSError, urllib.error.URLError):
            return False


class LiveLokiClientsTest(LokiTest):
    def test_what_clients_send_again_counts_once_over_restarts_of_either_side(self):
        dice = random.Random(SEED)
        loki = self.loki(shuffle_ties=SEED)
        self.follow(loki, ", timeout: 2s", look_back="1h")
        done = threading.Event()
        clients = [Client(loki, number, done) for number in range(4)]
        for client in clients:
            client.start()
        self.addCleanup(done.set)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            time.sleep(dice.uniform(0.2, 1.0))
            deed = dice.choice(("loki", "loki", "kill", "tails", "stall", "busy"))
            if deed == "loki":
                loki.end()
                time.sleep(dice.choice((0.05, 0.5, 2.0)))
                loki.faults.ring_seconds = dice.choice((0.0, 0.3))
                loki.faults.recovery_seconds = dice.choice((0.0, 1.0, 4.0))
                loki.begin()
            elif deed == "kill":
                self.process.signal(dice.choice((signal.SIGKILL, signal.SIGTERM)))
                self.process.wait()
                self.begin()
            elif deed == "tails":
                loki.cut_tails()
            elif deed == "stall":
                loki.faults.tail_stalled = not loki.faults.tail_stalled
            else:
                loki.faults.query_status = (429, "too many outstanding requests")
                time.sleep(dice.uniform(0.1, 0.6))
                loki.faults.query_status = None
        done.set()
        for client in clients:
            client.join(60)
            self.assertFalse(client.is_alive())
        counted = self.wait_for_count(loki)
        again = sum(client.again for client in clients)
        print(f"\n{counted} lines, {again} pushes sent again, seed {SEED}", flush=True)
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 3, "all is settled")
        time.sleep(3)
        self.assertEqual(self.wait_for_count(loki), counted, f"seed {SEED}")
        self.assertGreater(again, 0)


if __name__ == "__main__":
    unittest.main()
