"""Signatures of something else: what the reference names (WSF-06), and what transforms make of it (WSF-08)."""

import re
from dataclasses import replace

import sign
from assertion import response
from sign import EXCLUSIVE, digest_of, reference, signed_info, transform
from signed import both, its_digest, signed_by, with_signature


def cases():
    yield from both(of_references, of_transforms, of_ids, of_others)


def of_references(true):
    """What the signature says it signs (WSF-06)."""
    row, digest, uri = "WSF-06", its_digest(true), "#" + true.id
    whole = "reference"
    for name, other in {
        "empty": "",
        "hash_only": "#",
        "another_id": "#_somebody",
        "xpointer_root": "#xpointer(/)",
        "xpointer_id": f"#xpointer(id('{true.id}'))",
        "without_hash": true.id,
        "escaped": "#%5F" + true.id[1:],
        "with_a_blank": uri + " ",
        "upper_case": uri.upper(),
        "file": "file:///etc/passwd",
        "relative_file": "Cargo.toml",
        "http": "http://127.0.0.1:9/",
        "other_document_same_fragment": "http://127.0.0.1:9/" + uri,
        "missing": None,
    }.items():
        yield row, f"reference_{name}", signed_by(true, [reference(digest, other)]), [whole]
    one = reference(digest, uri)
    no_digest = reference(digest_of(b""), uri)
    yield row, "no_reference", signed_by(true, []), ["reference"]
    yield row, "two_references", signed_by(true, [one, one]), ["reference"]
    yield (
        row,
        "a_second_reference_to_something_else",
        signed_by(true, [one, reference(digest_of(b"x"), "#x")]),
        ["reference"],
    )
    yield (
        row,
        "the_good_reference_second",
        signed_by(true, [reference(digest_of(b"x"), "#x"), one]),
        ["reference"],
    )
    # What a canonicalisation that fails gives is nothing, and the digest of nothing is known.
    yield row, "digest_of_nothing", signed_by(true, [no_digest]), ["digest_value"]
    yield row, "empty_digest", signed_by(true, [reference("", uri)]), ["digest_value"]
    yield row, "digest_cut_short", signed_by(true, [reference(digest[:20], uri)]), ["digest_value"]
    yield row, "digest_of_evil", signed_by(true, [reference(its_digest(true.evil(False)), uri)]), ["digest_value"]
    in_manifest = f"<ds:Manifest>{one}</ds:Manifest>"
    info = signed_info(
        [reference(digest_of(sign.canonical(f'<ds:Manifest xmlns:ds="{sign.DS}">{one}</ds:Manifest>')), "#m")]
    )
    yield (
        row,
        "a_manifest",
        with_signature(true, info, sign.value_of(info), f"<ds:Object>{in_manifest}</ds:Object>"),
        ["signature_shape", whole],
    )
    # The reference means a part: the rest of the assertion is then the attacker's.
    part = f'<saml:Subject xmlns:saml="{re.search("xmlns:saml=.([^ ]*). ", true.text())[1]}" ID="_part"><saml:NameID>x</saml:NameID></saml:Subject>'
    yield row, "reference_to_a_part", signed_by(true, [reference(digest_of(sign.canonical(part)), "#_part")]), [whole]


def of_transforms(true):
    """Only enveloped-signature and exclusive c14n are taken (WSF-08)."""
    row, uri, text = "WSF-08", "#" + true.id, true.text()
    first, second = sign.PROFILE
    comments = its_digest(true, comments=True)
    inclusive = its_digest(true, exclusive=False)
    sheet = (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        "<xsl:copy-of select=\"document('http://127.0.0.1:9/')\"/></xsl:template></xsl:stylesheet>"
    )
    for name, steps, digest in [
        ("xslt", (first, transform(sign.XSLT, sheet), second), None),
        ("xslt_alone", (transform(sign.XSLT, sheet),), None),
        (
            "xpath_that_leaves_out_the_subject",
            (first, transform(sign.XPATH, "<ds:XPath>not(ancestor-or-self::saml:Subject)</ds:XPath>"), second),
            None,
        ),
        ("xpath_filter_2", (first, transform("http://www.w3.org/2002/06/xmldsig-filter2"), second), None),
        ("base64", (first, transform(sign.BASE64), second), None),
        ("base64_alone", (transform(sign.BASE64),), None),
        ("c14n_with_comments", (first, transform(EXCLUSIVE + "WithComments")), comments),
        ("inclusive_c14n", (first, transform(sign.INCLUSIVE)), inclusive),
        ("inclusive_c14n_with_comments", (first, transform(sign.INCLUSIVE + "#WithComments")), inclusive),
        ("c14n_1_1", (first, transform("http://www.w3.org/2006/12/xml-c14n11")), inclusive),
        ("enveloped_only", (first,), inclusive),
        ("exclusive_only", (second,), None),
        ("no_transforms", (), inclusive),
        ("exclusive_before_enveloped", (second, first), None),
        ("enveloped_twice", (first, first, second), None),
        ("exclusive_twice", (first, second, second), None),
        ("unknown", (first, transform("urn:mine"), second), None),
        ("decrypt", (transform("http://www.w3.org/2002/07/decrypt#XML"), first, second), None),
        ("a_hundred", (first,) + (second,) * 99, None),
        ("without_algorithm", (first, "<ds:Transform/>"), None),
    ]:
        yield (
            row,
            f"transforms_{name}",
            signed_by(true, [reference(digest or digest_of(sign.canonical(text)), uri, steps)]),
            ["signature_shape"] if name == "no_transforms" else ["transforms"],
        )
    for name, method in {
        "with_comments": EXCLUSIVE + "WithComments",
        "inclusive": sign.INCLUSIVE,
        "c14n_1_1": "http://www.w3.org/2006/12/xml-c14n11",
        "xslt": sign.XSLT,
        "none": "",
    }.items():
        info = signed_info([reference(its_digest(true), uri)], c14n=method)
        plain = {"exclusive": method.startswith(EXCLUSIVE), "comments": "omments" in method}
        yield row, f"signed_info_{name}", with_signature(true, info, sign.value_of(info, c14n=plain)), ["c14n_alg"]


