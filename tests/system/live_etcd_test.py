# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A real etcd that runs out of space: its own log rings, and ends the alert when it is mended."""

import base64
import json
import os
import time
import unittest
import urllib.error
import urllib.request

import harness
from harness import LiveTest, free_port, wait_until
from receivers import AlertmanagerReceiver

ETCD = "/usr/bin/etcd"

# Beside the pack, what the documents of others tell to look for.
RULES = """\
groups:
  - name: etcd
    rules:
      - alert: ByTheClientsMessageAlone
        match: "database space exceeded"
        when: count > 0 in 1h
"""


def has_flag(flag):
    with open(ETCD, "rb") as binary:
        return flag.encode() in binary.read()


@unittest.skipUnless(os.path.exists(ETCD), "there is no etcd")
class EtcdTest(LiveTest):
    def start_etcd(self, *arguments):
        """etcd with a quota of 4 MiB, its log in etcd.stderr."""
        for attempt in range(10):
            client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
            process = self.start(
                [ETCD, "--name=one", f"--data-dir={self.directory}/etcd-{attempt}",
                 f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                 f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                 f"--initial-cluster=one={peer}", "--quota-backend-bytes=4194304",
                 "--unsafe-no-fsync" if has_flag("unsafe-no-fsync") else "--max-txn-ops=128",
                 *arguments],
                "etcd", environment={"TZ": "UTC", "ETCD_UNSUPPORTED_ARCH": "arm64"})
            self.client = client
            wait_until(lambda: self.healthy() or not process.alive(), "etcd is up")
            if process.alive():
                return process
        raise AssertionError("etcd does not start: " + process.stderr()[-2000:])

    def healthy(self):
        try:
            return b"true" in urllib.request.urlopen(self.client + "/health", timeout=5).read()
        except OSError:
            return False

    def call(self, path, **body):
        request = urllib.request.Request(self.client + "/v3/" + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            return {"error": refusal.read().decode()}

    def put(self, key):
        text = base64.b64encode(key.encode()).decode()
        return self.call("kv/put", key=text, value=base64.b64encode(os.urandom(200_000)).decode())

    def fill(self):
        answer = {}
        for n in range(200):
            answer = self.put(f"key{n % 5}")
            if "error" in answer:
                break
        self.assertIn("space exceeded", answer["error"])

    def mend(self):
        status = self.call("maintenance/status")
        revision = int(status["header"]["revision"])
        self.call("kv/compaction", revision=revision, physical=True)
        self.call("maintenance/defragment")
        self.call("maintenance/alarm", action="DEACTIVATE", alarm="NOSPACE",
                  memberID=status["header"]["member_id"])
        self.assertNotIn("error", self.put("after"))

    def check(self, *arguments):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        etcd = self.start_etcd(*arguments)
        # Of etcd's default lateness nothing may delay the ringing.
        self.configure(paths=etcd.stderr_path, rules=RULES, source="labels: {job: etcd}",
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s}}}}]")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("lateness: 0s", "lateness: 4s")
                          .replace("[rules.yaml]", "[pack:etcd-space, rules.yaml]"))
        self.tallybell()
        begin = time.monotonic()
        self.fill()
        wait_until(lambda: receiver.fires(alertname="EtcdNoSpace"), "it rings")
        first = next(at for at, a in receiver.alerts() if a["labels"]["alertname"] == "EtcdNoSpace")
        print(f"\nrang {first - begin:.2f} s after the first put", flush=True)
        time.sleep(0.5)
        self.assertFalse(receiver.fires(alertname="ByTheClientsMessageAlone"))
        self.assertFalse(receiver.resolved(alertname="EtcdNoSpace"))
        self.mend()
        wait_until(lambda: receiver.resolved(alertname="EtcdNoSpace"), "it is mended")
        self.fill()
        wait_until(lambda: receiver.states(alertname="EtcdNoSpace")[-1] == "firing",
                   "it rings again")

    def test_no_space_in_the_json_of_zap(self):
        self.check(*(["--logger=zap"] if has_flag("capnslog") else []))

    @unittest.skipUnless(os.path.exists(ETCD) and has_flag("capnslog"), "this etcd has zap alone")
    def test_no_space_in_the_older_format(self):
        self.check("--logger=capnslog")


if __name__ == "__main__":
    harness.main()
