/** A page without a browser: the decisions of the script, on a clock that the test moves, in front of a gateway of the test's. */
import { readStanding } from "../../src/edge/script/contract.js";
import { nextLook, step } from "../../src/edge/script/machine.js";
import { begin, type Effect, type Input, type Notice, type State } from "../../src/edge/script/state.js";
import { viewOf, type View } from "../../src/edge/script/view.js";

export const BASE = "https://app.example/_hourgate/";
export const START = 1_790_000_000_000;

/** An answer of the gateway with somebody in it, as it is on the wire. */
export function live(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    authenticated: true,
    now: START,
    reason: "live",
    sub: "alice",
    environment: "prod",
    expires_in: 28800,
    idle_in: 1800,
    warn: { kind: "inactivity", in: 1680, lead: 120, ends_in: 1800 },
    extend: "post",
    degraded: false,
    proof: {},
    check: {},
    extend_url: "/_hourgate/session/extend",
    activity_url: "/_hourgate/session/activity",
    popup_url: "/_hourgate/start?display=popup",
    login_url: "/_hourgate/start",
    logout_url: "/_hourgate/signout",
    ...changes,
  };
}

/** The warning of an answer. */
export function warn(kind: string, inSecs: number, endsInSecs: number): Record<string, unknown> {
  return { kind, in: inSecs, lead: endsInSecs - inSecs, ends_in: endsInSecs };
}

export function signedOut(reason: string): Record<string, unknown> {
  return { authenticated: false, reason, sentence: `Because of ${reason}.`, login_url: "/l", popup_url: "/_hourgate/start?p" };
}

export class Page {
  now = START;
  state: State;
  effects: Effect[] = [];

  constructor(visible = true) {
    this.state = begin(visible, 0);
    this.take({ t: "tick" });
  }

  take(input: Input): void {
    const { state, effects } = step(this.state, input, this.now);
    this.state = state;
    this.effects.push(...effects);
  }

  /** The gateway answers `body`, asked for `agoMs` before. */
  answer(body: unknown, agoMs = 0): void {
    const standing = readStanding(body, BASE);
    if (standing === null) this.take({ t: "no-answer", retryAfterSecs: null, dice: 0 });
    else this.take({ t: "answer", standing, askedAt: this.now - agoMs, got: this.now });
  }

  /** Time goes by; the page looks whenever it wanted to. */
  pass(secs: number): void {
    const until = this.now + secs * 1000;
    for (;;) {
      const at = nextLook(this.state, this.now);
      if (at > until) break;
      this.now = at;
      this.take({ t: "tick" });
    }
    this.now = until;
  }

  /** The device sleeps: time goes by, and nothing looks. */
  sleep(secs: number): void {
    this.now += secs * 1000;
  }

  /** What was to be done since the last time, in short: `ask`, `report`, `warn` … Ticks are left out. */
  did(): string[] {
    const names = this.effects.map((effect) => (effect.t === "notice" ? effect.notice.name : effect.t));
    this.effects = [];
    return names.filter((name) => name !== "tick");
  }

  notices(): Notice[] {
    return this.effects.flatMap((effect) => (effect.t === "notice" ? [effect.notice] : []));
  }

  view(): View {
    return viewOf(this.state, this.now);
  }
}
