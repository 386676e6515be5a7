// Drives Hourgate's compose system from a test. Copy this file into your project.

import { request } from "node:https";
import { setTimeout } from "node:timers/promises";

export const idp = "http://127.0.0.1:9400/_control/t1";

/** The control API of the test identity provider. */
export async function control(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(idp + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : undefined;
}

/** Presses the button of that user at the identity provider; the page has been sent there. */
export async function signIn(page, user) {
  await page.getByTestId(`user-${user}`).click();
}

/** Moves the clock of the identity provider, and with it that of every gateway, and waits for them: "61m", "30s", "1d". */
export async function advance(span) {
  const moved = Date.parse((await control("POST", "/clock", { advance: span })).now);
  const patience = Date.now() + 30_000;
  // Several gateways answer in turn.
  for (let inARow = 0; inARow < 6; ) {
    if (Date.now() > patience) throw new Error(`the gateways do not follow the clock to ${new Date(moved).toISOString()}`);
    inARow = (await gatewaysNow()) >= moved ? inARow + 1 : 0;
    await setTimeout(10);
  }
}

/** What a gateway's clock shows, in milliseconds since 1970. Any app's address will do; Node itself knows no *.localhost. */
function gatewaysNow() {
  const options = {
    host: "127.0.0.1",
    servername: "one.apps.localhost",
    headers: { Host: "one.apps.localhost" },
    path: "/_hourgate/session",
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const asked = request(options, async (answer) => {
      let text = "";
      for await (const piece of answer) text += piece;
      resolve(answer.statusCode === 200 ? JSON.parse(text).now : 0);
    });
    asked.on("error", reject).end();
  });
}
