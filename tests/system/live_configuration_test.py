# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Faults of a configuration, what it takes from its surroundings, and the document about it."""

import os
import re

import harness
from harness import LiveTest, append, glog, tallybell, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: configuration
    rules:
      - alert: Seen
        match: see
        when: count > 0 in 1h
"""

FAULTY = """\
external_labels: {1st: x}
sources:
  - file: {paths: [agent.log], latenes: 3s, timezone: Mars/Olympus}
  - file: {lateness: soon}
  - files: {paths: [agent.log]}
  - file: {paths: [other.log], start_at: middle, format: runes, labels_from_path: '/nothing/'}
  - file: {paths: [agent.log]}
  - file: {paths: [agent.log]}
rules: [rules.yaml, missing.yaml, pack:anka-nodes]
redact: ['/(/']
sinks:
  - alertmanager: {urls: ['ftp://127.0.0.1'], min_firing: 5}
  - alerta: {url: 'http://127.0.0.1:1/api', api_key: '${TALLYBELL_TEST_NO_SUCH}'}
  - pager: {}
  - alertmanager: {resend_interval: 0s}
state: {file: state.db}
outbox: {max_rows: many}
"""

EXPECTED = [
    (1, '"1st" is not a label name'),
    (3, 'latenes'),
    (3, 'Mars/Olympus'),
    (4, 'paths are missing'),
    (4, 'lateness'),
    (5, 'files'),
    (6, 'start_at'),
    (6, '"runes" is not a format'),
    (6, 'no named group'),
    (8, 'agent.log'),
    (10, 'redact'),
    (12, 'urls'),
    (12, 'min_firing'),
    (13, 'there is no environment variable TALLYBELL_TEST_NO_SUCH'),
    (14, 'pager'),
    (15, 'url is missing'),
    (15, 'not repeated'),
    (16, 'file'),
    (17, 'max_rows'),
]


class FaultsTest(LiveTest):
    def test_every_fault_is_said_at_once_with_its_place_and_nothing_is_started(self):
        self.write("rules.yaml", RULES.replace("when", "wen"))
        config = self.write("tallybell.yaml", FAULTY)
        for command in (["run", "--config", config], ["check", config]):
            done = tallybell(*command)
            self.assertEqual(done.returncode, 2, done.stderr)
            for line, text in EXPECTED:
                self.assertRegex(done.stderr, rf"(?m)^{re.escape(str(config))}:{line}:\d+: error:.*"
                                 + re.escape(text))
            self.assertIn("pack:anka-nodes: error: ", done.stderr)
            self.assertRegex(done.stderr, r"missing\.yaml.*(No such file|cannot|no file)")
            self.assertRegex(done.stderr, r'rules\.yaml:\d+:\d+: error: .*"wen"')
            self.assertIn("the state file is missing", done.stderr)
        self.assertEqual({p.name for p in self.directory.iterdir()}, {"rules.yaml", "tallybell.yaml"})

    def check_refused(self, *texts, code=2):
        done = tallybell("run", "--config", self.directory / "tallybell.yaml")
        self.assertEqual(done.returncode, code, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertFalse((self.directory / "state.db").exists())
        return done

    def test_what_is_no_configuration_is_refused(self):
        self.check_refused("tallybell.yaml")
        for text in ("", "[]", "x", "sources: [", "sources: 3", "sinks: [3]", "sources: [3]",
                     "sources:\nsinks:\nrules:\nstate:\n", "\0", "a: &a [*a]"):
            self.write("tallybell.yaml", text)
            self.check_refused("tallybell.yaml")

    def test_rules_without_a_rule_are_a_fault(self):
        self.configure(paths="a.log", rules=RULES, sinks="[stdout: {}]")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("[rules.yaml]", "['nothing/*.yaml']"))
        self.check_refused("nothing/*.yaml")

    def test_a_key_file_that_is_not_there_is_a_fault_of_the_configuration(self):
        self.configure(paths="a.log", rules=RULES,
                       sinks="[{alerta: {url: 'http://127.0.0.1:1/api', api_key_file: no.key}}, "
                             "{webhook: {url: 'http://127.0.0.1:2', basic_auth: {username: u, "
                             "password_file: no.password}}}]")
        self.check_refused("no.key", "no.password")

    def test_one_receiver_named_twice_is_a_fault(self):
        self.configure(paths="a.log", rules=RULES,
                       sinks="[alertmanager: {urls: ['http://127.0.0.1:1', 'http://127.0.0.1:1']}]")
        self.check_refused("twice")

    def test_a_state_file_that_cannot_be_made_ends_it_with_the_reason(self):
        self.configure(paths="a.log", rules=RULES, sinks="[stdout: {}]")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("state.db", "not/there/state.db"))
        self.check_refused("not/there/state.db", code=1)


class SurroundingsTest(LiveTest):
    SECRET = "hunter2-of-the-environment"

    def test_the_environment_fills_texts_and_secrets_show_nowhere(self):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        self.write("token", "token-of-the-file\n")
        self.configure(paths="'${LOGS}/agent.log'", rules=RULES, source="labels: {host: '${NAME}'}",
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}'], "
                             "basic_auth: {username: bell, password: '${PASSWORD}'}}}, "
                             "{webhook: {url: 'http://127.0.0.1:1/hook', authorization: "
                             "{credentials_file: token}}}]",
                       rest="external_labels: {site: '${SITE}-1'}")
        environment = {"LOGS": str(self.directory), "NAME": "mac7", "SITE": "berlin",
                       "PASSWORD": self.SECRET}
        process = self.tallybell(environment=environment)
        append(log, glog("see"))
        wait_until(lambda: receiver.fires(alertname="Seen", site="berlin-1"), "it is told")
        self.assertTrue(receiver.taken()[0].headers["Authorization"].startswith("Basic "))
        receiver.answer = lambda request: (401, f"wrong: {request.headers['Authorization']}")
        process.stop()
        done = tallybell("check", self.directory / "tallybell.yaml",
                         env={**os.environ, **environment})
        self.assertEqual(done.returncode, 0, done.stderr)
        everything = process.stderr() + process.stdout() + done.stdout + done.stderr
        for secret in (self.SECRET, "token-of-the-file"):
            self.assertNotIn(secret, everything)
            for path in self.directory.glob("state.db*"):
                self.assertNotIn(secret.encode(), path.read_bytes())

    def test_labels_come_from_paths_and_names_of_glog_files(self):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        self.configure(paths="nodes/*/*", rules=RULES + "        by: [host, node]\n",
                       source="labels_from_path: '/nodes/(?P<node>[^/]+)/'",
                       sinks=f"[alertmanager: {{urls: ['{receiver.url}']}}]")
        log = self.write("nodes/rack-4/anka_agent.mac9.root.log.INFO.20260501-120000.77", "")
        self.tallybell()
        append(log, glog("see"))
        wait_until(lambda: receiver.fires(host="mac9", node="rack-4"), "both are labels")

    def test_a_secret_in_a_url_is_refused_and_not_repeated(self):
        self.configure(paths="a.log", rules=RULES, sinks="[alertmanager: {urls: ['${URL}']}]")
        for url in (f"http://bell:{self.SECRET}@127.0.0.1:1", f"http://{self.SECRET} x/",
                    f"http://127.0.0.1:99999{self.SECRET}"):
            done = tallybell("check", self.directory / "tallybell.yaml",
                             env={**os.environ, "URL": url})
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertNotIn(self.SECRET, done.stdout + done.stderr)


class DocumentTest(LiveTest):
    DOCUMENT = os.path.join(os.environ.get("TALLYBELL_SOURCE_DIR", "."), "docs/configuration.md")

    def test_the_examples_of_the_document_are_accepted(self):
        with open(self.DOCUMENT, encoding="utf-8") as document:
            text = document.read()
        examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        whole = [e for e in examples if "sources:" in e and "sinks:" in e]
        self.assertGreaterEqual(len(whole), 2)
        self.write("rules/own.yaml", RULES)
        for name in re.findall(r"\b[\w-]+\.(?:key|token|pem|password)\b", text):
            self.write(name, "x\n")
        for example in whole:
            example = example.replace("/etc/tallybell", str(self.directory))
            example = example.replace("/run/secrets", str(self.directory))
            config = self.write("example.yaml", example)
            done = tallybell("check", config, env={**os.environ, "SITE": "berlin",
                                                   "ALERTA_KEY": "k"})
            self.assertEqual(done.returncode, 0, done.stderr + example)
            self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    harness.main()
