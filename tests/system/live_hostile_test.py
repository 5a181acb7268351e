# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What stands in a log may want to be an instruction: to a receiver, a template, a terminal, a
database, a reader of our own log. It stays text."""

import json
import re
import urllib.request

import harness
from harness import LiveTest, append, glog, tallybell, wait_until
from receivers import AlertaReceiver, AlertmanagerReceiver, Receiver

RULES = """\
groups:
  - name: hostile
    rules:
      - alert: Hostile
        match: '/see (?P<n>\\d+) (?P<what>.*)$/'
        when: count > 0 in 1h
        by: [n, what]
        annotations:
          summary: "{{ $labels.what }}"
          link: "https://example.com/{{ $labels.what }}"
"""

WORDS = [
    b"a \" quote \\ and ' and \\\" and \\n",
    b"{{ $value }} {{ $labels.n }} {{ printf }} }} {{",
    b"${HOME} $HOME $(id) `id`",
    b"%s%s%s%n %d {0} {alertname.__class__}",
    b"<script>alert(1)</script> &amp; <img src=x onerror=alert(1)>",
    b"'; DROP TABLE history; -- \x00 after",
    b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b31m",
    b"\xff\xfe bad \xc3( \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xaf",
    b"\r\nX-Evil: 1\r\rGET / HTTP/1.1",
    "\u202eevil\u2066 \u2028 \u0085 \ufeff".encode(),
    b"http://169.254.169.254/latest http://[::ffff:127.0.0.1]/ file:///etc/passwd",
    b"x" * (1 << 20),
]


def strict(data):
    """JSON as the standard has it: UTF-8, no NaN, no names twice, no characters of control."""
    def no_constant(text):
        raise ValueError("not JSON: " + text)

    def once(pairs):
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise ValueError(f"a name is there twice: {names}")
        return dict(pairs)
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    value = json.loads(text, parse_constant=no_constant, object_pairs_hook=once, strict=True)
    text.encode("utf-8")
    return value


class HostileTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.alertmanager = AlertmanagerReceiver()
        self.alerta = AlertaReceiver()
        self.hook = Receiver()
        self.refusing = Receiver(lambda request: (400, request.body.decode()[:20000]))
        for receiver in (self.alertmanager, self.alerta, self.hook, self.refusing):
            self.addCleanup(receiver.stop)
        self.log = self.write("agent.log", "")
        self.port = harness.free_port()
        self.configure(
            paths=self.log, rules=RULES,
            sinks=f"[alertmanager: {{url: '{self.alertmanager.url}', min_firing: 0s}}, "
                  f"alerta: {{url: '{self.alerta.url}/api'}}, "
                  f"webhook: {{url: '{self.hook.url}/h'}}, webhook: {{url: '{self.refusing.url}/r'}}, stdout: {{}}]",
            rest=f"server: {{listen: '127.0.0.1:{self.port}', "
                 "external_url: 'https://tb.example.com'}")

    def lines(self):
        return b"".join(glog("see ").encode().rstrip(b"\n") + b"%d " % n + word + b"\n"
                        for n, word in enumerate(WORDS))

    def page(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read()

    def test_what_logs_say_stays_text_wherever_it_goes(self):
        process = self.tallybell()
        # One of the words has line ends in it, which make lines of their own.
        append(self.log, self.lines())
        count = len(WORDS)

        def told():
            return {alert["labels"]["n"]: alert
                    for r in self.alertmanager.taken() for alert in strict(r.body)}
        wait_until(lambda: len(told()) == count, "Alertmanager is told all")
        wait_until(lambda: len(self.alerta.alerts) == count, "Alerta is told all")
        wait_until(lambda: sum(len(strict(r.body)["alerts"]) for r in self.hook.taken()) == count,
                   "the webhook is told all")
        wait_until(lambda: process.stdout().count("\n") == count, "stdout is told all")
        wait_until(lambda: b'"parked":true' in self.page("/api/v1/outbox").replace(b" ", b""),
                   "what is refused is parked")

        # Nobody's template, environment or format was expanded.
        alerts = told()
        for n in (1, 2, 3, 4):
            word = WORDS[n].decode()
            self.assertEqual(alerts[str(n)]["annotations"]["summary"], word)
            self.assertEqual(alerts[str(n)]["labels"]["what"], word)
            self.assertIn(word, alerts[str(n)]["annotations"]["lines"])
        self.assertIn("\ufffd", alerts["7"]["labels"]["what"])
        self.assertNotIn("\x00", json.dumps(list(alerts.values()), ensure_ascii=False))
        self.assertLess(max(len(r.body) for r in self.alertmanager.taken()), 1 << 20)
        # Links lead to where the configuration says, and requests go where it says, whatever is in
        # the text; no header is made of it.
        for alert in alerts.values():
            self.assertRegex(alert["generatorURL"],
                             r"^https://tb[.]example[.]com/[?]alert=([0-9a-f]{16})"
                             r"&rule=[0-9a-f]{16}#alert-\1$")
        for receiver in (self.alertmanager, self.alerta, self.hook, self.refusing):
            for request in receiver.taken():
                strict(request.body)
                self.assertLessEqual(set(request.headers),
                                     {"Host", "Accept", "Accept-Encoding", "User-Agent",
                                      "Connection", "Content-Type", "Content-Length"})
                self.assertIn(request.path, ("/api/v2/alerts", "/api/alert", "/h", "/r"))

        for page in ("/api/v1/rules", "/api/v1/alerts", "/api/v1/history", "/api/v1/outbox",
                     "/api/v1/status/sources", "/api/v1/status/config"):
            self.assertEqual(strict(self.page(page))["status"], "success", page)
        self.page("/metrics").decode("utf-8")
        self.assertEqual(process.stop(), 0)
        for line in process.stdout_path.read_bytes().splitlines():
            strict(line)
        self.check_log(process.stderr_path.read_bytes())
        self.check_shown(process.stdout_path.read_bytes())

    def check_log(self, log):
        """Our own log: a line begins with its time, and holds nothing that moves a terminal."""
        for line in log.decode("utf-8").split("\n")[:-1]:
            self.assertRegex(line, r"^ts=\S+ level=\w+ msg=")
            self.assertIsNone(re.search("[\x00-\x1f\x7f-\x9f]", line), line)

    def check_shown(self, stdout):
        """What commands show: tables without what moves a terminal, and JSON."""
        state = ["--state", self.directory / "state.db"]
        for command in (["history", *state], ["outbox", *state],
                        ["replay", "--rules", self.directory / "rules.yaml", self.log]):
            table = tallybell(*command)
            self.assertIn("Hostile", table.stdout)
            for text in (table.stdout, table.stderr):
                self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), command[0])
            for line in tallybell(*command, "--output", "jsonl").stdout.split("\n")[:-1]:
                strict(line)
        self.assertEqual(stdout.count(b"\n"), len(WORDS))

    def test_the_state_file_keeps_all_of_it_and_nothing_of_it_is_sql(self):
        process = self.tallybell()
        append(self.log, self.lines())
        wait_until(lambda: len(self.alerta.alerts) == len(WORDS), "all is told")
        self.assertEqual(process.stop(), 0)
        before = set(self.alerta.alerts)
        process = self.tallybell()
        append(self.log, glog("see 99 something new"))
        wait_until(lambda: len(self.alerta.alerts) == len(WORDS) + 1, "it goes on")
        # What is told again after a restart is the same alert.
        self.assertLess(before, set(self.alerta.alerts))
        self.assertEqual(process.stop(), 0)
        self.assertEqual(len([t for t in self.transitions() if t["state"] == "firing"]),
                         len(WORDS) + 1)


if __name__ == "__main__":
    harness.main()
