import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { live, Page, signedOut, warn } from "./page.js";

/** A page with somebody in it. */
function begun(changes: Record<string, unknown> = {}): Page {
  const page = new Page();
  page.answer(live(changes));
  page.did();
  return page;
}

/** A page whose warning is on. */
function warned(changes: Record<string, unknown> = {}): Page {
  return begun({ warn: warn("inactivity", 0, 120), ...changes });
}

const ENDING = { warn: warn("end", 0, 1200), extend: "popup" };

void test("a_page_asks_as_soon_as_it_is_there", () => {
  deepEqual(new Page().did(), ["ask"]);
});

void test("where_nobody_was_signed_in_there_is_nothing_to_say", () => {
  const page = new Page();
  page.did();
  page.answer(signedOut("no_session"));
  page.pass(3600);
  deepEqual([page.did(), page.view().state], [[], "none"]);
});

void test("c11_the_warning_comes_at_its_instant_when_the_gateway_agrees", () => {
  const page = begun({ idle_in: 240, warn: warn("inactivity", 210, 240) });
  page.pass(209);
  deepEqual([page.did(), page.view().state], [[], "none"]);
  page.pass(1);
  deepEqual(page.did(), ["ask"]);
  page.answer(live({ idle_in: 30, warn: warn("inactivity", 0, 30) }));
  deepEqual([page.did(), page.view().state], [["warn"], "warning"]);
});

void test("c10_who_was_active_elsewhere_is_not_warned", () => {
  const page = begun({ idle_in: 240, warn: warn("inactivity", 210, 240) });
  page.pass(210);
  page.answer(live());
  page.did();
  page.pass(60);
  deepEqual([page.did(), page.view().state], [[], "none"]);
});

void test("c11_a_gateway_that_cannot_be_reached_does_not_keep_the_warning_back", () => {
  const page = begun({ idle_in: 240, warn: warn("inactivity", 210, 240) });
  page.pass(210);
  page.answer(null);
  equal(page.view().state, "warning");
});

void test("the_countdown_ticks_once_a_second_and_tells_the_rest", () => {
  const page = warned();
  page.pass(3);
  deepEqual(
    page.notices().map(({ detail }) => detail),
    [119, 118, 117].map((secs) => ({ kind: "inactivity", in: secs, extend: "post" })),
  );
});

void test("c11_stay_signed_in_extends_and_closes_the_warning", () => {
  const page = warned();
  page.take({ t: "stay" });
  page.take({ t: "stay" });
  deepEqual(page.did(), ["extend"]);
  page.answer(live());
  deepEqual([page.did(), page.view().state], [["extended"], "none"]);
});

void test("an_extension_is_tried_again_until_the_gateway_can_say", () => {
  const page = warned();
  page.take({ t: "stay" });
  page.did();
  page.take({ t: "not-extended", retryAfterSecs: 3, dice: 0 });
  deepEqual(page.view(), { state: "warning", kind: "inactivity", secs: 120, popup: false, trouble: "retrying" });
  page.pass(2);
  deepEqual(page.did(), []);
  page.pass(1);
  deepEqual(page.did(), ["extend"]);
  page.answer(live());
  equal(page.view().state, "none");
});

void test("what_a_call_cannot_extend_is_extended_by_a_window", () => {
  const page = warned();
  page.take({ t: "stay" });
  page.take({ t: "only-by-popup" });
  deepEqual(page.view(), { state: "warning", kind: "inactivity", secs: 120, popup: true, trouble: "refused" });
  page.did();
  page.take({ t: "stay" });
  deepEqual(page.effects, [{ t: "popup", url: "https://app.example/_hourgate/start?display=popup" }]);
});

void test("h4_a_proof_that_the_browser_renews_is_renewed_by_a_window", () => {
  const page = begun({ warn: warn("proof", 0, 600), extend: "popup" });
  page.take({ t: "stay" });
  deepEqual(page.did(), ["popup"]);
  page.take({ t: "ask" });
  page.answer(live({ warn: warn("proof", 2400, 3600), extend: "popup" }));
  deepEqual([page.did(), page.view().state], [["ask", "extended"], "none"]);
});

