"""Somebody leaves the company: within one policy check interval the apps refuse them."""

from hourgate_e2e import reason_of, user_of

APP = "https://one.apps.localhost"


def test_a_disabled_user_is_refused_within_an_hour(idp, browser):
    idp.create_user("dora", email="dora@example.com", name="Dora")
    dora = browser()
    page = dora.sign_in(f"{APP}/reports", "dora")
    assert (page.status_code, user_of(page)) == (200, "dora")

    idp.disable("dora")
    assert dora.call(f"{APP}/api/reports").status_code == 200, "the last proof still counts"

    idp.advance("61m")
    refused = dora.call_when_checked(f"{APP}/api/reports")
    assert (refused.status_code, reason_of(refused)) == (401, "idp_refused")
