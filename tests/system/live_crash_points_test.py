# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The process dies where it hurts: between two steps that must look like one. Each point several
times, early and late; then the counts are those of a replay and of an oracle, every alert was told,
and told twice is only what the state file did not hold as told.

Many runs at once, because nearly all of their time is waiting. Needs a binary with crash points
(TALLYBELL_CRASH_POINTS, which comes with the tests).
"""

import concurrent.futures
import json
import os
import random
import re
import signal
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

import harness
from harness import LiveTest, append, glog, rfc3339_seconds, wait_until
from receivers import Receiver

SEED = 20240502
AT_ONCE = 11
LATENESS = 5      # longer than any restart takes
WIDTH = 400_000   # microseconds
SECONDS = 1.6     # of writing

RULES = """\
groups:
  - name: points
    rules:
      - alert: Burst
        match: '/burst key=(?P<key>\\w+)/'
        when: count > 2 in 400ms
        by: [key]
        annotations: {summary: "{{ $labels.key }} {{ $value }}"}
      - alert: Cleared
        match: '/fault key=(?P<key>\\w+)/'
        clear: '/mended key=(?P<key>\\w+)/'
        when: count > 1 in 1s
        by: [key]
        keep_firing_for: 200ms
"""

KEPT = ("time", "alert", "group", "state", "value", "exact", "labels", "annotations", "startsAt",
        "endsAt", "fingerprint")


def oracle(matches):
    """What follows for Burst from (microsecond, key) pairs: (state, microsecond, key, value)."""
    steps = []
    for key in {key for _, key in matches}:
        times = sorted(at for at, each in matches if each == key)
        firing = False
        for instant in sorted({*times, *(at + WIDTH for at in times)}):
            count = sum(instant - WIDTH < at <= instant for at in times)
            if count > 2 and not firing:
                steps.append(("firing", instant, key, count))
            if count <= 2 and firing:
                steps.append(("resolved", instant, key, count))
            firing = count > 2
    return sorted(steps)


class Scene(LiveTest):
    """One life of tallybell with one death in it."""

    maxDiff = None

    SOURCES = f"sources:\n  - file: {{paths: ['app.log*'], lateness: {LATENESS}s}}\n"

    def begin(self, point, seed):
        self.setUp()
        self.point = point
        self.random = random.Random(f"{seed} {point}")
        self.deaths = 0
        self.unmarked = None       # what the state file held as not told when it died
        self.told_at_death = 0     # requests
        self.matches = []
        self.last = 0
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("app.log", "")
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", self.SOURCES + f"""\
rules: [rules.yaml]
sinks: [{{webhook: {{url: '{self.receiver.url}/hook'}}}}]
state: {{path: state.db}}
server: {{listen: '127.0.0.1:0'}}
""")
        # The first start tells nothing of what ended before it: that is over when this ends.
        self.process = self.tallybell()
        self.assertEqual(self.process.stop(), 0)
        self.launch({"TALLYBELL_CRASH_AT": point})

    def launch(self, environment=None):
        self.said = len(self.process.stderr())
        self.process = self.tallybell(started=False, environment=environment)

    def has_started(self):
        return "msg=started" in self.process.stderr()[self.said:]

    def tend(self):
        """Notices a death, and starts it again."""
        if self.process.alive():
            return
        self.assertEqual(self.process.wait(), -signal.SIGKILL, self.process.stderr()[-2000:])
        self.deaths += 1
        self.told_at_death = len(self.receiver.taken())
        self.unmarked = self.outbox()
        self.launch()

    def outbox(self):
        done = harness.tallybell("outbox", "--state", self.directory / "state.db", "--output",
                                 "jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {(row["fingerprint"], row["startsAt"][:23]) for row in rows}

    def line(self, text):
        self.last = max(int(time.time() * 1e6), self.last + 1)
        return glog(text, self.last / 1e6)

    def lines(self):
        text = ""
        for _ in range(self.random.randrange(1, 8)):
            key = f"k{self.random.randrange(5)}"
            kind = self.random.choices(["idle", "burst", "fault", "mended"], [6, 6, 4, 1])[0]
            text += self.line(f"{kind} key={key}")
            if kind == "burst":
                self.matches.append((self.last, key))
        return text

    def rotate(self):
        for n in range(9, 0, -1):
            old = self.directory / f"app.log.{n}"
            if old.exists():
                old.rename(self.directory / f"app.log.{n + 1}")
        self.log.rename(self.directory / "app.log.1")

    def goes_on(self, end):
        """A slow machine is later at the point; what it writes until then must not be more than the
        lines that a state keeps of a group."""
        now = time.monotonic()
        if now >= end:
            time.sleep(0.2)
        return now < end or (self.deaths == 0 and now < end + harness.PATIENCE)

    def act(self):
        end = time.monotonic() + SECONDS
        turn = 0
        while self.goes_on(end):
            append(self.log, self.lines())
            turn += 1
            if turn % 25 == 0:
                self.rotate()
            if "reload" in self.point and turn % 15 == 10 and self.deaths == 0 \
                    and self.has_started():
                self.process.signal(signal.SIGHUP)
            time.sleep(0.015)
            self.tend()

    def settle(self):
        """Lets it decide what is left: what a replay says, which is returned."""
        expected = self.replay()
        last = max(rfc3339_seconds(t["time"]) for t in expected)
        wait_until(lambda: self.tend() or time.time() > last + LATENESS + 0.5, "it is decided")
        for _ in range(20):
            wait_until(lambda: self.tend() or self.has_started(), "it has started")
            self.process.signal(signal.SIGTERM)  # a checkpoint is made at the end, too
            if self.process.wait() != 0:
                self.tend()
                continue
            if len(self.transitions()) >= len(expected):
                break
            self.launch()
            time.sleep(0.5)
        return expected

    def replay(self):
        parts = sorted(self.directory.glob("app.log*"))
        done = harness.tallybell("replay", "--rules", self.directory / "rules.yaml", "--drain",
                                 "--output", "jsonl", "--lateness", f"{LATENESS}s", *parts)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def outline(self, transitions):
        return sorted(json.dumps({**{name: t[name] for name in KEPT},
                                  "lines": [e["line"] for e in t["evidence"]]}, sort_keys=True)
                      for t in transitions)

    def check_counts(self, expected):
        self.assertEqual(self.outline(self.transitions()), self.outline(expected))
        found = sorted((t["state"], round(rfc3339_seconds(t["time"][:26] + "Z") * 1e6),
                        t["labels"]["key"], t["value"])
                       for t in expected if t["alert"] == "Burst")
        self.assertEqual(found, oracle(self.matches))

    def told(self, requests):
        """How often each (fingerprint, startsAt, state, endsAt) was told."""
        times = {}
        for request in requests:
            for alert in request.json()["alerts"]:
                end = alert["endsAt"][:23] if alert["status"] == "resolved" else ""
                key = (alert["fingerprint"], alert["startsAt"][:23], alert["status"], end)
                times[key] = times.get(key, 0) + 1
        return times

    def check_told(self, expected):
        told = self.told(self.receiver.taken())
        wanted = set()
        for t in expected:
            if t["state"] in ("firing", "resolved"):
                end = t["endsAt"][:23] if t["state"] == "resolved" else ""
                wanted.add((t["fingerprint"], t["startsAt"][:23], t["state"], end))
        self.assertEqual(set(told), wanted)
        twice = {key: n for key, n in told.items() if n > 1}
        for key, n in twice.items():
            self.assertEqual(n, 2, key)
            self.assertIn(key[:2], self.unmarked, "told again although it was marked")
        if self.point.startswith("after-send"):
            # What was accepted last was not marked, so it comes again, once.
            last = self.told(self.receiver.taken()[:self.told_at_death][-1:])
            self.assertTrue(last)
            self.assertLessEqual(set(last), set(twice))
        return len(twice)

    def live(self):
        self.act()
        expected = self.settle()
        self.assertEqual(self.deaths, 1, f"{self.point} was not passed")
        self.assertGreater(len(expected), 4)
        self.check_counts(expected)
        twice = self.check_told(expected)
        return f"{self.point}: {len(expected)} transitions, {twice} told twice"


class PushScene(Scene):
    """The same, pushed by a client that tries again until it is answered."""

    SOURCES = f"sources:\n  - loki_push: {{lateness: {LATENESS}s}}\n"

    def push(self, body):
        address = re.findall(r"msg=listening address=(\S+)", self.process.stderr())
        if not address:
            return None
        request = urllib.request.Request(
            f"http://{address[-1]}/loki/api/v1/push", data=body, method="POST",
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def act(self):
        end = time.monotonic() + SECONDS
        while self.goes_on(end):
            lines = self.lines()
            append(self.log, lines)  # for the replay
            values = [[str(self.last * 1000), line] for line in lines.splitlines()]
            body = json.dumps({"streams": [{"stream": {"job": "j"}, "values": values}]}).encode()

            def taken():
                self.tend()
                return self.push(body) == 204
            wait_until(taken, "the push is taken")
            time.sleep(0.02)


def live(point, seed):
    scene = PushScene() if point.startswith("push") or "+push" in point else Scene()
    try:
        scene.begin(point.removesuffix("+push"), seed)
        return scene.live()
    except Exception as fault:
        raise AssertionError(f"{point}, seed {seed}: {str(fault)[:2000]}") from fault
    finally:
        scene.doCleanups()


POINTS = ["after-read:3", "after-read:40", "before-commit:2", "before-commit:9", "before-commit:30",
          "after-commit:2", "after-commit:9", "after-commit:30", "in-checkpoint:1",
          "in-checkpoint:4", "after-send:1", "after-send:3", "after-send:7", "after-rotation:1",
          "after-rotation:2", "after-rotation:3", "in-reload:1", "in-reload:2", "after-reload:1",
          "after-reload:2", "push-waits:1",
          "push-waits:9", "after-commit:12+push", "before-commit:12+push"]


class CrashPointsTest(LiveTest):
    def test_a_death_at_any_point_loses_and_repeats_nothing(self):
        probe = harness.tallybell("run", "--config", "/", env={"TALLYBELL_CRASH_AT": "nowhere"})
        if "TALLYBELL_CRASH_AT" not in probe.stderr:
            self.skipTest("this binary has no crash points")
        self.assertEqual(probe.returncode, 2)
        seed = int(os.environ.get("TALLYBELL_SEED", str(SEED)))
        # All points that there are, each with the name that the program itself says.
        names = re.search(r"one of (.*);", probe.stderr).group(1).split(", ")
        self.assertEqual(set(names), {point.split(":")[0] for point in POINTS})
        faults = []
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            lives = {pool.submit(live, point, seed): point for point in POINTS}
            for done in concurrent.futures.as_completed(lives):
                if done.exception() is None:
                    print(done.result(), flush=True)
                else:
                    faults.append(str(done.exception()))
        self.assertEqual(faults, [], "\n\n".join(faults))


if __name__ == "__main__":
    harness.main()
