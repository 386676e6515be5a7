"""Well signed, and yet not for us, not now, or of nobody in particular (WSF-10, WSF-11)."""

from dataclasses import replace

from assertion import ADMIN, ALICE, AUDIENCE, BEARER, HOUR, ISSUER, NOW, VERSIONS, Assertion, instant, response
from case import accepted, refused

SKEW = 60
DAY = 24 * HOUR
RESTRICTIONS = {"1.1": "AudienceRestrictionCondition", "2.0": "AudienceRestriction"}


def restriction(version, *audiences):
    inner = "".join(f"<saml:Audience>{audience}</saml:Audience>" for audience in audiences)
    return f"<saml:{RESTRICTIONS[version]}>{inner}</saml:{RESTRICTIONS[version]}>"


def cases():
    for version in VERSIONS:
        short = version.replace(".", "")
        true = Assertion(version)
        for part in (meant_for, conditions, subjects, heads):
            for name, assertion, codes, settings in part(true):
                document, full = response(assertion.signed()), f"{name}_{short}"
                if codes:
                    yield refused("WSF-10", full, document, *codes, **settings)
                else:
                    yield accepted("WSF-10", full, document, assertion.identity(), **settings)
        for name, assertion, codes, settings in times(true):
            document, full = response(assertion.signed()), f"{name}_{short}"
            if codes:
                yield refused("WSF-11", full, document, *codes, **settings)
            else:
                yield accepted("WSF-11", full, document, assertion.identity(), **settings)


def meant_for(true):
    """Issuer and audience, byte for byte."""
    for name, issuer in {
        "another": "http://fs.evil.test/adfs/services/trust",
        "a_longer": ISSUER + "/",
        "a_shorter": ISSUER[:-1],
        "upper_case": ISSUER.upper(),
        "a_padded": f" {ISSUER} ",
        "an_empty": "",
    }.items():
        yield f"{name}_issuer", replace(true, issuer=issuer), ["issuer"], {}
    for name, audience in {
        "another": "https://other.example.test/",
        "a_longer": AUDIENCE + "x",
        "a_shorter": AUDIENCE[:-1],
        "upper_case": AUDIENCE.upper(),
        "an_empty": "",
    }.items():
        yield f"{name}_audience", replace(true, audience=audience), ["audience"], {}
    own, other = AUDIENCE, "https://other.example.test/"
    both = restriction(true.version, other, own)
    yield "one_of_two_audiences", replace(true, restriction=both), None, {}
    twice = restriction(true.version, own) + restriction(true.version, own, other)
    yield "two_restrictions_that_both_name_us", replace(true, restriction=twice), None, {}
    apart = restriction(true.version, own) + restriction(true.version, other)
    yield "two_restrictions_of_which_one_names_us", replace(true, restriction=apart), ["audience"], {}
    yield (
        "the_other_way_round",
        replace(true, restriction=restriction(true.version, other) + restriction(true.version, own)),
        ["audience"],
        {},
    )
    yield "a_restriction_to_nobody", replace(true, restriction=restriction(true.version)), ["audience"], {}
    yield "no_restriction", replace(true, restriction=""), ["audience"], {}
    yield "joined_audiences", replace(true, restriction=restriction(true.version, f"{own} {other}")), ["audience"], {}


def conditions(true):
    yield "no_conditions", replace(true, conditions=""), ["conditions"], {}
    one = true._conditions(restriction(true.version, AUDIENCE))
    yield "two_conditions", replace(true, conditions=one + one), ["conditions"], {}
    yield "an_unknown_condition", replace(true, more_conditions="<saml:Condition/>"), ["unknown_condition"], {}
    yield (
        "a_foreign_condition",
        replace(true, more_conditions='<x:Condition xmlns:x="urn:x"/>'),
        ["unknown_condition"],
        {},
    )
    other = RESTRICTIONS["2.0" if true.version == "1.1" else "1.1"]
    named = f"<saml:{other}><saml:Audience>{AUDIENCE}</saml:Audience></saml:{other}>"
    yield "the_other_versions_restriction", replace(true, restriction=named), ["unknown_condition"], {}
    once = "<saml:DoNotCacheCondition/>" if true.version == "1.1" else "<saml:OneTimeUse/>"
    yield "for_one_time_use", replace(true, more_conditions=once), None, {}


