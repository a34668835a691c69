// Live counts of an issue. Without this script, or where a proxy holds the stream up, the page shows
// the counts of its loading and a link to refresh. Numbers change in place; nothing else moves.
"use strict";

const box = document.querySelector("[data-live]");
if (box && "EventSource" in window) {
  const note = box.querySelector("[data-live-note]");
  const all = (name) => document.querySelectorAll(`[data-live-${name}]`);
  let source = null;
  let ended = false;

  const say = (what) => {
    const text = note.dataset[what];
    if (note.textContent !== text) note.textContent = text;
  };

  const show = (look) => {
    for (const place of all("count")) place.textContent = look.counts[place.dataset.liveCount];
    for (const place of all("total")) place.textContent = look.total;
    for (const place of all("final")) place.textContent = look.final;
    for (const place of all("state")) {
      place.textContent = look.word;
      place.className = `word ${look.state}`;
    }
    let x = 0;
    for (const bar of all("bar")) {
      const width = look.total ? (1000 * look.counts[bar.dataset.liveBar]) / look.total : 0;
      bar.setAttribute("x", x);
      bar.setAttribute("width", width);
      x += width;
    }
  };

  const close = () => {
    if (source) source.close();
    source = null;
  };

  const open = () => {
    if (source || ended) return;
    source = new EventSource(box.dataset.live);
    source.addEventListener("counts", (event) => {
      show(JSON.parse(event.data));
      say("on");
    });
    source.addEventListener("end", () => {
      ended = true;
      close();
      say("end");
    });
    source.addEventListener("error", () => {
      // The browser opens a broken stream again by itself; a refused one it gives up.
      if (source && source.readyState === EventSource.CLOSED) close();
      say("off");
    });
  };

  // A browser keeps six connections to a host: pages in the background leave theirs to others.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}
