/** What the tabs of a browser tell each other. */
import { isRecord } from "./contract.js";
import type { Instant } from "./deadlines.js";

/** `at` is when the teller began: of two that contradict each other, the later holds. */
export type Message =
  /** The gateway answered `body` at `got`. */
  | { readonly v: 1; readonly t: "standing"; readonly at: Instant; readonly got: Instant; readonly body: unknown }
  /** Real input was reported. */
  | { readonly v: 1; readonly t: "activity"; readonly at: Instant }
  /** The person answered the warning with "not now". */
  | { readonly v: 1; readonly t: "later"; readonly at: Instant }
  /** The person signed out. */
  | { readonly v: 1; readonly t: "signed-out"; readonly at: Instant }
  /** A popup came back from the identity provider. */
  | { readonly v: 1; readonly t: "reauthenticated" };

/** The message in what came over the channel; `null` for what no version of this script says. */
export function readMessage(data: unknown): Message | null {
  if (!isRecord(data) || data.v !== 1) return null;
  const { t, at, got, body } = data;
  if (t === "reauthenticated") return { v: 1, t };
  if (typeof at !== "number" || !Number.isFinite(at)) return null;
  if (t === "activity" || t === "later" || t === "signed-out") return { v: 1, t, at };
  if (t !== "standing" || typeof got !== "number" || !Number.isFinite(got)) return null;
  return { v: 1, t, at, got, body };
}