void test("h4_the_end_of_a_proof_is_for_the_gateway_to_say", () => {
  const page = begun({ idle_in: null, warn: warn("proof", 0, 600), extend: "popup" });
  page.pass(601);
  deepEqual([page.did().includes("ask"), page.view().state], [true, "none"]);
  page.answer({ authenticated: false, reason: "checking", popup_url: "/p" });
  page.pass(1);
  deepEqual([page.did(), page.view().state], [["ask"], "none"], "the gateway renews it");
  page.answer(signedOut("renewal_due"));
  deepEqual([page.did(), page.view().state], [["expired"], "over"], "only the browser can");
  page.take({ t: "sign-in" });
  deepEqual(page.did(), ["popup"]);
  page.take({ t: "ask" });
  page.answer(live({ warn: warn("proof", 2400, 3600), extend: "popup" }));
  deepEqual([page.did(), page.view().state], [["ask", "reauthenticated"], "none"]);
});

void test("h6_not_now_holds_until_two_minutes_before_the_end_and_then_for_good", () => {
  const page = begun(ENDING);
  page.take({ t: "later", at: page.now });
  equal(page.view().state, "none");
  page.pass(1079);
  equal(page.view().state, "none");
  page.pass(1);
  equal(page.view().state, "warning");
  page.take({ t: "later", at: page.now });
  page.pass(119);
  equal(page.view().state, "none");
  page.pass(2);
  equal(page.view().state, "over");
});

void test("the_answer_of_a_poll_does_not_bring_back_a_warning_that_was_put_off", () => {
  const page = begun(ENDING);
  page.take({ t: "later", at: page.now });
  page.pass(300);
  page.answer(live({ ...ENDING, warn: warn("end", 0, 900) }));
  deepEqual([page.did(), page.view().state], [["ask"], "none"]);
});

void test("an_end_that_comes_nearer_is_shown_in_place_of_the_other", () => {
  const page = begun({ ...ENDING, idle_in: 400 });
  page.pass(300);
  page.answer(live({ idle_in: 100, warn: warn("inactivity", 0, 100) }));
  deepEqual(page.view(), { state: "warning", kind: "inactivity", secs: 100, popup: false, trouble: null });
});

void test("c10_at_the_end_the_page_says_so_and_asks", () => {
  const page = warned();
  page.pass(120);
  equal(page.view().state, "warning");
  page.pass(1);
  deepEqual([page.did(), page.view().state], [["ask"], "over"]);
  page.answer(signedOut("inactive"));
  deepEqual(page.view(), { state: "over", reason: "inactive", sentence: "Because of inactive." });
  deepEqual(page.did(), ["expired"]);
});

void test("after_a_sleep_past_the_end_the_page_is_over_at_once_and_the_gateway_has_the_last_word", () => {
  const page = begun();
  page.sleep(7200);
  page.take({ t: "woke" });
  deepEqual([page.did(), page.view().state], [["ask"], "over"]);
  page.answer(live());
  deepEqual([page.did(), page.view().state], [[], "none"]);
});

void test("o1_who_cannot_be_asked_about_is_not_said_to_be_signed_out", () => {
  const page = begun({ idle_in: null, expires_in: null, warn: null });
  for (let hour = 0; hour < 3; hour++) {
    page.pass(3600);
    page.answer(null);
  }
  equal(page.view().state, "none");
  equal(page.did().every((name) => name === "ask"), true);
});

void test("a_page_asks_every_five_minutes_while_it_is_seen_and_never_while_it_is_not", () => {
  const page = begun({ idle_in: null, warn: null });
  page.pass(299);
  deepEqual(page.did(), []);
  page.pass(1);
  deepEqual(page.did(), ["ask"]);
  page.answer(live({ idle_in: null, warn: null }));
  page.take({ t: "hidden" });
  page.pass(7200);
  deepEqual(page.did(), []);
  page.take({ t: "woke" });
  deepEqual(page.did(), ["ask"]);
});

void test("a_page_that_is_not_seen_warns_all_the_same", () => {
  const page = new Page(false);
  page.did();
  page.answer(live());
  page.pass(1680);
  deepEqual(page.did(), ["ask"]);
  page.answer(live({ warn: warn("inactivity", 0, 120) }));
  deepEqual(page.did(), ["warn"]);
});

void test("a_look_back_at_the_tab_does_not_ask_again_what_was_just_answered", () => {
  const page = begun();
  page.pass(5);
  page.take({ t: "woke" });
  deepEqual(page.did(), []);
  page.pass(6);
  page.take({ t: "woke" });
  deepEqual(page.did(), ["ask"]);
});