def subjects(true):
    """Who it is, and that he may bear it."""
    tag = "NameIdentifier" if true.version == "1.1" else "NameID"
    name = f"<saml:{tag}>{ALICE}</saml:{tag}>"
    evil = f"<saml:{tag}>{ADMIN}</saml:{tag}>"
    if true.version == "1.1":
        method = (
            lambda uri: f"<saml:SubjectConfirmation><saml:ConfirmationMethod>{uri}</saml:ConfirmationMethod></saml:SubjectConfirmation>"
        )
    else:
        method = lambda uri: f'<saml:SubjectConfirmation Method="{uri}"/>'
    bearer = method(BEARER[true.version])
    holder = method(BEARER[true.version].replace("bearer", "holder-of-key"))
    vouches = method(BEARER[true.version].replace("bearer", "sender-vouches"))
    yield "no_confirmation", replace(true, confirmation=""), ["bearer"], {}
    yield "no_confirmation_where_none_is_asked", replace(true, confirmation=""), None, {"bearer": False}
    for which, confirmation in {
        "holder_of_key": holder,
        "sender_vouches": vouches,
        "unknown_method": method("urn:x"),
    }.items():
        yield which, replace(true, confirmation=confirmation), ["bearer"], {}
        yield f"{which}_where_none_is_asked", replace(true, confirmation=confirmation), ["bearer"], {"bearer": False}
    subject = lambda inner: replace(true, subject_element=f"<saml:Subject>{inner}</saml:Subject>")
    yield "two_names", subject(name + evil + bearer), ["subject"], {}
    yield "two_names_evil_first", subject(evil + name + bearer), ["subject"], {}
    yield "no_name", replace(true, subject=None), None, {}
    if true.version == "2.0":
        whole = f"<saml:Subject>{name}{bearer}</saml:Subject>"
        other = f"<saml:Subject>{evil}{bearer}</saml:Subject>"
        yield "two_subjects", replace(true, subject_element=whole + other), ["subject"], {}
        yield "no_subject", replace(true, subject_element=""), ["subject"], {}
        yield (
            "an_encrypted_name",
            subject(f"<saml:EncryptedID/>{bearer}"),
            ["subject"],
            {},
        )
        base = f"<saml:BaseID>{ADMIN}</saml:BaseID>"
        yield "a_base_id", subject(base + bearer), ["subject"], {}
        late = f'<saml:SubjectConfirmation Method="{BEARER["2.0"]}"><saml:SubjectConfirmationData NotOnOrAfter="{instant(NOW - SKEW)}"/></saml:SubjectConfirmation>'
        yield "a_confirmation_that_has_ended", replace(true, confirmation=late), ["expired"], {}
        early = late.replace("NotOnOrAfter", "NotBefore").replace(instant(NOW - SKEW), instant(NOW + SKEW + 1))
        yield "a_confirmation_that_has_not_begun", replace(true, confirmation=early), ["not_yet_valid"], {}
        good = late.replace(instant(NOW - SKEW), instant(NOW + HOUR))
        yield "a_confirmation_that_holds", replace(true, confirmation=good), None, {}
    else:
        other = replace(true, subject=ADMIN)
        alices, admins = true.text(), other.text()
        cut = lambda text, tag: text[text.index(f"<saml:{tag}") : text.index(f"</saml:{tag}>") + len(f"</saml:{tag}>")]
        mixed = cut(alices, "AttributeStatement") + cut(admins, "AuthenticationStatement")
        yield "statements_about_two_people", replace(true, statements=mixed), ["subject"], {}
        mixed = cut(admins, "AttributeStatement") + cut(alices, "AuthenticationStatement")
        yield "claims_of_another_person", replace(true, statements=mixed), ["subject"], {}
        nobody = cut(admins, "AttributeStatement").replace(evil, "") + cut(alices, "AuthenticationStatement")
        yield "claims_of_nobody", replace(true, statements=nobody), ["subject"], {}
        yield "no_statements", replace(true, statements=""), ["subject"], {}


