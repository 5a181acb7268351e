# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A Loki that answers badly, or not at all: what it stores counts once all the same, it is said once
what is wrong, and memory stays bounded."""

import os
import re
import time
import unittest

from harness import wait_until
from loki_case import LokiTest, burst

MIB = 1 << 20
BOUND = (1024 if os.environ.get("TALLYBELL_SANITIZE") else 200) * MIB


class FaultTest(LokiTest):
    """One tallybell meets every fault, one after the other."""

    QUERY = (("query_status", (500, "internal")),
             ("query_status", (500, "empty ring")),
             ("query_status", (429, "too many outstanding requests")),
             ("query_status", (503, "Ingester not ready: waiting for 15s after being ready")),
             ("query_status", (504, "context deadline exceeded")),
             ("query_status", (400, "parse error at line 1")),
             ("query_status", (401, "no org id")),
             ("query_body", b"<html>"), ("query_body", b"[]"),
             ("query_body", b'{"status":"success"}'),
             ("query_body", b'{"status":"success","data":{"resultType":"matrix","result":[]}}'),
             ("query_body", b'{"status":"success","data":{"resultType":"streams","result":'
              b'[{"stream":{"a":1},"values":[[1,2]]}]}}'),
             ("query_body", b"[" * 100000), ("query_cut", True),
             ("redirect", "http://127.0.0.1:1/"), ("ignores_range", True), ("query_hangs", True),
             ("query_half_closes", True))
    TAIL = (("tail_closed", "max concurrent tail requests limit exceeded"),
            ("tail_frames", [(1, b'{"streams":null,"dropped_entries":[{"timestamp":"1",'
                                 b'"labels":{"job":"anka"}}]}')]),
            ("tail_frames", [(8, b"\x03\xf3all ingesters closed the connection")]),
            ("tail_half_closes", True), ("tail_refused", (500, "max concurrent tail requests limit exceeded")),
            ("tail_frames", [(1, b"{"), (1, b"[]")]), ("tail_frames", [(2, b"\x00\xff")]),
            ("tail_frames", [(1, b'{"streams":[{"stream":{},"values":[["x","y"]]}]}')]),
            ("tail_frames", [(1, b"x" * (8 << 20))]), ("tail_endless", True),
            ("tail_silent", True), ("tail_seconds", 0.1))

    def setUp(self):
        super().setUp()
        self.contract = self.loki()
        self.follow(self.contract, ", timeout: 500ms, stall_after: 1s")
        self.number = 0

    def warnings(self):
        return re.findall(r'a Loki cannot be read.*?err="?(.*?)"?$', self.process.stderr(), re.M)

    def count_one_more(self):
        self.number += 1
        self.contract.push(burst(self.number, 2))
        self.wait_for_count(self.contract)

    def test_nothing_is_lost_or_doubled_over_a_bad_status(self):
        self.meet([fault for fault in self.QUERY if fault[0] == "query_status"])

    def test_nothing_is_lost_or_doubled_over_a_bad_answer(self):
        self.meet([fault for fault in self.QUERY if fault[0] == "query_body"])

    def test_nothing_is_lost_or_doubled_over_no_answer_or_another(self):
        self.meet([fault for fault in self.QUERY if not fault[0].startswith("query_b") and
                   fault[0] != "query_status"])

    def meet(self, faults):
        # What was stored before the first start.
        self.contract.push([({"job": "anka"}, [(time.time_ns() - 7200 * 10 ** 9, "quiet")])])
        before = type(self.contract.faults)()
        self.count_one_more()
        for name, value in faults:
            with self.subTest(name=name, value=str(value)[:60]):
                failures = self.metric("loki_query_failures_total")
                setattr(self.contract.faults, name, value)
                wait_until(lambda b=failures: self.metric("loki_query_failures_total") > b,
                           "it is noticed")
                setattr(self.contract.faults, name, getattr(before, name))
                self.count_one_more()
        self.assertLessEqual(len(self.warnings()), len(faults), self.process.stderr())
        self.assertLess(self.process.resident_bytes(), BOUND)
        self.assertTrue(self.process.alive())

    def test_a_tail_that_fails_costs_nothing_but_time(self):
        self.count_one_more()
        for name, value in self.TAIL:
            with self.subTest(name=name, value=str(value)[:60]):
                if name in ("tail_refused", "tail_seconds", "tail_closed"):
                    self.contract.cut_tails()
                setattr(self.contract.faults, name, value)
                self.count_one_more()
                self.contract.cut_tails()
                default = [] if name == "tail_frames" else getattr(type(self.contract.faults)(),
                                                                   name)
                setattr(self.contract.faults, name, default)
        wait_until(lambda: self.metric("loki_tail_connected") == 1, "the tail is back")
        self.assertLess(self.process.resident_bytes(), BOUND)

    def test_a_loki_that_asks_to_be_left_alone_is(self):
        self.count_one_more()
        self.contract.faults.query_headers = [("Retry-After", "3")]
        self.contract.faults.query_status = (429, "slow down")
        before = self.metric("loki_query_failures_total")
        wait_until(lambda: self.metric("loki_query_failures_total") > before, "it is told so")
        asked = self.metric("loki_queries_total")
        began = time.monotonic()
        wait_until(lambda: self.metric("loki_queries_total") > asked, "it asks again")
        self.assertGreater(time.monotonic() - began, 2)
        self.contract.faults.query_status = None
        self.count_one_more()

    def test_a_loki_that_stays_away_is_a_source_that_is_down(self):
        self.count_one_more()
        self.contract.end()
        wait_until(lambda: "TallybellSourceDown" in self.process.stdout(), "it is told")
        self.assertEqual(len(self.warnings()), 1, self.process.stderr())
        self.contract.begin()
        self.count_one_more()
        wait_until(lambda: "can be read again" in self.process.stderr(), "it says so")


class MeagreTest(LokiTest):
    """A Loki that gives little, slowly, and to few."""

    def test_what_is_too_much_for_it_is_asked_for_in_parts(self):
        loki = self.loki()
        loki.faults.query_max_bytes = 100_000
        self.follow(loki)
        for number in range(8):
            loki.push(burst(number, 10, lines=40))
        self.wait_for_count(loki)
        self.assertEqual(self.metric("loki_unreadable_instants_total"), 0)

    def test_what_it_answers_slowly_counts_while_lines_flow(self):
        loki = self.loki()
        loki.faults.query_seconds = 0.4
        self.follow(loki, ", page: 200")
        for number in range(20):
            loki.push(burst(number, 10, lines=5))
            time.sleep(0.05)
        self.wait_for_count(loki)
        self.assertEqual(self.metric("loki_query_failures_total"), 0)

    def test_where_all_tails_are_given_away_it_is_asked_instead(self):
        loki = self.loki(most_tails=0)
        self.follow(loki)
        for number in range(10):
            loki.push(burst(number, 20))
            time.sleep(0.2)
        self.wait_for_count(loki)
        wait_until(lambda: "the tail of a Loki cannot be had" in self.process.stderr(),
                   "it is said")
        loki.push(burst("more", 20))
        self.wait_for_count(loki)
        self.assertEqual(self.process.stderr().count("the tail of a Loki cannot be had"), 1)
        # It goes on being asked for a tail, ever less often.
        self.assertLess(self.metric("loki_tail_ends_total"), 10)


if __name__ == "__main__":
    unittest.main()