def of_ids(true):
    """One ID, several elements (WSF-06)."""
    row, text, signed = "WSF-06", true.text(), true.signed()
    own = "AssertionID" if true.version == "1.1" else "ID"
    polluted = ["duplicate_id"]
    yield row, "id_of_the_wrapper", response(signed, attributes=f' ID="{true.id}"'), polluted
    yield (
        row,
        "id_of_the_requested_token",
        response("", inner=f'<t:RequestedSecurityToken Id="{true.id}">{signed}</t:RequestedSecurityToken>'),
        polluted,
    )
    yield row, "xml_id_of_the_wrapper", response(signed, attributes=f' xml:id="{true.id}"'), polluted
    yield row, "id_of_something_before", response(signed, before=f'<x:x xmlns:x="urn:x" {own}="{true.id}"/>'), polluted
    yield row, "id_of_the_key_info", response(signed.replace("<ds:KeyInfo>", f'<ds:KeyInfo Id="{true.id}">')), polluted
    more = signed.replace(f'{own}="', f'Id="_x" {own}="', 1)
    yield row, "a_second_id_attribute_added", response(more), ["digest_value", "duplicate_id"]
    without = replace(
        true, head_attributes=re.search("<saml:Assertion [^ ]* (.*?)>", text)[1].replace(f'{own}="{true.id}"', "")
    )
    yield row, "no_id", signed_by(without, [reference(its_digest(without), "")]), ["id"]
    empty = replace(true, id="")
    yield row, "empty_id", signed_by(empty, [reference(its_digest(empty), "#")]), ["id"]
    inner = replace(true, more=f'<saml:Advice><x:x xmlns:x="urn:x" ID="{true.id}"/></saml:Advice>')
    yield row, "the_id_again_inside", response(inner.signed()), polluted


def of_others(true):
    """The pinned key signed it, but it is no assertion: the IdP signs its metadata with the same key (WSF-06)."""
    row, evil = "WSF-06", true.evil()
    md = "urn:oasis:names:tc:SAML:2.0:metadata"
    inner = '<md:RoleDescriptor protocolSupportEnumeration="x"/>'
    metadata = (
        f'<md:EntityDescriptor xmlns:md="{md}" ID="_metadata" entityID="{true.issuer}">{inner}</md:EntityDescriptor>'
    )
    signature = sign.enveloped(metadata, "#_metadata")
    signed = metadata.replace(inner, signature + inner)
    yield row, "metadata_signature_in_evil", response(evil.text(signature)), ["reference"]
    same = replace(evil, id="_metadata")
    yield row, "metadata_signature_in_evil_of_the_same_id", response(same.text(signature)), ["digest_value"]
    holding = signature.replace("</ds:Signature>", f"<ds:Object>{metadata}</ds:Object></ds:Signature>")
    yield (
        row,
        "metadata_signature_with_the_metadata_in_evil",
        response(same.text(holding)),
        ["signature_shape", "duplicate_id"],
    )
    advice = replace(evil, more=f"<saml:Advice>{signed}</saml:Advice>")
    yield row, "signed_metadata_in_the_advice_of_evil", response(advice.text()), ["signature_count"]
    beside = response(evil.text(), after=signed)
    yield row, "signed_metadata_beside_evil", beside, ["signature_count"]
    yield row, "signed_metadata_as_token", response(signed), ["token_type"]
    elsewhere = replace(true, audience="https://other.example.test/")
    yield (
        row,
        "signature_of_another_assertion",
        response(true.text(sign.enveloped(elsewhere.text(), "#" + true.id))),
        ["digest_value"],
    )
