"""Encrypted tokens (WSF-15): what is inside must be signed, and what does not open says no more than that."""

import re

import encrypt
import sign
from assertion import ADMIN, SAML_2, TRUST_13, VERSIONS, Assertion, collection, response
from case import accepted, refused
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from encrypt import cbc, encrypted_data, encrypted_key, gcm, oaep, randomness, sealed
from wrapping import parts

ROW = "WSF-15"


def held(version, data):
    """SAML 1.1 has it bare; SAML 2.0 in an element of its own."""
    if version == "1.1":
        return data
    return f'<saml:EncryptedAssertion xmlns:saml="{SAML_2}">{data}</saml:EncryptedAssertion>'


def cases():
    for version in VERSIONS:
        short = version.replace(".", "")
        true = Assertion(version)
        signed = true.signed()
        yield from opened(version, short, true, signed)
        for name, token, codes, settings in [*of_methods(true), *of_shapes(true), *of_contents(true)]:
            yield refused(ROW, f"{name}_{short}", response(held(version, token)), *codes, **settings)
        two = held(version, sealed(signed))
        yield refused(ROW, f"two_encrypted_{short}", response(two + two), "token_count")
        yield refused(ROW, f"evil_beside_the_encrypted_{short}", response(true.evil().text() + two), "token_count")
        yield refused(
            ROW, f"evil_after_the_encrypted_{short}", response(two, after=true.evil().text()), "token_outside_rst"
        )
        yield refused(
            ROW, f"encrypted_outside_the_requested_token_{short}", response(signed, after=two), "token_outside_rst"
        )
        advice = (
            true.evil()
            .text()
            .replace("</saml:Assertion>", f"<saml:Advice>{sealed(signed)}</saml:Advice></saml:Assertion>")
        )
        yield refused(
            ROW,
            f"encrypted_inside_evil_{short}",
            response(advice),
            "token_count",
            "encrypted_inside",
            "assertion_count",
        )


def opened(version, short, true, signed):
    identity = true.identity()
    for size in (16, 32):
        bits = size * 8
        token = response(held(version, sealed(signed, size=size)))
        yield accepted(ROW, f"aes_{bits}_gcm_{short}", token, identity)
        token = response(held(version, sealed(signed, mode="cbc", size=size)))
        yield accepted(ROW, f"aes_{bits}_cbc_by_the_operators_word_{short}", token, identity, cbc=True)
        yield refused(ROW, f"aes_{bits}_cbc_{short}", token, "encryption_alg")
    yield accepted(
        ROW, f"in_a_collection_{short}", collection(response(held(version, sealed(signed)), TRUST_13)), identity
    )
    yield accepted(ROW, f"for_the_old_key_{short}", response(held(version, sealed(signed, to="gateway_old"))), identity)
    yield accepted(
        ROW,
        f"without_type_{short}",
        response(held(version, sealed(signed).replace(f' Type="{encrypt.ELEMENT}"', ""))),
        identity,
    )
    yield accepted(
        ROW,
        f"with_a_declaration_inside_{short}",
        response(held(version, sealed('<?xml version="1.0" encoding="UTF-8"?>' + signed))),
        identity,
    )
    secret = randomness("key", 32)
    wrapped = oaep("gateway", secret, "sha256", "sha256")
    inner = f'<ds:DigestMethod xmlns:ds="{sign.DS}" Algorithm="{sign.DIGESTS["sha256"]}"/><x:MGF xmlns:x="{encrypt.XENC11}" Algorithm="{encrypt.XENC11}mgf1sha256"/>'
    data = encrypted_data(gcm(secret, signed.encode()), encrypt.GCM[32], encrypted_key(wrapped, encrypt.OAEP_11, inner))
    yield accepted(ROW, f"oaep_with_sha_256_{short}", response(held(version, data)), identity)
    crlf = sealed(signed).replace("<e:CipherValue>", "<e:CipherValue>\r\n")
    crlf = re.sub("([A-Za-z0-9+/]{76})", "\\1\r\n", crlf)
    yield accepted(ROW, f"wrapped_base64_{short}", response(held(version, crlf)), identity)
    if version == "2.0":
        yield accepted(ROW, f"bare_{short}", response(sealed(signed)), identity)


