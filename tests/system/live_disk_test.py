# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The state file of a running tallybell: damaged, taken away, held by another, on a full disk."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import harness
from harness import LiveTest, append, glog, stays_true, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: disk
    rules:
      - alert: Seen
        match: '/see (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


class DiskTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.state = self.directory / "state.db"
        self.write_configuration()

    def write_configuration(self, **options):
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]",
                       **options)

    def see(self, n):
        append(self.log, glog(f"see {n}"))

    def is_told_soon(self, n):
        try:
            wait_until(lambda: self.receiver.fires(n=str(n)), "it is told", 1.5)
        except AssertionError:
            return False
        return True

    def await_told(self, n):
        wait_until(lambda: self.receiver.fires(n=str(n)), f"{n} is told")

    def check_counted(self, numbers):
        """Each of `numbers` fired once, and nothing else did. tallybell must have ended."""
        def fired():
            return [int(t["labels"]["n"]) for t in self.transitions() if t["state"] == "firing"]

        def all_decided():
            # What was told last may not have been decided when it ended.
            return set(fired()) >= set(numbers) or self.tallybell().stop() != 0

        wait_until(all_decided, "all is decided")
        self.assertEqual(sorted(fired()), sorted(numbers))

    def aside(self):
        return sorted(p for p in self.directory.glob("state.db.corrupt-*")
                      if not p.name.endswith("-wal"))

    def end_code(self, **options):
        """The exit code of a start that does not succeed, and how long it took."""
        begin = time.monotonic()
        process = self.tallybell(started=False, **options)
        code = process.wait()
        return code, process.stderr(), time.monotonic() - begin

    def sql(self, statement, *values):
        """What the state file answers; tallybell must have ended."""
        with contextlib.closing(sqlite3.connect(self.state)) as state, state:
            return state.execute(statement, values).fetchall()

    # Damage.

    def check_reset(self, damage):
        process = self.tallybell()
        self.see(1)
        self.await_told(1)
        process.kill()
        before = len(self.aside())
        damage()
        told = len(self.receiver.alerts())
        process = self.tallybell()
        wait_until(lambda: any(alert["labels"]["alertname"] == "TallybellStateReset"
                               for _, alert in self.receiver.alerts()[told:]), "the alert fires")
        self.see(2)
        self.await_told(2)
        self.assertEqual(len(self.aside()), before + 1)
        summary = [alert["annotations"]["summary"] for _, alert in self.receiver.alerts()
                   if alert["labels"]["alertname"] == "TallybellStateReset"][-1]
        self.assertIn(str(self.aside()[-1].name), summary)
        self.assertIn("put aside", process.stderr())
        self.assertEqual(process.stop(), 0)
        # What the log still holds was read again.
        self.check_counted([1, 2])

    def test_a_damaged_state_is_put_aside_and_said_until_the_next_start(self):
        self.check_reset(lambda: self.state.write_bytes(os.urandom(20000)))
        process = self.tallybell()
        wait_until(lambda: self.receiver.resolved(alertname="TallybellStateReset"), "it ends")
        self.assertTrue(process.alive())

    def test_an_empty_state_with_a_log_is_put_aside_with_it(self):
        self.check_reset(lambda: self.state.write_bytes(b""))
        self.assertTrue(pathlib.Path(f"{self.aside()[0]}-wal").exists())

    def test_a_truncated_state_is_put_aside(self):
        def damage():
            pathlib.Path(f"{self.state}-wal").unlink()
            self.state.write_bytes(self.state.read_bytes()[:5000])
        self.check_reset(damage)

    def test_a_row_that_makes_no_sense_is_left_out_and_said(self):
        process = self.tallybell()
        self.see(1)
        self.await_told(1)
        self.assertEqual(process.stop(), 0)
        self.sql("UPDATE rule_group SET state = ?", b"nonsense")
        self.sql("UPDATE position SET state = ? WHERE instr(source, 'agent.log')", b"{")
        self.tallybell()
        wait_until(lambda: self.receiver.fires(alertname="TallybellStateReset"), "the alert fires")
        self.see(2)
        self.await_told(2)

    # What is refused.

    def test_what_is_not_ours_is_left_as_it_is_with_exit_code_3(self):
        self.sql("CREATE TABLE theirs(x)")
        before = self.state.read_bytes()
        code, said, took = self.end_code()
        self.assertEqual(code, 3, said)
        self.assertIn(str(self.state), said)
        self.assertEqual(self.state.read_bytes(), before)
        self.assertLess(took, 10)
        self.state.unlink()
        self.assertEqual(self.tallybell().stop(), 0)
        self.sql("PRAGMA user_version = 99")
        before = self.state.read_bytes()
        code, said, _ = self.end_code()
        self.assertEqual(code, 3, said)
        self.assertIn("newer tallybell", said)
        self.assertEqual(self.state.read_bytes(), before)
        self.assertEqual(self.aside(), [])

    def test_a_place_that_cannot_be_used_is_named_with_exit_code_1(self):
        self.state.mkdir()
        code, said, _ = self.end_code()
        self.assertEqual(code, 1, said)
        self.assertIn("it is a directory", said)
        self.state.rmdir()
        self.directory.chmod(0o755)
        code, said, _ = self.end_code(user=harness.NOBODY)
        self.assertEqual(code, 1, said)
        self.assertIn("cannot be written", said)

    def test_a_second_process_is_refused_and_the_first_goes_on(self):
        first = self.tallybell()
        second = self.start([harness.binary(), "run", "--config",
                             self.directory / "tallybell.yaml"], "second")
        self.assertEqual(second.wait(), 1)
        self.assertIn(str(self.state), second.stderr())
        self.assertIn("another process holds it", second.stderr())
        self.see(1)
        self.await_told(1)
        self.assertEqual(first.stop(), 0)
        self.check_counted([1])

    def test_who_looks_from_outside_disturbs_nothing(self):
        process = self.tallybell()
        for n in range(5):
            with contextlib.closing(sqlite3.connect(self.state, timeout=0.1)) as reader:
                with self.assertRaises(sqlite3.OperationalError):
                    reader.execute("SELECT count(*) FROM history").fetchall()
            self.see(n)
            self.await_told(n)
        self.assertEqual(process.stop(), 0)
        # At rest a reader may hold it for long: the start says so, and nothing is lost.
        reader = sqlite3.connect(self.state, isolation_level=None)
        reader.execute("BEGIN EXCLUSIVE")
        code, said, _ = self.end_code()
        self.assertEqual(code, 1)
        self.assertIn("another process holds it", said)
        reader.execute("ROLLBACK")
        reader.close()
        self.assertEqual(self.tallybell().stop(), 0)
        self.check_counted(range(5))
        self.assertEqual(self.aside(), [])

    # Taken away.

    def check_gone(self, take):
        process = self.tallybell()
        self.see(1)
        self.await_told(1)
        take()
        begin = time.monotonic()
        wait_until(lambda: "it is written anew" in process.stderr(), "it is written anew")
        self.assertLess(time.monotonic() - begin, 30)
        wait_until(lambda: self.receiver.fires(alertname="TallybellStateFileGone"), "it is said")
        self.see(2)
        self.await_told(2)
        process.kill()
        process = self.tallybell()
        self.see(3)
        self.await_told(3)
        self.assertEqual(process.stop(), 0)
        self.check_counted([1, 2, 3])

    def test_a_state_that_is_removed_is_written_anew_and_nothing_is_lost(self):
        def take():
            for path in self.directory.glob("state.db*"):
                path.unlink()
        self.check_gone(take)

    def test_a_state_that_is_replaced_is_written_anew_and_the_other_is_kept(self):
        def take():
            self.state.unlink()
            self.state.write_text("theirs")
        self.check_gone(take)
        self.assertEqual(self.aside()[0].read_text(), "theirs")

    # A full disk.

    def small_disk(self):
        """The environment in which the disk of the state may be full."""
        source = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "tests/support"
        library = self.directory / "small_disk.so"
        compilers = [os.environ.get("CXX"), "c++", "clang++", "g++"]
        compiler = next(c for c in compilers if c and shutil.which(c))
        subprocess.run([compiler, "-std=c++20", "-shared", "-fPIC", "-o", library,
                        source / "small_disk_preload.cc", "-ldl"], check=True)
        self.disk = self.directory / "disk"
        return {"LD_PRELOAD": str(library), "SMALL_DISK_PATH": str(self.state),
                "SMALL_DISK_STATE": str(self.disk)}

    def fill_disk(self):
        used = sum(p.stat().st_size for p in self.directory.glob("state.db*"))
        self.set_disk(str(used))

    def set_disk(self, what):
        whole = self.directory / "disk.new"
        whole.write_text(what)
        whole.rename(self.disk)

    def test_a_full_disk_stops_the_reading_over_a_restart_and_loses_nothing(self):
        environment = self.small_disk()
        ballast = self.directory / "state.db.ballast"
        process = self.tallybell(environment=environment)
        self.see(1)
        self.await_told(1)
        self.assertEqual(ballast.stat().st_size, 4 << 20)
        self.fill_disk()
        n = 1
        while ballast.exists():
            n += 1
            append(self.log, glog(f"see {n}"))
            # What was read when the disk filled up is in the room of the ballast, and told.
            wait_until(lambda: self.receiver.fires(n=str(n)) or not ballast.exists(), "it goes on")
        wait_until(lambda: "the ballast is given up" in process.stderr(), "it is said")
        # What comes while the ballast is being given up may be read yet: so much as may wait.
        given_up = n
        n += 1
        self.see(n)
        while self.is_told_soon(n):
            n += 1
            self.see(n)
        self.assertLessEqual(n, given_up + 3, "reading goes on")
        n -= 1
        self.assertTrue(process.alive())
        process.kill()
        # The disk is as full as before, and somebody else has taken the room: also that of the log,
        # which the next start empties into the file.
        with contextlib.closing(sqlite3.connect(self.state)) as state:
            state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.fill_disk()
        process = self.tallybell(environment=environment)
        stays_true(lambda: not self.receiver.fires(n=str(n + 1)), "nothing is read", 1.5)
        self.disk.unlink()
        self.await_told(n + 1)
        wait_until(ballast.exists, "the ballast is back")
        # A disk that turned read-only.
        self.set_disk("EROFS")
        self.see(n + 2)
        stays_true(lambda: not self.receiver.fires(n=str(n + 2)), "nothing is told", 1.5)
        self.disk.unlink()
        self.await_told(n + 2)
        self.assertEqual(process.stop(), 0)
        self.check_counted(range(1, n + 3))
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])

    def test_no_state_is_begun_without_room(self):
        environment = self.small_disk()
        self.set_disk("1000000")
        code, said, _ = self.end_code(environment=environment)
        self.assertEqual(code, 1, said)
        self.assertIn("no room", said)


if __name__ == "__main__":
    harness.main()
