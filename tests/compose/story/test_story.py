"""The story of the whole system, told from outside, in the order in which it happens."""

import json

import pytest
from conftest import DESK, MINUTE, ONE, TWO
from hourgate_e2e import is_sign_in, until, user_of


@pytest.fixture(scope="module")
def alice(house):
    """Signs in once, and is there until the identity provider's admin disables her."""
    return house.new_person("story-alice").signs_in(f"{ONE}/report?year=2026")


@pytest.fixture(scope="module")
def bob(house):
    """Is there all along."""
    return house.new_person("story-bob").signs_in(f"{TWO}/")


def test_one_sign_in_is_enough_for_both_apps(house, alice):
    before = len(house.idp.token_requests("authorization_code"))
    page = alice.uses(f"{TWO}/other")
    assert "two.apps.localhost/other" in page.text, "the app that was asked for"
    assert "story-alice@example.com" in page.text and "staff" in page.text, "the identity that it was given"
    assert "one.apps.localhost/report?year=2026" in alice.uses(f"{ONE}/report?year=2026").text
    assert alice.on_every_node(f"{ONE}/api/data") == [(200, None)] * 2
    assert len(house.idp.token_requests("authorization_code")) == before, "nobody met the identity provider again"


def test_what_the_browser_sends_as_an_identity_never_reaches_the_app(alice):
    forged = {**alice.PAGE, "X-Auth-Request-User": "root", "X-Auth-Request-Groups": "admins"}
    page = alice.get(f"{ONE}/", headers=forged)
    assert user_of(page) == "story-alice" and "admins" not in page.text


def test_the_session_can_be_looked_at(house, alice):
    session = alice.session(TWO)
    assert (session["sub"], session["environment"], session["reason"]) == ("story-alice", "apps", "proved")
    assert 0 < session["proof"]["ends_in"] <= 3600 and session["expires_in"] is None
    listed = json.loads(house.hourgate("sessions", "list", "-o", "json"))["sessions"]
    mine = [session for session in listed if session["user"] == "story-alice"]
    assert len(mine) == 1, "one session for both apps"
    assert "proof" in house.hourgate("explain", mine[0]["id"])


def test_an_hour_passes_and_nobody_notices(house, alice, bob):
    asked = len(house.idp.token_requests("refresh_token"))
    house.live(60, served=(alice, bob))
    refreshes = house.idp.token_requests("refresh_token")[asked:]
    assert {seen["user"] for seen in refreshes if seen["status"] == 200} >= {"story-alice", "story-bob"}
    for person in (alice, bob):
        assert person.session(ONE)["proof"]["age"] < 60 * MINUTE, "the ID token is new"


def test_the_identity_provider_is_down_for_ten_minutes_and_nobody_notices(house, alice, bob):
    house.idp.ask("POST", "/outage", {"for": "10m"})
    newcomer = house.person("story-carol").open(f"{ONE}/")
    assert newcomer.status_code in (502, 503), "it is down indeed: nobody can sign in"
    house.live(10, served=(alice, bob), checks=False)
    # It is back, and what fell due meanwhile is made up for.
    for person in (alice, bob):
        until("the identity provider has confirmed", lambda: person.session(ONE)["check"]["next_in"] > 0)
        person.uses_both_apps()


def test_a_disabled_user_is_refused_after_one_interval_by_both_apps_on_both_gateways(house, alice, bob):
    at_the_desk = house.person("story-alice").signs_in(f"{DESK}/")
    house.idp.disable("story-alice")
    house.live(60, served=(bob,))
    for origin in (ONE, TWO):
        assert alice.on_every_node(f"{origin}/api/data") == [(401, "idp_refused")] * 2
        assert says_why(alice.open(f"{origin}/"), "idp_refused")
    assert at_the_desk.on_every_node(f"{DESK}/api/data") == [(401, "idp_refused")] * 2, "in the other environment, too"
    bob.uses_both_apps()


def says_why(page, reason):
    """The gateway's page for people, with the reason and a button."""
    return page.status_code == 401 and f"<code>{reason}</code>" in page.text and "Sign in again" in page.text


def test_a_session_length_of_one_environment_ends_exactly_there_with_a_warning(house, bob):
    with house.settings("apps", custom_duration="true", max_length="2h"):
        carol = house.new_person("story-carol")
        # The other gateway looks every three seconds, by the real time.
        until("a sign-in gets the new length", lambda: carol.signs_in_anew(ONE).session(ONE)["expires_in"] is not None)
        carol.open(f"{DESK}/")
        assert carol.session(DESK)["expires_in"] is None, "another environment, another length"

        house.live(95, served=[carol])
        warning = carol.session(ONE)["warn"]
        assert warning["kind"] == "end" and 0 < warning["in"] <= 5 * MINUTE, warning
        house.live(10, served=[carol])
        session = carol.session(ONE)
        assert session["warn"]["in"] == 0 and session["warn"]["ends_in"] == session["expires_in"], "the warning has begun"

        house.wait(carol.session(ONE)["expires_in"] - 2)
        assert carol.on_every_node(f"{ONE}/api/data") == [(200, None)] * 2
        house.wait(3)
        for origin in (ONE, TWO):
            assert carol.on_every_node(f"{origin}/api/data") == [(401, "max_length")] * 2
        carol.uses(f"{DESK}/")
        bob.uses_both_apps()
        assert says_why(carol.open(f"{ONE}/"), "max_length")
        assert is_sign_in(carol.ask_for_sign_in(f"{ONE}/")), "with credentials, though the identity provider remembers"


