"""What must be accepted: the shapes that issuers send, and what happens to a text on its way through a browser (GOOD)."""

import re
from dataclasses import replace

import sign
from assertion import (
    ALICE,
    AUDIENCE,
    BEARER,
    EMAIL,
    GROUPS,
    HOUR,
    NAME,
    NOW,
    TRUST_13,
    TRUST_2005,
    VERSIONS,
    Assertion,
    bare_response,
    collection,
    instant,
    response,
)
from case import accepted, refused

import keys

ROW = "GOOD"


def placed(version, text, signature, where=None):
    """The signature where the version has it, or after the tag `where`."""
    if where is None:
        where = "</saml:Issuer>" if version == "2.0" else None
    if where is None:
        return text.replace("</saml:Assertion>", signature + "</saml:Assertion>")
    return text.replace(where, where + signature, 1)


def resigned(true, text, where=None, **how):
    return placed(true.version, text, sign.enveloped(text, "#" + true.id, **how), where)


def cases():
    for version in VERSIONS:
        short = version.replace(".", "")
        true = Assertion(version)
        for part in (of_responses, of_signatures, of_texts, of_journeys):
            for name, document, identity in part(true):
                yield accepted(ROW, f"{name}_{short}", document, identity)
        yield from of_places(true, short)


def of_responses(true):
    signed, identity = true.signed(), true.identity()
    yield "as_ad_fs_sends_it", response(signed), identity
    yield "as_plain_issuers_send_it", bare_response(signed), identity
    yield "collection_of_trust_1_3", collection(response(signed, TRUST_13)), identity
    yield "response_of_trust_1_3", response(signed, TRUST_13), identity
    yield "default_namespace", response(signed, TRUST_2005).replace("t:", "").replace("xmlns:t=", "xmlns="), identity
    yield (
        "with_references",
        response(
            signed,
            after='<t:RequestedAttachedReference><k:SecurityTokenReference xmlns:k="urn:wsse"><k:KeyIdentifier>x</k:KeyIdentifier></k:SecurityTokenReference></t:RequestedAttachedReference>',
        ),
        identity,
    )
    indented = response(signed).replace("><t:", ">\n    <t:").replace("></t:", ">\n</t:")
    yield "indented", indented, identity


def of_signatures(true):
    identity = true.identity()
    for bits in (384, 512):
        yield f"rsa_sha{bits}", response(true.signed(method=f"rsa-sha{bits}", digest=f"sha{bits}")), identity
    yield "rsa_sha256_with_a_digest_of_sha512", response(true.signed(digest="sha512")), identity
    yield "ecdsa_p256", response(true.signed(key="p256", method="ecdsa-sha256")), identity
    yield "ecdsa_p384", response(true.signed(key="p384", method="ecdsa-sha384", digest="sha384")), identity
    yield "the_second_key", response(true.signed(key="second")), identity
    yield "no_key_info", response(true.signed(after="")), identity
    info = sign.signed_info([sign.reference(sign.digest_of(sign.canonical(true.text())), "#" + true.id)])
    octets = sign.canonical(
        info.replace("<ds:", "<").replace("</ds:", "</").replace("<SignedInfo", f'<SignedInfo xmlns="{sign.DS}"', 1)
    )
    value = sign.encoded(keys.sign_rsa("first", "sha256", octets))
    bare = sign.put_together(info, value).replace("<ds:", "<").replace("</ds:", "</").replace("xmlns:ds", "xmlns")
    yield "the_default_namespace_for_the_signature", response(true.text(bare)), identity
    folded = re.sub("(<ds:SignatureValue>)(.{64})(.{64})(.*?)(</ds)", "\\1\n  \\2\n  \\3\r\n\\4\n\\5", true.signed())
    yield "a_folded_signature_value", response(folded), identity
    info = sign.signed_info([sign.reference("\n " + sign.digest_of(sign.canonical(true.text())) + "\n", "#" + true.id)])
    yield "a_folded_digest_value", response(true.text(sign.put_together(info, sign.value_of(info)))), identity
    info = info.replace("><ds:", ">\n<ds:")
    yield "an_indented_signed_info", response(true.text(sign.put_together(info, sign.value_of(info)))), identity
    yield (
        "an_id_on_the_signature",
        response(true.signed().replace("<ds:Signature ", '<ds:Signature Id="sig" ')),
        identity,
    )


