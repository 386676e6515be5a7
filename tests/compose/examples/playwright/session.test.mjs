// People and timeouts in a real browser, with Hourgate's page script.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { advance, control, signIn } from "./hourgate.mjs";

const app = "https://one.apps.localhost";
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Root, as in most CI containers, has no sandbox.
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
});

after(() => browser?.close());

/** A page of a browser that knows nothing. The certificates are of certs/make; trust them, or look away as here. */
async function newPage() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  return await context.newPage();
}

/** Somebody is signed in, and the page script knows: before its first answer it cannot say that they are out. */
async function signInAt(page, url, user) {
  await page.goto(url);
  const known = page.waitForResponse((answer) => answer.url().endsWith("/_hourgate/session") && answer.ok());
  await signIn(page, user);
  await known;
}

test("somebody who is disabled at the identity provider sees why they are out", async () => {
  await control("PUT", "/users/grace", { claims: { email: "grace@example.com", name: "Grace" }, disabled: false });
  const page = await newPage();
  await page.goto(`${app}/report`);
  await signIn(page, "grace");
  assert.equal(await page.locator("#user").textContent(), "grace");
  assert.equal(page.url(), `${app}/report`);

  await control("POST", "/users/grace/disable");
  await page.reload();
  assert.equal(await page.locator("#user").textContent(), "grace", "the last proof still counts");

  await advance("61m");
  await page.reload();
  await page.getByText("no longer accepts this session").waitFor();
  assert.equal(await page.locator("code").textContent(), "idp_refused");
});

test("a page that is left open says that the session is over, and keeps what was typed", async () => {
  await control("PUT", "/users/heidi", { claims: { email: "heidi@example.com" }, disabled: false });
  const page = await newPage();
  await signInAt(page, `${app}/form`, "heidi");
  await page.locator("#user").waitFor();
  await page.evaluate(() => document.body.append(document.createElement("textarea")));
  await page.locator("textarea").fill("three hours of work");

  await control("POST", "/users/heidi/disable");
  await advance("61m");
  await page.evaluate(() => window.hourgate.refresh());
  await page.locator("#hourgate-dialog[data-state=over]").waitFor();
  await page.getByText("no longer accepts this session").waitFor();
  assert.equal(await page.locator("textarea").inputValue(), "three hours of work");
});

test("by WS-Federation the browser brings a new token every hour, and the identity provider can refuse it", async () => {
  await control("PUT", "/users/ivan", { claims: { email: "ivan@example.com" }, disabled: false });
  const page = await newPage();
  await page.goto("https://one.wsfed.localhost/report");
  await signIn(page, "ivan");
  await page.locator("#user").waitFor();

  await advance("61m");
  await page.reload();
  await page.locator("#user").waitFor();
  assert.equal(page.url(), "https://one.wsfed.localhost/report", "there and back, without a question");

  await control("POST", "/users/ivan/disable");
  await advance("61m");
  await page.reload();
  await signIn(page, "ivan");
  await page.getByText("is disabled").waitFor();
});

test("a page that is left open warns before its end, and stays signed in", async () => {
  await control("PUT", "/users/judy", { claims: { email: "judy@example.com" }, disabled: false });
  const page = await newPage();
  // The page has a clock of its own.
  await page.clock.install();
  await signInAt(page, "https://one.wsfed.localhost/form", "judy");

  // First the gateways, then the page, which asks them at once. A token counts for an hour; the warning comes 20 minutes before.
  await advance("45m");
  await page.clock.fastForward("45:00");
  await page.getByText("Your sign-in needs to be renewed").waitFor();
  await page.getByRole("button", { name: "Stay signed in" }).click();
  await page.locator("#hourgate-dialog[data-state=none]").waitFor({ state: "attached" });
});
