"""The story of the whole system, told from outside, in the order in which it happens: once for each protocol."""

import json

import pytest
from conftest import MINUTE, OIDC
from hourgate_e2e import is_sign_in, until, user_of


@pytest.fixture(scope="module")
def alice(house):
    """Signs in once, and is there until the identity provider's admin disables her."""
    return house.new_person("alice").signs_in(f"{house.one}/report?year=2026")


@pytest.fixture(scope="module")
def bob(house):
    """Is there all along."""
    return house.new_person("bob").signs_in(f"{house.two}/")


def test_one_sign_in_is_enough_for_both_apps(house, alice):
    before = house.sign_ins()
    page = alice.uses(f"{house.two}/other")
    assert f"{host_of(house.two)}/other" in page.text, "the app that was asked for"
    assert f"{alice.name}@example.com" in page.text and "staff" in page.text, "the identity that it was given"
    assert f"{host_of(house.one)}/report?year=2026" in alice.uses(f"{house.one}/report?year=2026").text
    assert alice.on_every_node(f"{house.one}/api/data") == [(200, None)] * 2
    assert house.sign_ins() == before, "nobody met the identity provider again"


def test_what_the_browser_sends_as_an_identity_never_reaches_the_app(house, alice):
    forged = {**alice.PAGE, "X-Auth-Request-User": "root", "X-Auth-Request-Groups": "admins"}
    page = alice.get(f"{house.one}/", headers=forged)
    assert user_of(page) == alice.name and "admins" not in page.text


def test_the_session_can_be_looked_at(house, alice):
    session = alice.session(house.two)
    assert (session["sub"], session["environment"], session["reason"]) == (alice.name, house.half.apps, "proved")
    assert 0 < session["proof"]["ends_in"] <= 60 * MINUTE
    listed = json.loads(house.hourgate("sessions", "list", "-o", "json"))["sessions"]
    mine = [session for session in listed if session["user"] == alice.name]
    assert len(mine) == 1, "one session for both apps"
    assert " is allowed" in house.hourgate("explain", mine[0]["id"])


def test_an_hour_passes_and_nobody_notices(house, alice, bob):
    before = house.renewals()
    house.live(60, served=(alice, bob))
    assert before + 2 <= house.renewals() <= before + 4, "for each of them, and not with every page"
    for person in (alice, bob):
        assert person.session(house.one)["proof"]["age"] < 60 * MINUTE, "the token is new"


def test_the_identity_provider_is_down_for_ten_minutes_and_nobody_notices(house, alice, bob):
    house.comes_near_a_check(alice)
    house.idp.ask("POST", "/outage", {"for": "10m"})
    newcomer = house.person("carol").open(f"{house.one}/")
    assert newcomer.status_code in (502, 503), "it is down indeed: nobody can sign in"
    in_vain = house.failed_checks()
    house.live(5, served=(alice, bob), checks=False)
    if house.half is OIDC:
        until("a check falls due, in vain", lambda: house.failed_checks() > in_vain)
    house.live(5, served=(alice, bob), checks=False)
    # It is back, and what fell due is made up for.
    for person in (alice, bob):
        house.has_checked(person)
        person.uses_both_apps()


def test_a_disabled_user_is_refused_after_one_interval_by_both_apps_on_both_gateways(house, alice, bob):
    at_the_desk = house.person("alice").signs_in(f"{house.desk}/")
    house.idp.disable(alice.name)
    house.live(60, served=(bob,))
    for origin in (house.one, house.two):
        assert alice.on_every_node(f"{origin}/api/data") == [(401, house.half.refusal)] * 2
        assert is_told_why(house, alice, f"{origin}/")
    assert at_the_desk.on_every_node(f"{house.desk}/api/data") == [(401, house.half.refusal)] * 2, "in the other environment, too"
    assert is_told_why(house, at_the_desk, f"{house.desk}/")
    bob.uses_both_apps()


def is_told_why(house, disabled, url):
    """By the gateway's page; or, where it is the browser that asks the identity provider, by that one's."""
    page = disabled.open(url)
    if house.half is OIDC:
        return says_why(page, "idp_refused")
    return is_sign_in(page) and "is disabled" in disabled.press(page, user=disabled.name).text


def expires_in(person, origin):
    """When the session ends, in seconds; what has no end ends late."""
    return person.session(origin)["expires_in"] or float("inf")


def host_of(origin):
    return origin.removeprefix("https://")


def says_why(page, reason):
    """The gateway's page for people, with the reason and a button."""
    return page.status_code == 401 and f"<code>{reason}</code>" in page.text and "Sign in again" in page.text


