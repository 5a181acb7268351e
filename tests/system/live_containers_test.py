# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Logs of containers as docker and the kubelet lay them out: found, named, rotated and gone."""

import gzip
import json
import shutil
import time

import harness
from harness import LiveTest, append, stays_true, tallybell, utc, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: containers
    rules:
      - alert: Seen
        match: '/see (?P<n>\\w+)/'
        when: count > 0 in 1h
        by: [n, container, image, compose_service, namespace, pod, stream]
      - alert: Counted
        match: tick
        when: count >= 5 in 1h
        by: [container]
"""


def stamp(at=None):
    return utc(time.time() if at is None else at).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def docker_line(text, stream="stdout", at=None):
    return json.dumps({"log": text + "\n", "stream": stream, "time": stamp(at)}) + "\n"


def cri_line(text, stream="stderr", at=None):
    return f"{stamp(at)} {stream} F {text}\n"


class FollowingTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)

    def follow(self, sources, **options):
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", f"""\
sources:
{sources}
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]
state: {{path: state.db}}
""")
        return self.tallybell(**options)

    def sees(self, n, **labels):
        wait_until(lambda: self.receiver.fires(n=n, **labels), f"{n} is told with {labels}")


class ContainersTest(FollowingTest):
    def container(self, digit, name, service="", config=None):
        """Makes a container; the path of its log."""
        identity = digit * 64
        log = self.directory / "containers" / identity / f"{identity}-json.log"
        log.parent.mkdir(parents=True)
        labels = {"com.docker.compose.service": service} if service else {}
        if config is None:
            config = json.dumps({"Name": "/" + name,
                                 "Config": {"Image": name + ":1", "Labels": labels}})
        (log.parent / "config.v2.json").write_text(config)
        log.write_text("")
        return log

    def test_containers_are_found_named_and_followed_until_they_are_gone(self):
        first = self.container("a", "controller", service="web")
        own = self.container("b", "tallybell")
        process = self.follow("  - docker: {root: containers, lateness: 0s, labels: {job: anka}}",
                              environment={"HOSTNAME": "b" * 12})
        append(first, docker_line("see one"))
        self.sees("one", container="controller", image="controller:1", compose_service="web",
                  stream="stdout")
        # One that appears later.
        second = self.container("c", "registry")
        append(second, docker_line("see two", "stderr"))
        self.sees("two", container="registry", stream="stderr")
        # One that docker does not describe.
        hostile = self.container("d", "", config='{"Name": ["/x"], "Config": ' + "[" * 100)
        append(hostile, docker_line("see three"))
        self.sees("three", container="d" * 12)
        # Its own is never read.
        append(own, docker_line("see itself"))
        # One that is rotated and then removed at once is read to its end.
        append(second, "".join(docker_line("tick") for _ in range(7)))
        second.rename(second.with_name(second.name + ".1"))
        append(second, "".join(docker_line("tick") for _ in range(3)) + docker_line("see last"))
        self.sees("last", container="registry")
        shutil.rmtree(second.parent)
        # Text that is not whole yet when it goes.
        append(first, docker_line("see four"))
        self.sees("four", container="controller")
        stays_true(lambda: not self.receiver.fires(n="itself"), "its own log is not read", 1)
        self.assertFalse(self.receiver.states(alertname="TallybellSourceDown"))
        self.assertEqual(process.stop(), 0)
        fired = [t for t in self.transitions() if t["labels"].get("container") == "registry"]
        self.assertEqual([t["labels"]["n"] for t in fired if t["alert"] == "Seen"], ["two", "last"])
        said = process.stderr()
        self.assertIn("tallybell itself runs in it", said)

    def decided_firings(self):
        done = tallybell("history", "--state", self.directory / "state.db", "--output", "jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        return sum('"event":"firing"' in line for line in done.stdout.splitlines())

    def test_counts_are_exact_over_rotations_and_restarts(self):
        log = self.container("a", "controller")
        # A line that is written after the look that found nothing must not be late.
        sources = "  - docker: {root: containers, lateness: 1s}"
        process = self.follow(sources)
        total = 0
        for part in range(3):
            for _ in range(20):
                append(log, docker_line(f"tick {part}"))
                total += 1
            append(log, docker_line(f"see part{part}"))
            self.sees(f"part{part}", container="controller")
            for number in (2, 1):
                old = log.with_name(f"{log.name}.{number}")
                if old.exists():
                    old.rename(log.with_name(f"{log.name}.{number + 1}"))
            log.rename(log.with_name(log.name + ".1"))
            log.write_text("")
            if part == 1:
                process.kill()
                process = self.tallybell()
        done = tallybell("replay", "--rules", self.directory / "rules.yaml", "--output", "jsonl",
                         self.directory / "containers")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        replayed = [t for t in told if t["state"] == "firing"]
        append(log, docker_line("see end"))
        self.sees("end", container="controller")
        wait_until(lambda: self.decided_firings() > len(replayed), "all is decided")
        self.assertEqual(process.stop(), 0)
        live = [t for t in self.transitions() if t["labels"].get("n") != "end"]
        keys = ("alert", "state", "value", "labels", "startsAt", "fingerprint")
        self.assertEqual(sorted(([t[k] for k in keys] for t in live), key=str),
                         sorted(([t[k] for k in keys] for t in replayed), key=str))

    def test_pods_are_named_by_their_paths_and_followed_over_restarts(self):
        pod = self.directory / "pods/anka_controller-0_1234-5678/main"
        pod.mkdir(parents=True)
        append(pod / "0.log", cri_line("see first"))
        process = self.follow("  - kubernetes: {root: pods, lateness: 0s}")
        self.sees("first", namespace="anka", pod="controller-0", container="main", stream="stderr")
        append(pod / "0.log", "".join(cri_line("tick") for _ in range(3)))
        (pod / "0.log").rename(pod / "0.log.20240501-123230")
        append(pod / "0.log", cri_line("tick"))
        append(pod / "1.log", cri_line("tick") + cri_line("see restarted"))
        self.sees("restarted", pod="controller-0", container="main")
        with gzip.open(pod / "0.log.20240430-000000.gz", "wt") as old:
            old.write(cri_line("see old"))
        later = self.directory / "pods/anka_registry-0_9999/main"
        later.mkdir(parents=True)
        append(later / "0.log", cri_line("see later"))
        self.sees("later", pod="registry-0")
        wait_until(lambda: self.receiver.fires(alertname="Counted", container="main"),
                   "all five are counted as one stream")
        shutil.rmtree(later.parent)
        self.assertEqual(process.stop(), 0)
        self.assertEqual(self.receiver.states(n="old"), [])
        # The same from the past, the compressed file too.
        done = tallybell("replay", "--rules", self.directory / "rules.yaml", "--output", "jsonl",
                         self.directory / "pods")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({json.loads(line)["labels"].get("n") for line in done.stdout.splitlines()},
                         {"old", "first", "restarted", None})

    def test_a_directory_that_is_not_there_is_down_and_no_container_is_not(self):
        self.follow("  - docker: {root: containers, lateness: 0s, stall_after: 1s}")
        wait_until(lambda: self.receiver.states(alertname="TallybellSourceDown") == ["firing"],
                   "it is down")
        (self.directory / "containers").mkdir()
        wait_until(lambda: self.receiver.states(alertname="TallybellSourceDown")[-1] == "resolved",
                   "it is up without a container")

    def test_a_container_that_is_gone_is_silent(self):
        log = self.container("a", "controller")
        self.write("absence.yaml", "groups: [{name: g, rules: [{alert: Silent, "
                                   "from: '{container=\"controller\"}', match: beat, "
                                   "when: count == 0 in 2s}]}]")
        self.write("rules.yaml", RULES)
        self.follow("  - docker: {root: containers, lateness: 0s}")
        config = self.directory / "tallybell.yaml"
        self.processes[-1].stop()
        config.write_text(config.read_text().replace("[rules.yaml]", "[rules.yaml, absence.yaml]"))
        self.tallybell()
        append(log, docker_line("beat") + docker_line("see beat"))
        self.sees("beat", container="controller")
        shutil.rmtree(log.parent)
        wait_until(lambda: self.receiver.fires(alertname="Silent"), "its silence is told")


class ClockTest(FollowingTest):
    def test_a_zone_that_is_wrong_is_said_once(self):
        log = self.write("agent.log", "")
        process = self.follow("  - file: {paths: [agent.log], lateness: 0s, timezone: UTC}")
        for n in range(12):
            ahead = time.time() + 2 * 3600
            append(log, harness.glog(f"see zone{n}", at=ahead))
            self.sees(f"zone{n}")
        wait_until(lambda: "zone_difference=+02:00" in process.stderr(), "the zone is named")
        self.assertEqual(process.stop(), 0)
        self.assertEqual(process.stderr().count("steadily off"), 1)
        # They are counted when they came, or as much later as is allowed.
        latest = max(harness.rfc3339_seconds(t["time"]) for t in self.transitions())
        self.assertLess(latest, time.time() + 61)


class SeverityFilesTest(FollowingTest):
    def test_only_the_lowest_severity_of_a_program_is_read(self):
        names = {s: self.directory / f"logs/agent.mac7.root.log.{s}.20260501-120000.77"
                 for s in ("INFO", "ERROR")}
        (self.directory / "logs").mkdir()
        for severity, path in names.items():
            path.write_text("")
            (self.directory / f"logs/agent.{severity}").symlink_to(path.name)
        process = self.follow("  - file: {paths: ['logs/*'], lateness: 0s}")
        for n in range(5):
            line = harness.glog(f"tick see both{n}")
            append(names["ERROR"], line)
            append(names["INFO"], line)
            self.sees(f"both{n}")
        wait_until(lambda: self.receiver.fires(alertname="Counted"), "five are counted")
        # When the lowest is gone, the other is not read in its place, nor after a restart.
        (self.directory / "logs/agent.INFO").unlink()
        names["INFO"].unlink()
        append(names["ERROR"], harness.glog("see alone"))
        stays_true(lambda: not self.receiver.fires(n="alone"), "it is not taken up", 2)
        self.assertEqual(process.stop(), 0)
        self.assertEqual(process.stderr().count("hold its lines too"), 1)
        again = self.tallybell()
        stays_true(lambda: not self.receiver.fires(n="alone"), "it is not taken up later", 2)
        self.assertEqual(again.stop(), 0)
        counted = [t["value"] for t in self.transitions() if t["alert"] == "Counted"]
        self.assertEqual(counted, [5])


class JoinedLinesTest(FollowingTest):
    def test_lines_of_one_record_are_one_match(self):
        log = self.write("app.log", "")
        self.follow("  - file: {paths: [app.log], lateness: 0s, "
                    "multiline: {first: '/^[EIWF]\\d{4} /', max_wait: 1s}}")
        append(log, harness.glog("Exception") + "  see inner\n  at x\n")
        self.sees("inner")


if __name__ == "__main__":
    harness.main()