def of_texts(true):
    """Names and claims may be any text."""
    for name, who in {
        "unicode": "Zoë Ängström 李雷 😀",
        "markup": "<b>&amp;\"'</b> ]]>",
        "inner_blanks": "a  b\tc\nd",
        "right_to_left": "\u202eecila",
        "combining": "e\u0301",
        "windows_name": "CORP\\alice",
        "very_long": "x" * 2000,
    }.items():
        said = replace(true, subject=who, claims=((NAME, (who,)), (GROUPS, (who, "staff"))))
        yield f"a_name_with_{name}", response(said.signed()), said.identity()
    groups = tuple(f"S-1-5-21-1004336348-1177238915-682003330-{1000 + n}" for n in range(200))
    many = replace(true, claims=((EMAIL, (ALICE,)), (GROUPS, groups)))
    yield "two_hundred_groups", response(many.signed()), many.identity()
    apart = replace(true, claims=((EMAIL, (ALICE,)), *((GROUPS, (group,)) for group in ("a", "b", "c"))))
    yield "groups_in_attributes_of_their_own", response(apart.signed()), apart.identity()
    empty = replace(true, claims=((EMAIL, (ALICE,)), (NAME, ("",))))
    yield "an_empty_value", response(empty.signed()), empty.identity()
    carriage = replace(true, claims=((EMAIL, (ALICE,)), (NAME, ("a\rb",))))
    text = carriage.text().replace("a\rb", "a&#13;b")
    yield "a_carriage_return_by_reference", response(resigned(true, text)), carriage.identity()
    referred = true.text().replace(f">{ALICE}<", ">&#97;lice&#x40;example.test<")
    yield "character_references", response(resigned(true, referred)), true.identity()
    xs = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string"'
    typed = true.text().replace("<saml:AttributeValue>", f"<saml:AttributeValue {xs}>")
    yield "typed_values", response(resigned(true, typed)), true.identity()
    yield "typed_values_with_a_prefix_list", response(resigned(true, typed, prefixes=("xs",))), true.identity()
    outer = typed.replace(' xmlns:xs="http://www.w3.org/2001/XMLSchema"', "")
    scope = {"xs": "http://www.w3.org/2001/XMLSchema", "unused": "urn:unused"}
    scoped = resigned(true, outer, prefixes=("xs", "unused"), in_scope=scope)
    outside = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in scope.items())
    yield "a_prefix_list_of_the_wrappers_namespaces", response(scoped, attributes=outside), true.identity()
    origin = true.text().replace(
        "<saml:Attribute ",
        '<saml:Attribute xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" a:OriginalIssuer="urn:x" ',
    )
    yield "original_issuers", response(resigned(true, origin)), true.identity()
    formatted = true.text().replace(
        "<saml:NameID>",
        '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="urn:q">',
    )
    formatted = formatted.replace(
        "<saml:NameIdentifier>", '<saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">'
    )
    yield "a_name_with_a_format", response(resigned(true, formatted)), true.identity()
    fractions = true.text().replace(instant(true.issued), instant(true.issued)[:-1] + ".957Z")
    yield "fractions_of_seconds", response(resigned(true, fractions)), true.identity(issued_at=true.issued * 1000 + 957)
    if true.version == "2.0":
        session = replace(true, session=f' SessionIndex="_s1" SessionNotOnOrAfter="{instant(NOW + HOUR // 2)}"')
        yield (
            "a_session",
            response(session.signed()),
            session.identity(session_index="_s1", session_ends=(NOW + HOUR // 2) * 1000),
        )
    indented = true.text().replace("><saml:", ">\n  <saml:").replace("></saml:", ">\n</saml:")
    indented = indented.replace("<saml:Assertion\n", "<saml:Assertion ")
    yield "an_indented_assertion", response(resigned(true, indented)), true.identity()
    crlf_signed = response(resigned(true, indented)).replace("\n", "\r\n")
    yield "an_indented_assertion_through_a_form", crlf_signed, true.identity()
    attributes_apart = true.text().replace("<saml:Conditions ", "<saml:Conditions\n\t   ")
    yield "attributes_on_lines_of_their_own", response(resigned(true, attributes_apart)), true.identity()
    single = true.text().replace(f'"{true.id}"', f"'{true.id}'")
    yield "single_quotes", response(resigned(true, single)), true.identity()


def of_journeys(true):
    """What an XML text becomes on its way."""
    signed, identity = response(true.signed()), true.identity()
    yield "a_bom", b"\xef\xbb\xbf" + signed.encode(), identity
    yield "an_xml_declaration", '<?xml version="1.0" encoding="UTF-8"?>' + signed, identity
    yield (
        "an_xml_declaration_and_a_line",
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n' + signed,
        identity,
    )
    yield "an_xml_declaration_in_single_quotes", "<?xml version='1.0'?>" + signed, identity
    yield "a_bom_and_an_xml_declaration", b"\xef\xbb\xbf" + ('<?xml version="1.0"?>' + signed).encode(), identity
    yield "blanks_around", "\r\n " + signed + " \r\n", identity
    folded = signed.replace("<t:TokenType>", "\r\n<t:TokenType>\r\n")
    yield "crlf_between", folded, identity
    yield "cr_between", signed.replace("<t:TokenType>", "\r<t:TokenType>"), identity


def of_places(true, short):
    """Where the signature stands among the children of the assertion does not matter."""
    text = true.text()
    for name, where in {
        "after_the_conditions": "</saml:Conditions>",
        "after_the_claims": "</saml:AttributeStatement>",
    }.items():
        yield accepted(ROW, f"signature_{name}_{short}", response(resigned(true, text, where)), true.identity())
    first = re.match("<saml:Assertion[^>]*>", text)[0]
    yield accepted(ROW, f"signature_first_{short}", response(resigned(true, text, first)), true.identity())
    # In documents of its own a bare bearer counts, and the audience may be one of several.
    audience = f"<saml:Audience>{AUDIENCE}</saml:Audience>"
    yield accepted(
        ROW,
        f"an_audience_twice_{short}",
        response(resigned(true, text.replace(audience, audience * 2))),
        true.identity(),
    )
    yield refused(
        "WSF-06", f"signature_outside_{short}", response(text + sign.enveloped(text, "#" + true.id)), "token_count"
    )
    assert BEARER[true.version] in text
