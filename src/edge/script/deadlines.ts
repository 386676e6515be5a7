/**
 * Instants made of the gateway's spans. They are on this device's clock, so a wrong clock does no harm, and sleep is seen:
 * who looks late sees an instant that has passed, not a count that stood still.
 */
import type { Kind, Live } from "./contract.js";

/** Milliseconds since 1970 on this device's clock. */
export type Instant = number;

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** The page asks at least this often while it is visible. */
export const POLL = 5 * MINUTE;
/** Spans arrive in whole seconds, rounded down: the gateway's end is up to a second later. */
export const ROUNDING = SECOND;
/** Who said "not now" is asked once more so long before the end. */
export const LAST_REMINDER = 2 * MINUTE;
/** Real input is reported once in this span, by all tabs together. */
export const REPORT_EVERY = MINUTE;

/** When something is to happen, as one answer of the gateway has it. */
export interface Plan {
  readonly kind: Kind;
  /** When the answer came, or what is as good: when input was reported. */
  readonly from: Instant;
  readonly warnAt: Instant;
  readonly endsAt: Instant;
}

/** The plan in an answer that came at `from`; `null`: no end is near enough to be named. */
export function planOf(live: Live, from: Instant): Plan | null {
  const { warn } = live;
  if (warn !== null) {
    return { kind: warn.kind, from, warnAt: from + warn.inSecs * SECOND, endsAt: from + warn.endsInSecs * SECOND };
  }
  const { idleInSecs, expiresInSecs } = live;
  const ends = Math.min(idleInSecs ?? Infinity, expiresInSecs ?? Infinity);
  if (ends === Infinity) return null;
  const endsAt = from + ends * SECOND;
  return { kind: ends === idleInSecs ? "inactivity" : "end", from, warnAt: endsAt, endsAt };
}

/**
 * The plan after the gateway took a report of input. What was left when it answered is the least that is left now; the
 * rest is learnt from its next answer.
 */
export function afterReport(plan: Plan, at: Instant): Plan {
  if (plan.kind !== "inactivity" || at <= plan.from) return plan;
  const gained = at - plan.from;
  return { ...plan, from: at, warnAt: plan.warnAt + gained, endsAt: plan.endsAt + gained };
}

/** Whether the gateway itself said that the warning is due. */
export function isConfirmed(plan: Plan): boolean {
  return plan.warnAt <= plan.from;
}

/** Until when a "not now" holds: until shortly before the end, and the second one until the end. */
export function dismissedUntil(plan: Plan, at: Instant): Instant {
  const reminder = plan.endsAt - LAST_REMINDER;
  return at < reminder - 30 * SECOND ? reminder : plan.endsAt + ROUNDING;
}

/**
 * How long to wait before the gateway is asked again that could not say: what it asked for, at least 1 s, 2 s, 4 s … 30 s,
 * and a fifth more by the dice (0–1), so that the pages of a house do not come all at once.
 */
export function patience(failures: number, retryAfterSecs: number | null, dice: number): number {
  const backoff = Math.min(2 ** Math.max(failures - 1, 0), 30);
  const secs = Math.min(Math.max(retryAfterSecs ?? 0, backoff), POLL / SECOND);
  return Math.ceil(secs * SECOND * (1 + dice / 5));
}
