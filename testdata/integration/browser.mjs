// Opens pages of crosscheck -o html in headless Chromium and prints, as JSON, what
// a reader would meet: what was asked of the network, errors, what axe-core finds in
// light and dark, what filters and jumps do.
//
//   node browser.mjs CHROMIUM PAGE.html... (playwright-core and axe-core beside NODE_PATH)
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { join } from "node:path";

const require = createRequire(join(process.env.BROWSER_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;
const [executablePath, ...pages] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// curves of the graph that are seen, and whether each leads to a link that is seen,
// or to a pair of accounts with one; rows is whether each row that is seen has a curve.
const graph = () => {
  const on = (e) => getComputedStyle(e).visibility === "visible";
  const sections = [...document.querySelectorAll("details.link")].filter((e) => !e.hidden);
  const edges = [...document.querySelectorAll("#graph a.edge")];
  const right = edges.every((e) => on(e) === (e.dataset.pair
    ? sections.some((l) => l.dataset.f + " " + l.dataset.t === e.dataset.pair)
    : sections.some((l) => "#" + l.id === e.getAttribute("href"))));
  const rows = [...document.querySelectorAll("#graph text[data-row]")].every((r) => on(r) === edges.some((e) => on(e) && e.dataset.row === r.dataset.row));
  return { curves: edges.filter(on).length, right, rows };
};

const look = async (browser, page) => {
  const url = pathToFileURL(page).href;
  const out = { page, requests: [], errors: [], violations: [] };
  const open = async (options) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const tab = await context.newPage();
    tab.on("request", (r) => { if (r.url() !== url && r.url() !== "data:,") out.requests.push(r.url()); });
    tab.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") out.errors.push(m.text()); });
    tab.on("pageerror", (e) => out.errors.push(String(e)));
    await tab.goto(url);
    return tab;
  };

  const tab = await open({});
  out.firstPaintMS = await tab.evaluate(() => new Promise((done) => {
    new PerformanceObserver((list, o) => { const e = list.getEntriesByName("first-contentful-paint")[0]; if (e) { o.disconnect(); done(Math.round(e.startTime)); } }).observe({ type: "paint", buffered: true });
  }));
  out.title = await tab.title();
  out.headline = await tab.locator("h1").innerText();
  const visible = (selector) => tab.evaluate((s) => [...document.querySelectorAll(s)].filter((e) => e.checkVisibility()).length, selector);
  const status = (bar) => tab.locator(bar + " [role=status]").innerText();
  out.links = await visible("details.link");
  out.linkStatus = out.links ? await status("#link-filters") : "";
  if (out.links) {
    const before = await tab.evaluate(graph);
    out.curves = before.curves;
    await tab.fill("#link-filters input", "→");
    await tab.waitForTimeout(400);
    out.sameGraph = JSON.stringify(await tab.evaluate(graph)) === JSON.stringify(before);
    out.allMatch = await visible("details.link");
    await tab.click("#link-filters button");
    await tab.selectOption("#link-filters [name=verdict]", "broken").catch(() => {});
    out.broken = await visible("details.link");
    out.brokenStatus = await status("#link-filters");
    out.brokenOnly = await tab.evaluate(() => [...document.querySelectorAll("details.link")].every((e) => e.hidden === (e.dataset.v !== "broken")));
    const some = await tab.evaluate(graph);
    out.graphBroken = some.right && some.rows && (some.curves > 0) === (out.broken > 0);
    await tab.fill("#link-filters input", "no such link");
    await tab.waitForTimeout(400);
    out.none = await visible("details.link");
    out.curvesOfNone = (await tab.evaluate(graph)).curves;
    await tab.click("#link-filters button");
    await tab.waitForTimeout(50);
    out.again = await visible("details.link");
    out.graphAgain = JSON.stringify(await tab.evaluate(graph)) === JSON.stringify(before);

    // By keyboard from the graph to the section of a link, or to the account's links.
    const edge = tab.locator("#graph a").first();
    const accounts = (await edge.getAttribute("data-pair"))?.split(" ")[0];
    await edge.focus();
    await tab.keyboard.press("Enter");
    await tab.waitForTimeout(200);
    if (accounts) out.followed = (await visible("details.link")) < out.links && (await tab.locator("#link-filters [name=account]").inputValue()) === accounts;
    else out.followed = await tab.evaluate(() => { const e = document.getElementById(location.hash.slice(1)); return e.open && e.getBoundingClientRect().top < innerHeight && e.contains(document.activeElement); });
  }
  if (await tab.locator("#finding-table").count()) {
    out.findings = await visible("#finding-table tbody tr");
    await tab.selectOption("#finding-filters [name=severity]", { index: 1 });
    const picked = await tab.locator("#finding-filters [name=severity]").inputValue();
    out.oneSeverity = await visible("#finding-table tbody tr");
    out.severityOnly = await tab.evaluate((s) => [...document.querySelectorAll("#finding-table tbody tr")].every((r) => r.hidden === (r.cells[0].textContent !== s)), picked);
    out.findingStatus = await status("#finding-filters");
  }
  await tab.context().close();

  // A large page is made of the same parts, and axe-core takes minutes for it.
  for (const colorScheme of out.links > 100 ? [] : ["light", "dark"]) {
    const t = await open({ colorScheme });
    await t.evaluate(() => { for (const d of [...document.querySelectorAll("details")].slice(0, 40)) d.open = true; });
    await t.context().newCDPSession(t).then((s) => s.send("Page.setBypassCSP", { enabled: true }));
    await t.evaluate(axe); // by the debugger, which the policy of the page does not bind
    const found = await t.evaluate(() => axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    for (const v of found.violations) out.violations.push({ colorScheme, id: v.id, impact: v.impact, help: v.help, at: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " | " + (n.any[0]?.message || n.all[0]?.message || n.none[0]?.message || "")) });
    await t.context().close();
  }

  // Without a script: all of it is there, without filters.
  const plain = await open({ javaScriptEnabled: false });
  out.plainFilters = await plain.locator("#link-filters:visible, #finding-filters:visible").count();
  out.plainLinks = await plain.locator("details.link:visible").count();
  await plain.context().close();

  // What a narrow window and paper hold.
  const narrow = await open({ viewport: { width: 390, height: 800 } });
  out.narrowOverflow = await narrow.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await narrow.emulateMedia({ media: "print" });
  await narrow.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  out.printedBodies = await narrow.evaluate(() => [...document.querySelectorAll("details.link > div")].slice(0, 50).filter((e) => e.checkVisibility({ contentVisibilityAuto: true })).length);
  await narrow.context().close();
  return out;
};

const browser = await chromium.launch({ executablePath, args });
try {
  for (const page of pages) console.log(JSON.stringify(await look(browser, page)));
} finally {
  await browser.close();
}
