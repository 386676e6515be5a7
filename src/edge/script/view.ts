/** What the dialog shows, as a pure function of what the page knows. */
import type { Kind } from "./contract.js";
import { SECOND, type Instant } from "./deadlines.js";
import { byPopup } from "./machine.js";
import type { State } from "./state.js";

export type View =
  | { readonly state: "none" }
  | { readonly state: "checking" }
  | {
      readonly state: "warning";
      readonly kind: Kind;
      readonly secs: number;
      readonly popup: boolean;
      /** The gateway has not agreed yet, or will not. */
      readonly trouble: "retrying" | "refused" | null;
    }
  | { readonly state: "over"; readonly reason: string; readonly sentence: string }
  | { readonly state: "stranger" };

export function viewOf(state: State, now: Instant): View {
  if (state.phase === "stranger") return { state: "stranger" };
  if (state.phase === "over") {
    const { reason, sentence } = state.ended ?? { reason: "", sentence: "" };
    return { state: "over", reason, sentence };
  }
  if (state.covered) return { state: "checking" };
  if (state.phase !== "warning" || state.plan === null) return { state: "none" };
  return {
    state: "warning",
    kind: state.plan.kind,
    secs: Math.max(0, Math.ceil((state.plan.endsAt - now) / SECOND)),
    popup: byPopup(state),
    trouble: state.popupOnly ? "refused" : state.extendFailures > 0 && state.extendAt !== null ? "retrying" : null,
  };
}
