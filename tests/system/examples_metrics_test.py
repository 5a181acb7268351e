# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Metrics as documented, and the examples that ask for them: alerts on tallybell itself, the
dashboard, what promtail pushes. Held against the program's source, its page, promtool and a real
Prometheus."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import harness
from examples import EXAMPLES, SOURCE, run, yaml_of
from harness import LiveTest, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: any
    rules: [{alert: Boom, match: boom, when: count > 0 in 1h}]
"""
NAME = re.compile(r"\btallybell_([a-z_]+)")


def helped_metrics():
    """The names that the program explains, without their prefix."""
    text = (SOURCE / "engine/serve/metrics_page.cc").read_text()
    return set(re.findall(r'\{"([a-z_]+)",', text.split("kHelp[] =")[1].split("\n};")[0]))


def documented_metrics():
    """Name to (type, labels) of the tables in docs/metrics.md."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \|([^|]*)\|[^|]+\|$",
                      (SOURCE / "docs/metrics.md").read_text(), re.MULTILINE)
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def base_name(name):
    return re.sub(r"_(bucket|sum|count)$", "", name)


def uses(text):
    """Metric, and the labels by which its series are selected, of PromQL."""
    return [(name, re.findall(r"(\w+) *(?:=~|!~|!=|=)", selector or ""))
            for name, selector in re.findall(r"\btallybell_([a-z_]+)(?:\{([^}]*)\})?", text)]


def panels():
    return json.loads((EXAMPLES / "grafana/dashboard.json").read_text())["panels"]


def dashboard_expressions():
    return [target["expr"] for panel in panels() for target in panel.get("targets", [])]


def rule_expressions():
    return [rule["expr"] for group in yaml_of("prometheus/tallybell.yml")[0]["groups"]
            for rule in group["rules"]]


