"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const links = [...document.querySelectorAll("details.link")];
  const verdicts = ["broken", "unknown", "works"];

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
      if (after) after(shown, filtered);
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

  // The graph, with the numbers of graph.go.
  const svg = byId("graph");
  const note = byId("graph-note");
  const drawn = svg ? [...svg.childNodes] : [];
  const size = svg ? svg.getAttribute("viewBox") : "";
  const whole = 60, fewPairs = 10, some = 50, most = 120, width = 1000, column = 350, rowH = 24, head = 28, pad = 8, gap = 14;
  const cut = (s) => {
    const all = [...s];
    return all.length <= 44 ? s : all.slice(0, 43).join("").replace(/ +$/, "") + "…";
  };
  const by = (...keys) => (a, b) => {
    for (const k of keys) {
      const x = k(a), y = k(b);
      if (x < y) return -1;
      if (x > y) return 1;
    }
    return 0;
  };
  const counted = (c) => [[c.broken, "broken"], [c.unknown, "unknown"], [c.works, "working"]].filter(([n]) => n).map(([n, w]) => n + " " + w).join(", ");
  const make = (name, attributes, ...children) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    e.append(...children);
    return e;
  };
  const full = (label, name) => (cut(label) === name ? [cut(label)] : [make("title", {}, name), cut(label)]);

  const draw = (sections) => {
    const all = sections.map((e) => ({ ...e.dataset, anchor: e.id }));
    const pairs = new Map();
    for (const l of all) {
      const k = l.f + "\n" + l.t;
      if (!pairs.has(k)) pairs.set(k, { f: l.f, t: l.t, broken: 0, unknown: 0, works: 0 });
      pairs.get(k)[l.v]++;
    }
    const accounts = all.length > whole && pairs.size >= fewPairs;
    const single = all.length <= whole ? all : accounts ? [] : all.slice(0, some);
    const twice = new Map();
    for (const l of single) twice.set(l.f + "\n" + l.s, (twice.get(l.f + "\n" + l.s) || 0) + 1);
    let lines = single.map((l) => {
      pairs.get(l.f + "\n" + l.t)[l.v]--;
      return {
        from: ["Account " + l.f, twice.get(l.f + "\n" + l.s) > 1 ? l.s + " (" + l.r + ")" : l.s], to: ["Account " + l.t, l.d],
        order: verdicts.indexOf(l.v), then: 0, verdict: l.v, links: 1, anchor: l.anchor, number: +l.anchor.slice(1), title: l.s + " → " + l.d + ", rule " + l.r + ": " + l.v,
      };
    });
    for (const c of pairs.values()) {
      const n = c.broken + c.unknown + c.works;
      if (!n) continue;
      const verdict = verdicts.find((v) => c[v]);
      lines.push({
        from: accounts ? ["Source accounts", c.f + ": " + counted(c)] : ["Account " + c.f, "… and " + counted(c)],
        to: accounts ? ["Destination accounts", c.t] : ["Account " + c.t, "… and others"],
        order: accounts ? verdicts.indexOf(verdict) : 3, then: accounts ? -c.broken : 0, verdict, links: n, number: 0, account: c.f, title: c.f + " to " + c.t + ": " + counted(c),
      });
    }
    const worst = new Map();
    for (const l of lines) worst.set(l.from[0], Math.min(l.order, worst.get(l.from[0]) ?? 9));
    lines.sort(by((l) => worst.get(l.from[0]), (l) => l.from[0], (l) => l.order, (l) => l.then, (l) => l.from[1], (l) => l.to[0], (l) => l.to[1], (l) => l.number));
    lines = lines.slice(0, most);

    const left = [], groups = new Map(), at = new Map();
    let y = 0;
    for (const l of lines) {
      if (!left.length || left[left.length - 1].name !== l.from[0]) {
        if (left.length) y += pad + gap;
        left.push({ x: 0, y, name: l.from[0], rows: [] });
        y += head;
      }
      l.y = y + rowH / 2;
      y += rowH;
      const box = left[left.length - 1];
      box.h = y + pad - box.y;
      if (!groups.has(l.to[0])) groups.set(l.to[0], { name: l.to[0], sum: 0, n: 0, rows: new Map() });
      const g = groups.get(l.to[0]);
      if (!g.rows.has(l.to[1])) g.rows.set(l.to[1], { name: l.to[1], sum: 0, n: 0 });
      for (const m of [g, g.rows.get(l.to[1])]) {
        m.sum += l.y;
        m.n++;
      }
    }
    const heightLeft = y + pad, x = width - column, right = [];
    y = 0;
    const inOrder = (list) => [...list].sort(by((m) => m.sum / m.n, (m) => m.name));
    for (const g of inOrder(groups.values())) {
      const box = { x, y, name: g.name, rows: [] };
      y += head;
      for (const row of inOrder(g.rows.values())) {
        at.set(g.name + "\n" + row.name, y + rowH / 2);
        box.rows.push(row.name);
        y += rowH;
      }
      box.h = y + pad - box.y;
      right.push(box);
      y += pad + gap;
    }
    const heightRight = y - gap, height = Math.max(heightLeft, heightRight) + 1;
    const shift = Math.max(0, Math.trunc((heightLeft - heightRight) / 2));
    for (const b of right) b.y += shift;
    svg.setAttribute("viewBox", "0 0 " + width + " " + height);
    svg.replaceChildren(...drawn.filter((n) => n.nodeName === "title" || n.nodeName === "desc"));
    for (const b of [...left, ...right]) {
      svg.append(make("rect", { class: "box", x: b.x, y: b.y, width: column, height: b.h, rx: 8 }), make("text", { class: "head", x: b.x + 14, y: b.y + 19 }, b.name));
      for (const r of b.rows) svg.append(make("text", { x: x + 14, y: at.get(b.name + "\n" + r) + shift + 4 }, ...full(r, r)));
    }
    for (const l of lines) {
      const y2 = at.get(l.to[0] + "\n" + l.to[1]) + shift;
      const a = { class: "edge " + l.verdict, href: l.anchor ? "#" + l.anchor : "#links" };
      if (l.account) a["data-account"] = l.account;
      const path = "M" + column + " " + l.y + "C500 " + l.y + " 500 " + y2 + " " + (x - 8) + " " + y2;
      svg.append(make("a", a,
        make("title", {}, l.title),
        make("path", { class: "hit", d: path }),
        make("path", { class: "line", d: path, "stroke-width": 2 + Math.trunc(Math.min(31 - Math.clz32(l.links), 6) / 2) }),
        make("path", { class: "tip", d: "M" + x + " " + y2 + "l-9 -5v10z" }),
        make("text", { x: 14, y: l.y + 4 }, cut(l.from[1])),
        make("circle", { cx: column, cy: l.y, r: 9 }),
        make("text", { class: "glyph", x: column, y: l.y + 4 }, { broken: "✕", unknown: "?", works: "✓" }[l.verdict])));
    }
    svg.classList.toggle("empty", !lines.length);
    note.hidden = !accounts;
  };

  const linkFilter = filter(byId("link-filters"), links, "links", {
    verdict: (l) => [l.dataset.v],
    account: (l) => [l.dataset.f, l.dataset.t],
  }, (shown, filtered) => {
    if (!svg) return;
    if (filtered) return draw(shown);
    svg.setAttribute("viewBox", size);
    svg.classList.remove("empty");
    note.hidden = false;
    svg.replaceChildren(...drawn);
  });
  if (svg) {
    svg.addEventListener("click", (e) => {
      const a = e.target.closest("a[data-account]");
      if (!a) return;
      e.preventDefault();
      linkFilter.set("account", a.getAttribute("data-account"));
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
