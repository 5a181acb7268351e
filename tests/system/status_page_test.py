# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The status page of a running tallybell, read by a strict parser and shown by a real browser.

With TALLYBELL_SCREENSHOTS=DIR the browser's pictures of the page are kept there.
"""

import base64
import os
import pathlib
import re
import shutil
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import harness
from browser import Browser
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

POLICY = ("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
          "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")

RULES = """\
groups:
  - name: <b>starts</b>
    rules:
      - alert: StartFails
        match: '/(?s)burst (?P<key>.+)/'
        when: count > 1 in 1h
        by: [key]
        labels: {severity: warning}
        annotations:
          summary: "{{ $value }} of {{ $labels.key }}"
          "last": "{{ $lines }}"
      - alert: Calm
        match: '<script>never</script>'
        when: count > 3 in 20m
        by: [host]
        for: 5m
"""

HOSTILE = [
    b"<script>window.hit = 1; alert(1)</script>",
    b"\"><img src=x onerror=alert(1)>",
    b"' onmouseover='alert(1)' x='",
    b"</main></body><h1>gone</h1>",
    b"&lt;i&gt; &#60;b&#62; &amp",
    b"<!-- ]]> <![CDATA[",
    b"bell\x07back\x08",
    "\u202Egnp.exe\u2066".encode(),
    b"\xff\xfe\xc0\xaf\xed\xa0\x80 not UTF-8",
    b"nul\0nul",
    b"javascript:alert(1)",
    b"{{ $value }} ${HOME} %s",
    b"long" + b"<" * 3000,
]

# Every element that shows text of its own, with the contrast of that to what is behind it.
CONTRASTS = """
(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const light = ({ r, g, b }) => {
    const part = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest("svg")) continue;
    let back = element;
    while (back && parse(getComputedStyle(back).backgroundColor).a === 0) back = back.parentElement;
    const a = light(parse(getComputedStyle(element).color));
    const b = light(back ? parse(getComputedStyle(back).backgroundColor) : { r: 255, g: 255, b: 255 });
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
                `${element.nodeName}.${element.className}: ${element.textContent.slice(0, 40)}`]);
  }
  return found.sort((x, y) => x[0] - y[0]);
})()
"""


class PageTest(LiveTest):
    guard = ""

    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.write("rules.yaml", RULES)
        self.log = self.write("logs/<i>&'a.log", "")
        self.port = harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.write("tallybell.yaml", f"""\
