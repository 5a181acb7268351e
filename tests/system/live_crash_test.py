# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""kill -9 at random moments, while logs are written and rotated: the decided alerts are those of a
replay of the same logs, and every one of them was told.

TALLYBELL_KILLS says how often (20), TALLYBELL_LINES how many lines flow meanwhile (a million).
TALLYBELL_SEED repeats a run as far as that can be.
"""

import contextlib
import itertools
import json
import os
import random
import sqlite3
import threading
import time

import harness
from harness import LiveTest, glog, rfc3339_seconds, wait_until
from receivers import AlertmanagerReceiver

KILLS = int(os.environ.get("TALLYBELL_KILLS", "20"))
LINES = int(os.environ.get("TALLYBELL_LINES",
                           "300000" if os.environ.get("TALLYBELL_SANITIZE") else "1000000"))
FILLER = 220  # lines that match nothing, in one write
LATENESS = 5.0

RULES = """\
groups:
  - name: crash
    rules:
      - alert: Burst
        match: '/burst key=(?P<key>\\w+)/'
        when: count > 3 in 500ms
        by: [key]
        annotations: {summary: "{{ $labels.key }} {{ $value }}"}
      - alert: Cleared
        match: '/fault key=(?P<key>\\w+)/'
        clear: '/mended key=(?P<key>\\w+)/'
        when: count > 1 in 4s
        by: [key]
        keep_firing_for: 700ms
      - alert: Held
        match: ['/fault key=(?P<key>\\w+)/', '/burst key=(?P<key>\\w+)/']
        when: count >= 2 in 2s
        for: 600ms
        by: [key]
      - alert: Quiet
        match: '/beat key=(?P<key>\\w+)/'
        when: count == 0 in 1s
        by: [key]
        forget: 4s
