# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Signals: the end, reloads, a stop and a going on.

TALLYBELL_LIVES says how many lives end while a slow receiver is told (4).
"""

import concurrent.futures
import json
import os
import random
import resource
import signal
import time

import harness
from harness import LiveTest, append, glog, stays_true, wait_until
from receivers import AlertmanagerReceiver, Receiver

SEED = 20240503
LIVES = int(os.environ.get("TALLYBELL_LIVES", "4"))

RULES = """\
groups:
  - name: signals
    rules:
      - alert: Seen
        match: '/see (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


class SlowReceiver(LiveTest):
    """One life that is ended while a receiver that takes three seconds for each answer is told, and
    another in which it answers at once. A webhook, because that is told each state once."""

    ALERTS = 200  # three batches and a bit: more than can be told until the end

    def live(self, wait):
        self.setUp()
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES,
                       sinks=f"[{{webhook: {{url: '{receiver.url}/hook'}}}}]")

        def slow(_request):
            time.sleep(3)
            return 200, ""
        receiver.answer = slow
        process = self.tallybell()
        append(log, "".join(glog(f"see {n}") for n in range(self.ALERTS)))
        wait_until(receiver.taken, "the first are told")
        time.sleep(wait)
        begin = time.monotonic()
        self.assertEqual(process.stop(), 0)
        took = time.monotonic() - begin
        done = harness.tallybell("outbox", "--state", self.directory / "state.db", "--output",
                                 "jsonl")
        waiting = {json.loads(line)["labels"]["n"] for line in done.stdout.splitlines()}
        before = self.told(receiver.taken())
        receiver.answer = lambda request: (200, "")
        requests = len(receiver.taken())
        process = self.tallybell()
        wait_until(lambda: len(self.told(receiver.taken()[requests:])) >= len(waiting),
                   "all are told")
        self.assertEqual(process.stop(), 0)
        after = self.told(receiver.taken()[requests:])
        self.assertEqual(sorted(after), sorted(waiting), "what was not taken comes once more")
        self.assertEqual(set(before) | waiting, {str(n) for n in range(self.ALERTS)})
        return took, len(before), len(waiting)

    def told(self, requests):
        return [alert["labels"]["n"] for request in requests for alert in request.json()["alerts"]]


class SignalsTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}']}}}}]")

    def test_sigterm_ends_it_soon_although_a_receiver_hangs_and_what_it_was_not_told_comes_later(self):
        self.receiver.answer = self.receiver.hang
        process = self.tallybell()
        append(self.log, glog("see 1"))
        wait_until(self.receiver.taken, "the receiver hangs")
        append(self.log, glog("see 2"))
        begin = time.monotonic()
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        took = time.monotonic() - begin
        print(f"\nended after {took:.1f} s", flush=True)
        self.assertLess(took, 15)  # 8 s, and what a busy machine adds
        self.receiver.answer = lambda request: (200, "")
        self.receiver.released.set()
        self.tallybell()
        wait_until(lambda: self.receiver.fires(n="2"), "the other is told")
        wait_until(lambda: len(self.receiver.told(n="1")) >= 2, "what was not accepted is told again")

    def test_sigterm_while_a_slow_receiver_is_told_loses_nothing_and_repeats_nothing(self):
        dice = random.Random(SEED)
        waits = [dice.uniform(0, 5) for _ in range(LIVES)]

        def live(wait):
            life = SlowReceiver()
            try:
                return life.live(wait)
            finally:
                life.doCleanups()
        with concurrent.futures.ThreadPoolExecutor(min(LIVES, 10)) as pool:
            lives = list(pool.map(live, waits))
        for took, before, waiting in lives:
            print(f"\nended after {took:.1f} s; {before} told before, {waiting} not taken",
                  flush=True)
        self.assertLess(max(took for took, _, _ in lives), 15)  # 8 s, and what a busy machine adds
        self.assertGreater(max(waiting for _, _, waiting in lives), 0)

    def test_sigterm_twice_and_sigint_end_it_without_an_error(self):
        for numbers in ([signal.SIGTERM, signal.SIGTERM], [signal.SIGINT]):
            process = self.tallybell()
            for number in numbers:
                process.signal(number)
            self.assertEqual(process.wait(), 0)

    def test_a_storm_of_sighup_is_a_few_reloads_and_counts_nothing_twice(self):
        process = self.tallybell()
        begin = time.monotonic()
        for n in range(1000):
            process.signal(signal.SIGHUP)
            time.sleep(0.001)
            if n % 100 == 0:
                append(self.log, glog(f"see {n}"))
        storm = time.monotonic() - begin
        for n in range(0, 1000, 100):
            wait_until(lambda n=n: self.receiver.fires(n=str(n)), f"{n} is told")
        self.assertTrue(process.alive())
        reloads = process.stderr().count("msg=\"reloaded")
        print(f"\n1000 SIGHUP in {storm:.1f} s: {reloads} reloads", flush=True)
        self.assertGreaterEqual(reloads, 1)
        self.assertLessEqual(reloads, 2 + 5 * storm)
        self.assertEqual(process.stop(), 0)
        states = [t["state"] for t in self.transitions()]
        self.assertEqual(states.count("firing"), 10)
        self.assertEqual(states.count("resolved"), 0)

    def limit_files(self, process, size):
        """What a full disk looks like: no file grows beyond `size`."""
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_a_disk_that_takes_nothing_stops_the_reading_and_loses_nothing(self):
        process = self.tallybell()
        append(self.log, glog("see 1"))
        wait_until(lambda: self.receiver.fires(n="1"), "one is told")
        self.limit_files(process, 1)
        append(self.log, glog("see 2"))
        stays_true(lambda: not self.receiver.fires(n="2"), "nothing is told that is not stored", 1.5)
        self.limit_files(process, resource.RLIM_INFINITY)
        wait_until(lambda: self.receiver.fires(n="2"), "two is told")
        self.limit_files(process, 1)
        for n in range(3, 9):
            append(self.log, glog(f"see {n}"))
            time.sleep(0.2)
        self.assertFalse(self.receiver.fires(n="3"))
        begin = time.monotonic()
        process.signal(signal.SIGHUP)
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        self.assertLess(time.monotonic() - begin, 15)
        self.tallybell()
        for n in range(3, 9):
            wait_until(lambda n=n: self.receiver.fires(n=str(n)), f"{n} is told")

    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        self.configure(paths=f"{self.log}*", rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}']}}}}]")
        process = self.tallybell()
        append(self.log, glog("see 4"))
        wait_until(lambda: self.receiver.fires(n="4"), "it is told")
        process.signal(signal.SIGSTOP)
        append(self.log, glog("see 5"))
        for n in (6, 7):
            self.log.rename(f"{self.log}.{n}")
            append(self.log, glog(f"see {n}"))
        process.signal(signal.SIGCONT)
        for n in (5, 6, 7):
            wait_until(lambda n=n: self.receiver.fires(n=str(n)), f"{n} is told")
        self.assertTrue(process.alive())
        self.assertEqual(process.stop(), 0)
        self.assertEqual([t["state"] for t in self.transitions()].count("firing"), 4)

    def test_sigpipe_and_a_standard_output_that_nobody_reads_do_not_end_it(self):
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[stdout: {{}}, alertmanager: {{urls: ['{self.receiver.url}']}}]")
        process = self.tallybell(stdout=self.closed_pipe())
        process.signal(signal.SIGPIPE)
        for n in range(3):
            append(self.log, glog(f"see {n}"))
            wait_until(lambda n=n: self.receiver.fires(n=str(n)), f"{n} is told")
        self.assertTrue(process.alive())
        self.assertEqual(process.stop(), 0)

    def closed_pipe(self):
        """Where whoever writes gets EPIPE."""
        reading, writing = os.pipe()
        os.close(reading)
        self.addCleanup(os.close, writing)
        return writing


if __name__ == "__main__":
    harness.main()
