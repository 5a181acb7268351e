# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A secret that tallybell is given is sent to whom it is for, and stands nowhere else: no log, no
page, no metric, no error, no state file, no command line."""

import base64
import json
import os
import pathlib
import re
import resource
import subprocess
import unittest
import urllib.error
import urllib.request

import harness
from harness import LiveTest, append, glog, tallybell, wait_until
from receivers import Receiver

RULES = """\
groups:
  - name: secrets
    rules:
      - alert: Seen
        match: '/see (?P<n>\\w+)/'
        when: count > 0 in 1h
        by: [n]
"""

PAGES = ["/", "/-/healthy", "/-/ready", "/metrics", "/api/v1/rules", "/api/v1/alerts",
         "/api/v1/status/sources", "/api/v1/status/config", "/api/v1/history", "/api/v1/outbox",
         "/no/such/page"]


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class SecretsTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.secrets = {}
        self.seen = {}  # where something was said: the bytes

    def secret(self, name):
        """A new secret, looked for by this name."""
        self.secrets[name] = f"{name}-" + os.urandom(12).hex()
        return self.secrets[name]

    def secret_file(self, name):
        return self.write(name, self.secret(name) + "\n")

    def note(self, where, what):
        self.seen[where] = what if isinstance(what, bytes) else what.encode()

    def check_nothing_shows(self):
        forms = {name: [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")[:-2]]
                 for name, secret in self.secrets.items()}
        for user in ("ann", "bob"):
            for name, secret in self.secrets.items():
                forms[name].append(basic(user, secret)[6:].encode())
        for where, text in self.seen.items():
            for name, looks in forms.items():
                for look in looks:
                    self.assertNotIn(look, text, f"{name} in {where}")

    def ask(self, url, headers=None, method="GET"):
        request = urllib.request.Request(url, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, str(answer.headers).encode() + answer.read()
        except urllib.error.HTTPError as error:
            return error.code, str(error.headers).encode() + error.read()

    def test_no_secret_of_a_running_tallybell_shows_anywhere(self):
        def echo(status):
            def answer(request):
                # As some servers do; Alerta repeats a key that it refuses.
                told = json.dumps({"status": "error", "headers": request.headers,
                                   "message": f"you said {request.headers.get('Authorization')}"})
                return status, told
            return answer
        codes = (200, 400, 401, 403, 404, 422, 500, 503)
        receivers = [Receiver(echo(code)) for code in codes]
        alertas = [Receiver(echo(code)) for code in (201, 202, 401, 500)]
        for receiver in receivers + alertas:
            self.addCleanup(receiver.stop)
        environment = {"BEARER": self.secret("bearer-in-environment"),
                       "PASSWORD": self.secret("password-in-environment"),
                       "API_KEY": self.secret("api-key-in-environment")}
        bearer_file = self.secret_file("bearer-in-a-file")
        password_file = self.secret_file("password-in-a-file")
        key_file = self.secret_file("api-key-in-a-file")
        server_file = self.secret_file("password-of-the-server")
        push_file = self.secret_file("token-of-the-pushes")
        key = self.directory / "client.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                        self.directory / "client.pem", "-days", "2", "-subj", "/CN=tallybell"],
                       check=True, capture_output=True)
        self.secrets["tls-key"] = key.read_text().splitlines()[1]

        auth = [f"authorization: {{credentials_file: {bearer_file}}}",
                "authorization: {type: Bearer, credentials: '${BEARER}'}",
                f"basic_auth: {{username: ann, password_file: {password_file}}}",
                "basic_auth: {username: bob, password: '${PASSWORD}'}"]
        sinks = [f"alertmanager: {{url: '{r.url}', {auth[i % 4]}}}"
                 for i, r in enumerate(receivers)]
        sinks += [f"alerta: {{url: '{r.url}', " +
                  (f"api_key_file: {key_file}}}" if i % 2 else "api_key: '${API_KEY}'}")
                  for i, r in enumerate(alertas)]
        sinks.append("webhook: {url: 'https://127.0.0.1:9/', "
                     f"tls: {{cert_file: client.pem, key_file: client.key}}, {auth[0]}}}")
        ports = [harness.free_port(), harness.free_port()]
        base = f"http://127.0.0.1:{ports[0]}"
        sources = (f"  - file: {{paths: [{self.log}], lateness: 0s}}\n"
                   f"  - loki_push: {{listen: '127.0.0.1:{ports[1]}', "
                   f"authorization: {{credentials_file: {push_file}}}}}")
        config = self.write("tallybell.yaml", "sources:\n" + sources + f"""
