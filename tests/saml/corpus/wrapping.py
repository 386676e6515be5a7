"""The eight ways to wrap a signed element in another (XSW 1 to 8), in the shapes that a sign-in response allows, and
more: one assertion or token too many, wherever it may stand (WSF-01, WSF-03)."""

import sign
from assertion import TRUST_13, TRUST_2005, VERSIONS, Assertion, bare_response, collection, requested, response
from case import refused


def parts(version, new_id):
    """The true assertion, unsigned, signed and its signature alone; and the evil one."""
    true = Assertion(version)
    signature = sign.enveloped(true.text(), "#" + true.id)
    return true, signature, true.evil(new_id)


def around(signature, inner):
    """A signature with something more at its end."""
    return signature.replace("</ds:Signature>", inner + "</ds:Signature>")


def ds_object(inner):
    return f"<ds:Object>{inner}</ds:Object>"


def eight(version, new_id):
    true, signature, evil = parts(version, new_id)
    signed, plain = true.text(signature), true.text()
    yield "1_the_signature_holds_the_original", evil.text(around(signature, signed)), "assertion_count"
    yield "2_the_signature_detached_after_the_original", evil.text() + plain + signature, "token_count"
    yield "2_the_signature_detached_before_the_original", signature + plain + evil.text(), "token_count"
    yield "3_evil_before_the_original", evil.text() + signed, "token_count"
    yield "3_evil_after_the_original", signed + evil.text(), "token_count"
    yield "4_the_original_inside_evil", evil_with(evil, signed), "assertion_count"
    yield "4_the_original_first_inside_evil", evil.text().replace(">", ">" + signed, 1), "assertion_count"
    yield "5_evil_shows_the_signature_the_original_follows", evil.text(signature) + plain, "token_count"
    yield "6_evil_shows_the_signature_with_the_original", evil.text(around(signature, plain)), "assertion_count"
    yield (
        "7_evil_in_an_extension_before",
        f"<x:Extensions xmlns:x='urn:x'>{evil.text()}</x:Extensions>{signed}",
        "token_count",
    )
    yield "8_the_original_in_an_object", evil.text(around(signature, ds_object(plain))), "assertion_count"
    yield "8_the_signed_original_in_an_object", evil.text(around(signature, ds_object(signed))), "assertion_count"


def evil_with(evil, inner):
    return evil.text().replace("</saml:Assertion>", inner + "</saml:Assertion>")


def nested(version, new_id):
    """The other element hides where the schema has room for anything."""
    true, signature, evil = parts(version, new_id)
    signed, plain = true.text(signature), true.text()
    value = f"<saml:AttributeValue>{signed}</saml:AttributeValue>"
    yield "original_in_the_advice_of_evil", evil_with(evil, f"<saml:Advice>{signed}</saml:Advice>"), "assertion_count"
    yield (
        "original_in_an_attribute_value",
        evil.text().replace("<saml:AttributeValue>", value + "<saml:AttributeValue>", 1),
        "assertion_count",
    )
    yield (
        "original_in_the_key_info",
        evil.text(signature.replace("<ds:KeyInfo>", "<ds:KeyInfo>" + plain)),
        "assertion_count",
    )
    yield (
        "original_before_the_signed_info",
        evil.text(signature.replace("<ds:SignedInfo>", plain + "<ds:SignedInfo>")),
        "assertion_count",
    )
    if version == "2.0":
        data = f"<saml:SubjectConfirmationData>{signed}</saml:SubjectConfirmationData></saml:SubjectConfirmation>"
        text = evil.text().replace('cm:bearer"/>', 'cm:bearer">' + data, 1)
        yield "original_in_the_confirmation_data", text, "assertion_count"
    # The evil one within what is signed breaks the digest, too; counting comes first.
    yield (
        "evil_inside_the_original",
        signed.replace("</saml:Assertion>", evil.text() + "</saml:Assertion>"),
        "assertion_count",
    )
    yield "evil_in_an_object_of_the_original", true.text(around(signature, ds_object(evil.text()))), "assertion_count"


