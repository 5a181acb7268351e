# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What Alerta is told, against a receiver that answers as Alerta does."""

import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertaReceiver

RULES = """\
groups:
  - name: alerta
    rules:
      - alert: Graded
        match: '/trouble (?P<vm>\\S+) (?P<grade>\\S+)/'
        when: count > 0 in 2s
        by: [host, vm, grade]
        labels: {severity: "{{ $labels.grade }}"}
      - alert: Alone
        match: no-group
        when: count > 0 in 2s
"""


class AlertaTest(LiveTest):
    KEY = "s3cr3t-key-of-the-test"

    def setUp(self):
        super().setUp()
        self.alerta = AlertaReceiver(key=self.KEY)
        self.addCleanup(self.alerta.stop)
        self.log = self.write("agent.log", "")
        self.write("key", self.KEY + "\n")
        self.configure(
            paths=self.log, rules=RULES, source="labels: {host: mac1}",
            sinks=f"[{{alerta: {{url: '{self.alerta.url}/api', environment: Production, "
                  "service: [anka], api_key_file: key, resend_interval: 1s}}]")

    def severity(self, resource, event="Graded"):
        return self.alerta.severity("Production", resource, event)

    def test_severities_are_alertas_words_resources_the_by_values_and_ends_are_normal(self):
        process = self.tallybell()
        words = {"page": "critical", "error": "major", "info": "informational",
                 "warning": "warning", "nonsense": "indeterminate"}
        append(self.log, "".join(glog(f"trouble vm/{n} {word}") for n, word in enumerate(words))
               + glog("no-group"))
        for n, (word, severity) in enumerate(words.items()):
            resource = f"mac1/vm%2F{n}/{word}"
            wait_until(lambda r=resource, s=severity: any(
                b["resource"] == r and b["severity"] == s for b in self.alerta.stored),
                       f"{word} is {severity}")
            wait_until(lambda r=resource: self.severity(r) == "normal", f"{word} ends")
        wait_until(lambda: self.severity("Alone", "Alone") == "normal", "it ends")
        self.assertEqual(self.alerta.faults, [])
        self.assertEqual(self.alerta.most_in_flight, 1)
        self.assertEqual(process.stop(), 0)
        self.assertNotIn(self.KEY, process.stderr() + process.stdout())
        for path in self.directory.glob("state.db*"):
            self.assertNotIn(self.KEY.encode(), path.read_bytes())

    def test_a_storm_on_one_key_never_has_two_requests_in_flight(self):
        self.tallybell()
        for n in range(300):
            append(self.log, glog("trouble vm1 error"))
            time.sleep(0.001)
        wait_until(lambda: self.severity("mac1/vm1/error") == "normal", "it ends")
        self.assertEqual(self.alerta.most_in_flight, 1)

    def test_a_wrong_key_is_not_shown_and_nothing_is_lost_when_it_is_put_right(self):
        self.write("key", "the-wrong-key\n")
        process = self.tallybell()
        append(self.log, glog("trouble vm1 error"))
        wait_until(lambda: any(status == 401 for status, _ in self.alerta.faults), "it is refused")
        wait_until(lambda: "401" in process.stderr(), "that is said")
        self.assertEqual(process.stop(), 0)
        self.assertNotIn("the-wrong-key", process.stderr())
        self.write("key", self.KEY)
        self.tallybell()
        wait_until(lambda: self.severity("mac1/vm1/error") == "normal", "both are told")
        self.assertEqual([b["severity"] for b in self.alerta.stored][:1], ["major"])

    def test_what_a_policy_refuses_stands_in_nobodys_way(self):
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("Production", "Nowhere"))
        rules = self.directory / "rules.yaml"
        rules.write_text(rules.read_text().replace(
            "{{ $labels.grade }}\"}", "{{ $labels.grade }}\", environment: "
            "\"{{ if eq $labels.grade \\\"error\\\" }}Production{{ end }}\"}"))
        self.tallybell()
        append(self.log, glog("trouble vm1 warning") + glog("trouble vm2 error"))
        wait_until(lambda: self.severity("mac1/vm2/error") == "normal", "the other is told")
        refused = [status for status, message in self.alerta.faults if "[POLICY]" in message]
        self.assertEqual(refused, [403])


class BlackoutTest(LiveTest):
    def test_what_a_blackout_swallowed_is_offered_again_the_end_too(self):
        alerta = AlertaReceiver()
        alerta.blackout = True
        self.addCleanup(alerta.stop)
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES.replace("in 2s", "in 70s"),
                       sinks=f"[{{alerta: {{url: '{alerta.url}/api', resend_interval: 1s, "
                             "service: [anka]}}]")
        self.tallybell()
        append(log, glog("no-group"))
        wait_until(lambda: any(r.json()["event"] == "Alone" for r in alerta.taken()), "it is told")
        alerta.blackout = False
        # What was deferred is offered again after a minute.
        wait_until(lambda: alerta.severity("Production", "Alone", "Alone") == "indeterminate",
                   "it is offered again", 90)
        wait_until(lambda: alerta.severity("Production", "Alone", "Alone") == "normal", "it ends", 90)


if __name__ == "__main__":
    harness.main()
