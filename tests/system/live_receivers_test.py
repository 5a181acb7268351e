# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Receivers at their worst: whatever they do, nothing is lost, nobody else waits, memory stays
where it was, and every one has every alert once it is well."""

import json
import pathlib
import ssl
import subprocess
import threading
import time

import harness
from faulty_receivers import FAULTS, FLOODS, FaultyReceiver, answer
from harness import LiveTest, append, glog, tallybell, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: receivers
    rules:
      - alert: Seen
        match: '/see (?P<n>\\w+)/'
        clear: '/clear (?P<n>\\w+)/'
        when: count > 0 in 1h
        by: [n]
"""

MIB = 1 << 20


def sink(receiver, more=""):
    if receiver.kind == "alerta":
        return f"{{alerta: {{url: '{receiver.url}', timeout: 1s{more}}}}}"
    return f"{{alertmanager: {{urls: ['{receiver.url}'], timeout: 1s, min_firing: 0s{more}}}}}"


class ReceiversTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.receivers = []
        self.addCleanup(lambda: [receiver.stop() for receiver in self.receivers])

    def add(self, receiver):
        self.receivers.append(receiver)
        return receiver

    def configure_sinks(self, *sinks, rest=""):
        self.configure(paths=self.log, rules=RULES, sinks=f"[{', '.join(sinks)}]", rest=rest)

    def say(self, *texts):
        append(self.log, "".join(glog(text) for text in texts))

    def test_every_fault_at_once_delays_nobody_and_ends_with_everything_told(self):
        sick = {}
        for kind in ("alertmanager", "alerta"):
            for name, fault in FAULTS.items():
                sick[f"{kind} {name}"] = self.add(FaultyReceiver(kind, fault))
            sick[f"{kind} is not there"] = self.add(FaultyReceiver.absent(kind))
            sick[f"{kind} never accepts"] = self.add(FaultyReceiver.full(kind))
            if kind == "alerta":
                refusal = answer(200, b'{"status": "error", "message": "no"}')
                sick["alerta says error with 200"] = self.add(
                    FaultyReceiver(kind, lambda c: c.sendall(refusal)))
        well = [self.add(FaultyReceiver(kind)) for kind in ("alertmanager", "alerta")]
        self.configure_sinks(*(sink(receiver) for receiver in [*well, *sick.values()]))
        process = self.tallybell()

        waits = []
        for n in range(10):
            begin = time.monotonic()
            self.say(f"see a{n}")
            wait_until(lambda n=n: all(r.has(f"a{n}") for r in well), f"a{n} is told")
            waits.append(time.monotonic() - begin)
        self.assertLess(sorted(waits)[len(waits) // 2], 1.0, waits)
        # Half of them end while nobody who is sick has heard that they began.
        self.say(*(f"clear a{n}" for n in range(5)))
        wait_until(lambda: all(r.has(f"a{n}", "resolved") for r in well for n in range(5)),
                   "those who are well know the end")
        for name, receiver in sick.items():
            if receiver.fault is not None:
                wait_until(lambda r=receiver: r.attempts >= 2, f"{name} was tried twice")
            self.assertEqual(receiver.told, [], name)

        for receiver in sick.values():
            receiver.heal()
        for name, receiver in sick.items():
            for n in range(10):
                last = "resolved" if n < 5 else "firing"
                wait_until(lambda r=receiver, n=n, s=last: r.has(f"a{n}", s),
                           f"{name}: a{n} {last}")
        self.assertTrue(process.alive())
        for receiver in [*sick.values(), *well]:
            for n in range(5):
                # Its beginning, then its end, and after that it never fires again.
                states = receiver.states(f"a{n}")
                self.assertEqual(states, sorted(states), states)
        self.assertEqual(process.stop(), 0)
        rows = tallybell("outbox", "--state", self.directory / "state.db", "--output", "jsonl")
        self.assertEqual(rows.stdout, "", rows.stdout[:2000])

    def test_an_answer_without_end_costs_no_memory(self):
        receiver = self.add(FaultyReceiver("alertmanager"))
        self.configure_sinks(sink(receiver))
        process = self.tallybell()
        self.say("see first")
        wait_until(lambda: receiver.has("first"), "it is told")
        sanitized = harness.os.environ.get("TALLYBELL_SANITIZE")
        # What is resident counts the program's own pages too, and the first failure of each kind
        # brings in some that were never needed before. Each flood pours until it is cut off.
        for bout, bound in (("first", 32 * MIB), ("second", 4 * MIB)):
            for name, flood in FLOODS.items():
                before = process.resident_bytes()
                receiver.fault = flood
                attempts = receiver.attempts
                word = bout + "".join(c for c in name if c.isalnum())
                self.say(f"see {word}")
                wait_until(lambda a=attempts: receiver.attempts > a, f"{name} was met")
                receiver.fault = None
                wait_until(lambda w=word: receiver.has(w), f"after {name} it is told")
                grown = process.resident_bytes() - before
                if not sanitized:
                    self.assertLessEqual(grown, bound, f"{name}, the {bout} time")
        self.assertEqual(process.stop(), 0)

    def test_the_poisoned_alert_of_a_batch_is_parked_and_told_when_it_is_retried(self):
        log = []
        ready = threading.Event()
        cured = threading.Event()

        def judge(request):
            if not ready.is_set():
                return 503, ""
            log.append(len(request.json()))
            if b"poison" in request.body and not cured.is_set():
                return 400, json.dumps("invalid label set: it is poison")
            return 200, ""
        receiver = AlertmanagerReceiver(judge)
        self.addCleanup(receiver.stop)
        self.configure_sinks(f"{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s}}}}")
        process = self.tallybell()
        names = [f"a{n}" for n in range(40)] + ["poison"] + [f"b{n}" for n in range(23)]
        self.say(*(f"see {name}" for name in names))
        wait_until(lambda: sum(len(r.json()) for r in receiver.taken()[-1:]) == 64,
                   "all wait in one batch")
        ready.set()

        def outbox(*options):
            done = tallybell("outbox", "--state", self.directory / "state.db", *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [json.loads(line) for line in done.stdout.splitlines()
                    if options[0] != "--retry"]
        rows = wait_until(lambda: [row for row in outbox("--output", "jsonl") if row["parked"]],
                          "it is parked")
        self.assertEqual([row["labels"]["n"] for row in rows], ["poison"])
        self.assertIn("it is poison", rows[0]["answer"])
        wait_until(lambda: all(receiver.fires(n=name) for name in names), "the others are told")
        self.assertLessEqual(len(log) - 1, 13, log)
        self.assertEqual(process.stop(), 0)
        cured.set()
        outbox("--retry", "all")
        before = len(receiver.taken())
        self.tallybell()
        wait_until(lambda: [r for r in receiver.taken()[before:] if b"poison" in r.body],
                   "it is told after all")

    def test_a_refused_key_is_read_again_and_what_waits_is_kept(self):
        key = self.write("alerta.key", "old-key-1234\n")
        receiver = AlertmanagerReceiver(
            lambda r: (200, "") if r.headers.get("Authorization") == "Bearer new-key-5678"
            else (403, f"{r.headers.get('Authorization')} is no good"))
        self.addCleanup(receiver.stop)
        self.configure_sinks(f"{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s, "
                             f"authorization: {{credentials_file: {key}}}}}}}")
        process = self.tallybell()
        self.say("see one")
        wait_until(lambda: "refuses our key" in process.stderr(), "it is said")
        self.say("see two")
        self.assertEqual(len(receiver.taken()), 1)  # it is left alone for minutes
        self.assertEqual(process.stderr().count("refuses our key"), 1)
        self.assertEqual(process.stop(), 0)
        process = self.tallybell()
        wait_until(lambda: len(receiver.taken()) == 2, "a new start is a new try")
        self.assertEqual(process.stop(), 0)
        # Now the key changes while it runs: the refusal itself makes it look.
        receiver.answer = lambda r: ((200, "") if r.headers["Authorization"].endswith("5678")
                                     else self.change(key))
        self.tallybell()
        wait_until(lambda: receiver.fires(n="one") and receiver.fires(n="two"), "all are told")
        said = process.stderr()
        self.assertNotIn("old-key", said)
        self.assertNotIn("new-key", said)

    @staticmethod
    def change(key):
        pathlib.Path(key).write_text("new-key-5678\n")
        return 401, ""

    def test_each_failure_is_said_in_words(self):
        absent = self.add(FaultyReceiver.absent("alertmanager"))
        full = self.add(FaultyReceiver.full("alertmanager"))
        cut = self.add(FaultyReceiver("alertmanager", FAULTS["closes"]))
        slow = self.add(FaultyReceiver("alertmanager", FAULTS["hangs"]))
        no_tls = self.add(FaultyReceiver("alertmanager", FAULTS["closes"]))
        no_tls.read = lambda connection: b""  # it goes at the first byte
        self.configure_sinks(*(sink(r) for r in (absent, cut, slow)),
                             f"{{alertmanager: {{urls: ['{full.url}']}}}}",
                             f"{{webhook: {{url: 'https://127.0.0.1:{no_tls.port}/'}}}}",
                             "{webhook: {url: 'http://nobody.invalid/'}}")
        process = self.tallybell()
        self.say("see one")
        for words in (f"connection refused: nobody listens at 127.0.0.1:{absent.port}",
                      f"no connection to 127.0.0.1:{full.port} within 3s",
                      "the connection ended without a whole answer",
                      "no answer in time",
                      "TLS: the handshake failed"):
            wait_until(lambda w=words: w in process.stderr(), words)
        wait_until(lambda: "there is no host called nobody.invalid" in process.stderr()
                   or "the name nobody.invalid cannot be looked up" in process.stderr(),
                   "a name that nobody has")
        self.assertEqual(process.stop(), 0)


class TlsTest(LiveTest):
    """One receiver behind TLS with a certificate that openssl made."""

    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.certificate = self.directory / "cert.pem"
        self.key = self.directory / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", self.key, "-out", self.certificate, "-days", "2",
             "-subj", "/CN=alerts", "-addext", "subjectAltName=DNS:alerts.example.com"],
            check=True, capture_output=True)
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        server = self.receiver.server
        server.socket = context.wrap_socket(server.socket, server_side=True)

    def run_with(self, tls):
        url = f"https://127.0.0.1:{self.receiver.port}"
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{url}'], tls: {tls}}}}}]")
        process = self.tallybell()
        append(self.log, glog("see one"))
        return process

    def test_who_cannot_prove_who_it_is_is_told_nothing_and_the_log_says_why(self):
        for tls, why in (("{}", "self-signed"),
                         (f"{{ca_file: {self.certificate}}}", "not for 127.0.0.1")):
            process = self.run_with(tls)
            wait_until(lambda w=why, p=process: w in p.stderr(), why)
            self.assertEqual(self.receiver.taken(), [])
            self.assertEqual(process.stop(), 0)
        process = self.run_with(
            f"{{ca_file: {self.certificate}, server_name: alerts.example.com}}")
        wait_until(self.receiver.taken, "it is told")
        self.assertNotIn("insecure_skip_verify", process.stderr())

    def test_who_need_not_prove_it_is_named_in_the_log_at_each_start(self):
        process = self.run_with("{insecure_skip_verify: true}")
        wait_until(self.receiver.taken, "it is told")
        self.assertEqual(process.stop(), 0)
        process = self.run_with("{insecure_skip_verify: true}")
        warnings = [line for line in process.stderr().splitlines()
                    if "level=warn" in line and "insecure_skip_verify is set" in line]
        self.assertEqual(len(warnings), 2)
        self.assertIn(f"server=127.0.0.1:{self.receiver.port}", warnings[0])


if __name__ == "__main__":
    harness.main()
