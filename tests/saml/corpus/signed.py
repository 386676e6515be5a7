"""What the documents about signatures are made of."""

import sign
from assertion import VERSIONS, Assertion, response
from case import accepted, refused
from sign import digest_of, signed_info


def with_signature(assertion, info, value, after="", before=""):
    return response(assertion.text(sign.put_together(info, value, after, before)))


def signed_by(assertion, references, **how):
    """Signed by the IdP, whatever the references are."""
    info = signed_info(references, **how)
    return with_signature(assertion, info, sign.value_of(info))


def its_digest(assertion, **how):
    return digest_of(sign.canonical(assertion.text(), **how))


def both(*parts):
    """The documents of generators of `(row, name, document, identity or codes)`, for both versions."""
    for version in VERSIONS:
        short, true = version.replace(".", ""), Assertion(version)
        for part in parts:
            for row, name, document, expected, *settings in part(true):
                make = accepted if isinstance(expected, dict) else refused
                expected = [expected] if isinstance(expected, dict) else expected
                yield make(row, f"{name}_{short}", document, *expected, **(settings[0] if settings else {}))