def heads(true):
    """The version and the ID."""
    if true.version == "2.0":
        head = lambda **but: " ".join(
            f'{name}="{value}"'
            for name, value in ({"ID": true.id, "IssueInstant": instant(true.issued), "Version": "2.0"} | but).items()
            if value is not None
        )
        for name, version in {"1_1": "1.1", "3_0": "3.0", "empty": "", "missing": None, "padded": " 2.0"}.items():
            yield f"version_{name}", replace(true, head_attributes=head(Version=version)), ["version"], {}
        for name, element in {
            "no": "",
            "two": f"<saml:Issuer>{ISSUER}</saml:Issuer><saml:Issuer>http://evil.test</saml:Issuer>",
            "two_evil_first": f"<saml:Issuer>http://evil.test</saml:Issuer><saml:Issuer>{ISSUER}</saml:Issuer>",
        }.items():
            if name == "no":
                continue  # without it there is no place for the signature; see heads of 1.1
            yield f"{name}_issuers", replace(true, issuer_element=element), ["issuer"], {}
    else:
        full = {
            "MajorVersion": "1",
            "MinorVersion": "1",
            "AssertionID": true.id,
            "Issuer": ISSUER,
            "IssueInstant": instant(true.issued),
        }
        head = lambda **but: " ".join(f'{name}="{value}"' for name, value in (full | but).items() if value is not None)
        for name, but in {
            "1_0": {"MinorVersion": "0"},
            "2_1": {"MajorVersion": "2"},
            "missing": {"MajorVersion": None},
        }.items():
            yield f"version_{name}", replace(true, head_attributes=head(**but)), ["version"], {}
        yield "no_issuer", replace(true, head_attributes=head(Issuer=None)), ["issuer"], {}
    for name, at in {
        "missing": None,
        "empty": "",
        "without_zone": "2026-11-22T11:59:50",
        "a_date": "2026-11-22",
        "rubbish": "now",
        "february_30": "2026-02-30T00:00:00Z",
    }.items():
        yield (
            f"issue_instant_{name}",
            replace(true, head_attributes=head(IssueInstant=at)),
            ["issue_instant"],
            {},
        )


def times(true):
    """The edges belong to the side that the specification says: NotBefore is in, NotOnOrAfter is out; each with the skew."""
    begins = lambda at: replace(true, not_before=at, issued=NOW - 10, not_on_or_after=NOW + HOUR)
    ends = lambda at: replace(true, not_before=NOW - HOUR, issued=NOW - HOUR, not_on_or_after=at)
    yield "begins_just_now", begins(NOW), None, {}
    yield "begins_at_the_end_of_the_skew", begins(NOW + SKEW), None, {}
    yield "begins_after_the_skew", begins(NOW + SKEW + 1), ["not_yet_valid"], {}
    yield "ends_just_now", ends(NOW), None, {}
    yield "ended_within_the_skew", ends(NOW - SKEW + 1), None, {}
    yield "ended_with_the_skew", ends(NOW - SKEW), ["expired"], {}
    yield (
        "ended_a_year_ago",
        replace(true, not_before=NOW - 366 * DAY, issued=NOW - 366 * DAY, not_on_or_after=NOW - 365 * DAY),
        ["expired"],
        {},
    )
    yield "issued_at_the_end_of_the_skew", replace(true, issued=NOW + SKEW), None, {}
    yield "issued_after_the_skew", replace(true, issued=NOW + SKEW + 1), ["not_yet_valid"], {}
    yield "no_end", replace(true, not_on_or_after=None), ["times"], {}
    yield "no_beginning", replace(true, not_before=None), ["times"], {}
    yield (
        "ends_before_it_begins",
        replace(true, not_before=NOW + 30, not_on_or_after=NOW + 20),
        ["times"],
        {},
    )
    yield "lives_a_day", replace(true, issued=NOW, not_before=NOW, not_on_or_after=NOW + DAY), None, {}
    yield (
        "lives_a_second_longer",
        replace(true, issued=NOW, not_before=NOW, not_on_or_after=NOW + DAY + 1),
        ["lifetime"],
        {},
    )
    yield "lives_a_century", replace(true, not_on_or_after=NOW + 36525 * DAY), ["lifetime"], {}
    yield "lives_an_hour_where_five_minutes_are_allowed", true, ["lifetime"], {"longest_life": 300}
    for name, end in {
        "without_zone": "2026-11-22T13:00:00",
        "empty": "",
        "rubbish": "tomorrow",
        "year_0": "0000-01-01T00:00:00Z",
        "twelve_digits": "999999999999-01-01T00:00:00Z",
    }.items():
        given = true._conditions(restriction(true.version, AUDIENCE)).replace(instant(true.not_on_or_after), end)
        yield f"ends_at_{name}", replace(true, conditions=given), ["times"], {}
    for name, end in {"an_offset": "2026-11-22T14:59:50+02:00", "fractions": "2026-11-22T12:59:50.0000000Z"}.items():
        given = true._conditions(restriction(true.version, AUDIENCE)).replace(instant(true.not_on_or_after), end)
        yield f"ends_with_{name}", replace(true, conditions=given), None, {}
