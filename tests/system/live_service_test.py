# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What tallybell tells the systemd that started it, and how the unit of the examples is judged."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

import harness
from harness import LiveTest, append, glog, wait_until

RULES = """\
groups:
  - name: service
    rules: [{alert: Seen, match: see, when: count > 0 in 1h}]
"""

UNIT = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "examples/systemd/tallybell.service"


class ServiceTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.configure(paths=self.log, rules=RULES, sinks="[stdout: {}]")
        self.told = []

    def manager(self, address):
        """The socket that a manager listens at."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.setblocking(False)
        return manager

    def hears(self, manager, words):
        """Whether `words` was told since the last look that found something."""
        while True:
            try:
                self.told.append(manager.recv(4096).decode())
            except BlockingIOError:
                break
        for place, text in enumerate(self.told):
            if words in text.splitlines():
                del self.told[:place + 1]
                return True
        return False

    def expect(self, manager, words):
        wait_until(lambda: self.hears(manager, words), words)

    def test_says_when_it_is_ready_reloads_and_stops(self):
        path = str(self.directory / "notify")
        for address, name in ((path, path),
                              (f"\0tallybell-{os.getpid()}", f"@tallybell-{os.getpid()}")):
            manager = self.manager(address)
            process = self.tallybell(environment={"NOTIFY_SOCKET": name})
            self.expect(manager, "READY=1")
            process.signal(signal.SIGHUP)
            self.expect(manager, "RELOADING=1")
            self.expect(manager, "READY=1")
            self.write("rules.yaml", "groups: [{}]")
            process.signal(signal.SIGHUP)
            self.expect(manager, "RELOADING=1")
            self.expect(manager, "READY=1")  # with the old rules
            self.write("rules.yaml", RULES)
            self.assertFalse(self.hears(manager, "WATCHDOG=1"))
            process.signal(signal.SIGTERM)
            self.expect(manager, "STOPPING=1")
            self.assertEqual(process.wait(), 0)

    def test_gives_a_sign_of_life_as_often_as_the_watchdog_wants_it(self):
        path = str(self.directory / "notify")
        manager = self.manager(path)
        process = self.tallybell(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"})
        self.expect(manager, "READY=1")
        for _ in range(5):
            self.expect(manager, "WATCHDOG=1")
        # Only while its evaluation turns.
        process.signal(signal.SIGSTOP)
        self.addCleanup(process.signal, signal.SIGCONT)
        wait_until(lambda: not self.hears(manager, "WATCHDOG=1"), "it stands still")
        process.signal(signal.SIGCONT)
        self.expect(manager, "WATCHDOG=1")
        self.assertEqual(process.stop(), 0)

    def test_a_watchdog_of_another_process_and_a_manager_that_has_gone_are_nothing_to_it(self):
        path = str(self.directory / "notify")
        manager = self.manager(path)
        process = self.tallybell(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000",
                                              "WATCHDOG_PID": "1"})
        self.expect(manager, "READY=1")
        append(self.log, glog("see this"))
        wait_until(lambda: "Seen" in process.stdout(), "it works")
        self.assertFalse(self.hears(manager, "WATCHDOG=1"))
        self.assertEqual(process.stop(), 0)
        for odd in ("/no/such/socket", "nonsense", "@", "/" + "x" * 300):
            process = self.tallybell(environment={"NOTIFY_SOCKET": odd, "WATCHDOG_USEC": "junk"})
            self.assertEqual(process.stop(), 0)


class UnitTest(unittest.TestCase):
    def test_the_unit_waits_for_what_tallybell_says(self):
        unit = UNIT.read_text()
        for line in ("Type=notify", "WatchdogSec=30", "LimitCORE=0"):
            self.assertIn(line + "\n", unit)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_systemd_judges_the_unit_as_well_protected(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               str(UNIT)], capture_output=True, text=True, timeout=60, check=False)
        level = re.search(r"Overall exposure level for \S+: (\d+[.]\d+)", done.stdout)
        self.assertIsNotNone(level, done.stdout + done.stderr)
        self.assertLessEqual(float(level[1]), 2.0, done.stdout)


if __name__ == "__main__":
    harness.main()
