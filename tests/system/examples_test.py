# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The examples around the server, each by its own tool's judgement where that is here, and else by
what it must hold: files to mount, ports, probes, metrics that exist."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import harness
import plain_yaml
from harness import LiveTest, wait_until
from receivers import AlertmanagerReceiver

SOURCE = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"])
EXAMPLES = SOURCE / "examples"
# What makes variables in examples something that can be read.
SETTING = {"CLUSTER": "anka", "NODE": "node-1"}
RULES = """\
groups:
  - name: any
    rules: [{alert: Boom, match: boom, when: count > 0 in 1h}]
"""
NAME = re.compile(r"\btallybell_([a-z_]+)")


def yaml_of(path):
    return plain_yaml.documents((EXAMPLES / path).read_text())


def helped_metrics():
    """The names that the program explains, without their prefix."""
    text = (SOURCE / "engine/serve/metrics_page.cc").read_text()
    return set(re.findall(r'\{"([a-z_]+)",', text.split("kHelp[] =")[1].split("\n};")[0]))


def documented_metrics():
    """Name to (type, labels) of the tables in docs/metrics.md."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \|([^|]*)\|[^|]+\|$",
                      (SOURCE / "docs/metrics.md").read_text(), re.MULTILINE)
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=120, check=False, **options)
    return done.returncode, done.stdout + done.stderr


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


class PlainYamlTest(LiveTest):
    def test_values_are_what_they_look_like(self):
        text = """\
