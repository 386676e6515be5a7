import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { patient, refusal, watching } from "../../src/edge/script/guard.js";

const URL = "https://app.example/api";

function answer(status: number, challenge?: string): Response {
  return new Response("", { status, headers: challenge === undefined ? {} : { "WWW-Authenticate": challenge } });
}

/** A server that gives these answers, one after the other. */
function server(...answers: Response[]): { fetch: typeof fetch; calls: () => number } {
  let calls = 0;
  return { fetch: () => Promise.resolve(answers[calls++] ?? answer(500)), calls: () => calls };
}

void test("the_gateways_refusal_is_told_from_all_others", () => {
  const cases: [Response, string | null][] = [
    [answer(401, 'Hourgate reason="inactive", login_url="https://app.example/_hourgate/start"'), "inactive"],
    [answer(401, 'Bearer realm="x", Hourgate reason="revoked"'), "revoked"],
    [answer(401, 'Bearer realm="Hourgate"'), null],
    [answer(401), null],
    [answer(503, 'Hourgate reason="checking"'), null],
    [answer(200), null],
  ];
  for (const [response, reason] of cases) equal(refusal(response), reason);
});

void test("the_guard_tells_of_refusals_and_gives_every_answer_to_its_caller", async () => {
  const told: string[] = [];
  const { fetch } = server(answer(200), answer(401, 'Hourgate reason="inactive"'), answer(401));
  const guarded = watching(fetch, (reason) => told.push(reason));
  deepEqual([(await guarded(URL)).status, (await guarded(URL)).status, (await guarded(URL)).status], [200, 401, 401]);
  deepEqual(told, ["inactive"]);
});

void test("a_refused_get_is_asked_again_once_the_same_person_is_back", async () => {
  const { fetch, calls } = server(answer(401, 'Hourgate reason="inactive"'), answer(200));
  const response = await patient(fetch, () => Promise.resolve(true))(URL);
  deepEqual([response.status, calls()], [200, 2]);
});

void test("a_refused_get_is_not_asked_again_for_somebody_else", async () => {
  const { fetch, calls } = server(answer(401, 'Hourgate reason="inactive"'), answer(200));
  const response = await patient(fetch, () => Promise.resolve(false))(URL);
  deepEqual([response.status, calls()], [401, 1]);
});

void test("a_post_is_never_sent_twice_and_a_check_is_not_waited_for", async () => {
  const back = (): Promise<boolean> => Promise.reject(new Error("nobody waits"));
  const post = server(answer(401, 'Hourgate reason="inactive"'), answer(200));
  equal((await patient(post.fetch, back)(URL, { method: "POST", body: "x" })).status, 401);
  const checking = server(answer(401, 'Hourgate reason="checking"'), answer(200));
  equal((await patient(checking.fetch, back)(URL)).status, 401);
  deepEqual([post.calls(), checking.calls()], [1, 1]);
});
