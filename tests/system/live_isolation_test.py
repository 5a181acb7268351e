# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""One receiver that is dead never delays another."""

import json
import time

import harness
from harness import LiveTest, append, glog, rfc3339_seconds, wait_until
from receivers import AlertmanagerReceiver, Receiver

RULES = """\
groups:
  - name: isolation
    rules:
      - alert: Seen
        match: '/see (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


class IsolationTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.well = AlertmanagerReceiver()
        self.sick = AlertmanagerReceiver()
        self.addCleanup(self.well.stop)
        self.addCleanup(self.sick.stop)
        self.log = self.write("agent.log", "")
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.sick.url}', '{self.well.url}']}}}}]")

    def see(self, numbers):
        """How long the healthy receiver waits for each of `numbers`, one by one."""
        waits = []
        for n in numbers:
            begin = time.monotonic()
            append(self.log, glog(f"see {n}"))
            wait_until(lambda n=n: self.well.fires(n=str(n)), f"{n} is told")
            waits.append(self.well.taken()[-1].at - begin)
        return waits

    def check(self, waits):
        # An attempt that hangs takes 10 s, a back-off at least one.
        self.assertLess(sorted(waits)[len(waits) // 2], 1.0)

    def recover(self, numbers):
        for n in numbers:
            wait_until(lambda n=n: self.sick.fires(n=str(n)), f"{n} is told late", 90)

    def test_a_receiver_that_hangs_delays_no_other_and_misses_nothing(self):
        self.sick.answer = self.sick.hang
        self.tallybell()
        self.check(self.see(range(10)))
        self.sick.answer = lambda request: (200, "")
        self.sick.released.set()
        self.recover(range(10))

    def test_while_one_attempt_hangs_all_others_are_told_all(self):
        """Whoever waited for the sick one would wait for ever: it answers nothing at all."""
        self.sick.answer = self.sick.hang
        self.tallybell()
        begin = self.see([0])[0]
        wait_until(self.sick.taken, "the attempt hangs")
        stuck = len(self.sick.taken())
        started = time.monotonic()
        waits = self.see(range(1, 101))
        took = time.monotonic() - started
        # An attempt ends after ten seconds; so many more there were at most.
        self.assertLessEqual(len(self.sick.taken()), stuck + 1 + took / 10)
        self.check(waits)
        self.sick.released.set()
        self.sick.answer = lambda request: (200, "")
        well = self.see(range(101, 201))
        print(f"\nmedian wait beside one that hangs {sorted(waits)[50] * 1000:.1f} ms, beside one that "
              f"is well {sorted(well)[50] * 1000:.1f} ms; the first {begin * 1000:.1f} ms", flush=True)

    def test_a_receiver_that_is_not_there_delays_no_other_and_misses_nothing(self):
        self.sick.stop()
        self.tallybell()
        self.check(self.see(range(10)))
        self.sick.start()
        self.recover(range(10))

    def test_a_receiver_that_is_broken_delays_no_other_and_misses_nothing(self):
        self.sick.answer = lambda request: (503, "no")
        self.tallybell()
        self.check(self.see(range(10)))
        self.sick.answer = lambda request: (200, "")
        self.recover(range(10))

    def test_of_a_cluster_of_three_each_is_told_all_though_one_is_dead_and_one_cut_off(self):
        third = AlertmanagerReceiver()
        self.addCleanup(third.stop)
        urls = [self.sick.url, third.url, self.well.url]
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: {urls}, min_firing: 0s}}}}]")
        self.sick.stop()
        third.answer = third.hang
        self.tallybell()
        self.check(self.see(range(20)))
        # The two come back, and the one that was well is gone.
        self.sick.start()
        third.answer = lambda request: (200, "")
        third.released.set()
        self.recover(range(20))
        for n in range(20):
            wait_until(lambda n=n: third.fires(n=str(n)), f"{n} is told late", 90)
        self.well.stop()
        append(self.log, glog("see 99"))
        for receiver in (self.sick, third):
            wait_until(lambda r=receiver: r.fires(n="99"), "those that are left are told")

    def test_proxies_that_the_environment_names_are_not_asked(self):
        proxy = Receiver()
        self.addCleanup(proxy.stop)
        names = [f"{scheme}_proxy" for scheme in ("http", "https", "all")]
        self.tallybell(environment={name: proxy.url for lower in names
                                    for name in (lower, lower.upper())})
        self.check(self.see(range(3)))
        wait_until(lambda: self.sick.fires(n="2"), "the other is told")
        self.assertEqual(proxy.taken(), [])

    def test_each_receiver_is_told_in_its_own_way(self):
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[stdout: {{}}, webhook: {{url: '{self.sick.url}/hook'}}, "
                             f"alertmanager: {{urls: ['{self.well.url}'], resend_interval: 10m}}]")
        process = self.tallybell()
        self.see([7])
        wait_until(lambda: process.stdout().endswith("\n"), "stdout is told")
        shown = json.loads(process.stdout())
        self.assertEqual((shown["alert"], shown["state"], shown["labels"]["n"]),
                         ("Seen", "firing", "7"))
        hook, = wait_until(self.sick.taken, "the webhook is told")
        self.assertEqual(hook.path, "/hook")
        self.assertEqual(hook.json()["version"], "4")
        self.assertEqual(hook.json()["alerts"][0]["labels"]["n"], "7")
        # What is repeated every 10 minutes must not end before.
        request, = self.well.taken()
        lease = rfc3339_seconds(request.json()[0]["endsAt"]) - request.wall
        self.assertGreater(lease, 35 * 60)

    def test_a_redirect_is_not_followed(self):
        other = Receiver()
        self.addCleanup(other.stop)

        def redirect(connection, _body):
            connection.send_response(307)
            connection.send_header("Location", other.url + "/api/v2/alerts")
            connection.send_header("Content-Length", "0")
            connection.end_headers()
        self.sick.handle = redirect
        self.tallybell()
        self.check(self.see(range(3)))
        self.assertEqual(other.taken(), [])


if __name__ == "__main__":
    harness.main()
