// How soon a key is answered: from the keydown of F2 at a desk to the called number in the desk's
// own page, and to the same number on the hub's board. Run by the benchmarks with one JSON
// argument; writes one JSON line. Both pages say when by the clock of this one machine.
import { chromium } from "playwright-core";

const { desk, token, board, hub, hubToken, officer, counter, times } = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

async function ask(name, args) {
  const response = await fetch(`${hub}/rpc/${name}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${hubToken}`,
      "x-officer": "lan",
      "x-command-id": crypto.randomUUID(),
    },
    body: JSON.stringify(args),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return body;
}

/** Notes when a text was first painted where `selector` finds it. */
function watch(selector) {
  const seen = {};
  window.seen = seen;
  const now = () => performance.timeOrigin + performance.now();
  const look = () => {
    for (const element of document.querySelectorAll(selector)) {
      const text = element.textContent.trim();
      if (text in seen) continue;
      seen[text] = 0;
      // Two frames on, what was changed has been painted.
      requestAnimationFrame(() => requestAnimationFrame(() => (seen[text] = now())));
    }
  };
  new MutationObserver(look).observe(document.documentElement, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
  look();
  window.addEventListener(
    "keydown",
    (event) => (window.pressed = performance.timeOrigin + event.timeStamp),
    true,
  );
}

// Pages of their own browser windows: one that is not in front would be painted less often.
const open = async () => (await browser.newContext({ viewport: { width: 1366, height: 768 } })).newPage();
const [page, hall] = [await open(), await open()];
await page.goto(`${desk}/#token=${token}`);
await page.waitForSelector("main.start");
await page.evaluate((session) => {
  localStorage.setItem("motcua.session", session);
  sessionStorage.setItem("motcua.session", "in");
}, JSON.stringify({ officer, counter }));
await page.goto(`${desk}/#desk`);
await page.reload();
await page.waitForSelector(".app main");
await hall.goto(board);
await hall.waitForSelector(".bd");
await page.evaluate(watch, ".visit .vno");
await hall.evaluate(watch, ".big");

const answer = { desk: [], board: [] };
for (let n = 0; n < times; n++) {
  const { ticket } = await ask("visit.register", { service: "ho-tich" });
  await page.waitForFunction((t) => document.body.textContent.includes(t), ticket);
  await page.waitForSelector(".rail .rb.p:has-text('F2')");
  await page.keyboard.press("F2");
  const painted = (p) => p.waitForFunction((t) => window.seen[t], ticket, { polling: 20 });
  const [own, there] = await Promise.all([painted(page), painted(hall)]);
  const pressed = await page.evaluate(() => window.pressed);
  answer.desk.push((await own.jsonValue()) - pressed);
  answer.board.push((await there.jsonValue()) - pressed);
  const { called } = await ask("queue.snapshot", {});
  for (const { visit_id } of called) {
    await ask("leg.start", { visit_id });
    await ask("leg.finish", { visit_id });
  }
}
await browser.close();
console.log(JSON.stringify(answer));
