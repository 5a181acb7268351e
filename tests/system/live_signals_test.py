# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""SIGTERM and SIGHUP."""

import resource
import signal
import time

import harness
from harness import LiveTest, append, glog, stays_true, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: signals
    rules:
      - alert: Seen
        match: '/see (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


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

    def test_sigterm_twice_and_sigint_end_it_without_an_error(self):
        for numbers in ([signal.SIGTERM, signal.SIGTERM], [signal.SIGINT]):
            process = self.tallybell()
            for number in numbers:
                process.signal(number)
            self.assertEqual(process.wait(), 0)

    def test_a_storm_of_sighup_is_a_few_reloads_and_counts_nothing_twice(self):
        process = self.tallybell()
        for n in range(1000):
            process.signal(signal.SIGHUP)
            if n % 100 == 0:
                append(self.log, glog(f"see {n}"))
        for n in range(0, 1000, 100):
            wait_until(lambda n=n: self.receiver.fires(n=str(n)), f"{n} is told")
        self.assertTrue(process.alive())
        reloads = process.stderr().count("msg=\"reloaded")
        print(f"\n1000 SIGHUP: {reloads} reloads", flush=True)
        self.assertGreaterEqual(reloads, 1)
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
        process = self.tallybell()
        process.signal(signal.SIGSTOP)
        append(self.log, glog("see 5"))
        process.signal(signal.SIGCONT)
        wait_until(lambda: self.receiver.fires(n="5"), "it is told")
        self.assertTrue(process.alive())


if __name__ == "__main__":
    harness.main()
