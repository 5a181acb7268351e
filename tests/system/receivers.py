# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Receivers on the loopback: one that records and answers as told, one that behaves as Alerta's
API was measured to, and a real Alertmanager."""

import http.server
import json
import socket
import threading
import time
import urllib.request

from harness import free_port, rfc3339_seconds, wait_until

ALERTA_SEVERITIES = set("security critical major minor warning indeterminate informational normal "
                        "ok cleared debug trace unknown".split())


class Request:
    def __init__(self, path, headers, body):
        self.at = time.monotonic()
        self.wall = time.time()
        self.path = path
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Receiver:
    """Records every request and answers it by `answer(request)`, a (status, body) pair. May be
    stopped and started again at the same port."""

    def __init__(self, answer=lambda request: (200, "")):
        self.answer = answer
        self.requests = []
        self.lock = threading.Lock()
        self.released = threading.Event()  # set: what hangs goes on
        self.port = 0
        self.server = None
        self.kept = None  # the port, while it is stopped
        self.start()

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size)
                if len(body) == size:  # else who asked was killed meanwhile
                    receiver.handle(self, body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that was killed

        self.free_port()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def stop(self):
        if self.server is not None:
            self.released.set()
            self.server.shutdown()
            self.server.server_close()
            self.server = None
            # Bound and not listened at: who connects is refused, and nobody else gets the port.
            self.kept = socket.socket()
            self.kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.kept.bind(("127.0.0.1", self.port))

    def free_port(self):
        if self.kept is not None:
            self.kept.close()
            self.kept = None

    def handle(self, connection, body):
        request = Request(connection.path, dict(connection.headers), body)
        with self.lock:
            self.requests.append(request)
        status, text = self.answer(request)
        data = text.encode()
        try:
            connection.send_response(status)
            connection.send_header("Content-Length", str(len(data)))
            connection.send_header("Content-Type", "application/json")
            connection.end_headers()
            connection.wfile.write(data)
        except OSError:
            pass  # whoever asked has gone

    def hang(self, request):
        """An answer that does not come until `released`."""
        self.released.wait(120)
        return 200, ""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def taken(self):
        with self.lock:
            return list(self.requests)


class AlertmanagerReceiver(Receiver):
    """Records what an Alertmanager is told."""

    def alerts(self):
        """(when it came, alert) in order."""
        return [(r.at, alert) for r in self.taken() for alert in r.json()]

    def told(self, **labels):
        """("firing" or "resolved", startsAt in seconds) of each time that an alert with `labels`
        was told, in order."""
        return [("resolved" if rfc3339_seconds(alert["endsAt"]) <= r.wall else "firing",
                 rfc3339_seconds(alert["startsAt"]))
                for r in self.taken() for alert in r.json()
                if labels.items() <= alert["labels"].items()]

    def states(self, **labels):
        return [state for state, _ in self.told(**labels)]

    def fires(self, **labels):
        return "firing" in self.states(**labels)

    def resolved(self, **labels):
        return "resolved" in self.states(**labels)


class AlertaReceiver(Receiver):
    """POST /alert as Alerta 9.1 answers it, with the plugins that it has by default."""

    def __init__(self, key=None, environments=("Production", "Development")):
        self.key = key
        self.environments = environments
        self.blackout = False
        self.alerts = {}      # (environment, resource, event) -> the alert as it stands
        self.stored = []      # every body that was stored, in order
        self.in_flight = {}
        self.most_in_flight = 0
        self.faults = []
        super().__init__(self.alerta)

    def alerta(self, request):
        if request.path != "/api/alert":
            return self.error(404, "not found")
        if not request.headers.get("Content-Type", "").startswith("application/json"):
            return self.error(415, "content type")
        if self.key is not None and request.headers.get("Authorization") != f"Key {self.key}":
            return self.error(401, f"API key parameter '{request.headers.get('Authorization')}'"
                                   " is invalid")
        body = request.json()
        key = tuple(body.get(name) for name in ("environment", "resource", "event"))
        with self.lock:
            self.in_flight[key] = self.in_flight.get(key, 0) + 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight[key])
        try:
            time.sleep(0.02)  # what is in flight at once must have the chance to be seen
            return self.store(key, body)
        finally:
            with self.lock:
                self.in_flight[key] -= 1

    def store(self, key, body):
        for name in ("resource", "event"):
            if not body.get(name):
                return self.error(400, f'Missing mandatory value for "{name}"')
        if body.get("environment") not in self.environments:
            return self.error(403, "[POLICY] Alert environment does not match one of "
                                   + ", ".join(self.environments))
        if not body.get("service"):
            return self.error(403, "[POLICY] Alert must define a service")
        if body.get("severity", "normal") not in ALERTA_SEVERITIES:
            return self.error(500, f"Severity ({body.get('severity')}) is not one of ...")
        if self.blackout:
            return 202, json.dumps({"status": "ok", "id": "0",
                                    "message": "Suppressed alert during blackout period"})
        with self.lock:
            self.alerts[key] = body
            self.stored.append(body)
        return 201, json.dumps({"status": "ok", "id": "1", "alert": body})

    def error(self, status, message):
        with self.lock:
            self.faults.append((status, message))
        return status, json.dumps({"status": "error", "code": status, "message": message,
                                   "errors": None, "requestId": "r"})

    def severity(self, environment, resource, event):
        with self.lock:
            alert = self.alerts.get((environment, resource, event))
        return None if alert is None else alert.get("severity")


class Alertmanager:
    """/usr/bin/prometheus-alertmanager with one receiver, at a port that the system chose."""

    PATH = "/usr/bin/prometheus-alertmanager"

    def __init__(self, test, webhook):
        self.test = test
        self.config = test.write("alertmanager.yml", f"""\
route: {{receiver: hook, group_by: ['...'], group_wait: 1s, group_interval: 1s,
         repeat_interval: 1h}}
receivers:
  - name: hook
    webhook_configs: [{{url: '{webhook}', send_resolved: true}}]
""")
        self.port = free_port()
        self.starts = 0
        self.start()

    def start(self):
        """With empty hands: alerts live in memory only."""
        for attempt in range(10):
            self.starts += 1
            storage = self.test.directory / f"alertmanager-{self.starts}"
            self.process = self.test.start(
                [self.PATH, f"--config.file={self.config}", f"--storage.path={storage}",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="],
                f"alertmanager-{self.starts}")
            if wait_until(lambda: self.ready() or not self.process.alive(), "Alertmanager is up") \
                    and self.process.alive():
                return
            if self.starts == 1:
                self.port = free_port()
        raise AssertionError("Alertmanager does not start: " + self.process.stderr()[-2000:])

    def ready(self):
        return self.get("/-/ready") == b"OK"

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.read()
        except OSError:
            return None

    def alerts(self):
        text = self.get("/api/v2/alerts")
        return [] if text is None else json.loads(text)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"
