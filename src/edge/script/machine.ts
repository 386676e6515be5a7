/** The page's decisions, as a pure function of what it knows, what happened, and the time. */
import { passes, type Live, type SignedOut } from "./contract.js";
import { afterReport, dismissedUntil, isConfirmed, patience, planOf } from "./deadlines.js";
import { MINUTE, POLL, REPORT_EVERY, ROUNDING, SECOND, type Instant } from "./deadlines.js";
import type { Effect, Input, Notice, State, Step } from "./state.js";

/** Longer than a call to the gateway may take: whoever has heard nothing by then asks again. */
const GIVE_UP = 10 * SECOND;
/** An answer younger than this is not asked for again when the tab comes to the front. */
const FRESH = 10 * SECOND;
/** How long the tabs wait for the one that asks. */
const OTHERS_ASK = 3 * SECOND;
/** Reasons that somebody made, as against those that came with time. */
const REVOKED = /^(signed_out|revoked|.*_logout|idp_refused|user_mismatch|browser_.*|replaced)$/;

export function step(state: State, input: Input, now: Instant): Step {
  const first = take(state, input, now);
  const then = look(first.state, now, input.t === "tick");
  return { state: then.state, effects: [...first.effects, ...then.effects] };
}

/** When the page must look again, though nothing happens; `now` is when it last looked. */
export function nextLook(state: State, now: Instant): Instant {
  const instants = [now + MINUTE, state.extendAt ?? Infinity];
  const { plan, phase } = state;
  if (mayAsk(state, now)) instants.push(state.askAt);
  if (plan !== null && (phase === "live" || phase === "warning")) {
    instants.push(plan.endsAt + ROUNDING);
    if (phase === "warning") instants.push(now + 1 + ((plan.endsAt - now - 1) % SECOND));
    else if (now < plan.warnAt) instants.push(plan.warnAt);
    else instants.push(state.dismissedUntil);
  }
  return Math.min(...instants.filter((instant) => instant > now));
}

function take(state: State, input: Input, now: Instant): Step {
  switch (input.t) {
    case "tick":
      return only(state);
    case "woke": {
      const known = state.phase === "live" || state.phase === "warning";
      const recent = now - state.askedAt < (known && !state.covered ? FRESH : SECOND);
      return only({ ...state, visible: true, askAt: recent ? state.askAt : now });
    }
    case "hidden":
      return only({ ...state, visible: false });
    case "frozen":
      return only({ ...state, covered: state.phase === "live" || state.phase === "warning" });
    case "thawed":
      return ask({ ...state, visible: true }, now);
    case "answer":
      return answer(state, input, now);
    case "no-answer": {
      const failures = state.failures + 1;
      // Before a covered page somebody waits: never longer than 4 s, unless the gateway wants it.
      const wait = patience(state.covered ? Math.min(failures, 3) : failures, input.retryAfterSecs, input.dice);
      return only({ ...state, failures, askAt: now + wait });
    }
    case "others-ask":
      return only({ ...state, askAt: now + OTHERS_ASK });
    case "stay":
      if (state.phase !== "warning" || state.live === null) return only(state);
      if (byPopup(state)) return popup(state, now);
      return only({ ...state, extendAt: state.extendAt ?? now });
    case "not-extended": {
      const extendFailures = state.extendFailures + 1;
      const extendAt = now + patience(extendFailures, input.retryAfterSecs, input.dice);
      return only({ ...state, extendFailures, extendAt });
    }
    case "only-by-popup":
      return only({ ...state, extendAt: null, popupOnly: true });
    case "later":
      if (state.plan === null) return only(state);
      return only({
        ...state,
        phase: state.phase === "warning" ? "live" : state.phase,
        dismissedUntil: dismissedUntil(state.plan, input.at),
      });
    case "sign-in":
      return popup(state, now);
    case "touched":
      return touched(state, now);
    case "reported": {
      const reportedAt = Math.max(state.reportedAt, input.at);
      return only({ ...state, reportedAt, plan: state.plan && afterReport(state.plan, input.at) });
    }
    case "signed-out": {
      const ended = { authenticated: false, reason: "signed_out", sentence: "", popupUrl: popupUrl(state) ?? "" } as const;
      return end({ ...state, heardAt: input.at }, ended);
    }
    case "refused":
      return refused(state, input.reason, now);
    case "ask":
      return ask(state, now);
  }
}

/** What the time alone brings. */
function look(state: State, now: Instant, ticking: boolean): Step {
  let next = state;
  const effects: Effect[] = [];
  const { plan } = state;
  if (plan !== null && (state.phase === "live" || state.phase === "warning")) {
    if (now >= plan.endsAt + ROUNDING) {
      // The clock says so; the gateway has the last word. A proof may yet be renewed without the person, or outlive an
      // outage: there the gateway has the only word.
      const phase = plan.kind === "proof" ? "live" : "over";
      next = { ...next, phase, ended: null, confirmed: false, extendAt: null };
    } else if (now >= plan.warnAt && now >= state.dismissedUntil && (isConfirmed(plan) || state.failures > 0)) {
      next = { ...next, phase: "warning" };
      if (state.phase === "live") effects.push(countdown(next, "warn", now));
      else if (ticking) effects.push(countdown(next, "tick", now));
    }
  }
  if (next.phase === "warning" && next.live !== null && next.extendAt !== null && now >= next.extendAt) {
    effects.push({ t: "extend", url: next.live.extendUrl });
    next = { ...next, extendAt: now + GIVE_UP };
  }
  if (mayAsk(next, now) && now >= next.askAt) {
    const asking = ask(next, now, false);
    next = asking.state;
    effects.push(...asking.effects);
  }
  return { state: next, effects };
}

