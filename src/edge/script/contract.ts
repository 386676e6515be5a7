/** What the gateway answers at `/_hourgate/session`, and how an answer from the wire becomes one that can be trusted. */

/** What ends first and needs the person. */
export type Kind = "inactivity" | "end" | "proof";

/** The warning that is due, or will be. */
export interface Warning {
  readonly kind: Kind;
  /** Until the warning is due; 0: now. */
  readonly inSecs: number;
  /** Until what it warns of. */
  readonly endsInSecs: number;
}

/** Somebody is signed in. */
export interface Live {
  readonly authenticated: true;
  readonly sub: string;
  /** `null`: no inactivity rule holds for this browser, so there is nothing to report. */
  readonly idleInSecs: number | null;
  /** Until the session's end; `null`: none is set. */
  readonly expiresInSecs: number | null;
  readonly warn: Warning | null;
  /** How "Stay signed in" is done: by a call, or by a window in which the person meets the identity provider. */
  readonly extend: "post" | "popup";
  /** The identity provider is away, and the session lives on for a limited time. */
  readonly degraded: boolean;
  readonly extendUrl: string;
  readonly activityUrl: string;
  readonly popupUrl: string;
  readonly logoutUrl: string;
}

/** Nobody is signed in, for this reason. */
export interface SignedOut {
  readonly authenticated: false;
  readonly reason: string;
  /** For people, in English. */
  readonly sentence: string;
  readonly popupUrl: string;
}

/** What is known for certain of the session. */
export type Standing = Live | SignedOut;

/** Reasons that are no "no": the gateway is asking the identity provider. */
const NOT_YET: readonly string[] = ["checking", "dormant"];

/** Whether a refusal for this reason passes by itself. */
export function passes(reason: string): boolean {
  return NOT_YET.includes(reason);
}

/** The answer in `body`; `null` when it says nothing certain: a check is under way, or it is not the gateway's. */
export function readStanding(body: unknown, base: string): Standing | null {
  if (!isRecord(body)) return null;
  const popupUrl = address(body.popup_url, base);
  if (popupUrl === null) return null;
  if (body.authenticated === true) return readLive(body, popupUrl, base);
  if (body.authenticated !== false || typeof body.reason !== "string" || passes(body.reason)) return null;
  const sentence = typeof body.sentence === "string" ? body.sentence : "";
  return { authenticated: false, reason: body.reason, sentence, popupUrl };
}

function readLive(body: Fields, popupUrl: string, base: string): Live | null {
  const extendUrl = address(body.extend_url, base);
  const activityUrl = address(body.activity_url, base);
  const logoutUrl = address(body.logout_url, base);
  const warn = body.warn === null ? null : readWarning(body.warn);
  if (typeof body.sub !== "string" || warn === undefined) return null;
  if (extendUrl === null || activityUrl === null || logoutUrl === null) return null;
  return {
    authenticated: true,
    sub: body.sub,
    idleInSecs: seconds(body.idle_in),
    expiresInSecs: seconds(body.expires_in),
    warn,
    extend: body.extend === "popup" ? "popup" : "post",
    degraded: body.degraded === true,
    extendUrl,
    activityUrl,
    popupUrl,
    logoutUrl,
  };
}

function readWarning(warn: unknown): Warning | undefined {
  if (!isRecord(warn)) return undefined;
  const { kind } = warn;
  const inSecs = seconds(warn.in);
  const endsInSecs = seconds(warn.ends_in);
  if (kind !== "inactivity" && kind !== "end" && kind !== "proof") return undefined;
  return inSecs === null || endsInSecs === null ? undefined : { kind, inSecs, endsInSecs };
}

type Fields = Readonly<Partial<Record<string, unknown>>>;

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

/** A span of the wire: a number that is not negative. */
function seconds(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && Number.isFinite(value) ? value : null;
}

/** An absolute address of the web, never `javascript:`. */
export function address(value: unknown, base: string): string | null {
  if (typeof value !== "string" || value === "") return null;
  try {
    const url = new URL(value, base);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A `Retry-After` in seconds; the gateway writes no dates. */
export function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : null;
}