rules: [rules.yaml]
sinks:
{''.join(f'  - {sink}' + chr(10) for sink in sinks)}
state: {{path: state.db}}
server: {{listen: '127.0.0.1:{ports[0]}',
          basic_auth: {{username: ann, password_file: {server_file}}}}}
""")
        self.write("rules.yaml", RULES)
        process = self.tallybell(environment=environment)
        for n in range(3):
            append(self.log, glog(f"see a{n}"))
        for receiver in receivers + alertas:
            wait_until(receiver.taken, f"{receiver.url} was asked")
        # Each was sent what is for it, or all of this proves nothing.
        sent = {r.taken()[0].headers["Authorization"] for r in receivers + alertas}
        self.assertEqual(sent, {
            "Bearer " + self.secrets["bearer-in-a-file"], "Bearer " + environment["BEARER"],
            basic("ann", self.secrets["password-in-a-file"]), basic("bob", environment["PASSWORD"]),
            "Key " + environment["API_KEY"], "Key " + self.secrets["api-key-in-a-file"]})
        wait_until(lambda: process.stderr().count("refuses our key") >= 3, "refusals are said")

        mine = {"Authorization": basic("ann", self.secrets["password-of-the-server"])}
        for page in PAGES:
            for who, headers in (("me", mine), ("nobody", {}),
                                 ("a stranger", {"Authorization": basic("ann", "wrong")})):
                status, text = self.ask(base + page, headers)
                self.note(f"{page} for {who}: {status}", text)
        status, page = self.ask(base + "/api/v1/status/config", mine)
        self.assertEqual(status, 200)
        self.assertIn(b"credentials_file", page)  # the page is there, only the secrets are not
        self.note("a push", self.ask(f"http://127.0.0.1:{ports[1]}/loki/api/v1/push",
                                     {"Authorization": "Bearer wrong"}, "POST")[1])
        for command in (["outbox"], ["history"], ["outbox", "--retry", "0123456789ab"]):
            done = tallybell(*command, "--config", config, env={**os.environ, **environment})
            self.note(" ".join(command), done.stdout + done.stderr)
            self.assertIn("the tallybell that runs", done.stderr)
        done = tallybell("check", config, env={**os.environ, **environment})
        self.note("check", done.stdout + done.stderr)
        # A reload of something that is wrong in every way.
        text = config.read_text()
        config.write_text(text + f"authorization: {{credentials: {self.secret('misplaced')}}}\n")
        status, said = self.ask(base + "/-/reload", mine, "POST")
        self.assertEqual(status, 500)
        self.note("a reload that fails", said)
        config.write_text(text)
        server_file.unlink()
        self.note("a reload without a file", self.ask(base + "/-/reload", mine, "POST")[1])

        self.note("the command line", pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes())
        self.assertEqual(process.stop(), 0)
        self.note("stderr", process.stderr())
        self.note("stdout", process.stdout())
        for name in self.directory.iterdir():
            if name.name.startswith("state.db"):
                self.note(name.name, name.read_bytes())
        self.assertIn(b"you said", self.seen["state.db"])  # answers are kept, cut
        self.check_nothing_shows()

    def test_no_secret_of_a_wrong_configuration_is_repeated(self):
        good = """\