class MetricsTest(LiveTest):
    def assert_known(self, expressions):
        documented = documented_metrics()
        for expression in expressions:
            for name, labels in uses(expression):
                self.assertIn(base_name(name), helped_metrics(), expression)
                kind, known = documented[base_name(name)]
                self.assertEqual(name != base_name(name), kind == "histogram", expression)
                self.assertLessEqual(set(labels) - {"instance", "job", "le"}, set(known),
                                     expression)

    def test_every_metric_is_documented(self):
        self.assertEqual(set(documented_metrics()), helped_metrics())
        for name, (kind, _) in documented_metrics().items():
            self.assertEqual(kind == "counter", name.endswith("_total"), name)

    def test_alerts_and_panels_ask_for_metrics_that_there_are(self):
        self.assertGreater(len(rule_expressions()), 20)
        self.assertGreater(len(dashboard_expressions()), 40)
        self.assert_known(rule_expressions() + dashboard_expressions())

    def test_a_source_of_files_has_every_metric_of_sources(self):
        log = self.write("agent.log", harness.glog("boom"))
        self.configure(paths=log, sinks="[{stdout: }]", rules=RULES,
                       rest="server: {listen: '127.0.0.1:0'}")
        process = self.tallybell()
        address = re.search(r"msg=listening address=(\S+)", process.stderr()).group(1)

        def names():
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
                return set(NAME.findall(answer.read().decode()))
        wanted = {name for name in documented_metrics() if name.startswith("source_")}
        wanted -= {"source_containers_unknown_total"}
        wait_until(lambda: wanted <= names(), f"all of {sorted(wanted - names())}")

    def test_prometheus_takes_every_expression_of_the_dashboard(self):
        rules = [{"record": f"a:{i}", "expr": re.sub(r"\$__rate_interval", "1m", expression)}
                 for i, expression in enumerate(dashboard_expressions())]
        path = self.write("dashboard.yml", json.dumps({"groups": [{"name": "a", "rules": rules}]}))
        code, said = run("promtool", "check", "rules", path)
        self.assertEqual(code, 0, said)

    def test_grafana_finds_what_it_needs_in_the_dashboard(self):
        board = json.loads((EXAMPLES / "grafana/dashboard.json").read_text())
        self.assertGreaterEqual(board["schemaVersion"], 38)  # of Grafana 10
        self.assertIsNone(board["id"])
        variables = {variable["name"]: variable for variable in board["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        identities = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(identities), len(set(identities)))
        places = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(places & cells, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            places |= cells
            references = [target["refId"] for target in panel.get("targets", [])]
            self.assertEqual(len(references), len(set(references)), panel["title"])
            for holder in [panel, *panel.get("targets", [])]:
                if panel["type"] != "row":
                    self.assertEqual(holder["datasource"]["uid"], "${datasource}")
        for used in re.findall(r"\$\{?(\w+)", json.dumps(board)):
            self.assertIn(used, {*variables, "__rate_interval", "__all"})
        shown = {base_name(name) for text in dashboard_expressions() for name in NAME.findall(text)}
        for wanted in ("alerts", "rule_matches_total", "rule_nearest", "rule_threshold",
                       "source_complete_to_lag_seconds", "sink_notices_sent_total",
                       "outbox_waiting", "commit_duration_seconds", "delivery_duration_seconds"):
            self.assertIn(wanted, shown)

    def test_prometheus_takes_the_scrape_configuration(self):
        path = EXAMPLES / "prometheus/scrape/prometheus.yml"
        code, said = run("promtool", "check", "config", path)
        self.assertEqual(code, 0, said)
        jobs = yaml_of("prometheus/scrape/prometheus.yml")[0]["scrape_configs"]
        self.assertEqual([job["job_name"] for job in jobs], ["tallybell"])
        # The alert that nobody answers asks for this job.
        self.assertIn('up{job="tallybell"} == 0', rule_expressions()[0])


class PushedCase(LiveTest):
    """The configuration for promtail, as it is but for its addresses."""

    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        text = (EXAMPLES / "promtail/tallybell.yaml").read_text()
        for old, new in (('":3500"', '"127.0.0.1:0"'), ("insecure: true", "insecure: false"),
                         ("127.0.0.1:9468", "127.0.0.1:0"),
                         ("http://alertmanager:9093", self.receiver.url),
                         ("/var/lib/tallybell/", "")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.write("tallybell.yaml", text)
        process = self.tallybell()
        self.server = self.listens_at(process, "listening")
        self.pushes = self.listens_at(process, '"listening for pushes"')

    def listens_at(self, process, message):
        return re.search(rf"msg={message} address=(\S+)", process.stderr()).group(1)

    def get(self, address, path):
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            return None

    def push(self, labels, lines):
        now = time.time_ns()
        body = {"streams": [{"stream": labels, "values": [
            [str(now + i), line.rstrip("\n")] for i, line in enumerate(lines)]}]}
        request = urllib.request.Request(
            f"http://{self.pushes}/loki/api/v1/push", data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Scope-OrgID": "tenant1"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(answer.status, 204)


class PushedTest(PushedCase):
    def test_the_address_for_pushes_tells_nothing_else(self):
        self.assertIn("build_info", self.get(self.server, "/metrics"))
        for path in ("/metrics", "/api/v1/alerts", "/api/v1/status/config"):
            self.assertIsNone(self.get(self.pushes, path))

    def test_what_the_two_promtails_push_rings_with_the_name_of_who_wrote_it(self):
        static = yaml_of("promtail/promtail-node.yaml")[0]["scrape_configs"][0]["static_configs"]
        labels = dict(static[0]["labels"], host="mac-7")
        labels["filename"] = labels.pop("__path__").replace("*", "anka_agent")
        self.push(labels, [harness.glog("can't start vm") for _ in range(4)])
        alert = wait_until(lambda: self.receiver.fires(alertname="AnkaVmStartFailing"), "the node")
        self.assertTrue(self.receiver.fires(host="mac-7", cluster="anka"), alert)
        self.push({"container": "anka-controller-registry-1320-anka-controller-1"},
                  [harness.glog("Server Internal error: lost", file="queue_server.go:184")])
        wait_until(lambda: self.receiver.fires(alertname="AnkaControllerErrors"), "the controller")
        self.assertTrue(
            self.receiver.fires(host="anka-controller-registry-1320-anka-controller-1"))

    def test_the_page_of_a_running_tallybell_has_what_alerts_and_panels_ask_for(self):
        self.push({"host": "mac-7"}, [harness.glog("can't start vm") for _ in range(4)])
        wait_until(lambda: self.receiver.fires(host="mac-7"), "it is told")
        page = self.get(self.server, "/metrics")
        types = dict(re.findall(r"^# TYPE tallybell_(\w+) (\w+)$", page, re.MULTILINE))
        for name, kind in types.items():
            self.assertEqual(documented_metrics().get(name, ("nothing",))[0], kind, name)
        for name, labels in re.findall(r"^tallybell_(\w+)(?:\{(.*)\})? \S+$", page, re.MULTILINE):
            stated = set(re.findall(r'(\w+)="', labels)) - {"le"}
            self.assertEqual(stated, set(documented_metrics()[base_name(name)][1]), name)
        # Of files, or of what has not happened.
        absent = {name for name in documented_metrics() if name.startswith("source_")}
        absent |= {"outbox_dropped_total", "http_refused_total", "http_handler_failures_total"}
        absent -= {"source_state", "source_lines_total", "source_complete_to_lag_seconds"}
        for text in rule_expressions() + dashboard_expressions():
            for name in NAME.findall(text):
                self.assertIn(base_name(name), {*types, *absent}, text)


class ScrapedTest(PushedCase):
    """The same, scraped by a real Prometheus with the rules of the examples."""

    def setUp(self):
        super().setUp()
        self.write("prometheus.yml", json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(EXAMPLES / "prometheus/tallybell.yml")],
            "scrape_configs": [{"job_name": "tallybell",
                                "static_configs": [{"targets": [self.server]}]}]}))
        wait_until(self.prometheus_runs, "Prometheus runs")

    def prometheus_runs(self):
        """Somebody else may have taken the port meanwhile; then another is tried."""
        self.prometheus = f"127.0.0.1:{harness.free_port()}"
        process = self.start(["prometheus", f"--config.file={self.directory}/prometheus.yml",
                              f"--storage.tsdb.path={self.directory}/tsdb",
                              f"--web.listen-address={self.prometheus}"], "prometheus")
        wait_until(lambda: not process.alive() or self.is_ready(), "Prometheus starts")
        return process.alive()

    def is_ready(self):
        try:
            return self.get(self.prometheus, "/-/ready") is not None
        except OSError:
            return False

    def query(self, expression):
        answer = self.get(self.prometheus, "/api/v1/query?" +
                          urllib.parse.urlencode({"query": expression}))
        self.assertIsNotNone(answer, expression)
        return json.loads(answer)["data"]["result"]

    def test_prometheus_evaluates_every_panel_and_every_rule(self):
        self.push({"host": "mac-7"}, [harness.glog("can't start vm") for _ in range(4)])
        wait_until(lambda: self.query("sum(tallybell_line_to_told_seconds_count) > 0"), "scraped")
        for expression in dashboard_expressions():
            expression = expression.replace("$__rate_interval", "1m")
            self.query(re.sub(r"\$\w+", ".*", expression))
        wait_until(lambda: self.query('sum(tallybell_alerts{state="firing"}) > 0'), "it fires")

        def rules():
            page = json.loads(self.get(self.prometheus, "/api/v1/rules"))
            return [rule for group in page["data"]["groups"] for rule in group["rules"]]
        wait_until(lambda: all(rule["health"] != "unknown" for rule in rules()), "all evaluated")
        self.assertEqual({rule["health"] for rule in rules()}, {"ok"})
        # A tallybell that is well, and has told everything, is nothing to be told of.
        wait_until(lambda: not any(rule["alerts"] for rule in rules()), "no rule rings")


if __name__ == "__main__":
    harness.main()
