# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What a Loki stores, or shows, only after its time was read: it is found soon, and counts once."""

import time
import unittest

from harness import wait_until
from loki_case import LokiTest, burst

SEED = 20240505


class LateLokiTest(LokiTest):
    def test_what_comes_late_is_found(self):
        loki = self.loki()
        self.follow(loki, ", tail: false")
        loki.push(burst("now", 2))
        self.wait_for_count(loki)
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 2, "it is settled")
        loki.push(burst("late", 3, at=time.time_ns() - 4 * 10 ** 9))
        self.wait_for_count(loki)
        self.assertGreater(self.metric("loki_lines_total", 'found="late"'), 0)

    def test_what_clients_kept_through_an_outage_is_found_soon(self):
        """Longer ago than what is read again in any case, and of more streams than the tail tells."""
        loki = self.loki()
        self.follow(loki, look_back="1h")
        loki.push(burst("before", 2))
        self.wait_for_count(loki)
        loki.end()
        down = time.time_ns()
        wait_until(lambda: self.metric("loki_query_failures_total") > 1, "it is noticed")
        time.sleep(2.5)
        up = time.time_ns()
        loki.begin()
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 2, "it is read on")
        # A stream each 100 ms of the outage, in one push.
        loki.push([({"job": "anka", "host": f"late{at}"}, [(at, "boom")])
                   for at in range(down, up, 10 ** 8)])
        self.wait_for_count(loki, patience=30)

    def test_what_a_loki_that_restarts_shows_only_by_and_by_is_found(self):
        """It answers, well and with less than it has, while it recovers what it was told."""
        loki = self.loki(shuffle_ties=SEED)
        self.follow(loki, look_back="1h")
        loki.push(burst("before", 2))
        self.wait_for_count(loki)
        loki.faults.ring_seconds, loki.faults.recovery_seconds = 1.0, 8.0
        loki.push(burst("lost and found", 30, lines=5))
        loki.end()
        # What was stored and not read yet is seconds old, and settled, when it is shown.
        loki.begin()
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 3, "it is read on")
        loki.push(burst("after", 20))
        self.wait_for_count(loki)

    def test_what_came_late_with_what_the_tail_tells_is_found_soon_over_a_kill_too(self):
        """Older than what it tells of, of more streams than it tells, and with a line so old that
        nobody asks for it any more."""
        loki = self.loki()
        self.follow(loki, look_back="1h")
        loki.push(burst("before", 2))
        self.wait_for_count(loki)
        now = time.time_ns()
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 2, "it is settled")
        second = 10 ** 9
        told = [({"job": "anka", "host": "old"}, [(now - 7200 * second, "quiet")])]
        told += burst("told", 5, at=now - 5 * second)
        loki.push(told + burst("untold", 30, at=now - 9 * second))
        self.wait_for_count(loki, patience=30)
        # What was in doubt when it was killed is in doubt when it is back.
        loki.push(burst("told again", 6, at=now - 4 * second) +
                  burst("untold again", 30, at=now - 8 * second))
        before = self.counts()[""]
        wait_until(lambda: self.counts().get("", 0) >= before + 6, "what was told is counted")
        self.process.kill()
        self.begin()
        self.wait_for_count(loki, patience=30)


if __name__ == "__main__":
    unittest.main()
