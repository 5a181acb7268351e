# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The examples of how tallybell and its clients are run, each by its own tool's judgement where that
is here, and else by what it must hold: files to mount, ports, probes, blocks that close."""

import os
import re
import shutil

import harness
import plain_yaml
from examples import EXAMPLES, SOURCE, run, yaml_of
from harness import LiveTest

# What makes variables in examples something that can be read.
SETTING = {"CLUSTER": "anka", "NODE": "node-1"}


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


class DeploymentTest(LiveTest):
    def check(self, path):
        code, said = run(harness.binary(), "check", path, env={**os.environ, **SETTING})
        self.assertEqual(code, 0, said)
        self.assertNotIn("warning", said)

    def test_tallybell_finds_nothing_wrong_with_its_configurations(self):
        self.check(EXAMPLES / "sidecar/tallybell.yaml")
        self.check(EXAMPLES / "promtail/tallybell.yaml")
        self.check(EXAMPLES / "loki/tallybell.yaml")

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

    def test_the_loki_of_the_example_has_the_tenants_that_are_followed(self):
        document = yaml_of("loki/compose.yaml")[0]
        config = yaml_of("loki/tallybell.yaml")[0]
        followed = config["sources"][0]["loki"]
        loki = yaml_of("loki/loki.yaml")[0]
        self.assertTrue(loki["auth_enabled"])
        self.assertEqual(followed["url"], f"http://loki:{loki['server']['http_listen_port']}")
        self.assertEqual(followed["tenants"], ["builds", "lab"])
        for name, service in document["services"].items():
            for volume in service["volumes"]:
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((EXAMPLES / "loki" / source).exists(), volume)
                else:
                    self.assertIn(source, document["volumes"], name)
            self.assertLessEqual(set(service.get("depends_on", [])), set(document["services"]))
            self.assertLessEqual(set(service.get("secrets", [])), set(document["secrets"]), name)

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
        text = (EXAMPLES / "systemd/tallybell.service").read_text()
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
