# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What a running tallybell answers over HTTP: health, metrics, API, reload, pushes."""

import gzip
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import harness
from harness import LiveTest, append, glog, stays_true, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: server
    rules:
      - alert: Burst
        match: '/burst (?P<key>\\w+)/'
        when: count > 1 in 1h
        by: [key]
        labels: {severity: warning}
        annotations: {summary: "{{ $value }} of {{ $labels.key }}"}
      - alert: Pushed
        from: '{job="push"}'
        match: boom
        when: count > 2 in 1h
        by: [host]
"""


class ServerTest(LiveTest):
    server = "{listen: '127.0.0.1:0'}"

    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.begin()

    def begin(self, rest=""):
        self.configuration = self.write("tallybell.yaml", f"""\
sources:
  - file: {{paths: [{self.log}], lateness: 0s}}
  - loki_push: {{lateness: 0s, labels: {{via: "push from {{{{ $labels.host }}}}"}}}}
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s,
                           basic_auth: {{username: me, password: hunter2}}}}}}]
state: {{path: state.db}}
server: {self.server}
{rest}
""")
        self.write("rules.yaml", RULES)
        self.process = self.tallybell()
        addresses = re.findall(r"msg=listening address=(\S+)", self.process.stderr())
        self.url = "http://" + addresses[-1]

    def ask(self, path, method="GET", body=None, headers=()):
        request = urllib.request.Request(self.url + path, data=body, method=method,
                                         headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def data(self, path):
        status, body = self.ask(path)
        self.assertEqual(status, 200, body)
        return json.loads(body)["data"]

    def push(self, streams, headers=(), **more):
        body = json.dumps({"streams": [
            {"stream": labels, "values": [[str(ns), line] for ns, line in values]}
            for labels, values in streams]}).encode()
        if more.get("gzip"):
            body = gzip.compress(body)
            headers = [("Content-Encoding", "gzip"), *headers]
        return self.ask("/loki/api/v1/push", "POST", body,
                        [("Content-Type", "application/json"), *headers])

    def metric(self, name, **labels):
        _, page = self.ask("/metrics")
        for line in page.splitlines():
            found = re.fullmatch(r"tallybell_(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found.group(1) == name and all(
                    f'{key}="{value}"' in (found.group(2) or "") for key, value in labels.items()):
                return float(found.group(3))
        return None

    def burst(self, key, times=2):
        append(self.log, "".join(glog(f"burst {key}") for _ in range(times)))
        wait_until(lambda: self.receiver.fires(key=key), f"{key} is told")

    def test_it_says_that_it_lives_and_is_ready(self):
        self.assertEqual(self.ask("/-/healthy")[0], 200)
        self.assertEqual(self.ask("/-/ready")[0], 200)
        self.assertEqual(self.ask("/ready")[0], 200)
        self.assertEqual(self.ask("/nothing")[0], 404)
        self.assertEqual(self.ask("/metrics", "POST", b"")[0], 405)

    def test_promtool_finds_nothing_wrong_with_the_metrics(self):
        self.burst("one")
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is part of the package prometheus")
        _, page = self.ask("/metrics")
        result = subprocess.run([promtool, "check", "metrics"], input=page, text=True,
                                capture_output=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""), page)

    def test_metrics_say_what_happened(self):
        self.burst("one", 3)
        self.assertEqual(self.metric("rule_matches_total", rule="Burst"), 3)
        self.assertEqual(self.metric("alerts", rule="Burst", state="firing"), 1)
        self.assertEqual(self.metric("alerts", rule="Pushed", state="firing"), 0)
        self.assertEqual(self.metric("groups", rule="Burst"), 1)
        self.assertEqual(self.metric("rule_threshold", rule="Burst"), 1)
        source = f"file {self.log}"
        self.assertEqual(self.metric("source_lines_total", source=source), 3)
        self.assertEqual(self.metric("source_state", source=source, state="live"), 1)
        self.assertEqual(self.metric("source_state", source=source, state="down"), 0)
        self.assertLess(self.metric("source_complete_to_lag_seconds", source=source), 60)
        self.assertEqual(self.metric("build_info"), 1)
        self.assertGreater(self.metric("store_commits_total"), 0)
        self.assertGreater(self.metric("commit_duration_seconds_count"), 0)
        self.assertGreater(self.metric("delivery_duration_seconds_count"), 0)
        self.assertGreater(self.metric("line_to_told_seconds_count"), 0)
        self.assertEqual(self.metric("config_last_reload_successful"), 1)

    def test_rules_and_alerts_are_those_of_prometheus(self):
        self.burst("one")
        groups = self.data("/api/v1/rules")["groups"]
        self.assertEqual([group["name"] for group in groups], ["server"])
        rule = groups[0]["rules"][0]
        self.assertEqual((rule["name"], rule["state"], rule["type"]),
                         ("Burst", "firing", "alerting"))
        self.assertIn('|~ "burst (?P<key>\\\\w+)"', rule["query"])
        alert = self.data("/api/v1/alerts")["alerts"][0]
        self.assertEqual(alert, {**rule["alerts"][0], "activeAt": alert["activeAt"]})
        self.assertEqual(alert["labels"],
                         {"alertname": "Burst", "key": "one", "severity": "warning"})
        self.assertEqual(alert["annotations"], {"summary": "2 of one"})
        self.assertEqual((alert["state"], alert["value"]), ("firing", "2e+00"))
        self.assertEqual(self.data("/api/v1/rules?rule_name[]=Pushed")["groups"][0]["rules"][0]
                         ["alerts"], [])

    def test_the_state_of_sources_and_the_configuration_can_be_seen_without_secrets(self):
        sources = self.data("/api/v1/status/sources")["sources"]
        self.assertEqual([source["source"] for source in sources],
                         [f"file {self.log}", "loki_push server"])
        self.assertEqual({source["state"] for source in sources}, {"live"})
        text = self.data("/api/v1/status/config")["yaml"]
        self.assertIn(str(self.log), text)
        self.assertNotIn("hunter2", text)

    def test_a_group_can_be_forgotten(self):
        self.burst("one")
        self.assertEqual(self.ask("/api/v1/groups?rule=Burst&group=key%3Dtwo", "DELETE")[0], 404)
        status, body = self.ask("/api/v1/groups?rule=Burst&group=key%3Done", "DELETE")
        self.assertEqual(status, 200, body)
        wait_until(lambda: self.receiver.resolved(key="one"), "the end is told")
        self.assertEqual(self.data("/api/v1/alerts")["alerts"], [])
        # One line alone is not two.
        append(self.log, glog("burst one"))
        wait_until(lambda: self.metric("rule_matches_total", rule="Burst") == 3, "it was read")
        self.assertEqual(self.data("/api/v1/alerts")["alerts"], [])

    def test_a_reload_is_asked_for_and_its_faults_are_told(self):
        self.write("rules.yaml", RULES.replace("count > 1", "count >"))
        status, body = self.ask("/-/reload", "POST", b"")
        self.assertEqual(status, 500)
        self.assertRegex(body, r"rules\.yaml:\d+:\d+: error: ")
        self.assertEqual(self.metric("config_last_reload_successful"), 0)
        self.write("rules.yaml", RULES.replace("Burst", "Burst2"))
        self.assertEqual(self.ask("/-/reload", "POST", b"")[0], 200)
        self.assertEqual(self.data("/api/v1/rules")["groups"][0]["rules"][0]["name"], "Burst2")

    def test_what_is_pushed_counts_once_and_is_answered_when_it_is_committed(self):
        now = time.time_ns()
        lines = [(now + i, f"boom {i}") for i in range(2)]
        stream = {"job": "push", "host": "mac1"}
        self.assertEqual(self.push([(stream, lines)])[0], 204)
        # The same again, because its answer was lost.
        self.assertEqual(self.push([(stream, lines)])[0], 204)
        self.assertEqual(self.metric("rule_matches_total", rule="Pushed"), 2)
        # Answered is committed: whoever is killed after it still knows.
        self.process.kill()
        self.begin()
        self.assertEqual(self.push([(stream, lines)])[0], 204)
        self.assertEqual(self.push([(stream, [(now + 5, "boom 5")])], gzip=True)[0], 204)
        alert = wait_until(lambda: self.receiver.fires(host="mac1"), "the third line rings")
        self.assertTrue(alert)
        self.assertEqual(self.data("/api/v1/alerts")["alerts"][0]["value"], "3e+00")

    def test_what_no_loki_would_take_is_refused_with_its_status(self):
        json_type = [("Content-Type", "application/json")]
        for body, headers, status in [
                (b'{"streams":[]}', json_type, 422),
                (b'{"streams":', json_type, 400),
                (b"garbage", [("Content-Type", "application/x-protobuf")], 400),
                (b"{}", [*json_type, ("Content-Encoding", "zstd")], 400),
                (b"x" * (9 << 20), json_type, 413)]:
            got, reason = self.ask("/loki/api/v1/push", "POST", body, headers)
            self.assertEqual(got, status, reason)
        self.assertEqual(self.ask("/loki/api/v1/push")[0], 405)
        self.assertEqual(self.ask("/-/healthy")[0], 200)

    def test_a_bomb_is_refused_and_memory_stays(self):
        bomb = gzip.compress(b"0" * (256 << 20))
        before = self.process.resident_bytes("VmRSS")
        status, _ = self.ask("/loki/api/v1/push", "POST", bomb,
                             [("Content-Type", "application/json"), ("Content-Encoding", "gzip")])
        self.assertEqual(status, 413)
        self.assertLess(self.process.resident_bytes("VmRSS") - before, 64 << 20)


class GuardedServerTest(ServerTest):
    server = "{listen: '127.0.0.1:0', basic_auth: {username: u, password: secret9}}"

    # The tests of the class above, asked by one who knows the password.
    def ask(self, path, method="GET", body=None, headers=()):
        import base64
        word = base64.b64encode(b"u:secret9").decode()
        return super().ask(path, method, body, [("Authorization", "Basic " + word), *headers])

    def test_who_does_not_know_the_password_learns_only_that_it_lives(self):
        for path, status in [("/-/healthy", 200), ("/-/ready", 200), ("/metrics", 401),
                             ("/api/v1/alerts", 401), ("/api/v1/status/config", 401)]:
            self.assertEqual(ServerTest.ask(self, path)[0], status, path)
        self.assertEqual(ServerTest.ask(self, "/loki/api/v1/push", "POST", b"{}")[0], 401)
        # Who says that he is here, or somebody, is nobody; and who says it at great length.
        for header in (("REMOTE_ADDR", "127.0.0.1"), ("X-Forwarded-For", "127.0.0.1"),
                       ("X-Remote-User", "u"), ("Authorization", "Basic"),
                       ("Authorization", "Basic dTpzZWNyZXQ5%0D%0A"),
                       ("Authorization", "Basic " + "dTpz" * 6000)):
            self.assertEqual(ServerTest.ask(self, "/metrics", headers=[header])[0], 401, header)
        self.assertNotIn("secret9", self.process.stderr())
        self.assertNotIn("secret9", self.data("/api/v1/status/config")["yaml"])


class ListenTest(LiveTest):
    def refused(self, server):
        self.configure(paths=self.write("a.log", ""), rules=RULES, sinks="[{stdout: }]",
                       rest=f"server: {server}")
        process = self.tallybell(started=False)
        self.assertIn(process.wait(), (1, 2))
        return process.stderr()

    def test_others_are_let_in_only_on_purpose(self):
        self.assertIn("insecure", self.refused("{listen: '0.0.0.0:0'}"))

    def test_an_address_that_is_taken_is_named(self):
        import socket
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assertIn(address, self.refused(f"{{listen: '{address}'}}"))


if __name__ == "__main__":
    harness.main()
