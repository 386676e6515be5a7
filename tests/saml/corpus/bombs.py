"""Little to send, much to do (WSF-09): refused before it is done."""

from assertion import ADMIN, Assertion, response
from case import refused
from sign import ENVELOPED, EXCLUSIVE, digest_of, prefix_list, put_together, reference, signed_info, transform
from signed import its_digest

ROW = "WSF-09"


def cases():
    true = Assertion("2.0")
    signed = true.signed()
    deep = 100_000
    yield refused(ROW, "depth_of_100000", "<a>" * deep + "</a>" * deep, "depth", "too_large")
    yield refused(ROW, "depth_of_30000", "<a>" * 30_000 + "</a>" * 30_000, "depth")
    yield refused(ROW, "depth_of_30000_never_closed", "<a>" * 30_000, "depth")
    yield refused(ROW, "depth_inside_the_response", response(signed, before="<x>" * 100 + "</x>" * 100), "depth")
    yield refused(
        ROW,
        "depth_inside_the_key_info",
        response(signed.replace("<ds:KeyInfo>", "<ds:KeyInfo>" + "<x>" * 100 + "</x>" * 100)),
        "depth",
    )
    attributes = "".join(f' a{n}=""' for n in range(20_000))
    yield refused(ROW, "twenty_thousand_attributes", response(signed, attributes=attributes), "attribute_count")
    yield refused(
        ROW,
        "a_hundred_attributes",
        response(signed, attributes="".join(f' a{n}=""' for n in range(100))),
        "attribute_count",
    )
    names = "".join(f' xmlns:n{n}="urn:{n}"' for n in range(10_000))
    yield refused(ROW, "ten_thousand_namespaces", response(signed, attributes=names), "attribute_count")
    yield refused(ROW, "fifty_mebibytes", response(signed, before="x" * (50 << 20)), "too_large")
    yield refused(
        ROW, "fifty_mebibytes_in_an_attribute", response(signed, attributes=f' x="{"x" * (50 << 20)}"'), "too_large"
    )
    yield refused(ROW, "forty_thousand_elements", response(signed, before="<x/>" * 40_000), "not_well_formed")
    yield refused(
        ROW, "a_million_references_to_a_character", response(signed, before="&#120;" * 1_000_000), "too_large"
    )
    one = reference(digest_of(b""), "#" + true.evil().id)
    info = signed_info([one] * 2000)
    yield refused(
        ROW,
        "two_thousand_references",
        response(true.evil().text(put_together(info, "AAAA"))),
        "too_large",
        "reference",
        "nodes",
    )
    info = signed_info([one] * 300)
    yield refused(ROW, "three_hundred_references", response(true.evil().text(put_together(info, "AAAA"))), "reference")
    steps = (transform(ENVELOPED), *[transform(EXCLUSIVE)] * 1000)
    info = signed_info([reference(digest_of(b""), "#" + true.evil().id, steps)])
    yield refused(ROW, "a_thousand_transforms", response(true.evil().text(put_together(info, "AAAA"))), "transforms")
    prefixes = [f"p{n}" for n in range(30_000)]
    info = signed_info([reference(digest_of(b""), "#" + true.evil().id)], prefixes=prefixes)
    yield refused(ROW, "thirty_thousand_prefixes", response(true.evil().text(put_together(info, "AAAA"))), "c14n_alg")
    steps = (transform(ENVELOPED), transform(EXCLUSIVE, prefix_list(prefixes)))
    info = signed_info([reference(digest_of(b""), "#" + true.evil().id, steps)])
    text = response(true.evil().text(put_together(info, "AAAA")))
    yield refused(ROW, "thirty_thousand_prefixes_of_the_transform", text, "transforms")
    many = true.evil().text() * 100
    yield refused(ROW, "a_hundred_assertions", response(many), "token_count")
    for name, text in signatures_of_size(true).items():
        yield refused(ROW, name, response(true.evil().text(text)), "signature_value", "signature_shape")
    assert ADMIN in many


def signatures_of_size(true):
    """An RSA signature is as long as its key."""
    info = signed_info([reference(its_digest(true.evil()), "#" + true.evil().id)])
    return {
        "a_signature_of_100_kibibytes": put_together(info, "A" * (100 << 10)),
        "a_signature_of_blanks": put_together(info, " " * (100 << 10)),
    }
