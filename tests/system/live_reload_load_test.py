# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Reloads while lines come: bad files of many kinds change nothing, good ones keep every count that
they can; a configuration behind a link that is swapped; `check` and `run` judge alike.

TALLYBELL_SWAPS says how often the link is swapped (50), TALLYBELL_MUTANTS how many configurations
are judged (100).
"""

import concurrent.futures
import json
import os
import random
import re
import signal
import threading
import time
import urllib.error
import urllib.request

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

SEED = 20240505
SWAPS = int(os.environ.get("TALLYBELL_SWAPS", "50"))
MUTANTS = int(os.environ.get("TALLYBELL_MUTANTS",
                             "30" if os.environ.get("TALLYBELL_SANITIZE") else "100"))


def rules(numbers, text="first"):
    return "groups:\n  - name: load\n    rules:\n" + "".join(f"""\
      - alert: Rule{n}
        match: 'line {n} '
        when: count > 3 in 6h
        annotations: {{summary: "{text}"}}
""" for n in numbers)


GOOD = rules(range(10))

BAD_RULES = {
    "syntax": "groups: [",
    "unknown key": GOOD.replace("when:", "wen:", 1),
    "no rule at all": "",
    "half of a file": GOOD[:len(GOOD) // 2] + "when",
    "the same rule twice": GOOD + GOOD[GOOD.index("      - alert: Rule3"):],
    "a bad regex": GOOD.replace("'line 4 '", "'/li(ne 4/'"),
    "a bad duration": GOOD.replace("6h", "6 hours", 1),
    "not text": "\x01\x02\x03 \x7f",
    "an alias bomb": "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n"
        for i in range(8)) + GOOD,
    "nothing but brackets": "[" * 5000,
}


class Counter(threading.Thread):
    """Writes a line of each of ten rules, again and again, until it is stopped."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.written = 0  # of each rule
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.is_set():
            append(self.path, "".join(glog(f"line {n} ") for n in range(10)))
            self.written += 1
            time.sleep(0.01)

    def stop(self):
        self.stopped.set()
        self.join()


class ReloadLoadTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.config_text = f"""\
sources:
  - file: {{paths: ['{self.log}'], lateness: 0s}}
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]
state: {{path: '{self.directory}/state.db'}}
server: {{listen: '127.0.0.1:0'}}
"""

    def begin(self, config="tallybell.yaml"):
        self.process = self.tallybell(config)
        address = re.findall(r"msg=listening address=(\S+)", self.process.stderr())[-1]
        self.url = "http://" + address

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def reload(self):
        """The status of POST /-/reload, once the disk is not what it waits for."""
        def ask():
            request = urllib.request.Request(self.url + "/-/reload", data=b"", method="POST")
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                with error:
                    return error.code
        return wait_until(lambda: (code := ask()) != 503 and code, "it may reload")

    def values(self):
        alerts = json.loads(self.get("/api/v1/alerts"))["data"]["alerts"]
        return {a["labels"]["alertname"]: float(a["value"]) for a in alerts}

    def successful(self):
        return re.search(r"^tallybell_config_last_reload_successful (\d)", self.get("/metrics"),
                         re.M).group(1)

    def under_load(self):
        self.write("rules.yaml", GOOD)
        self.write("tallybell.yaml", self.config_text)
        self.begin()
        self.counter = Counter(self.log)
        self.counter.start()
        self.addCleanup(self.counter.stop)
        wait_until(lambda: len(self.values()) == 10, "all rules fire")

    def check_values(self, names):
        self.counter.stop()
        want = {name: float(self.counter.written) for name in names}
        wait_until(lambda: self.values() == want, f"all is counted: {want}", 20)

    def test_bad_files_change_nothing_and_lose_nothing(self):
        self.under_load()
        for what, text in BAD_RULES.items():
            self.write("rules.yaml", text)
            self.assertNotEqual(self.reload(), 200, what)
            self.assertEqual(self.successful(), "0", what)
            said = self.process.stderr().count("reload failed")
            self.process.signal(signal.SIGHUP)
            wait_until(lambda said=said: self.process.stderr().count("reload failed") > said, what)
        (self.directory / "rules.yaml").unlink()
        self.assertNotEqual(self.reload(), 200)
        self.write("rules.yaml", GOOD)
        for text in ("", self.config_text.replace("rules:", "ruls:"), self.config_text[:60]):
            self.write("tallybell.yaml", text)
            self.assertNotEqual(self.reload(), 200, text)
        self.assertEqual(self.successful(), "0")
        self.write("tallybell.yaml", self.config_text)
        self.assertEqual(self.reload(), 200)
        self.assertEqual(self.successful(), "1")
        self.check_values([f"Rule{n}" for n in range(10)])
        self.assertEqual(self.process.stop(), 0)
        self.assertEqual([t["state"] for t in self.transitions()], ["firing"] * 10)

    def test_rules_that_stay_keep_their_windows_and_one_that_goes_resolves_once(self):
        self.under_load()
        for n in range(10):
            self.write("rules.yaml", rules(range(9), f"text {n}"))
            self.assertEqual(self.reload(), 200)
        self.check_values([f"Rule{n}" for n in range(9)])
        wait_until(lambda: self.receiver.resolved(alertname="Rule9"), "its end is told")
        self.assertEqual(self.process.stop(), 0)
        told = self.receiver.states(alertname="Rule9")
        self.assertEqual(told, ["firing", "resolved"])
        for n in range(9):
            self.assertNotIn("resolved", self.receiver.states(alertname=f"Rule{n}"))

    def test_reloads_and_kills_count_every_line_once(self):
        self.under_load()
        dice = random.Random(SEED)
        for n in range(8):
            self.write("rules.yaml", rules(range(10), f"text {n}"))
            if n % 2:
                self.reload()
            else:
                self.process.signal(signal.SIGHUP)
            time.sleep(dice.uniform(0, 0.05))
            self.process.kill()
            self.begin()
        self.check_values([f"Rule{n}" for n in range(10)])

    def test_a_configuration_behind_a_link_that_is_swapped(self):
        """As Kubernetes does it with a ConfigMap."""
        def version(n):
            directory = f"config/..{n}"
            self.write(f"{directory}/rules.yaml", rules(range(10), f"version {n}"))
            self.write(f"{directory}/tallybell.yaml",
                       self.config_text + f"external_labels: {{version: v{n}}}\n")
            fresh = self.directory / "config/..fresh"
            fresh.symlink_to(f"..{n}")
            fresh.rename(self.directory / "config/..data")
        version(0)
        for name in ("rules.yaml", "tallybell.yaml"):
            (self.directory / "config" / name).symlink_to(f"..data/{name}")
        self.begin("config/tallybell.yaml")
        for n in range(1, SWAPS + 1):
            version(n)
            self.assertEqual(self.reload(), 200)
            self.assertIn(f"version: v{n}", self.get("/api/v1/status/config"))
            shown = json.loads(self.get("/api/v1/rules"))["data"]["groups"][0]["rules"]
            self.assertEqual({rule["annotations"]["summary"] for rule in shown}, {f"version {n}"})

    def test_check_and_run_judge_mutated_configurations_alike(self):
        dice = random.Random(SEED)
        self.write("rules.yaml", GOOD)
        # A good one comes as far as its state file, which cannot be there, and no further.
        whole = self.config_text.replace("/state.db", "/agent.log/state.db") + """\
external_labels: {cluster: prod, site: here}
redact: ['/password=\\S+/']
"""
        names = []
        for n in range(MUTANTS):
            names.append(self.write(f"mutant{n}.yaml", mutate(whole, dice)))

        def judge(path):
            check = harness.tallybell("check", path)
            run = harness.tallybell("run", "--config", path)
            return path, check.returncode, run.returncode, check.stderr + run.stderr
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            verdicts = list(pool.map(judge, names))
        good = 0
        for path, check, run, said in verdicts:
            self.assertIn(check, (0, 2), said)
            self.assertEqual(run, 1 if check == 0 else 2, f"seed {SEED}, {path.read_text()}\n{said}")
            good += check == 0
        print(f"\n{MUTANTS} configurations, {good} of them good", flush=True)
        self.assertGreater(good, 0)
        self.assertGreater(MUTANTS - good, MUTANTS // 4)


def mutate(text, dice):
    lines = text.splitlines()
    for _ in range(dice.randrange(1, 3)):
        at = dice.randrange(len(lines))
        line = lines[at]
        kind = dice.randrange(7)
        if kind == 0:
            lines.insert(at, line)
        elif kind == 1 and len(lines) > 2:
            del lines[at]
        elif kind == 2 and line:
            cut = dice.randrange(len(line))
            lines[at] = line[:cut] + line[cut + 1:]
        elif kind == 3:
            lines[at] = line.replace("'", "", 1)
        elif kind == 4:
            lines[at] = " " + line
        elif kind == 5:
            lines[at] = re.sub(r"\d+", str(dice.choice([-1, 0, 7, 99999999999])), line, count=1)
        else:
            lines[at] = line + dice.choice(["#", "  # nothing", "}", "x", ": y", "\t"])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    harness.main()
