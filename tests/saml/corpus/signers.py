"""Who signed, and with what (WSF-07)."""

import hashlib
import hmac
import re

import sign
from assertion import response
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sign import reference, signed_info
from signed import both, its_digest, signed_by, with_signature

import keys


def cases():
    yield from both(of_keys, of_algorithms, of_sha_1)


def mac_with(secret):
    return lambda _key, digest, octets: hmac.digest(secret, octets, digest)


def number_text(number):
    return sign.encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def of_keys(true):
    """Who signed (WSF-07): only the pinned keys count, whatever the document shows."""
    row, evil = "WSF-07", true.evil()
    numbers = keys.private("rogue").public_key().public_numbers()
    key_value = f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{number_text(numbers.n)}</ds:Modulus><ds:Exponent>{number_text(numbers.e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
    name = "<ds:KeyInfo><ds:KeyName>file:///etc/passwd</ds:KeyName></ds:KeyInfo>"
    retrieval = '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/key"/></ds:KeyInfo>'
    yield row, "rogue_key", response(evil.signed(key="rogue", after="")), ["signature_value"]
    yield row, "rogue_key_with_its_certificate", response(evil.signed(key="rogue")), ["signature_value"]
    yield row, "rogue_key_with_its_key_value", response(evil.signed(key="rogue", after=key_value)), ["signature_value"]
    yield (
        row,
        "rogue_key_showing_the_pinned_certificate",
        response(evil.signed(key="rogue", after=sign.key_info("first"))),
        ["signature_value"],
    )
    yield (
        row,
        "rogue_key_showing_both_certificates",
        response(evil.signed(key="rogue", after=sign.key_info("first") + sign.key_info("rogue"))),
        ["signature_value", "signature_shape"],
    )
    yield row, "rogue_key_by_name", response(evil.signed(key="rogue", after=name)), ["signature_value"]
    yield row, "rogue_key_by_address", response(evil.signed(key="rogue", after=retrieval)), ["signature_value"]
    yield row, "the_true_text_by_a_rogue_key", response(true.signed(key="rogue")), ["signature_value"]
    yield (
        row,
        "pinned_key_showing_a_rogue_certificate",
        response(true.signed(after=sign.key_info("rogue"))),
        true.identity(),
    )
    yield row, "pinned_key_with_an_address", response(true.signed(after=retrieval)), true.identity()
    yield row, "key_whose_certificate_expired", response(true.signed(key="second")), true.identity()
    yield (
        row,
        "ecdsa_rogue_curve",
        response(evil.signed(key="p521", method="ecdsa-sha512", digest="sha512")),
        ["signature_alg"],
    )
    # The public key as the secret of an HMAC, in each form that a library might take it.
    spki = PublicFormat.SubjectPublicKeyInfo
    secrets = {
        "spki": keys.public_bytes("first", Encoding.DER, spki),
        "pem": keys.public_bytes("first", Encoding.PEM, spki),
        "certificate": keys.certificate_der("first"),
        "pkcs1": keys.public_bytes("first", Encoding.DER, PublicFormat.PKCS1),
        "nothing": b"",
    }
    for form, secret in secrets.items():
        for digest in ("sha256", "sha1"):
            info = signed_info([reference(its_digest(evil), "#" + evil.id)], f"hmac-{digest}")
            value = sign.value_of(info, sign=mac_with(secret), digest=digest)
            yield row, f"hmac_{digest}_with_{form}", with_signature(evil, info, value), ["signature_alg"]
    length = "<ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
    info = signed_info([reference(its_digest(evil), "#" + evil.id)], "hmac-sha256")
    info = re.sub(r"(<ds:SignatureMethod [^>]*)/>", rf"\1>{length}", info)
    yield row, "hmac_of_no_length", with_signature(evil, info, ""), ["signature_alg"]


def of_algorithms(true):
    """With what was signed (WSF-07)."""
    row, evil, uri = "WSF-07", true.evil(), "#" + true.id
    pss = signed_info([reference(its_digest(true), uri)], "rsa-pss")
    yield row, "rsa_pss", with_signature(true, pss, sign.value_of(pss, sign=keys.sign_pss)), ["signature_alg"]
    for name, method in {
        "none": "none",
        "empty": "",
        "md5": sign.MORE + "rsa-md5",
        "dsa": sign.DS + "dsa-sha1",
        "ripemd": sign.MORE + "rsa-ripemd160",
        "ecdsa_sha1": "ecdsa-sha1",
        "upper_case": sign.METHODS["rsa-sha256"].upper(),
        "with_a_blank": sign.METHODS["rsa-sha256"] + " ",
        "digest_as_signature": sign.DIGESTS["sha256"],
    }.items():
        info = signed_info([reference(its_digest(true), uri)], method)
        yield row, f"method_{name}", with_signature(true, info, sign.value_of(info)), ["signature_alg"]
    for name, digest in {"none": "none", "md5": sign.MORE + "md5", "sha224": sign.MORE + "sha224", "empty": ""}.items():
        yield row, f"digest_{name}", signed_by(true, [reference(its_digest(true), uri, digest=digest)]), ["digest_alg"]
    # The method says one thing, the signature is another.
    info = signed_info([reference(its_digest(true), uri)], "rsa-sha512")
    yield row, "sha256_that_says_sha512", with_signature(true, info, sign.value_of(info)), ["signature_value"]
    info = signed_info([reference(its_digest(true), uri)], "ecdsa-sha256")
    yield row, "rsa_that_says_ecdsa", with_signature(true, info, sign.value_of(info)), ["signature_value"]
    yield (
        row,
        "ecdsa_in_der",
        with_signature(true, info, sign.value_of(info, "p256", keys.sign_ecdsa_der)),
        ["signature_value"],
    )
    info = signed_info([reference(its_digest(evil), "#" + evil.id)], "ecdsa-sha256")
    yield row, "ecdsa_of_zeros", with_signature(evil, info, sign.encoded(bytes(64))), ["signature_value"]
    info = signed_info([reference(its_digest(evil), "#" + evil.id)])
    for name, value in {"zero": bytes(256), "one": bytes(255) + b"\1", "short": b"\1", "long": bytes(300)}.items():
        yield row, f"rsa_of_{name}", with_signature(evil, info, sign.encoded(value)), ["signature_value"]
    yield row, "rsa_of_nothing", with_signature(evil, info, ""), ["signature_value", "signature_shape"]
    yield row, "rsa_of_no_base64", with_signature(evil, info, "!!!!"), ["signature_value", "signature_shape"]
    blank = sign.value_of(signed_info([reference(its_digest(true), uri)]))
    yield (
        row,
        "base64_with_rubbish",
        with_signature(true, signed_info([reference(its_digest(true), uri)]), blank[:40] + "*" + blank[40:]),
        ["signature_value", "signature_shape"],
    )
    # A forgery that is valid for exponent 3 and a verifier that does not look at the end of the padding.
    prefix = bytes.fromhex("0001") + b"\xff" * 8 + bytes.fromhex("003031300d060960864801650304020105000420")
    forged = prefix + hashlib.sha256(b"x").digest()
    yield (
        row,
        "rsa_with_loose_padding",
        with_signature(evil, info, sign.encoded(forged.ljust(256, b"\0"))),
        ["signature_value"],
    )


def of_sha_1(true):
    """Not without the operator's word (WSF-07)."""
    row = "WSF-07"
    whole = response(true.signed(method="rsa-sha1", digest="sha1"))
    digest = response(true.signed(digest="sha1"))
    method = response(true.signed(method="rsa-sha1"))
    yield row, "sha_1", whole, ["signature_alg"]
    yield row, "sha_1_digest", digest, ["digest_alg"]
    yield row, "sha_1_signature", method, ["signature_alg"]
    for name, document in {"sha_1": whole, "sha_1_digest": digest, "sha_1_signature": method}.items():
        yield row, f"{name}_by_the_operators_word", document, true.identity(), {"sha1": True}
    evil = response(true.evil().signed(key="rogue", method="rsa-sha1", digest="sha1"))
    yield row, "sha_1_by_a_rogue_key", evil, ["signature_value"], {"sha1": True}
    info = signed_info([reference(its_digest(true), "#" + true.id)], "hmac-sha1")
    value = sign.value_of(info, sign=mac_with(keys.certificate_der("first")), digest="sha1")
    document = with_signature(true, info, value)
    yield row, "hmac_sha1_by_the_operators_word", document, ["signature_alg"], {"sha1": True}
