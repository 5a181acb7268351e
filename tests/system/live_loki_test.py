# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A Loki that is followed: whatever it loses, cuts or answers, each line it stores counts once.

TALLYBELL_LOKI_SECONDS: how long the test with kills and cuts goes on pushing (default 5).
"""

import os
import random
import shutil
import signal
import ssl
import subprocess
import threading
import time
import unittest

from harness import wait_until
from loki_case import LokiTest, burst

SEED = 20240502
SECONDS = float(os.environ.get("TALLYBELL_LOKI_SECONDS", "5"))


class LiveLokiTest(LokiTest):
    def test_what_the_tail_loses_in_silence_is_counted_once(self):
        loki = self.loki()
        loki.push(burst("before", 3, at=time.time_ns() - 20 * 60 * 10 ** 9))
        self.follow(loki)
        wait_until(lambda: self.metric("loki_tail_connected") == 1, "the tail is there")
        for number in range(20):
            loki.push(burst(number, 50 if number % 5 == 0 else 10, lines=1 + number % 3))
        self.wait_for_count(loki)
        self.assertGreater(self.metric("loki_lines_total", 'found="tail"'), 0)
        # What was read is read again for a while.
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 3, "it is read to its end")
        time.sleep(2)
        self.wait_for_count(loki)
        self.assertEqual(self.process.stop(), 0)
        self.begin()
        loki.push(burst("after", 8))
        self.wait_for_count(loki)

    def test_over_kills_cuts_and_restarts_of_either_side(self):
        dice = random.Random(SEED)
        loki = self.loki(shuffle_ties=SEED)
        self.follow(loki, ", page: 50")
        done = threading.Event()

        def push():
            number = 0
            pusher = random.Random(SEED + 1)
            while not done.is_set():
                at = time.time_ns() - (pusher.randrange(4 * 10 ** 9) if number % 7 == 0 else 0)
                loki.push(burst(number, pusher.choice((1, 3, 10, 30)),
                                lines=pusher.choice((1, 1, 5)), at=at - at % 1000))
                number += 1
                done.wait(pusher.uniform(0.01, 0.08))

        pusher = threading.Thread(target=push)
        pusher.start()
        self.addCleanup(pusher.join)
        self.addCleanup(done.set)
        deadline = time.monotonic() + SECONDS
        kills = 0
        while time.monotonic() < deadline:
            done.wait(dice.uniform(0.1, 0.6))
            deed = dice.choice(("kill", "kill", "term", "loki", "tails", "stall"))
            if deed in ("kill", "term"):
                self.process.signal(signal.SIGKILL if deed == "kill" else signal.SIGTERM)
                self.process.wait()
                self.begin()
                kills += 1
            elif deed == "loki":
                loki.end()
                done.wait(dice.uniform(0, 0.5))
                loki.begin()
            elif deed == "tails":
                loki.cut_tails()
            else:
                loki.faults.tail_stalled = not loki.faults.tail_stalled
        done.set()
        pusher.join()
        # On a busy machine most is read only once nobody is killed any more.
        counted = self.wait_for_count(loki)
        time.sleep(1)
        self.assertEqual(self.counts()[""], counted, f"seed {SEED}")
        print(f"\n{counted} lines over {kills} ends of tallybell, seed {SEED}", flush=True)
        self.assertGreater(kills, 0)

    def test_many_lines_of_one_instant_are_not_lost_where_a_page_ends(self):
        loki = self.loki(most_entries=7, shuffle_ties=SEED)
        now = time.time_ns() - 60 * 10 ** 9
        for instant in range(5):
            loki.push(burst(instant, 4, lines=1, at=now + instant))
        # 60 lines of one instant, more than are given at a time: of one stream, and the same line
        # in many.
        loki.push([({"job": "anka", "host": "one"},
                    [(now, f'boom "{n}" \\ {chr(0x100 + n)} <{n}>') for n in range(30)])])
        loki.push([({"job": "anka", "host": f"same{n}"}, [(now, "boom")]) for n in range(30)])
        self.follow(loki, ", page: 10")
        self.wait_for_count(loki)
        self.assertEqual(self.metric("loki_unreadable_instants_total"), 0)

    def test_a_stream_that_the_loki_cut_into_shards_is_one(self):
        loki = self.loki(shards=3)
        self.follow(loki)
        for number in range(5):
            loki.push(burst(number, 4, lines=7))
        self.wait_for_count(loki)
        # Where the page says of what stream a line is.
        self.assertIn("service_name", self.get("/"))
        self.assertNotIn("__stream_shard__", self.get("/"))

    def test_what_is_pushed_twice_counts_as_often_as_the_loki_has_it(self):
        loki = self.loki(shuffle_ties=SEED)
        self.follow(loki)
        now = time.time_ns()
        twice = [({"job": "anka", "host": "one"}, [(now, "boom"), (now, "boom"), (now, "boom 2")]),
                 ({"job": "anka", "host": "two"}, [(now, "boom")])]
        loki.push(twice + twice)
        loki.push(twice)
        self.assertEqual(self.wait_for_count(loki), 3)
        # Again when it has been read and settled, with one more of the same instant.
        wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 1.5, "it is settled")
        loki.push(twice + [({"job": "anka", "host": "two"}, [(now, "boom 3")])])
        self.assertEqual(self.wait_for_count(loki), 4)

    def test_more_than_the_loki_gives_at_a_time_is_read_page_after_page(self):
        """Its own bound of 5,000, a burst of several times that, and an end of each kind of page."""
        loki = self.loki()
        now = time.time_ns() - 30 * 10 ** 9
        # 12,000 lines; 5,000 and a bit of two instants, then one for each microsecond.
        loki.push([({"job": "anka", "host": f"mac{host}"},
                    [(now + (number // 1700) * 1000, f"boom {number}") for number in range(3000)])
                   for host in range(4)])
        self.follow(loki)
        self.wait_for_count(loki)
        self.assertEqual(self.metric("loki_unreadable_instants_total"), 0)

    def test_another_query_counts_nothing_again(self):
        loki = self.loki()
        for number in range(3):
            loki.push(burst(number, 9, lines=3))
        self.follow(loki, query='{job="anka", host=~"mac[0-4]"}')
        wait_until(lambda: self.counts().get("") == 45, "what it asks for is counted")
        self.assertEqual(self.process.stop(), 0)
        loki.push(burst("meanwhile", 9))
        # What was not asked for before is counted now, and then less is asked for.
        for query in ('{job="anka"} |= "boom"', '{job="anka"}', '{job=~"anka|other"}'):
            self.follow(loki, query=query)
            self.wait_for_count(loki)
            loki.push(burst(query, 9))
            self.wait_for_count(loki)
            wait_until(lambda: self.metric("source_complete_to_lag_seconds") < 3, "it is settled")
            self.wait_for_count(loki)
            self.assertEqual(self.process.stop(), 0)

    def test_a_loki_that_has_moved_is_the_same(self):
        loki = self.loki()
        loki.push(burst("before", 9))
        self.follow(loki)
        self.wait_for_count(loki)
        self.assertEqual(self.process.stop(), 0)
        loki.push(burst("meanwhile", 9))
        loki.end()
        elsewhere = self.loki()
        elsewhere.streams = loki.streams
        self.follow(elsewhere)
        self.wait_for_count(elsewhere)
        elsewhere.push(burst("after", 9))
        self.wait_for_count(elsewhere)

    def test_each_tenant_may_have_a_query_of_its_own(self):
        loki = self.loki(tenants=True)
        url = f"url: '{loki.url}'"
        self.follow_all([f"{url}, tenant: red, query: '{{job=\"anka\"}}'",
                         f"{url}, tenant: blue, query: '{{job=\"anka\"}} |= \"2 1\"'"])
        loki.push(burst(2, 6), "red")
        loki.push(burst(2, 6), "blue")
        self.wait_for_count(loki, tenant="red")
        wait_until(lambda: self.counts().get("blue") == 1, "and of the other what it asks for")
        self.assertEqual(self.counts(), {"red": 6, "blue": 1})

    def test_tenants_are_counted_apart_and_come_in_with_their_password(self):
        loki = self.loki(tenants=True, user="bell", password="s3cret")
        self.write("password", "s3cret\n")
        self.follow(loki, ", tenants: [red, blue], basic_auth: {username: bell, "
                          "password_file: password}")
        loki.push(burst(1, 9), "red")
        loki.push(burst(2, 4), "blue")
        loki.push(burst(3, 2), "green")
        self.wait_for_count(loki, tenant="red")
        self.wait_for_count(loki, tenant="blue")
        self.assertEqual(set(self.counts()), {"red", "blue"})
        self.assertNotIn("s3cret", self.process.stderr() + self.get("/metrics"))

    @unittest.skipIf(shutil.which("openssl") is None, "makes its certificate with openssl")
    def test_over_tls_with_a_token(self):
        key, cert = self.certificate("loki")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        loki = self.loki(tls=context, token="t0ken")
        self.write("token", "t0ken")
        self.follow(loki, ", tls: {ca_file: loki.pem}, authorization: {credentials_file: token}")
        wait_until(lambda: self.metric("loki_tail_connected") == 1, "the tail is there")
        loki.push(burst(1, 9))
        self.wait_for_count(loki)
        self.process.stop()
        # Whom nobody vouches for is not believed, and told nothing.
        asked = len(loki.paths)
        (self.directory / "state.db").unlink()
        self.follow(loki, ", authorization: {credentials_file: token}")
        wait_until(lambda: "certificate is not good" in self.process.stderr(), "it says why")
        self.assertEqual(len(loki.paths), asked)

    def certificate(self, name):
        """The paths of a key and a certificate for the loopback, which vouches for itself."""
        key, cert = self.directory / f"{name}.key", self.directory / f"{name}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                        "-out", cert], check=True, capture_output=True, timeout=60)
        return key, cert

    @unittest.skipIf(shutil.which("openssl") is None, "makes its certificates with openssl")
    def test_a_loki_that_asks_who_it_is_is_shown_a_certificate(self):
        key, cert = self.certificate("loki")
        self.certificate("ours")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.directory / "ours.pem")
        loki = self.loki(tls=context)
        loki.push(burst(1, 9))
        self.follow(loki, ", stall_after: 1s, tls: {ca_file: loki.pem}")
        wait_until(lambda: self.metric("loki_query_failures_total") > 0, "it may not come in")
        self.assertEqual(loki.paths, [])
        self.process.stop()
        (self.directory / "state.db").unlink()
        self.follow(loki, ", tls: {ca_file: loki.pem, cert_file: ours.pem, key_file: ours.key}")
        wait_until(lambda: self.metric("loki_tail_connected") == 1, "the tail is there")
        loki.push(burst(2, 9))
        self.wait_for_count(loki)


if __name__ == "__main__":
    unittest.main()