def of_methods(true):
    """Only OAEP carries the key, and only AES the text."""
    text, secret, short = true.signed().encode(), randomness("key", 32), randomness("key", 24)
    good = encrypted_key(oaep("gateway", secret))
    body = gcm(secret, text)
    old = encrypted_key(encrypt.rsa_15("gateway", secret), encrypt.RSA_15, "")
    yield "rsa_1_5", encrypted_data(body, encrypt.GCM[32], old), ["key_transport_alg"], {}
    yield (
        "rsa_1_5_with_cbc",
        encrypted_data(cbc(secret, text), encrypt.CBC[32], old),
        ["key_transport_alg"],
        {"cbc": True},
    )
    says_oaep = old.replace(encrypt.RSA_15, encrypt.OAEP)
    yield "rsa_1_5_that_says_oaep", encrypted_data(body, encrypt.GCM[32], says_oaep), ["decryption"], {}
    triple = encrypted_data(
        cbc(short, text, cipher=TripleDES), encrypt.TRIPLE_DES, encrypted_key(oaep("gateway", short))
    )
    yield "triple_des", triple, ["encryption_alg"], {}
    yield "triple_des_by_the_operators_word", triple, ["encryption_alg"], {"cbc": True}
    for name, method in {
        "none": "none",
        "empty": "",
        "kw_aes": encrypt.XENC + "kw-aes256",
        "chacha": "http://www.w3.org/2021/04/xmldsig-more#chacha20poly1305",
    }.items():
        yield f"encryption_method_{name}", encrypted_data(body, method, good), ["encryption_alg"], {"cbc": True}
    for name, method in {"kw_aes": encrypt.XENC + "kw-aes256", "empty": "", "dh": encrypt.XENC + "dh"}.items():
        yield (
            f"key_transport_{name}",
            encrypted_data(body, encrypt.GCM[32], encrypted_key(oaep("gateway", secret), method)),
            ["key_transport_alg"],
            {},
        )
    mixed = f'<ds:DigestMethod xmlns:ds="{sign.DS}" Algorithm="{sign.DIGESTS["sha256"]}"/>'
    yield (
        "oaep_with_two_digests",
        encrypted_data(
            body, encrypt.GCM[32], encrypted_key(oaep("gateway", secret, "sha256", "sha1"), encrypt.OAEP_11, mixed)
        ),
        ["key_transport_alg"],
        {},
    )
    yield (
        "oaep_with_md5",
        encrypted_data(
            body,
            encrypt.GCM[32],
            encrypted_key(
                oaep("gateway", secret), encrypt.OAEP, mixed.replace(sign.DIGESTS["sha256"], sign.MORE + "md5")
            ),
        ),
        ["key_transport_alg"],
        {},
    )
    label = encrypted_key(oaep("gateway", secret), inner="<e:OAEPparams>AAAA</e:OAEPparams>")
    yield (
        "oaep_with_parameters",
        encrypted_data(body, encrypt.GCM[32], label),
        ["key_transport_alg"],
        {},
    )


