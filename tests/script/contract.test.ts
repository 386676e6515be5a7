import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { readRetryAfter, readStanding } from "../../src/edge/script/contract.js";
import { readMessage } from "../../src/edge/script/messages.js";
import { BASE, live, signedOut } from "./page.js";

void test("an_answer_of_the_gateway_is_read", () => {
  deepEqual(readStanding(live(), BASE), {
    authenticated: true,
    sub: "alice",
    idleInSecs: 1800,
    expiresInSecs: 28800,
    warn: { kind: "inactivity", inSecs: 1680, endsInSecs: 1800 },
    extend: "post",
    degraded: false,
    extendUrl: "https://app.example/_hourgate/session/extend",
    activityUrl: "https://app.example/_hourgate/session/activity",
    popupUrl: "https://app.example/_hourgate/start?display=popup",
    logoutUrl: "https://app.example/_hourgate/signout",
  });
  equal(readStanding(signedOut("inactive"), BASE)?.authenticated, false);
});

void test("h8_a_check_under_way_says_nothing_certain", () => {
  for (const reason of ["checking", "dormant"]) equal(readStanding(signedOut(reason), BASE), null);
});

void test("what_is_not_of_the_gateway_says_nothing_certain", () => {
  const wrong = [
    null, undefined, 7, "x", [], {}, { authenticated: false }, { authenticated: "no", reason: "x", popup_url: "/" },
    live({ sub: 7 }), live({ warn: undefined }), live({ warn: { kind: "tea", in: 0, ends_in: 1 } }),
    live({ warn: { kind: "end", in: -1, ends_in: 1 } }), live({ warn: { kind: "end", in: "0", ends_in: 1 } }),
    live({ extend_url: null }), live({ popup_url: "javascript:alert(1)" }), live({ logout_url: "data:text/html,x" }),
    live({ activity_url: "http://[" }),
  ];
  for (const body of wrong) equal(readStanding(body, BASE), null, JSON.stringify(body));
});

void test("only_whole_seconds_count_as_retry_after", () => {
  deepEqual(
    ["5", "0", null, "", "-1", "1.5", "Sun, 22 Nov 2026 10:00:00 GMT", "99999999999"].map(readRetryAfter),
    [5, 0, null, null, null, null, null, null],
  );
});

void test("messages_of_other_versions_and_shapes_are_not_heard", () => {
  for (const data of [null, "hi", { v: 2, t: "reauthenticated" }, { v: 1, t: "activity" }, { v: 1, t: "later", at: NaN }]) {
    equal(readMessage(data), null);
  }
  equal(readMessage({ v: 1, t: "standing", at: 1, body: {} }), null);
  ok(readMessage({ v: 1, t: "standing", at: 1, got: 2, body: {} }));
  deepEqual(readMessage({ v: 1, t: "signed-out", at: 1, more: true }), { v: 1, t: "signed-out", at: 1 });
});
