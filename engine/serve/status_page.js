// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors
//
// Keeps the status page up to date and filters it. The page is whole without it.
"use strict";

(() => {
  const EVERY = 5000; // milliseconds, while the page is seen
  const SLOWEST = 30000; // while tallybell cannot be reached
  const GIVE_UP = 10000;

  const link = document.getElementById("link");
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  let timer = 0;
  let failures = 0;
  let asking = false;
  let reached = new Date();

  // Makes `now` like `next` with as few changes as can be, so that whoever reads, selects or types
  // notices nothing. What the reader opened stays open.
  function follow(now, next) {
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
    }
    for (const { name, value } of [...next.attributes]) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
    const known = new Map();
    for (const child of now.children) if (child.id) known.set(child.id, child);
    let at = now.firstChild;
    for (const wanted of [...next.childNodes]) {
      let mine = at;
      if (wanted.id) {
        mine = known.get(wanted.id) || null;
      } else if (at && at.id) {
        mine = null;
      }
      if (mine && mine.nodeName === wanted.nodeName) {
        if (mine === at) at = at.nextSibling;
        else now.insertBefore(mine, at);
        if (mine.nodeType === Node.ELEMENT_NODE) follow(mine, wanted);
        else if (mine.data !== wanted.data) mine.data = wanted.data;
      } else {
        now.insertBefore(document.importNode(wanted, true), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  }

  function applyFilter() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let all = 0;
    for (const item of document.querySelectorAll("#live .item")) {
      const text = words.length ? item.textContent.toLowerCase() : "";
      const fits = words.every((word) => text.includes(word));
      item.classList.toggle("out", !fits);
      all += 1;
      shown += fits ? 1 : 0;
    }
    for (const body of document.querySelectorAll("#live .rules tbody")) {
      body.classList.toggle("out", !body.querySelector(".item:not(.out)"));
    }
    const says = words.length ? `${shown} of ${all}` : "";
    if (found.textContent !== says) found.textContent = says;
  }

  function take(text) {
    const next = new DOMParser().parseFromString(text, "text/html").getElementById("live");
    const now = document.getElementById("live");
    if (!next) throw new Error("an answer that is no status page");
    if (next.dataset.page !== now.dataset.page) {
      location.reload();
      return;
    }
    follow(now, next);
    document.title = next.dataset.title;
    applyFilter();
  }

  function say(text) {
    link.hidden = !text;
    if (link.textContent !== text) link.textContent = text;
  }

  async function update() {
    if (asking) return;
    asking = true;
    const wish = new URLSearchParams(location.search);
    wish.set("fragment", "1");
    const end = new AbortController();
    const late = setTimeout(() => end.abort(), GIVE_UP);
    try {
      const answer = await fetch(`./?${wish}`, { signal: end.signal, cache: "no-store" });
      if (!answer.ok) throw new Error(`it answers ${answer.status}`);
      take(await answer.text());
      failures = 0;
      reached = new Date();
      say("");
    } catch (error) {
      failures += 1;
      const why = error.message.startsWith("it answers") ? `: ${error.message}` : "";
      const clock = reached.toISOString().slice(11, 19);
      say(`tallybell cannot be reached${why}. What you see is of ${clock} UTC.`);
    }
    clearTimeout(late);
    asking = false;
    plan(Math.min(EVERY * (failures + 1), SLOWEST));
  }

  function plan(wait) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(update, wait);
  }

  for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
  filter.addEventListener("input", applyFilter);
  document.addEventListener("visibilitychange", () => plan(0));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target === filter) return;
    event.preventDefault();
    filter.focus();
  });
  // Browsers give back what was typed when one comes back.
  applyFilter();
  plan(EVERY);
})();
