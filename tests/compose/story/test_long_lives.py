"""How long sessions live where the protocols differ: with a refresh token for as long as they are used, without one for a day."""

import pytest
from conftest import MINUTE, OIDC, WSFED
from hourgate_e2e import is_sign_in, until, user_of

DAY = 24 * 60 * MINUTE


@pytest.mark.parametrize("house", [OIDC], indirect=True, ids=["oidc"])
def test_a_session_with_a_refresh_token_lives_until_nobody_used_it_for_ninety_days(house):
    bob = house.new_person("bob").signs_in(f"{house.two}/")
    assert bob.session(house.one)["expires_in"] is None
    signed_in = house.sign_ins()
    for _ in range(90):
        house.wait(DAY)
        # Unused for a day, it is not refreshed in the background; one check at the next visit, and no sign-in.
        page = bob.open(f"{house.one}/page")
        assert (page.status_code, user_of(page)) == (200, bob.name), f"{page.url}: {page.text}"
        bob.uses_both_apps()
    assert house.sign_ins() == signed_in
    house.wait(91 * DAY)
    until("it is deleted", lambda: bob.name not in house.hourgate("sessions", "list", "-o", "json"))
    assert bob.on_every_node(f"{house.two}/api/data") == [(401, "forgotten")] * 2, "nobody used it for 90 days"


@pytest.mark.parametrize("house", [WSFED], indirect=True, ids=["wsfed"])
def test_a_session_without_a_refresh_token_lives_for_a_day(house):
    bob = house.new_person("bob")
    noted = house.audited(bob)
    bob.signs_in(f"{house.two}/")
    for _ in range(23):
        house.wait(60 * MINUTE)
        bob.uses_both_apps()
    noted = house.audited(bob) - noted
    assert noted["sign_in"] == 1 and noted["renewal"] >= 20, "auditors see that nobody was asked again"
    house.wait(bob.session(house.one)["expires_in"] + 1)
    assert bob.on_every_node(f"{house.two}/api/data") == [(401, "lifetime")] * 2