void test("when_another_tab_asks_this_one_waits_for_its_answer", () => {
  const page = begun();
  page.pass(300);
  page.take({ t: "others-ask" });
  page.did();
  page.answer(live());
  page.pass(10);
  deepEqual(page.did(), []);
});

void test("when_the_tab_that_asks_falls_silent_this_one_asks", () => {
  const page = begun();
  page.pass(300);
  page.take({ t: "others-ask" });
  page.did();
  page.pass(3);
  deepEqual(page.did(), ["ask"]);
});

void test("c10_real_input_is_reported_at_most_once_a_minute", () => {
  const page = begun();
  page.take({ t: "touched" });
  page.pass(59);
  page.take({ t: "touched" });
  deepEqual(page.did(), ["report"]);
  page.pass(1);
  page.take({ t: "touched" });
  deepEqual(page.did(), ["report"]);
});

void test("c10_a_report_of_another_tab_counts_for_this_one", () => {
  const page = begun();
  page.take({ t: "reported", at: page.now });
  page.pass(30);
  page.take({ t: "touched" });
  deepEqual(page.did(), []);
});

void test("c10_a_report_moves_the_warning", () => {
  const page = begun({ idle_in: 240, warn: warn("inactivity", 210, 240) });
  page.pass(200);
  page.take({ t: "touched" });
  page.take({ t: "reported", at: page.now });
  page.pass(100);
  page.answer(null);
  equal(page.view().state, "none");
});

void test("c10_input_behind_a_dialog_in_a_hidden_tab_or_without_an_inactivity_rule_is_not_reported", () => {
  const hidden = begun();
  hidden.take({ t: "hidden" });
  const free = begun({ idle_in: null });
  for (const page of [warned(), hidden, free, new Page()]) {
    page.did();
    page.take({ t: "touched" });
    deepEqual(page.did(), []);
  }
});

void test("c10_asking_alone_never_moves_the_warning", () => {
  const page = begun();
  for (let minute = 5; minute <= 25; minute += 5) {
    page.pass(300);
    page.answer(live({ idle_in: 1800 - minute * 60, warn: warn("inactivity", 1680 - minute * 60, 1800 - minute * 60) }));
  }
  page.pass(180);
  page.answer(live({ idle_in: 120, warn: warn("inactivity", 0, 120) }));
  equal(page.view().state, "warning");
});

void test("a1_a_sign_out_in_another_tab_is_seen_at_once", () => {
  const page = begun();
  page.pass(10);
  page.take({ t: "signed-out", at: page.now });
  deepEqual([page.did(), page.view().state], [["revoked"], "over"]);
});

void test("a1_an_answer_asked_for_before_the_sign_out_does_not_undo_it", () => {
  const page = begun();
  page.pass(10);
  page.take({ t: "signed-out", at: page.now });
  page.answer(live(), 2000);
  equal(page.view().state, "over");
});

void test("a_clock_that_was_set_back_does_not_make_the_page_deaf", () => {
  const page = begun();
  page.sleep(-86400);
  page.answer(signedOut("revoked"));
  deepEqual([page.did(), page.view().state], [["revoked"], "over"]);
});

void test("who_signs_in_again_finds_the_page_as_it_was", () => {
  const page = warned();
  page.answer(signedOut("inactive"));
  page.did();
  page.take({ t: "sign-in" });
  deepEqual(page.did(), ["popup"]);
  page.take({ t: "ask" });
  page.answer(live());
  deepEqual(page.notices(), [{ name: "reauthenticated", detail: { same_user: true } }]);
  equal(page.view().state, "none");
});

void test("somebody_else_never_gets_the_page_of_the_one_before", () => {
  const page = warned();
  page.answer(signedOut("inactive"));
  page.did();
  page.answer(live({ sub: "mallory" }));
  deepEqual(page.notices(), [{ name: "reauthenticated", detail: { same_user: false } }]);
  page.did();
  page.pass(3600);
  page.take({ t: "touched" });
  deepEqual([page.did(), page.view().state], [[], "stranger"]);
});

void test("somebody_else_is_noticed_also_while_the_page_is_live", () => {
  const page = begun();
  page.answer(live({ sub: "mallory" }));
  equal(page.view().state, "stranger");
});