def of_shapes(true):
    """Keys and text must be there, in the one place."""
    text, secret = true.signed().encode(), randomness("key", 32)
    good, body = encrypted_key(oaep("gateway", secret)), gcm(secret, text)
    data = lambda cipher=body, key=good, method=encrypt.GCM[32], **how: encrypted_data(cipher, method, key, **how)
    there = '<e:CipherReference URI="http://127.0.0.1:9/"/>'
    yield "a_cipher_reference", data(there), ["encryption_shape"], {}
    yield (
        "a_cipher_reference_to_a_file",
        data('<e:CipherReference URI="file:///etc/passwd"/>'),
        ["encryption_shape"],
        {},
    )
    yield (
        "a_cipher_reference_beside_the_value",
        data(there + f"<e:CipherValue>{sign.encoded(body)}</e:CipherValue>"),
        ["encryption_shape"],
        {},
    )
    yield (
        "a_key_with_a_cipher_reference",
        data(key=re.sub("<e:CipherValue>.*</e:CipherValue>", there, good)),
        ["encryption_shape"],
        {},
    )
    yield "a_retrieval_method", data(key='<ds:RetrievalMethod URI="#key"/>'), ["encryption_shape"], {}
    yield (
        "a_retrieval_method_beside_the_key",
        data(key=good + '<ds:RetrievalMethod URI="http://127.0.0.1:9/"/>'),
        ["encryption_shape"],
        {},
    )
    yield "no_key", data(key=""), ["encryption_shape"], {}
    yield "a_key_name_only", data(key="<ds:KeyName>gateway</ds:KeyName>"), ["encryption_shape"], {}
    yield "two_keys", data(key=good + good), ["encryption_shape"], {}
    yield "two_values", data(f"<e:CipherValue>{sign.encoded(body)}</e:CipherValue>" * 2), ["encryption_shape"], {}
    yield "no_value", data(""), ["encryption_shape"], {}
    yield (
        "no_method",
        data().replace(f'<e:EncryptionMethod Algorithm="{encrypt.GCM[32]}"/>', ""),
        ["encryption_shape"],
        {},
    )
    yield "encrypted_data_in_the_key_info", data(key=good + data()), ["assertion_count"], {}
    yield "encrypted_content", data(type_=encrypt.XENC + "Content"), ["encryption_shape"], {}
    yield "no_keys_of_ours", data(), ["encrypted"], {"decryption": []}
    yield "for_somebody_else", data(key=encrypted_key(oaep("rogue", secret))), ["decryption"], {}
    yield "a_key_of_another_size", data(key=encrypted_key(oaep("gateway", secret[:16]))), ["decryption"], {}
    yield "an_empty_key", data(key=encrypted_key(oaep("gateway", b""))), ["decryption"], {}
    yield "a_wrapped_key_cut_short", data(key=encrypted_key(oaep("gateway", secret)[:-1])), ["decryption"], {}
    yield "a_wrapped_key_of_zeros", data(key=encrypted_key(bytes(256))), ["decryption"], {}
    yield "gcm_with_a_changed_bit", data(body[:40] + bytes([body[40] ^ 1]) + body[41:]), ["decryption"], {}
    yield "gcm_with_a_changed_tag", data(body[:-1] + bytes([body[-1] ^ 1])), ["decryption"], {}
    yield "gcm_cut_short", data(body[:27]), ["decryption"], {}
    yield "gcm_of_nothing", data(b"\0"), ["decryption"], {}
    yield "no_base64", data("<e:CipherValue>!!!</e:CipherValue>"), ["decryption", "encryption_shape"], {}
    aes = lambda cipher: data(cipher, method=encrypt.CBC[32])
    whole = cbc(secret, text)
    last = whole[-33:-17]
    yield (
        "cbc_with_a_changed_bit_in_the_padding",
        aes(whole[:-17] + bytes([whole[-17] ^ 0x80]) + whole[-16:]),
        ["decryption"],
        {"cbc": True},
    )
    yield (
        "cbc_with_padding_of_zero",
        aes(cbc(secret, text + bytes(-len(text) % 16), bytes(16))),
        ["decryption"],
        {"cbc": True},
    )
    yield (
        "cbc_with_padding_of_17",
        aes(cbc(secret, text + bytes(-len(text) % 16), bytes(15) + b"\x11")),
        ["decryption"],
        {"cbc": True},
    )
    yield "cbc_cut_short", aes(whole[:-1]), ["decryption"], {"cbc": True}
    yield "cbc_of_an_iv_alone", aes(whole[:16]), ["decryption"], {"cbc": True}
    yield "cbc_of_nothing", aes(b""), ["decryption", "encryption_shape"], {"cbc": True}
    assert len(last) == 16


def of_contents(true):
    """What comes out is judged as if it had come so; rubbish says no more than what does not open."""
    signed, evil = true.signed(), true.evil()
    _, signature, _ = parts(true.version, True)
    yield "unsigned_inside", sealed(true.text()), ["unsigned"], {}
    yield "evil_unsigned_inside", sealed(evil.text()), ["unsigned"], {}
    yield "evil_unsigned_inside_cbc", sealed(evil.text(), mode="cbc"), ["decryption"], {"cbc": True}
    yield "rogue_inside_cbc", sealed(evil.signed(key="rogue"), mode="cbc"), ["decryption"], {"cbc": True}
    yield "tampered_inside_cbc", sealed(signed.replace("alice", "admin"), mode="cbc"), ["decryption"], {"cbc": True}
    yield "rogue_inside", sealed(evil.signed(key="rogue")), ["signature_value"], {}
    yield "tampered_inside", sealed(signed.replace("alice", "admin")), ["digest_value"], {}
    yield (
        "wrapped_inside",
        sealed(evil.text(signature.replace("</ds:Signature>", f"<ds:Object>{signed}</ds:Object></ds:Signature>"))),
        ["assertion_count"],
        {},
    )
    yield "two_inside", sealed(evil.text() + signed), ["not_well_formed"], {}
    yield "a_dtd_inside", sealed("<!DOCTYPE x>" + signed), ["markup_declaration"], {}
    yield "a_comment_inside", sealed(signed.replace("alice@", "alice<!-- -->@")), ["markup_declaration"], {}
    yield "an_instruction_inside", sealed(signed + "<?x?>"), ["processing_instruction"], {}
    yield "encrypted_again_inside", sealed(sealed(signed)), ["token_type"], {}
    yield "a_response_inside", sealed(response(signed)), ["token_type"], {}
    yield "a_bomb_inside", sealed("<a>" * 500 + "</a>" * 500), ["depth"], {}
    yield "rubbish_inside", sealed("no xml at all"), ["not_well_formed"], {}
    yield "no_utf_8_inside", sealed(b"\xff\xfe\x00"), ["encoding", "decryption", "not_well_formed"], {}
    yield "nothing_inside", sealed(""), ["not_well_formed", "decryption"], {}
    yield "a_name_inside", sealed(f"<NameID>{ADMIN}</NameID>"), ["token_type"], {}