def elsewhere(version, new_id):
    """The other element stands outside the requested token."""
    true, signature, evil = parts(version, new_id)
    signed = true.text(signature)
    yield "evil_before_the_requested_token", response(signed, before=evil.text()), "token_outside_rst"
    yield "evil_after_the_requested_token", response(signed, after=evil.text()), "token_outside_rst"
    yield "original_after_the_requested_token", response(evil.text(), after=signed), "token_outside_rst"
    yield (
        "original_in_the_attached_reference",
        response(
            evil.text(signature), after=f"<t:RequestedAttachedReference>{true.text()}</t:RequestedAttachedReference>"
        ),
        "token_outside_rst",
    )
    yield "signature_after_the_requested_token", response(true.text(), after=signature), "signature_count"
    yield (
        "original_in_the_lifetime",
        response(evil.text()).replace("<t:Lifetime>", "<t:Lifetime>" + signed),
        "token_outside_rst",
    )
    yield (
        "two_requested_tokens_evil_first",
        response("", inner=requested(evil.text()) + requested(signed)),
        "token_count",
    )
    yield (
        "two_requested_tokens_evil_last",
        response("", inner=requested(signed) + requested(evil.text())),
        "token_count",
    )
    first = collection(response(evil.text(), TRUST_13), response(signed, TRUST_13))
    last = collection(response(signed, TRUST_13), response(evil.text(), TRUST_13))
    yield "two_responses_evil_first", first, "rstr_count"
    yield "two_responses_evil_last", last, "rstr_count"
    yield "a_response_in_a_response", response("", inner=response(evil.text()) + requested(signed)), "rstr_count"


def cases():
    for version in VERSIONS:
        short = version.replace(".", "")
        for new_id in (True, False):
            which = f"{short}_{'new' if new_id else 'same'}_id"
            for name, token, code in eight(version, new_id):
                yield refused("WSF-01", f"xsw{name}_{which}", response(token), code)
                if new_id:
                    yield refused(
                        "WSF-01", f"xsw{name}_{which}_collection", collection(response(token, TRUST_13)), code
                    )
            for name, token, code in nested(version, new_id):
                yield refused("WSF-01", f"{name}_{which}", bare_response(token), code)
            for name, document, code in elsewhere(version, new_id):
                row = "WSF-03" if name.startswith("two_") else "WSF-01"
                yield refused(row, f"{name}_{which}", document, code)
        yield from counts(version, short)


def counts(version, short):
    """More, or less, than exactly one (WSF-03)."""
    true, signature, evil = parts(version, True)
    signed, both = true.text(signature), evil.signed(key="rogue")
    other = Assertion("1.1" if version == "2.0" else "2.0").evil()
    yield refused("WSF-03", f"signed_twice_side_by_side_{short}", response(signed + signed), "token_count")
    yield refused("WSF-03", f"signed_and_rogue_{short}", response(signed + both), "token_count")
    yield refused("WSF-03", f"rogue_and_signed_{short}", response(both + signed), "token_count")
    yield refused("WSF-03", f"evil_of_the_other_version_{short}", response(other.text() + signed), "token_count")
    yield refused("WSF-03", f"no_token_{short}", response(""), "token_count")
    yield refused("WSF-03", f"no_requested_token_{short}", response("", inner=""), "token_count")
    yield refused("WSF-03", f"two_signatures_{short}", response(true.text(signature + signature)), "signature_count")
    yield refused(
        "WSF-03",
        f"a_signature_in_a_signature_{short}",
        response(true.text(around(signature, ds_object(signature)))),
        "signature_count",
    )
    trust = TRUST_2005 if version == "1.1" else TRUST_13
    yield refused("WSF-03", f"no_response_{short}", collection(trust=TRUST_13), "rstr_count")
    yield refused("WSF-03", f"the_bare_assertion_{short}", signed, "bare_assertion")
    body = f"<s:Body>{response(signed, trust)}</s:Body>"
    soap = f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{body}</s:Envelope>'
    yield refused("WSF-03", f"in_an_envelope_{short}", soap, "soap_fault")
    yield refused("WSF-03", f"a_collection_of_2005_{short}", collection(response(signed), trust=TRUST_2005), "root")
    yield refused("WSF-03", f"mixed_trust_namespaces_{short}", collection(response(signed, TRUST_2005)), "rstr_count")
    yield refused("WSF-03", f"another_trust_namespace_{short}", response(signed, "urn:trust"), "root")