def test_inactivity_ends_another_session(house, bob):
    with house.settings("desk", custom_inactivity="true", inactivity_timeout="10m"):
        dan = house.new_person("story-dan")
        until("a sign-in gets the timeout", lambda: dan.signs_in_anew(DESK).session(DESK)["idle_in"] is not None)
        dan.open(f"{ONE}/")
        for _ in range(3):
            house.wait(9 * MINUTE)
            dan.uses(f"{DESK}/page")
            until("the use is known", lambda: dan.session(DESK)["idle_in"] > 9 * MINUTE)
        warning = dan.session(DESK)["warn"]
        assert (warning["kind"], warning["lead"]) == ("inactivity", 2 * MINUTE)

        house.wait(dan.session(DESK)["idle_in"] - 2)
        assert dan.session(DESK)["authenticated"], "looking is no use, and the time is not over"
        house.wait(3)
        assert dan.on_every_node(f"{DESK}/api/data") == [(401, "inactive")] * 2
        dan.uses_both_apps()
        assert says_why(dan.open(f"{DESK}/"), "inactive")
        assert is_sign_in(dan.ask_for_sign_in(f"{DESK}/")), "with credentials, though the identity provider remembers"


def test_a_gateway_is_killed_and_nobody_is_signed_out(house, bob):
    house.docker("kill --signal KILL", "hourgate-1")
    for _ in range(10):
        bob.uses_both_apps()
    house.new_person("story-erin").signs_in(f"{ONE}/").uses_both_apps()
    house.docker("start", "hourgate-1")
    until("it is back", lambda: house.is_healthy("hourgate-1"))
    assert bob.on_every_node(f"{ONE}/api/data") == [(200, None)] * 2


def test_redis_restarts_and_nobody_is_signed_out(house, bob):
    house.docker("stop", "redis")
    for answer in (bob.open_only(f"{ONE}/"), bob.call(f"{TWO}/api/data")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), "not 500, and no sign-in"
        assert "Nobody has been signed out" in answer.text and "Set-Cookie" not in answer.headers
    stranger = house.person("story-bob").open_only(f"{ONE}/")
    assert stranger.status_code in (302, 503) and user_of(stranger) is None, "nobody is let in"
    house.docker("start", "redis")
    until("the store is back", lambda: bob.open_only(f"{ONE}/").status_code == 200)
    until("both gateways have it", lambda: bob.on_every_node(f"{ONE}/api/data") == [(200, None)] * 2)
    bob.uses_both_apps()


def test_a_session_that_is_presented_from_another_cookie_jar_is_refused(house, bob):
    session = next(cookie for cookie in bob.cookies if cookie.name == "__Secure-hourgate-apps")
    thief = house.person("thief")
    thief.cookies.set_cookie(session)
    assert thief.on_every_node(f"{ONE}/api/data") == [(401, "browser_unknown")] * 2
    # And with a nonce cookie, but of the thief's own.
    mallory = house.new_person("story-mallory").signs_in(f"{ONE}/")
    mallory.cookies.set_cookie(session)
    assert mallory.on_every_node(f"{TWO}/api/data") == [(401, "browser_mismatch")] * 2
    bob.uses_both_apps()


def test_a_day_and_ninety_days_pass(house, bob):
    signed_in = len(house.idp.token_requests("authorization_code"))
    for _ in range(90):
        house.wait(24 * 60 * MINUTE)
        # Unused for a day, it is not refreshed in the background; one check at the next visit, and no sign-in.
        page = bob.open(f"{ONE}/page")
        assert (page.status_code, user_of(page)) == (200, "story-bob"), f"{page.url}: {page.text}"
        bob.uses_both_apps()
    assert len(house.idp.token_requests("authorization_code")) == signed_in
    house.wait(91 * 24 * 60 * MINUTE)
    until("it is deleted", lambda: "story-bob" not in house.hourgate("sessions", "list", "-o", "json"))
    assert bob.on_every_node(f"{TWO}/api/data") == [(401, "forgotten")] * 2, "nobody used it for 90 days"


def test_a_sign_out_ends_it_everywhere_and_the_next_sign_in_wants_credentials(house):
    frank = house.new_person("story-frank").signs_in(f"{ONE}/")
    frank.uses_both_apps()
    frank.open(f"{DESK}/")
    before = frank.as_stolen()
    done = frank.sign_out(TWO)
    assert done.status_code == 200 and "You are signed out" in done.text
    for origin in (ONE, TWO, DESK):
        assert before.on_every_node(f"{origin}/api/data") == [(401, "signed_out")] * 2, "also for who kept the cookies"
        assert is_sign_in(frank.open(f"{origin}/"))
