"""Signatures that are none, and what is changed after signing (WSF-06)."""

import re

import sign
from assertion import ADMIN, ALICE, response
from sign import reference, signed_info
from signed import both, its_digest, with_signature


def cases():
    yield from both(tampered, of_shapes)


def tampered(true):
    """Something is changed after signing."""
    row, signed = "WSF-06", true.signed()
    two_hours = "2026-11-22T23:00:00Z"
    yield row, "tampered_subject", response(signed.replace(ALICE, ADMIN)), ["digest_value"]
    yield row, "tampered_one_claim", response(signed.replace(">staff<", ">admins<")), ["digest_value"]
    yield (
        row,
        "tampered_claim_name",
        response(
            signed.replace(
                "claims/groups" if true.version == "2.0" else '"groups"',
                "claims/role" if true.version == "2.0" else '"role"',
            )
        ),
        ["digest_value"],
    )
    yield (
        row,
        "tampered_not_on_or_after",
        response(re.sub('NotOnOrAfter="[^"]*"', f'NotOnOrAfter="{two_hours}"', signed)),
        ["digest_value"],
    )
    yield (
        row,
        "tampered_audience",
        response(signed.replace("<saml:Audience>https://app", "<saml:Audience>https://evil")),
        ["digest_value"],
    )
    yield row, "tampered_issuer", response(signed.replace("fs.example.test", "evil.example.test")), ["digest_value"]
    yield row, "tampered_blank", response(signed.replace("<saml:Conditions", " <saml:Conditions")), ["digest_value"]
    yield (
        row,
        "tampered_digest_value",
        response(re.sub("<ds:DigestValue>.", "<ds:DigestValue>A", signed)),
        ["signature_value"],
    )
    yield (
        row,
        "tampered_signature_value",
        response(re.sub("<ds:SignatureValue>.{8}", "<ds:SignatureValue>AAAAAAAA", signed)),
        ["signature_value"],
    )
    yield row, "tampered_with_a_new_digest", response(new_digest(true)), ["signature_value"]
    yield (
        row,
        "tampered_signed_info",
        response(signed.replace("<ds:SignedInfo>", "<ds:SignedInfo> ")),
        ["signature_value"],
    )
    yield row, "removed_subject", response(re.sub("<saml:Subject>.*?</saml:Subject>", "", signed)), ["digest_value"]


def new_digest(true):
    """The evil text under the true signature, with the digest set right."""
    evil = true.evil(new_id=False)
    signature = sign.enveloped(true.text(), "#" + true.id)
    return evil.text(signature.replace(its_digest(true), its_digest(evil)))


def of_shapes(true):
    """There is no signature, or not one of the expected shape (WSF-06)."""
    row, uri = "WSF-06", "#" + true.id
    info = signed_info([reference(its_digest(true), uri)])
    value = sign.value_of(info)
    good = sign.put_together(info, value)
    yield row, "no_signature", response(true.text()), ["unsigned"]
    yield row, "evil_without_signature", response(true.evil().text()), ["unsigned"]
    yield row, "empty_signature", response(true.text(f'<ds:Signature xmlns:ds="{sign.DS}"/>')), ["signature_shape"]
    yield (
        row,
        "no_signature_value",
        response(true.text(good.replace(f"<ds:SignatureValue>{value}</ds:SignatureValue>", ""))),
        ["signature_shape"],
    )
    yield row, "no_signed_info", response(true.text(good.replace(info, ""))), ["signature_shape"]
    fake = signed_info([reference(its_digest(true.evil()), uri)])
    yield row, "two_signed_infos_evil_first", with_signature(true.evil(False), fake + info, value), ["signature_shape"]
    yield row, "two_signed_infos_evil_last", with_signature(true.evil(False), info + fake, value), ["signature_shape"]
    yield (
        row,
        "a_signed_info_in_an_object",
        with_signature(true.evil(False), fake, value, f"<ds:Object>{info}</ds:Object>"),
        ["signature_shape"],
    )
    yield (
        row,
        "two_signature_values",
        with_signature(true, info, value, f"<ds:SignatureValue>{value}</ds:SignatureValue>"),
        ["signature_shape"],
    )
    yield (
        row,
        "an_object",
        with_signature(true, info, value, "<ds:Object>x</ds:Object>"),
        ["signature_shape"],
    )
    yield (
        row,
        "value_before_signed_info",
        response(
            true.text(
                f'<ds:Signature xmlns:ds="{sign.DS}"><ds:SignatureValue>{value}</ds:SignatureValue>{info}</ds:Signature>'
            )
        ),
        ["signature_shape"],
    )
    wrapped = true.text(f"<saml:Advice>{good}</saml:Advice>")
    yield (
        row,
        "signature_not_a_child_of_the_assertion",
        response(wrapped),
        ["signature_count"],
    )
    digest = its_digest(true)
    two = info.replace(
        f"<ds:DigestValue>{digest}",
        f"<ds:DigestValue>{its_digest(true.evil(False))}</ds:DigestValue><ds:DigestValue>{digest}",
    )
    yield (
        row,
        "two_digest_values",
        with_signature(true.evil(False), two, sign.value_of(two)),
        ["signature_shape"],
    )
    split = info.replace(digest, f"{digest[:9]}<ds:x>{its_digest(true.evil(False))}</ds:x>{digest[9:]}")
    yield (
        row,
        "an_element_in_the_digest_value",
        with_signature(true.evil(False), split, sign.value_of(split)),
        ["signature_shape"],
    )
    moved = true.text().replace("<saml:Subject>", "<saml:Subject>" + good, 1)
    yield row, "signature_in_the_subject", response(moved), ["signature_count"]
