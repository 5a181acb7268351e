# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A state file that is overwritten while tallybell runs: it ends with exit code 1 once it finds
out, and the next start puts the file aside, begins anew and says so."""

import contextlib
import os
import sqlite3

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: lost
    rules:
      - alert: Seen
        match: '/see (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


class StateLostTest(LiveTest):
    def test_a_state_that_cannot_be_opened_again_ends_it_and_the_next_start_begins_anew(self):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        state = self.directory / "state.db"
        self.configure(paths=log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s}}}}]")
        append(log, glog("see 1"))
        process = self.tallybell()
        wait_until(lambda: receiver.fires(n="1"), "1 is told")
        self.assertEqual(process.stop(), 0)
        # More history than SQLite keeps in memory, so that it has to be read again.
        with contextlib.closing(sqlite3.connect(state)) as database, database:
            database.executemany(
                "INSERT INTO history(time, fingerprint, kind, rule, labels, detail) "
                "SELECT ?1, fingerprint, kind, rule, labels, ?2 FROM history LIMIT 1",
                ((n, os.urandom(500)) for n in range(1, 30000)))
        process = self.tallybell()
        size = state.stat().st_size
        self.assertGreater(size, 10 << 20)
        with open(state, "r+b") as file:
            file.write(os.urandom(size))
        # Old rows of history are to go with the next one, and are not there to be found.
        append(log, glog("see 2"))
        self.assertEqual(process.wait(), 1, process.stderr())
        self.assertIn("the state file is lost", process.stderr())

        append(log, glog("see 3"))
        process = self.tallybell()
        wait_until(lambda: receiver.fires(alertname="TallybellStateReset"), "the reset is told")
        for n in "23":
            wait_until(lambda n=n: receiver.fires(n=n), f"{n} is told")
        self.assertIn("put aside", process.stderr())
        self.assertEqual(process.stop(), 0)


if __name__ == "__main__":
    harness.main()