void test("a_page_out_of_the_cache_stays_covered_until_the_gateway_has_answered", () => {
  const page = begun();
  page.take({ t: "frozen" });
  equal(page.view().state, "checking");
  page.sleep(60);
  page.take({ t: "thawed" });
  page.answer(null);
  deepEqual([page.did(), page.view().state], [["ask"], "checking"]);
  page.pass(1);
  page.answer(live());
  deepEqual([page.did(), page.view().state], [["ask"], "none"]);
});

void test("before_a_covered_page_nobody_waits_long_for_the_next_try", () => {
  const page = begun();
  page.take({ t: "frozen" });
  page.take({ t: "thawed" });
  for (let tries = 0; tries < 9; tries++) page.answer(null);
  page.did();
  page.pass(4);
  deepEqual(page.did(), ["ask"]);
});

void test("a_refused_call_of_the_app_ends_the_page", () => {
  const page = begun();
  page.take({ t: "refused", reason: "revoked" });
  deepEqual([page.did(), page.view().state], [["revoked", "ask"], "over"]);
  page.answer(signedOut("revoked"));
  // A page that goes on polling.
  page.take({ t: "refused", reason: "revoked" });
  deepEqual(page.view(), { state: "over", reason: "revoked", sentence: "Because of revoked." });
});

void test("h8_a_call_that_was_refused_because_of_a_check_ends_nothing", () => {
  const page = begun();
  page.take({ t: "refused", reason: "checking" });
  deepEqual([page.did(), page.view().state], [[], "none"]);
});

void test("a_refused_call_where_nobody_was_signed_in_is_told_to_the_app_alone", () => {
  const page = new Page();
  page.answer(signedOut("no_session"));
  page.did();
  page.take({ t: "refused", reason: "no_session" });
  deepEqual([page.did(), page.view().state], [["expired"], "none"]);
});

void test("o3_an_outage_of_the_identity_provider_is_told_when_it_begins_and_when_it_ends", () => {
  const page = begun();
  page.answer(live({ degraded: true }));
  page.answer(live({ degraded: true }));
  page.answer(live());
  deepEqual(
    page.notices().map(({ detail }) => detail),
    [{ degraded: true }, { degraded: false }],
  );
});

void test("the_tabs_take_turns_in_asking_but_for_what_a_person_waits_for", () => {
  const page = begun();
  page.pass(300);
  deepEqual(page.effects, [{ t: "ask", alone: false }]);
  page.did();
  page.take({ t: "ask" });
  deepEqual(page.effects, [{ t: "ask", alone: true }]);
  page.answer(live());
  page.did();
  page.take({ t: "refused", reason: "inactive" });
  deepEqual(page.effects[1], { t: "ask", alone: true });
});

void test("an_inactivity_that_ends_before_what_is_warned_of_is_asked_about", () => {
  const page = begun({ ...ENDING, idle_in: 60 });
  page.pass(60);
  deepEqual(page.did(), []);
  page.pass(1);
  deepEqual(page.did(), ["ask"]);
});

void test("the_answer_of_a_poll_does_not_end_the_wish_to_stay", () => {
  const page = warned();
  page.take({ t: "stay" });
  page.take({ t: "not-extended", retryAfterSecs: 5, dice: 0 });
  page.answer(live({ warn: warn("inactivity", 0, 120) }));
  page.did();
  page.pass(5);
  deepEqual(page.did(), ["extend"]);
});

void test("no_call_goes_on_for_what_only_a_window_can_extend", () => {
  const page = warned();
  page.take({ t: "stay" });
  page.answer(live(ENDING));
  page.did();
  page.pass(60);
  deepEqual(page.did(), []);
});

void test("a_report_from_before_the_clock_was_set_back_does_not_keep_the_next_one_back", () => {
  const page = begun();
  page.take({ t: "touched" });
  page.sleep(-3600);
  page.take({ t: "touched" });
  deepEqual(page.did(), ["report", "report"]);
});

void test("a_page_for_everybody_hears_when_somebody_signs_in", () => {
  const page = new Page();
  page.answer(signedOut("no_session"));
  page.did();
  page.take({ t: "woke" });
  page.pass(1);
  page.take({ t: "woke" });
  page.answer(live());
  deepEqual(page.did(), ["ask", "reauthenticated"]);
});
