"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const links = [...document.querySelectorAll("details.link")];

  // text of an element for searches, made once
  const texts = new Map();
  const textOf = (e) => {
    if (!texts.has(e)) texts.set(e, e.textContent.toLowerCase());
    return texts.get(e);
  };

  // fill gives a select all values, sorted, each with how often it is there.
  const fill = (select, values) => {
    const counts = new Map();
    for (const v of values) counts.set(v, (counts.get(v) || 0) + 1);
    for (const v of [...counts.keys()].sort()) {
      const o = document.createElement("option");
      o.value = v;
      o.textContent = v + " (" + counts.get(v) + ")";
      select.append(o);
    }
  };

  // filter shows the items that match all controls of a bar.
  const filter = (bar, items, noun, fields, after) => {
    if (!bar) return { reset() {}, set() {} };
    const controls = [...bar.querySelectorAll("select, input")];
    const search = bar.querySelector("input");
    const clear = bar.querySelector("button");
    const status = bar.querySelector("[role=status]");
    for (const c of controls) {
      if (c !== search) fill(c, items.flatMap((i) => [...new Set(fields[c.name](i))]));
    }
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const shown = items.filter((i) => {
        const ok = controls.every((c) => c === search || !c.value || fields[c.name](i).includes(c.value)) && words.every((w) => textOf(i).includes(w));
        i.hidden = !ok;
        return ok;
      });
      const filtered = controls.some((c) => c.value);
      clear.hidden = !filtered;
      status.textContent = filtered ? shown.length + " of " + items.length + " " + noun : items.length + " " + noun;
      if (after) after(shown);
    };
    let timer = 0;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(apply, items.length > 500 ? 150 : 0);
    });
    bar.addEventListener("change", apply);
    const reset = () => {
      for (const c of controls) c.value = "";
      apply();
    };
    clear.addEventListener("click", () => {
      reset();
      search.focus();
    });
    bar.hidden = false;
    apply();
    return {
      reset,
      set(name, value) {
        for (const c of controls) c.value = c.name === name ? value : "";
        apply();
      },
    };
  };

  // The graph is laid out once, in Go. A filter hides the curves of links that it
  // leaves out; a curve for several links goes when none between its two accounts is
  // left. A bucket without a curve goes too.
  const svg = byId("graph");
  const edges = svg ? [...svg.querySelectorAll("a.edge")] : [];
  const rows = svg ? [...svg.querySelectorAll("[data-row]")].filter((e) => !e.matches("a")) : [];
  const showEdges = (shown) => {
    const ids = new Set(shown.map((l) => "#" + l.id));
    const pairs = new Set(shown.map((l) => l.dataset.f + " " + l.dataset.t));
    const left = new Set();
    for (const e of edges) {
      const on = e.dataset.pair ? pairs.has(e.dataset.pair) : ids.has(e.getAttribute("href"));
      e.classList.toggle("off", !on);
      if (on) left.add(e.dataset.row);
    }
    for (const r of rows) r.classList.toggle("off", !left.has(r.dataset.row));
  };

  const linkFilter = filter(byId("link-filters"), links, "links", {
    verdict: (l) => [l.dataset.v],
    account: (l) => [l.dataset.f, l.dataset.t],
  }, showEdges);
  if (svg) {
    svg.addEventListener("click", (e) => {
      const a = e.target.closest("a[data-pair]");
      if (!a) return;
      e.preventDefault();
      linkFilter.set("account", a.dataset.pair.split(" ")[0]);
    });
  }

  const cell = (n) => (row) => [row.cells[n].firstElementChild ? row.cells[n].firstElementChild.textContent : row.cells[n].firstChild.data];
  const findings = byId("finding-table") ? [...byId("finding-table").tBodies[0].rows] : [];
  const findingFilter = filter(byId("finding-filters"), findings, "findings", {
    severity: cell(0),
    status: cell(1),
    rule: (row) => [row.cells[2].firstChild.data],
    account: (row) => [row.cells[3].textContent],
  });

  for (const b of document.querySelectorAll("button[data-open]")) {
    b.hidden = false;
    b.addEventListener("click", () => {
      const open = b.getAttribute("data-open") === "yes";
      for (const l of links) if (!l.hidden) l.open = open;
    });
  }

  // A document is copied as it is shown; without the script it is selected by hand.
  for (const b of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) break;
    b.hidden = false;
    b.addEventListener("click", async () => {
      await navigator.clipboard.writeText(byId(b.getAttribute("data-copy")).textContent);
      b.textContent = "Copied";
    });
  }

  // A jump opens what it leads to.
  const jump = () => {
    const target = location.hash.length > 1 && byId(location.hash.slice(1));
    if (!target) return;
    if (target.hidden) (target.tagName === "TR" ? findingFilter : linkFilter).reset();
    if (target.tagName === "DETAILS") {
      target.open = true;
      target.querySelector("summary").focus({ preventScroll: true });
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", jump);
  document.addEventListener("click", (e) => {
    const a = e.target.closest("a[href^='#']");
    if (a && a.getAttribute("href") === location.hash) jump();
  });
  jump();
})();
