/** All that a page knows and wants, what can happen to it, and what it then has done. */
import type { Live, SignedOut, Standing } from "./contract.js";
import type { Instant, Plan } from "./deadlines.js";

/** Where the page stands. */
export type Phase =
  /** The gateway has not answered yet. */
  | "unknown"
  /** Nobody was signed in when the page came: there is nothing to lose. */
  | "anonymous"
  | "live"
  | "warning"
  /** Somebody was signed in, and is no more. */
  | "over"
  /** Somebody else is signed in now than the person whose page this is. */
  | "stranger";

export interface State {
  readonly phase: Phase;
  readonly visible: boolean;
  /** The page lay in the back/forward cache: it is not shown until the gateway has answered. */
  readonly covered: boolean;
  /** The last answer with somebody in it: whose page this is. */
  readonly live: Live | null;
  readonly plan: Plan | null;
  readonly ended: SignedOut | null;
  /** The end was said by the gateway, not just reached on this device's clock. */
  readonly confirmed: boolean;
  /** When the newest answer that counts was asked for. */
  readonly heardAt: Instant;
  readonly askedAt: Instant;
  readonly askAt: Instant;
  /** How many times in a row the gateway could not say. */
  readonly failures: number;
  readonly dismissedUntil: Instant;
  /** The person wants to stay, and the gateway has not agreed yet: when it is asked (again). */
  readonly extendAt: Instant | null;
  readonly extendFailures: number;
  /** The gateway will not extend by a call: only the identity provider can help. */
  readonly popupOnly: boolean;
  readonly reportedAt: Instant;
}

export const begin = (visible: boolean, reportedAt: Instant): State => ({
  phase: "unknown",
  visible,
  covered: false,
  live: null,
  plan: null,
  ended: null,
  confirmed: false,
  heardAt: -Infinity,
  askedAt: -Infinity,
  askAt: -Infinity,
  failures: 0,
  dismissedUntil: -Infinity,
  extendAt: null,
  extendFailures: 0,
  popupOnly: false,
  reportedAt,
});

/** What can happen. */
export type Input =
  | { readonly t: "tick" }
  /** The tab came to the front, got the focus, or went online. */
  | { readonly t: "woke" }
  | { readonly t: "hidden" }
  /** Into the back/forward cache. */
  | { readonly t: "frozen" }
  /** Out of it. */
  | { readonly t: "thawed" }
  /** The gateway answered, here or to another tab. */
  | { readonly t: "answer"; readonly standing: Standing; readonly askedAt: Instant; readonly got: Instant }
  /** The gateway could not say. */
  | { readonly t: "no-answer"; readonly retryAfterSecs: number | null; readonly dice: number }
  /** Another tab is asking. */
  | { readonly t: "others-ask" }
  | { readonly t: "not-extended"; readonly retryAfterSecs: number | null; readonly dice: number }
  /** The gateway refuses to extend by a call. */
  | { readonly t: "only-by-popup" }
  /** A person did something. */
  | { readonly t: "touched" }
  /** The gateway took a report of that, here or from another tab. */
  | { readonly t: "reported"; readonly at: Instant }
  | { readonly t: "stay" }
  | { readonly t: "later"; readonly at: Instant }
  | { readonly t: "sign-in" }
  | { readonly t: "signed-out"; readonly at: Instant }
  /** The gateway refused a call of the app. */
  | { readonly t: "refused"; readonly reason: string }
  /** Somebody wants to know at once. */
  | { readonly t: "ask" };

/** What the app hears, as `hourgate:…` on `document`. */
export type Notice =
  | { readonly name: "warn" | "tick"; readonly detail: { kind: string; in: number; extend: "post" | "popup" } }
  | { readonly name: "extended"; readonly detail: { kind: string } }
  | { readonly name: "expired" | "revoked"; readonly detail: { reason: string } }
  | { readonly name: "reauthenticated"; readonly detail: { same_user: boolean } }
  | { readonly name: "degraded"; readonly detail: { degraded: boolean } };

/** What is to be done. */
export type Effect =
  /** Ask how the session is; not `alone`: only if no other tab is just asking. */
  | { readonly t: "ask"; readonly alone: boolean }
  | { readonly t: "extend"; readonly url: string }
  | { readonly t: "report"; readonly url: string }
  | { readonly t: "popup"; readonly url: string }
  | { readonly t: "notice"; readonly notice: Notice };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}