sources: [{file: {paths: [a.log]}}]
rules: [pack:anka-node]
state: {path: state.db}
sinks:
"""
        for line in (
                "  - webhook: {{url: 'https://ann:{0}@example.com/x'}}",
                "  - webhook: {{url: 'https://ann:{0}@exa mple.com/x'}}",
                "  - webhook: {{url: '${{SECRET}}'}}",
                "  - webhook: {{url: 'http://a', basic_auth: {{usrname: ann, password: {0}}}}}",
                "  - webhook: {{url: 'http://a', basic_auth: {{username: ann, pasword: {0}}}}}",
                "  - webhook: {{url: 'http://a', authorization: {{credentials: \"{0}}}}}",
                "  - webhook: {{url: 'http://a', authorization: {{credentials: \"a\\n{0}\"}}}}",
                "  - webhook: {{url: 'http://a', authorization: {{credentials: [{0}]}}}}",
                "  - webhook: {{url: 'http://a', authorization: {{credentials: {{a: {0}}}}}}}",
                "  - webhook: {{url: 'http://a', authorization: {{type: 'a b', "
                "credentials: {0}}}}}",
                "  - alerta: {{url: 'http://a', api_key: {0}, api_key: {0}}}",
                "  - alerta: {{url: 'http://a', api_key: '${{NOBODY}}{0}'}}",
                "  - alerta: {{url: 'http://a', api_key: '{0}', environment: ''}}",
                "  - alerta:\n      url: http://a\n     api_key: {0}",
                "  - alerta:\n      url: http://a\n\tapi_key: {0}"):
            name = f"wrong-{len(self.secrets)}"
            secret = self.secret(name)
            config = self.write("wrong.yaml", good + line.format(secret) + "\n")
            environment = {**os.environ, "SECRET": f"https://ann:{secret}@example.com/"}
            for command in (["check", config], ["run", "--config", config]):
                done = tallybell(*command, env=environment)
                self.note(f"{command[0]} of {line}", done.stdout + done.stderr)
                if command[0] == "run":
                    self.assertEqual(done.returncode, 2, line + done.stderr)
        self.check_nothing_shows()

    def test_a_url_is_no_template_of_what_logs_say(self):
        for url in ("http://{{ $labels.host }}:9093", "http://a:{{ $labels.port }}",
                    "{{ $labels.scheme }}://a", "http://a/{{$labels.path}}"):
            for where in ("sinks: [{webhook: {url: '%s'}}]",
                          "sinks: [{stdout: {}}]\nserver: {external_url: '%s'}"):
                config = self.write("wrong.yaml", f"""\
sources: [{{file: {{paths: [a.log]}}}}]
rules: [pack:anka-node]
state: {{path: state.db}}
{where % url}
""")
                done = tallybell("check", config)
                self.assertEqual(done.returncode, 2, url)
                self.assertIn("not a usable URL", done.stderr)


class HardeningTest(LiveTest):
    """What `run` does to itself."""

    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.config = self.configure(paths=self.log, rules=RULES, sinks="[stdout: {}]")

    def test_a_configuration_that_others_can_write_is_refused(self):
        for mode in (0o664, 0o646, 0o666):
            self.config.chmod(mode)
            for command in (["check", self.config], ["run", "--config", self.config]):
                done = tallybell(*command)
                self.assertEqual(done.returncode, 2)
                self.assertIn("can be written by others: chmod go-w mends it", done.stderr)
        for mode in (0o644, 0o640, 0o600, 0o400):
            self.config.chmod(mode)
            self.assertEqual(tallybell("check", self.config).returncode, 0)

    def test_what_it_holds_is_its_own(self):
        before = resource.getrlimit(resource.RLIMIT_CORE)
        os.umask(0o000)
        self.addCleanup(os.umask, 0o022)
        process = self.tallybell()
        os.umask(0o022)
        append(self.log, glog("see one"))
        wait_until(lambda: "Seen" in process.stdout(), "it is told")
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size\s+0\s+0\s")
        state = [path for path in self.directory.iterdir() if path.name.startswith("state.db")]
        self.assertGreaterEqual(len(state), 1)
        for path in state:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertEqual(process.stop(), 0)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_CORE), before)

    @unittest.skipIf(os.geteuid() != 0, "only root can start it as somebody else")
    def test_others_of_its_user_cannot_look_into_it(self):
        os.chown(self.directory, harness.NOBODY, harness.NOBODY)
        for path in self.directory.iterdir():
            os.chown(path, harness.NOBODY, harness.NOBODY)
        for directory in (*self.directory.parents, pathlib.Path(harness.binary()).parent):
            if not directory.stat().st_mode & 0o001:
                self.skipTest(f"nobody cannot reach {directory}")
        process = self.tallybell(user=harness.NOBODY)
        # What cannot be dumped belongs to root, however it runs.
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        self.assertEqual(re.search(r"Uid:\s+(\d+)", status)[1], str(harness.NOBODY))
        self.assertEqual(os.stat(f"/proc/{process.pid}/environ").st_uid, 0)
        self.assertEqual(process.stop(), 0)


if __name__ == "__main__":
    harness.main()
