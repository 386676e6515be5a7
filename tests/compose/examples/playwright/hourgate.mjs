// Drives Hourgate's compose system from a test. Copy this file into your project.

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

/** Moves the clock of the identity provider, and with it that of every gateway; waits until the gateways show it to the page. */
export async function advance(page, span) {
  const moved = Date.parse((await control("POST", "/clock", { advance: span })).now);
  const shown = () => page.evaluate(async () => (await (await fetch("/_hourgate/session")).json()).now);
  const patience = Date.now() + 30_000;
  // Several gateways answer in turn.
  for (let inARow = 0; inARow < 6; ) {
    if (Date.now() > patience) throw new Error(`the gateways do not follow the clock to ${new Date(moved).toISOString()}`);
    inARow = (await shown()) >= moved ? inARow + 1 : 0;
  }
}