"""


class Writer(threading.Thread):
    """Writes two logs with known matches, one rotated by renaming, one as glog does it: a new file
    and a link that is swapped. Every line of both that may count has a microsecond of its own."""

    def __init__(self, directory, seed):
        super().__init__(daemon=True)
        self.renamed = directory / "renamed"
        self.linked = directory / "linked"
        self.renamed.mkdir()
        self.linked.mkdir()
        self.random = random.Random(seed)
        self.last = 0
        self.lines = 0
        self.parts = itertools.count(1)
        self.enough = threading.Event()
        self.active = {}  # key -> until when it is busy
        self.plain = open(self.renamed / "app.log", "ab", buffering=0)
        self.glog = None
        self.swap_link()

    def stamp(self):
        now = int(time.time() * 1e6)
        self.last = max(now, self.last + 1)
        return self.last / 1e6

    def line(self, text):
        self.lines += 1
        return glog(text, self.stamp()).encode()

    def swap_link(self):
        if self.glog is not None:
            self.glog.close()
        name = time.strftime(f"agent.mac1.root.log.INFO.%Y%m%d-%H%M%S.{next(self.parts)}",
                             time.gmtime())
        self.glog = open(self.linked / name, "ab", buffering=0)
        self.glog.write(b"Log file created at: %s\nRunning on machine: mac1\n"
                        b"Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n"
                        % time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime()).encode())
        fresh = self.linked / "fresh"
        fresh.symlink_to(name)
        fresh.rename(self.linked / "agent.INFO")

    def rotate(self):
        self.plain.close()
        parts = sorted((int(p.suffix[1:]) for p in self.renamed.glob("app.log.*")), reverse=True)
        for n in parts:
            (self.renamed / f"app.log.{n}").rename(self.renamed / f"app.log.{n + 1}")
        (self.renamed / "app.log").rename(self.renamed / "app.log.1")
        self.plain = open(self.renamed / "app.log", "ab", buffering=0)

    def text(self):
        chance = self.random.random()
        if chance > 0.03:
            return "all is well and nothing of this line counts for anything " + "x" * 60
        key = f"k{self.random.randrange(12)}"
        busy = self.active.get(key, 0)
        if busy < time.time() - 3:
            self.active[key] = time.time() + self.random.uniform(0, 2)
        if busy < time.time():
            return "idle"
        kind = self.random.choices(["burst", "fault", "mended", "beat"], [6, 3, 1, 4])[0]
        return f"{kind} key={key}"

    def run(self):
        while self.lines < LINES or not self.enough.is_set():
            file = self.plain if self.random.random() < 0.5 else self.glog
            data = b"".join(self.line(self.text()) for _ in range(self.random.randrange(1, 60)))
            if self.random.random() < 0.1:  # a line in two writes
                cut = self.random.randrange(len(data))
                file.write(data[:cut])
                time.sleep(0.001)
                data = data[cut:]
            file.write(data)
            if self.lines < LINES:
                file.write(self.line("nothing of this line counts " + "x" * 60) * FILLER)
                self.lines += FILLER - 1
            if self.random.random() < 0.008:
                self.rotate()
            if self.random.random() < 0.008:
                self.swap_link()
            time.sleep(0.002)
        self.plain.write(self.line("burst key=end"))
        self.glog.write(self.line("burst key=end"))
        self.end = self.last / 1e6
        self.plain.close()
        self.glog.close()


def outline(transition):
    """What must be the same. Names of files and offsets are not: a renamed file has another."""
    kept = ("time", "alert", "group", "state", "value", "exact", "labels", "annotations",
            "startsAt", "endsAt", "fingerprint")
    shown = {name: transition[name] for name in kept}
    shown["lines"] = [evidence["line"] for evidence in transition["evidence"]]
    return json.dumps(shown, sort_keys=True)


def identity(labels):
    return tuple(sorted(labels.items()))


class CrashTest(LiveTest):
    def replay(self):
        paths = sorted((self.directory / "renamed").iterdir())
        paths += sorted((self.directory / "linked").glob("agent.mac1*"))
        done = harness.tallybell("replay", "--rules", self.directory / "rules.yaml", "--drain",
                                 "--output", "jsonl", "--lateness", f"{LATENESS:.0f}s", *paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.comparable(json.loads(line) for line in done.stdout.splitlines())

    def comparable(self, transitions):
        """Absence goes on beyond the end of the logs, and a replay does not."""
        kept = [t for t in transitions
                if t["alert"] != "Quiet" or rfc3339_seconds(t["time"]) <= self.writer.end]
        return sorted(kept, key=lambda t: (t["time"], t["alert"], t["fingerprint"]))

    def settle(self, expected):
        """Lets tallybell decide what is left; its transitions. More than were expected, or as many
        as were, end the wait."""
        last = max(rfc3339_seconds(t["time"]) for t in expected)
        wait_until(lambda: time.time() > last + LATENESS + 1.5, "the last window has passed")
        found, life, grew = [], 0.5, time.monotonic()
        while True:
            self.assertEqual(self.process.stop(), 0)
            before, found = len(found), self.comparable(self.transitions())
            if len(found) >= len(expected):
                return found
            # On a slow machine there is much to read yet; each life gets somewhere.
            if len(found) > before:
                grew = time.monotonic()
            if time.monotonic() - grew > 30:
                print("nothing new is decided any more", flush=True)
                return found
            self.process = self.tallybell()
            time.sleep(life)
            life = min(2 * life, 8)

    def test_counts_are_exact_and_all_is_told(self):
        seed = int(os.environ.get("TALLYBELL_SEED", str(random.randrange(1 << 30))))
        print(f"\nTALLYBELL_SEED={seed} TALLYBELL_KILLS={KILLS}", flush=True)
        moments = random.Random(seed)
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        moods = random.Random(seed + 1)
        receiver.answer = lambda request: (503, "") if moods.random() < 0.1 else (200, "")
        writer = self.writer = Writer(self.directory, seed)
        self.configure(paths="renamed/app.log*, linked/agent*", rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s}}}}]")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("lateness: 0s", f"lateness: {LATENESS:.0f}s"))
        self.process = self.tallybell()
        writer.start()
        for kill in range(KILLS):
            # Some lives are long enough to tell what the short ones could not.
            time.sleep(moments.uniform(0.02, 0.9) if kill % 4 else moments.uniform(1, 3))
            self.process.kill()
            self.process = self.tallybell(started=moments.random() < 0.8)
        writer.enough.set()
        writer.join()
        expected = self.replay()
        self.assertGreater(len(expected), 100)
        found = self.settle(expected)
        told = [(a["labels"].get("alertname"), a["labels"].get("key"), a["startsAt"], a["endsAt"]
                 if rfc3339_seconds(a["endsAt"]) <= r.wall else "firing")
                for r in receiver.taken() for a in r.json()]
        print(f"{KILLS} kills, {writer.lines} lines, {len(expected)} transitions, {len(told)} "
              f"alerts posted, of which {len(told) - len(set(told))} more than once", flush=True)
        self.compare(expected, found)
        self.check_told(expected, receiver)

    def compare(self, expected, found):
        expected, found = list(map(outline, expected)), list(map(outline, found))
        missing = [t for t in expected if t not in set(found)]
        extra = [t for t in found if t not in set(expected)]
        if missing or extra or len(expected) != len(found):
            keep = os.environ.get("TALLYBELL_KEEP")
            if keep:
                os.system(f"cp -a {self.directory} {keep}")
            self.fail(f"{len(missing)} missing, {len(extra)} extra of {len(expected)}:\n"
                      + "\n".join(["- " + t[:600] for t in missing[:5]]
                                  + ["+ " + t[:600] for t in extra[:5]]))

    def given_up(self):
        """Of an alert that nobody could be told of, tallybell keeps the newest ten episodes
        (docs/reliability.md, "Receivers"): those that went, as history has them. On a slow machine
        hardly a life is long enough to tell much."""
        with contextlib.closing(sqlite3.connect(self.directory / "state.db")) as state:
            rows = state.execute("SELECT fingerprint, detail FROM history "
                                 "WHERE kind = CAST('dropped' AS BLOB)").fetchall()
        return {(bytes(fingerprint).decode(), json.loads(detail)["startsAt"])
                for fingerprint, detail in rows}

    def untold(self, expected, receiver):
        """Ends of `expected` that were not heard as they are, every episode by itself."""
        def milliseconds(stamp):
            return int(rfc3339_seconds(stamp[:19] + "Z")) * 1000 + int(stamp[20:23])

        ends = {}
        for _, alert in receiver.alerts():
            ends.setdefault((identity(alert["labels"]), milliseconds(alert["endsAt"])),
                            set()).add(milliseconds(alert["startsAt"]))
        untold = []
        for t in expected:
            if t["state"] != "resolved":
                continue
            begins = ends.get((identity(t["labels"]), milliseconds(t["endsAt"])), set())
            begin = milliseconds(t["startsAt"])
            # What rang before a clear of the other file was read goes on as what fires after that
            # clear: its begin is only ever moved back.
            early = t["alert"] == "Cleared" and any(b < begin for b in begins)
            if begin not in begins and not early:
                untold.append(t)
        return untold

    def let_it_tell(self, expected, receiver):
        """What the last life had no time for."""
        receiver.answer = lambda request: (200, "")
        self.process = self.tallybell()
        left, since = None, time.monotonic()
        while left != 0 and time.monotonic() - since < 10:
            now = len(self.untold(expected, receiver))
            if now != left:
                left, since = now, time.monotonic()
            time.sleep(0.2)
        self.assertEqual(self.process.stop(), 0)

    def check_told(self, expected, receiver):
        self.let_it_tell(expected, receiver)
        heard = {identity(alert["labels"]) for _, alert in receiver.alerts()}
        known = {identity(t["labels"]) for t in expected}
        strange = {key for key in heard if key not in known and ("alertname", "Quiet") not in key}
        self.assertEqual(strange, set(), "identities that no replay has")
        given_up = self.given_up()
        print(f"{len(given_up)} episodes gave way to ten newer ones each", flush=True)
        for t in expected:
            if t["state"] == "firing":
                self.assertIn(identity(t["labels"]), heard, t)
        for t in self.untold(expected, receiver):
            if (t["fingerprint"], t["startsAt"]) not in given_up:
                self.fail(f"was not told: {t}; history has {self.episodes(t)}")

    def episodes(self, transition):
        """What history says of its alert around then."""
        with contextlib.closing(sqlite3.connect(self.directory / "state.db")) as state:
            rows = state.execute("SELECT kind, detail FROM history WHERE fingerprint = "
                                 "CAST(? AS BLOB)", (transition["fingerprint"],)).fetchall()
        rows = [(bytes(kind).decode(), json.loads(detail)) for kind, detail in rows]
        return [(kind, {n: detail.get(n) for n in ("startsAt", "endsAt", "state", "answer")})
                for kind, detail in rows
                if abs(rfc3339_seconds(detail["startsAt"] or detail["time"])
                       - rfc3339_seconds(transition["startsAt"])) < 10]


if __name__ == "__main__":
    harness.main()
