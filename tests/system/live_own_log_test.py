# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What tallybell says of itself: no line that it reads and no pattern that it looks for."""

import gzip
import signal

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: secrets
    rules:
      - alert: Told
        match: ['/opensesame-pattern|see/', 'opensesame-literal']
        exclude: opensesame-exclude
        when: count > 0 in 1h
        by: [word]
        annotations: {summary: 'opensesame-summary'}
"""

WORD = "opensesame"


class OwnLogTest(LiveTest):
    def test_it_holds_no_line_no_pattern_and_no_secret(self):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        self.configure(
            paths="agent.log", rules=RULES,
            source="labels_from_path: '(?P<word>agent|opensesame-path)', stall_after: 1s, "
                   "multiline: {first: '/^[A-Z]\\d|opensesame-first/', max_wait: 1s}",
            sinks=f"[{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s, "
                  "authorization: {credentials: opensesame-credentials}}}, "
                  "{webhook: {url: 'http://127.0.0.1:1/hook', basic_auth: {username: bell, "
                  "password: '${SECRET}'}}}]",
            rest="redact: ['/opensesame-redact/']")
        process = self.tallybell(environment={"SECRET": "opensesame-environment"})
        append(log, glog("see opensesame-line"))
        append(log, glog("opensesame-pattern"))
        append(log, "opensesame without a header\n" + "\x00\xff\x1b[31m opensesame\n")
        append(log, glog("opensesame " * 40_000))
        wait_until(lambda: receiver.fires(alertname="Told"), "it is told")
        # A receiver that does not take it, a reload, and one that fails.
        receiver.answer = lambda request: (500, "no")
        append(log, glog("see more opensesame"))
        process.signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in process.stderr(), "it reloads")
        rules = self.directory / "rules.yaml"
        rules.write_text(RULES.replace("when:", "wen:"))
        process.signal(signal.SIGHUP)
        wait_until(lambda: "reload failed" in process.stderr(), "it does not reload")
        rules.write_text(RULES)
        # Rotated, compressed, truncated, gone.
        log.rename(self.directory / "agent.log.1")
        with gzip.open(self.directory / "agent.log.2.gz", "wt") as old:
            old.write("opensesame\n")
        self.write("agent.log", "opensesame short\n")
        self.write("agent.log", "opensesame\n")
        log.unlink()
        wait_until(lambda: "source is down" in process.stderr(), "it is down")
        self.assertEqual(process.stop(), 0)
        process = self.tallybell(environment={"SECRET": "opensesame-environment"})
        append(log, glog("see opensesame-again"))
        wait_until(lambda: "file opened" in process.stderr().rsplit("started", 1)[-1], "it reads")
        self.assertEqual(process.stop(), 0)
        self.assertNotIn(WORD, process.stderr())
        self.assertNotIn(WORD, process.stdout())


if __name__ == "__main__":
    harness.main()