# A comment.
a: [1, 2.5, "x: #y", 'it''s', {b: http://c:1/d, e: }] # Another.
f: &g
  - h: true
    i:
    - ~
  -   j k
l: |
  m #n

    o
p: >-
  q
  r
s: *g
t: [u,
    v]
"""
        self.assertEqual(plain_yaml.documents(text + "---\nw: x\n"), [{
            "a": [1, 2.5, "x: #y", "it's", {"b": "http://c:1/d", "e": None}],
            "f": [{"h": True, "i": [None]}, "j k"], "l": "m #n\n\n  o\n", "p": "q r",
            "s": [{"h": True, "i": [None]}, "j k"], "t": ["u", "v"]}, {"w": "x"}])

    def test_what_can_be_misread_is_a_fault(self):
        for text in ("a: yes", "a: 80:80", "a: 010", "a: 1\na: 2", "a: [1", "a: [1 2}", "a: {b}",
                     "a: *b", "a:\n\t- b", "a: b\n  c: d", "a: b: c", "a: 'b' c", "a: b\n- c",
                     'a: "b'):
            with self.assertRaises((plain_yaml.Fault, ValueError), msg=text):
                plain_yaml.documents(text)


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


class DeploymentTest(LiveTest):
    def check(self, path):
        code, said = run(harness.binary(), "check", path, env={**os.environ, **SETTING})
        self.assertEqual(code, 0, said)
        self.assertNotIn("warning", said)

    def test_tallybell_finds_nothing_wrong_with_its_configurations(self):
        self.check(EXAMPLES / "sidecar/tallybell.yaml")
        self.check(EXAMPLES / "promtail/tallybell.yaml")

    def test_the_composition_mounts_what_the_configuration_names(self):
        document = yaml_of("sidecar/compose.yaml")[0]
        services = document["services"]
        self.assertLessEqual({"anka-controller", "anka-registry", "etcd", "alertmanager"},
                             set(services))
        config = yaml_of("sidecar/tallybell.yaml")[0]
        ours = services["tallybell"]
        mounts = dict(volume.split(":", 2)[:2][::-1] for volume in ours["volumes"])
        self.assertIn("/var/lib/docker/containers:/var/lib/docker/containers:ro", ours["volumes"])
        self.assertEqual(mounts["/etc/tallybell/tallybell.yaml"], "./tallybell.yaml")
        state = mounts[os.path.dirname(config["state"]["path"])]
        self.assertIn(state, document["volumes"])
        self.assertTrue(ours["read_only"])
        self.assertEqual(ours["cap_drop"], ["ALL"])
        # The health check asks where the server listens; the port that is published is for pushes.
        port = config["server"]["listen"]
        self.assertIn(f"http://127.0.0.1{port}/-/healthy", ours["healthcheck"]["test"])
        pushes = next(source["loki_push"] for source in config["sources"] if "loki_push" in source)
        self.assertEqual([published.rsplit(":", 1)[1] for published in ours["ports"]],
                         [pushes["listen"].lstrip(":")])
        self.assertEqual(config["sinks"][0]["alertmanager"]["urls"], ["http://alertmanager:9093"])
        # What is mounted from the repository is there, and so are all volumes and dependencies.
        for name, service in services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((EXAMPLES / "sidecar" / source).exists(), volume)
                elif not source.startswith("/"):
                    self.assertIn(source, document["volumes"], name)
            self.assertLessEqual(set(service.get("depends_on", [])), set(services), name)
            self.assertLessEqual(set(service.get("secrets", [])), set(document["secrets"]), name)
            self.assertEqual(service["logging"]["driver"], "json-file")
            self.assertNotIn("compress", service["logging"]["options"])
        self.assertTrue((SOURCE / ours["build"]["dockerfile"]).exists())

    def test_the_pod_mounts_what_its_configuration_names(self):
        objects = {item["kind"]: item for item in yaml_of("sidecar/kubernetes.yaml")}
        self.assertEqual(set(objects), {"ConfigMap", "Deployment", "Service"})
        text = objects["ConfigMap"]["data"]["tallybell.yaml"]
        self.check(self.write("tallybell.yaml", text))
        config = plain_yaml.documents(text)[0]
        template = objects["Deployment"]["spec"]["template"]
        pod = template["spec"]
        ours = next(item for item in pod["containers"] if item["name"] == "tallybell")
        mounts = {mount["mountPath"]: mount for mount in ours["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.assertEqual({mount["name"] for mount in mounts.values()}, set(volumes))
        logs = mounts["/var/log/pods"]  # where a `kubernetes` source looks
        self.assertTrue(logs["readOnly"])
        self.assertEqual(volumes[logs["name"]]["hostPath"]["path"], "/var/log/pods")
        self.assertIn(os.path.dirname(config["state"]["path"]), mounts)
        self.assertEqual(volumes["config"]["configMap"]["name"],
                         objects["ConfigMap"]["metadata"]["name"])
        self.assertIn(os.path.join("/etc/tallybell", "tallybell.yaml"), ours["args"])
        port = ours["ports"][0]
        self.assertEqual(config["server"]["listen"], f":{port['containerPort']}")
        for probe, path in (("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")):
            self.assertEqual(ours[probe]["httpGet"], {"path": path, "port": port["name"]})
        guard = ours["securityContext"]
        self.assertTrue(guard["runAsNonRoot"] and guard["readOnlyRootFilesystem"])
        self.assertFalse(guard["allowPrivilegeEscalation"])
        self.assertEqual(guard["capabilities"]["drop"], ["ALL"])
        self.assertLessEqual({"requests", "limits"}, set(ours["resources"]))
        labels = template["metadata"]["labels"]
        self.assertEqual(objects["Deployment"]["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(objects["Service"]["spec"]["selector"], labels)
        self.assertEqual(set(SETTING), {item["name"] for item in ours["env"]})

    def test_the_image_has_what_the_build_reads(self):
        text = (EXAMPLES / "sidecar/Dockerfile").read_text()
        copied = {word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
                  for word in line.split()}
        for path in copied:
            self.assertTrue((SOURCE / path).exists(), path)
        asked = (SOURCE / "CMakeLists.txt").read_text().split("if(TALLYBELL_TESTS")[0]
        for folder in re.findall(r"(?:add_subdirectory|include)\((\w+)", asked):
            self.assertIn(folder, copied)
        self.assertIn('CMD ["run", "--config", "/etc/tallybell/tallybell.yaml"]', text)
        user = re.search(r"--uid (\d+)", text).group(1)
        deployment = yaml_of("sidecar/kubernetes.yaml")[1]["spec"]["template"]["spec"]
        self.assertIn(int(user), [item.get("securityContext", {}).get("runAsUser")
                                  for item in deployment["containers"]])

    def test_systemd_knows_every_word_of_the_unit(self):
        text = (EXAMPLES / "sidecar/tallybell.service").read_text()
        for line in text.splitlines():
            self.assertRegex(line, r"^(#.*|\[(Unit|Service|Install)\]|[A-Z]\w+=.*|)$")
        for wanted in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n",
                       "StateDirectory=tallybell", "RestartPreventExitStatus=2"):
            self.assertIn(wanted, text)
        if shutil.which("systemd-analyze") is None:
            return  # Not part of every Debian; the lines above are checked all the same.
        unit = self.write("tallybell.service",
                          text.replace("/usr/local/bin/tallybell", harness.binary()))
        # What it says of other units, and of the machine, is not ours.
        _, said = run("systemd-analyze", "verify", unit)
        self.assertNotRegex(said, r"tallybell\.service")


class ClientsTest(LiveTest):
    def test_promtail_has_tallybell_as_its_second_client(self):
        stream_labels = {}
        for name in ("promtail-docker", "promtail-node"):
            config = yaml_of(f"promtail/{name}.yaml")[0]
            self.assertEqual([client["url"] for client in config["clients"]],
                             [f"http://{host}/loki/api/v1/push"
                              for host in ("loki:3100", "tallybell:3500")])
            for scrape in config["scrape_configs"]:
                self.assertNotIn("pipeline_stages", scrape)
                stream_labels[name] = scrape
        relabelled = {rule.get("target_label") for rule in
                      stream_labels["promtail-docker"]["relabel_configs"]}
        self.assertIn("container", relabelled)
        labels = stream_labels["promtail-node"]["static_configs"][0]["labels"]
        self.assertEqual(labels["__path__"], "/var/log/veertu/*.INFO")
        self.assertLessEqual({"job", "host"}, set(labels))

    def test_alloy_says_the_same_in_blocks_that_close(self):
        text = (EXAMPLES / "promtail/config.alloy").read_text()
        text = re.sub(r"(?m)^\s*//.*$", "", text)
        strings = re.sub(r'"(?:[^"\\\n]|\\.)*"', "s", text)
        self.assertNotIn('"', strings)
        open_ones = []
        for letter in strings:
            if letter in "[{(":
                open_ones.append(letter)
            elif letter in "]})":
                self.assertTrue(open_ones and open_ones.pop() + letter in ("[]", "{}", "()"))
        self.assertEqual(open_ones, [])
        # Every component that is named is there, and every one that is there is used.
        blocks = {f"{kind}.{label}" for kind, label in
                  re.findall(r'(?m)^([a-z_.]+) "(\w+)" \{$', text)}
        named = {match for match in re.findall(
            r"\b((?:discovery|local|loki)\.[a-z_.]*?\w+\.\w+)\.(?:targets|output|rules|receiver)",
            text)}
        self.assertLessEqual(named, blocks)
        self.assertEqual({block for block in blocks if not block.startswith("loki.source.")}, named)
        self.assertEqual(re.findall(r'url += "([^"]+)"', text),
                         [client["url"] for client in
                          yaml_of("promtail/promtail-node.yaml")[0]["clients"]])
        self.assertIn('"/var/log/veertu/*.INFO"', text)
        # Nothing goes to both, so that neither waits for the other.
        forwarded = re.findall(r"forward_to += \[(.*)\]", text)
        self.assertEqual(sorted(forwarded), ["loki.write.loki.receiver"] * 2 +
                         ["loki.write.tallybell.receiver"] * 2)


if __name__ == "__main__":
    harness.main()