/** Hidden tabs ask only at the instants that matter. */
function mayAsk(state: State, now: Instant): boolean {
  return state.phase !== "stranger" && (state.visible || isDue(state, now) || state.phase === "unknown");
}

function isDue({ plan, phase, confirmed }: State, now: Instant): boolean {
  if (phase === "over") return !confirmed;
  if (plan === null || (phase !== "live" && phase !== "warning")) return false;
  return now >= plan.endsAt + ROUNDING || (now >= plan.warnAt && !isConfirmed(plan));
}

function ask(state: State, now: Instant, alone = true): Step {
  return { state: { ...state, askedAt: now, askAt: now + GIVE_UP }, effects: [{ t: "ask", alone }] };
}

function answer(state: State, input: Extract<Input, { t: "answer" }>, now: Instant): Step {
  const { standing, askedAt, got } = input;
  const overtaken = state.heardAt - askedAt;
  // Older than what is known; much older means that the clock was set.
  if (overtaken > 0 && overtaken < MINUTE) return only(state);
  const heard: State = { ...state, heardAt: askedAt, askedAt: now, failures: 0, covered: false };
  if (standing.authenticated) return lives(heard, standing, got);
  return end({ ...heard, askAt: Infinity }, standing);
}

function lives(state: State, live: Live, got: Instant): Step {
  const whose = state.live?.sub ?? live.sub;
  if (whose !== live.sub) {
    const stranger: State = { ...state, phase: "stranger", extendAt: null };
    return state.phase === "stranger" ? only(state) : only(stranger, told({ name: "reauthenticated", detail: { same_user: false } }));
  }
  const plan = planOf(live, got);
  const due = plan !== null && isConfirmed(plan);
  const idleEnd = live.idleInSecs === null ? Infinity : got + live.idleInSecs * SECOND + ROUNDING;
  const instants = plan === null ? [] : [plan.warnAt, plan.endsAt + ROUNDING, idleEnd];
  const askAt = Math.min(got + POLL, ...instants.filter((instant) => instant > got));
  const effects: Effect[] = [];
  const wasOut = state.phase === "anonymous" || (state.phase === "over" && state.confirmed);
  if (wasOut) effects.push(told({ name: "reauthenticated", detail: { same_user: true } }));
  if (state.phase === "warning" && !due) effects.push(told({ name: "extended", detail: { kind: state.plan?.kind ?? "end" } }));
  if (live.degraded !== (state.live?.degraded ?? false)) effects.push(told({ name: "degraded", detail: { degraded: live.degraded } }));
  const phase = due && state.phase === "warning" ? "warning" : "live";
  const next: State = { ...state, phase, live, plan, askAt, ended: null, confirmed: false };
  if (due && live.extend === "post") return { state: next, effects };
  const answered = { ...next, extendAt: null, extendFailures: 0 };
  return { state: due ? answered : { ...answered, popupOnly: false, dismissedUntil: -Infinity }, effects };
}

function end(state: State, ended: SignedOut): Step {
  if (state.phase === "stranger") return only(state);
  if (state.phase === "unknown" || state.phase === "anonymous") return only({ ...state, phase: "anonymous", ended });
  const { reason } = ended;
  const over: State = { ...state, phase: "over", covered: false, ended, confirmed: true, extendAt: null };
  if (state.phase === "over" && state.confirmed) return only(over);
  return only(over, told({ name: REVOKED.test(reason) ? "revoked" : "expired", detail: { reason } }));
}

function refused(state: State, reason: string, now: Instant): Step {
  // It passes, or is known already, and with its sentence.
  if (passes(reason) || (state.phase === "over" && state.ended?.reason === reason)) return only(state);
  // Where nobody was signed in, nobody was signed out: the app is told, the person sees nothing.
  if (state.phase === "unknown" || state.phase === "anonymous") {
    return only(state, told({ name: "expired", detail: { reason } }));
  }
  const over = end(state, { authenticated: false, reason, sentence: "", popupUrl: popupUrl(state) ?? "" });
  if (over.effects.length === 0) return over;
  // The sentence for the person comes with the gateway's own answer.
  const asking = ask(over.state, now);
  return { state: asking.state, effects: [...over.effects, ...asking.effects] };
}

function touched(state: State, now: Instant): Step {
  const { live, phase, visible, covered, reportedAt } = state;
  if (live === null || phase !== "live" || !visible || covered || live.idleInSecs === null) return only(state);
  // A report from the future was made before the clock was set back.
  if (now >= reportedAt && now - reportedAt < REPORT_EVERY) return only(state);
  return only({ ...state, reportedAt: now }, { t: "report", url: live.activityUrl });
}

/** Whether "Stay signed in" needs a window of the identity provider. */
export function byPopup(state: State): boolean {
  return state.popupOnly || state.live?.extend === "popup";
}

/** Where the window begins, once the gateway has said so. */
export function popupUrl(state: State): string | null {
  return (state.ended?.popupUrl ?? "") || (state.live?.popupUrl ?? null);
}

function popup(state: State, now: Instant): Step {
  const url = popupUrl(state);
  return url === null ? ask(state, now) : only(state, { t: "popup", url });
}

function countdown(state: State, name: "warn" | "tick", now: Instant): Effect {
  const { plan } = state;
  const detail = {
    kind: plan?.kind ?? "end",
    in: Math.max(0, Math.ceil(((plan?.endsAt ?? now) - now) / SECOND)),
    extend: byPopup(state) ? "popup" : "post",
  } as const;
  return told({ name, detail });
}

function told(notice: Notice): Effect {
  return { t: "notice", notice };
}

function only(state: State, ...effects: Effect[]): Step {
  return { state, effects };
}