sources:
  - file: {{paths: ["{self.directory}/logs/*.log"], lateness: 0s}}
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]
state: {{path: state.db}}
server: {{listen: '127.0.0.1:{self.port}', external_url: '{self.url}/'{self.guard}}}
""")
        self.process = self.tallybell()

    def ask(self, path="/", headers=()):
        request = urllib.request.Request(self.url + path, headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def page(self, path="/"):
        """The page as strict XML, after a look at its bytes."""
        status, _, body = self.ask(path)
        self.assertEqual(status, 200, body[:500])
        text = body.decode("utf-8", "strict")
        return xml.etree.ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))

    def text(self, path="/"):
        return "".join(self.page(path).itertext())

    def burst(self, key, times=2):
        append(self.log, b"".join(glog("burst ").encode().rstrip(b"\n") + key + b"\n"
                                  for _ in range(times)))

    def firing(self, count):
        wait_until(lambda: f"{count} firing" in self.text(), f"{count} fire")


class StatusPageTest(PageTest):
    def test_the_page_is_strict_xml_and_forbids_what_it_does_not_need(self):
        status, headers, body = self.ask()
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(headers["Content-Security-Policy"], POLICY)
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(headers["Cache-Control"], "no-store")
        page = self.page()
        loaded = [e.get("src") or e.get("href") for e in page.iter() if e.tag in ("script", "link")]
        for path in loaded:
            if path.startswith("data:image/svg+xml,"):
                continue
            status, headers, asset = self.ask("/" + path)
            self.assertEqual(status, 200, path)
            self.assertRegex(headers["Content-Type"], r"^text/(css|javascript); charset=utf-8$")
            self.assertIn("immutable", headers["Cache-Control"])
        self.assertEqual(self.ask("/static/status.css")[0], 404)
        # Tables say what their columns are.
        for table in page.iter("table"):
            self.assertTrue(all(th.get("scope") for th in table.iter("th")))
        self.assertEqual(len(list(page.iter("h1"))), 1)

    def test_nothing_from_a_log_is_markup(self):
        for key in HOSTILE:
            self.burst(key)
        self.firing(len(HOSTILE))
        for path in ("/", "/?fragment=1"):
            page = self.page(path)
            self.assertLessEqual(len(list(page.iter("script"))), 1)
            self.assertEqual([e.tag for e in page.iter() if e.tag in ("img", "i", "h4")], [])
            attributes = {name for element in page.iter() for name in element.attrib}
            self.assertFalse([name for name in attributes if name.startswith("on")])
            self.assertNotIn("style", attributes)
            text = "".join(page.itertext())
            self.assertIn("burst <script>window.hit = 1; alert(1)</script>", text)
            self.assertIn("[U+202E]gnp.exe", text)
            self.assertIn("bell␇back␈", text)
        self.assertIn("<b>starts</b>", self.text())

    def test_a_link_in_an_alert_leads_to_the_alert_and_later_to_its_rule(self):
        self.burst(b"one")
        wait_until(lambda: self.receiver.states(key="one"), "one is told")
        link = self.receiver.alerts()[0][1]["generatorURL"]
        parts = urllib.parse.urlsplit(link)
        self.assertEqual(f"{parts.scheme}://{parts.netloc}{parts.path}", self.url + "/")
        ids = {e.get("id") for e in self.page("/?" + parts.query).iter()}
        self.assertIn(parts.fragment, ids)
        rule = "rule-" + urllib.parse.parse_qs(parts.query)["rule"][0]
        self.assertIn(rule, ids)
        request = urllib.request.Request(
            self.url + "/api/v1/groups?rule=StartFails&group=key%3Done", method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()
        wait_until(lambda: "Nothing fires" in self.text(), "it has ended")
        text = self.text("/?" + parts.query)
        self.assertIn("does not fire any more. Its rule", text)
        self.assertIn(parts.fragment, {e.get("id") for e in self.page("/?" + parts.query).iter()})

    def test_the_page_tells_what_happened_and_what_does_not_get_through(self):
        self.receiver.answer = lambda request: (503, "busy <&>")
        self.burst(b"one")
        self.firing(1)
        text = wait_until(lambda: "▲ fails" in (text := self.text()) and "503" in text and text,
                          "it is not taken, and why")
        for row in self.page().iter("tr"):
            if "StartFails" in "".join(row.itertext()) and row.get("id"):
                self.assertIn("2 of 2", "".join(row.itertext()))
                self.assertIsNotNone(row.find(".//path[2]"))
        self.assertIn("more than 3 in 20m for each host, for 5m", text)
        wait_until(lambda: "▲ firing" in "".join(self.page().find(".//*[@id='history']")
                                                 .itertext()), "it is history")
        self.write("rules.yaml", "groups: [")
        request = urllib.request.Request(self.url + "/-/reload", method="POST")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=60)
        self.assertIn("The last reload failed", self.text())


class GuardedPageTest(PageTest):
    guard = ", basic_auth: {username: u, password: secret9}"

    def test_the_page_needs_the_password(self):
        word = base64.b64encode(b"u:secret9").decode()
        status, headers, body = self.ask(headers=[("Authorization", "Basic " + word)])
        self.assertEqual(status, 200)
        self.assertNotIn(b"secret9", body)
        style = re.search(rb'static/status-\w+\.css', body).group().decode()
        for path in ("/", "/?fragment=1", "/" + style):
            self.assertEqual(self.ask(path)[0], 401, path)


class BrowserTest(PageTest):
    def setUp(self):
        super().setUp()
        self.browser = Browser(self.directory)
        self.addCleanup(self.browser.close)

    def see(self, script, what):
        return wait_until(lambda: self.browser.run(script), what)

    def refresh(self):
        # What the script does when the tab is seen again, instead of five seconds of patience.
        self.browser.run("document.dispatchEvent(new Event('visibilitychange'))")

    def test_a_browser_finds_nothing_to_run_and_nothing_to_complain_of(self):
        for key in HOSTILE:
            self.burst(key)
        self.firing(len(HOSTILE))
        browser = self.browser
        browser.open(self.url)
        self.assertEqual(browser.run("document.querySelectorAll('article.alert').length"),
                         len(HOSTILE))
        self.assertEqual(browser.run("document.scripts.length"), 1)
        self.assertEqual(browser.run("document.images.length"), 0)
        self.assertEqual(browser.run("typeof window.hit"), "undefined")
        self.assertEqual(browser.run("document.title"), f"({len(HOSTILE)}) tallybell")
        # The same after the script has put a newer one in its place.
        browser.run("window.stays = true")
        self.burst(b"newer <script>window.hit = 2</script>")
        self.firing(len(HOSTILE) + 1)
        self.refresh()
        self.see(f"document.title.startsWith('({len(HOSTILE) + 1})')", "it is shown")
        self.assertEqual(browser.run("document.scripts.length"), 1)
        self.assertEqual(browser.run("typeof window.hit"), "undefined")
        self.assertTrue(browser.run("window.stays"))
        self.assertEqual(browser.complaints, [])
        # And the policy would have stopped it.
        browser.run("document.body.append(Object.assign(document.createElement('script'),"
                    "{textContent: 'window.hit = 3'}))")
        self.assertEqual(browser.run("typeof window.hit"), "undefined")
        self.assertTrue(wait_until(lambda: browser.run("1") and browser.complaints, "it says so"))

    def test_an_update_disturbs_nobody_and_a_server_that_is_gone_is_said(self):
        for i in range(12):
            self.burst(b"key%d" % i)
        self.firing(12)
        browser = self.browser
        browser.look(1000, 600)
        browser.open(self.url)
        browser.run("document.querySelector('.rules details').open = true")
        browser.run("document.querySelector('#filter').focus()")
        browser.press("key1")
        self.see("document.querySelectorAll('article:not(.out)').length === 3", "it is filtered")
        # And the rows of history that are about them.
        self.assertRegex(browser.run("document.querySelector('#found').textContent"),
                         r"^\d+ of \d+$")
        browser.run("window.scrollTo(0, 150), window.first = document.querySelector('article')")
        self.burst(b"key1x")
        self.firing(13)
        self.refresh()
        self.see("document.querySelectorAll('article').length === 13", "the new one is there")
        self.assertEqual(browser.run("document.querySelectorAll('article:not(.out)').length"), 4)
        self.assertTrue(browser.run("document.querySelector('.rules details').open"))
        self.assertEqual(browser.run("document.activeElement.id"), "filter")
        self.assertEqual(browser.run("document.querySelector('#filter').value"), "key1")
        self.assertTrue(browser.run("document.contains(window.first)"))
        self.assertGreater(browser.run("window.scrollY"), 100)
        self.process.stop()
        self.refresh()
        self.see("!document.querySelector('#link').hidden", "it says that nobody answers")
        self.assertIn("cannot be reached", browser.run("document.querySelector('#link').innerText"))
        self.process = self.tallybell()
        self.refresh()
        self.see("document.querySelector('#link').hidden", "it is reached again")

    def test_a_tab_that_is_not_seen_asks_for_nothing(self):
        browser = self.browser
        browser.open(self.url)
        browser.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
        self.refresh()
        asked = "performance.getEntriesByType('resource').filter(e => e.name.includes('?')).length"
        before = browser.run(asked)
        harness.stays_true(lambda: browser.run(asked) == before, "nothing is asked", 6)
        browser.run("delete document.hidden")
        self.refresh()
        self.see(f"{asked} > {before}", "it asks again")

    def test_it_can_be_read_at_any_width_and_in_the_dark(self):
        for key in HOSTILE + [b"m" * 900]:
            self.burst(key)
        self.firing(len(HOSTILE) + 1)
        browser = self.browser
        shots = os.environ.get("TALLYBELL_SCREENSHOTS")
        for scheme in ("light", "dark"):
            for width in (320, 390, 768, 1280):
                browser.look(width, 900, scheme)
                browser.open(self.url)
                self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), width)
                if shots is not None:
                    os.makedirs(shots, exist_ok=True)
                    browser.shoot(pathlib.Path(shots) / f"hostile-{scheme}-{width}.png")
            contrasts = browser.run(CONTRASTS)
            self.assertGreater(len(contrasts), 100)
            self.assertGreaterEqual(contrasts[0][0], 4.5, contrasts[:3])
        self.assertEqual(browser.complaints, [])

    def test_it_needs_no_script(self):
        self.burst(b"one")
        self.firing(1)
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.open(self.url)
        self.assertFalse(self.browser.run(
            "document.querySelector('#filter').checkVisibility()"))
        self.assertIn("1 alert firing", self.browser.run("document.body.innerText"))


if __name__ == "__main__":
    harness.main()
