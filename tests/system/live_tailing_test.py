# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What happens to log files while tallybell follows them: every line counts once.

TALLYBELL_LONG_LINE_MIB says how long the longest line is (64), TALLYBELL_ROTATIONS how often a file
is rotated (200).
"""

import gzip
import os
import pathlib
import signal
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

ROTATIONS = int(os.environ.get("TALLYBELL_ROTATIONS", "200"))
LONG_LINE = int(os.environ.get("TALLYBELL_LONG_LINE_MIB", "64")) << 20
SANITIZED = bool(os.environ.get("TALLYBELL_SANITIZE"))

# Twice fires if any line counted twice; All when `total` lines counted, and More if one too many.
RULES = """\
groups:
  - name: tailing
    rules:
      - {{alert: Seen, match: '/see (?P<n>\\w+)/', when: count > 0 in 12h, by: [n]}}
      - {{alert: Twice, match: '/see (?P<n>\\w+)/', when: count > 1 in 12h, by: [n]}}
      - {{alert: All, match: tick, when: count >= {total} in 12h}}
      - {{alert: More, match: tick, when: count > {total} in 12h}}
"""


class TailingTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)

    def follow(self, paths, total=99_999, source="partial_flush: 1s", **options):
        sink = f"alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}"
        self.configure(paths=paths, rules=RULES.format(total=total), source=source,
                       sinks=f"[{{{sink}}}]")
        return self.tallybell(**options)

    def fires(self, **labels):
        return self.receiver.fires(**labels)

    def see(self, log, n):
        append(log, glog(f"see {n}"))
        wait_until(lambda: self.fires(alertname="Seen", n=n), f"{n} counts")

    def nothing_counted_twice(self):
        self.assertFalse(self.fires(alertname="Twice"))
        self.assertFalse(self.fires(alertname="More"))

    def all_counted(self, patience=harness.PATIENCE):
        wait_until(lambda: self.fires(alertname="All"), "every line counted", patience)


class LastLineTest(TailingTest):
    def test_a_last_line_without_newline_counts_once_over_kill_and_restart(self):
        log = self.write("app.log", glog("up"))
        process = self.follow("app.log")
        append(log, glog("see early").rstrip("\n"))
        wait_until(lambda: self.fires(alertname="Seen", n="early"), "it counts without its newline")
        process.kill()
        process = self.tallybell()
        # Long enough that it would be looked at again.
        time.sleep(2.5)
        append(log, " and the rest of it\n")
        self.see(log, "next")
        process.kill()
        self.tallybell()
        self.see(log, "last")
        self.nothing_counted_twice()

    def test_a_line_that_comes_slowly_counts_as_a_whole(self):
        log = self.write("app.log", glog("up"))
        process = self.follow("app.log")
        append(log, glog("s").rstrip("\n"))
        time.sleep(2.5)
        process.kill()
        self.tallybell()
        append(log, "ee slow\n")
        wait_until(lambda: self.fires(alertname="Seen", n="slow"), "it counts as a whole")
        self.nothing_counted_twice()

    def test_a_line_that_is_rotated_away_in_its_middle_counts_as_a_whole(self):
        log = self.write("app.log", glog("up"))
        self.follow("app.log", source="partial_flush: 0s")
        with open(log, "ab", buffering=0) as writer:
            line = glog("see middle").encode()
            writer.write(line[:-4])
            time.sleep(1.2)
            log.rename(self.directory / "app.log.1")
            self.see(log, "successor")
            writer.write(line[-4:])
        wait_until(lambda: self.fires(alertname="Seen", n="middle"), "the old file is read on")
        self.nothing_counted_twice()


class StrangeBytesTest(TailingTest):
    def memory(self, process):
        return process.resident_bytes("VmHWM")

    def test_a_line_without_end_is_cut_in_bounded_memory(self):
        log = self.write("app.log", glog("see before"))
        process = self.follow("app.log")
        wait_until(lambda: self.fires(alertname="Seen", n="before"), "it has started")
        before = self.memory(process)
        with open(log, "ab", buffering=0) as writer:
            for _ in range(LONG_LINE >> 20):
                writer.write(b"x" * (1 << 20))
            writer.write(b"\n")
        self.see(log, "after")
        if not SANITIZED:
            self.assertLess(self.memory(process) - before, 8 << 20)
        self.nothing_counted_twice()

    def test_a_hole_of_five_gibibytes_is_passed_over(self):
        log = self.write("app.log", "")
        os.truncate(log, 5 << 30)
        append(log, glog("see behind"))
        process = self.follow("app.log")
        began = time.monotonic()
        wait_until(lambda: self.fires(alertname="Seen", n="behind"), "the line behind it counts")
        # To read it all would take far longer and is what this is about; the bound is generous.
        self.assertLess(time.monotonic() - began, 30)
        if not SANITIZED:
            self.assertLess(self.memory(process), 64 << 20)
        process.kill()
        self.tallybell()
        self.see(log, "more")
        self.nothing_counted_twice()

    def test_utf_16_is_refused_in_one_line_of_the_log_and_the_source_says_so(self):
        (self.directory / "app.log").write_bytes(glog("see wide").encode("utf-16"))
        process = self.follow("app.log", source="stall_after: 1s")
        wait_until(lambda: self.fires(alertname="TallybellSourceDown"), "the source is down")
        time.sleep(1.5)
        said = [line for line in process.stderr().splitlines()
                if "file cannot be read" in line and "UTF-16" in line]
        self.assertEqual(len(said), 1, said)

    def test_marks_and_carriage_returns_are_no_part_of_lines(self):
        text = glog("see first") + glog("see dos").replace("\n", "\r\n")
        (self.directory / "app.log").write_bytes(b"\xef\xbb\xbf" + text.encode())
        self.follow("app.log")
        for n in ("first", "dos"):
            wait_until(lambda n=n: self.fires(alertname="Seen", n=n), f"{n} counts")
        self.nothing_counted_twice()


class ManyThingsTest(TailingTest):
    def test_rotation_as_fast_as_it_goes_under_a_steady_writer(self):
        total = ROTATIONS * 40
        self.write("app.log", "")
        self.follow("app.log*", total=total)
        log = self.directory / "app.log"
        for part in range(ROTATIONS):
            with open(log, "ab", buffering=0) as writer:
                for _ in range(20):
                    writer.write(glog("tick").encode())
                log.rename(self.directory / f"app.log.{part}")
                # It has not noticed yet.
                for _ in range(20):
                    writer.write(glog("tick").encode())
            log.touch()
        self.all_counted()
        self.see(log, "alive")
        self.nothing_counted_twice()

    def test_links_that_are_swapped(self):
        total = ROTATIONS * 20
        link = self.directory / "prog.INFO"
        self.follow("prog.INFO, prog.*.log", total=total)
        for part in range(ROTATIONS):
            target = self.directory / f"prog.{part:05}.log"
            target.write_text("".join(glog("tick") for _ in range(20)))
            if part % 2 == 0:
                (self.directory / "new").symlink_to(target)
                (self.directory / "new").rename(link)
            else:
                link.unlink()
                link.symlink_to(target)
        self.all_counted()
        self.see(link, "alive")
        self.nothing_counted_twice()

    def test_what_is_deleted_unread_is_read_and_let_go(self):
        lines = 10_000
        log = self.write("app.log", glog("see before"))
        process = self.follow("app.log", total=lines)
        wait_until(lambda: self.fires(alertname="Seen", n="before"), "it has started")
        process.signal(signal.SIGSTOP)
        append(log, "".join(glog("tick " + "x" * 980) for _ in range(lines)))
        log.unlink()
        process.signal(signal.SIGCONT)
        self.all_counted()
        links = pathlib.Path(f"/proc/{process.pid}/fd")

        def deleted():
            for link in links.iterdir():
                try:
                    if "app.log (deleted)" in os.readlink(link):
                        return True
                except FileNotFoundError:
                    pass
            return False
        wait_until(lambda: not deleted(), "its descriptor is closed", 30)
        self.see(log, "again")
        self.nothing_counted_twice()

    def test_truncated_and_grown_beyond_its_old_size_while_down(self):
        log = self.write("app.log", "".join(glog(f"old {n}") for n in range(100)))
        process = self.follow("app.log")
        self.see(log, "before")
        process.kill()
        log.write_text(glog("see first") + "".join(glog(f"new {n}") for n in range(300)))
        self.tallybell()
        wait_until(lambda: self.fires(alertname="Seen", n="first"), "its first line counts")
        self.see(log, "after")
        self.nothing_counted_twice()

    def test_a_directory_that_is_replaced(self):
        self.follow("logs/*.log")
        logs = self.directory / "logs"
        for n in range(4):
            logs.mkdir()
            self.see(logs / "app.log", f"turn{n}")
            append(logs / "app.log", glog(f"see late{n}"))
            logs.rename(self.directory / f"old{n}")
        for n in range(4):
            wait_until(lambda n=n: self.fires(alertname="Seen", n=f"late{n}"), f"late{n} counts")
        self.nothing_counted_twice()

    def test_more_files_than_descriptors_take_turns(self):
        files = 300
        wrapper = self.write("limited", "#!/bin/sh\nulimit -n 64\nexec "
                             f"'{os.environ['TALLYBELL']}' \"$@\"\n")
        wrapper.chmod(0o755)
        saved = os.environ["TALLYBELL"]
        self.addCleanup(os.environ.__setitem__, "TALLYBELL", saved)
        (self.directory / "many").mkdir()
        logs = [self.directory / "many" / f"{n:03}.log" for n in range(files)]
        for n, log in enumerate(logs):
            log.write_text(glog(f"see file{n}"))
        os.environ["TALLYBELL"] = str(wrapper)
        process = self.follow("many/*.log", total=3 * files)
        os.environ["TALLYBELL"] = saved
        wait_until(lambda: all(self.fires(alertname="Seen", n=f"file{n}") for n in range(files)),
                   "each file has had a turn")
        for _ in range(2):
            for log in logs:
                append(log, glog("tick"))
        # Some are rotated away, all are written to again.
        for log in logs[::10]:
            log.rename(log.with_suffix(".old"))
        for log in logs:
            append(log, glog("tick"))
        self.all_counted()
        self.see(logs[-1], "alive")
        self.assertTrue(process.alive())
        self.nothing_counted_twice()


class ReplayTest(LiveTest):
    def test_an_archive_that_swells_without_end_is_given_up(self):
        self.write("rules.yaml", RULES.format(total=1))
        member = gzip.compress(b"\0" * (32 << 20), 9)
        bomb = self.directory / "bomb.gz"
        with open(bomb, "wb") as out:
            for _ in range(320):  # 10 GiB
                out.write(member)
        began = time.monotonic()
        done = harness.tallybell("replay", "--rules", self.directory / "rules.yaml", bomb)
        self.assertEqual(done.returncode, 1)
        self.assertIn("swells", done.stdout + done.stderr)
        self.assertLess(time.monotonic() - began, 30)


if __name__ == "__main__":
    harness.main()