def test_a_session_length_of_one_environment_ends_exactly_there_with_a_warning(house, bob):
    with house.settings(house.half.apps, custom_duration="true", max_length="2h"):
        carol = house.new_person("carol")
        # The other gateway looks every three seconds, by the real time.
        until("a sign-in gets the new length", lambda: expires_in(carol.signs_in_anew(house.one), house.one) <= 120 * MINUTE)
        carol.open(f"{house.desk}/")
        assert expires_in(carol, house.desk) > 120 * MINUTE, "another environment, another length"

        house.live(95, served=[carol])
        warning = carol.session(house.one)["warn"]
        assert warning["kind"] == "end" and 0 < warning["in"] <= 5 * MINUTE, warning
        house.live(10, served=[carol])
        session = carol.session(house.one)
        assert session["warn"]["in"] == 0 and session["warn"]["ends_in"] == session["expires_in"], "the warning has begun"

        house.wait(carol.session(house.one)["expires_in"] - 2)
        assert carol.on_every_node(f"{house.one}/api/data") == [(200, None)] * 2
        house.wait(3)
        for origin in (house.one, house.two):
            assert carol.on_every_node(f"{origin}/api/data") == [(401, "max_length")] * 2
        carol.uses(f"{house.desk}/")
        bob.uses_both_apps()
        assert says_why(carol.open(f"{house.one}/"), "max_length")
        assert is_sign_in(carol.ask_for_sign_in(f"{house.one}/")), "with credentials, though the identity provider remembers"


def test_inactivity_ends_another_session(house, bob):
    with house.settings(house.half.desk_environment, custom_inactivity="true", inactivity_timeout="10m"):
        dan = house.new_person("dan")
        until("a sign-in gets the timeout", lambda: dan.signs_in_anew(house.desk).session(house.desk)["idle_in"] is not None)
        dan.open(f"{house.one}/")
        for _ in range(3):
            house.wait(9 * MINUTE)
            dan.uses(f"{house.desk}/page")
            until("the use is known", lambda: dan.session(house.desk)["idle_in"] > 9 * MINUTE)
        warning = dan.session(house.desk)["warn"]
        assert (warning["kind"], warning["lead"]) == ("inactivity", 2 * MINUTE)

        house.wait(dan.session(house.desk)["idle_in"] - 2)
        assert dan.session(house.desk)["authenticated"], "looking is no use, and the time is not over"
        house.wait(3)
        assert dan.on_every_node(f"{house.desk}/api/data") == [(401, "inactive")] * 2
        dan.uses_both_apps()
        assert says_why(dan.open(f"{house.desk}/"), "inactive")
        assert is_sign_in(dan.ask_for_sign_in(f"{house.desk}/")), "with credentials, though the identity provider remembers"


def test_a_gateway_is_killed_and_nobody_is_signed_out(house, bob):
    house.docker("kill --signal KILL", "hourgate-1")
    for _ in range(10):
        bob.uses_both_apps()
    house.new_person("erin").signs_in(f"{house.one}/").uses_both_apps()
    house.docker("start", "hourgate-1")
    until("it is back", lambda: house.is_healthy("hourgate-1"))
    assert bob.on_every_node(f"{house.one}/api/data") == [(200, None)] * 2


def test_redis_restarts_and_nobody_is_signed_out(house, bob):
    house.docker("stop", "redis")
    for answer in (bob.open_only(f"{house.one}/"), bob.call(f"{house.two}/api/data")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), "not 500, and no sign-in"
        assert "Nobody has been signed out" in answer.text and "Set-Cookie" not in answer.headers
    stranger = house.person("bob").open_only(f"{house.one}/")
    assert stranger.status_code in (302, 503) and user_of(stranger) is None, "nobody is let in"
    house.docker("start", "redis")
    until("the store is back", lambda: bob.open_only(f"{house.one}/").status_code == 200)
    until("both gateways have it", lambda: bob.on_every_node(f"{house.one}/api/data") == [(200, None)] * 2)
    bob.uses_both_apps()


def test_a_session_that_is_presented_from_another_cookie_jar_is_refused(house, bob):
    session = next(cookie for cookie in bob.cookies if cookie.name == f"__Secure-hourgate-{house.half.apps}")
    thief = house.person("thief")
    thief.cookies.set_cookie(session)
    assert thief.on_every_node(f"{house.one}/api/data") == [(401, "browser_unknown")] * 2
    # And with a nonce cookie, but of the thief's own.
    mallory = house.new_person("mallory").signs_in(f"{house.one}/")
    mallory.cookies.set_cookie(session)
    assert mallory.on_every_node(f"{house.two}/api/data") == [(401, "browser_mismatch")] * 2
    bob.uses_both_apps()


def test_an_answer_of_the_identity_provider_is_worth_nothing_in_another_browser(house):
    victim, thief = house.new_person("grace"), house.person("thief")
    answer = victim.up_to_the_answer(f"{house.one}/")
    for _ in range(2):
        refused = thief.brings(answer)
        assert refused.status_code == 400 and "<code>other_browser</code>" in refused.text
        # Also in the middle of a sign-in of the thief's own.
        thief.open(f"{house.one}/")
    again = victim.as_stolen()
    assert user_of(victim.brings(answer)) == victim.name, "its owner's own goes on"
    again.brings(answer, follow=False)
    assert victim.holds_a_session() and not again.holds_a_session(), "and it is good once"


def test_a_sign_out_ends_it_everywhere_and_the_next_sign_in_wants_credentials(house):
    frank = house.new_person("frank").signs_in(f"{house.one}/")
    frank.uses_both_apps()
    frank.open(f"{house.desk}/")
    before = frank.as_stolen()
    done = frank.sign_out(house.two)
    assert done.status_code == 200 and "You are signed out" in done.text
    for origin in (house.one, house.two, house.desk):
        assert before.on_every_node(f"{origin}/api/data") == [(401, "signed_out")] * 2, "also for who kept the cookies"
        assert is_sign_in(frank.open(f"{origin}/"))
