"""XML encryption by hand: the padding schemes are spelt out, so that they can be spelt wrongly too."""

import hashlib
import random

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sign import DS, XENC, encoded

import keys

XENC11 = "http://www.w3.org/2009/xmlenc11#"
OAEP = XENC + "rsa-oaep-mgf1p"
OAEP_11 = XENC11 + "rsa-oaep"
RSA_15 = XENC + "rsa-1_5"
CBC = {16: XENC + "aes128-cbc", 32: XENC + "aes256-cbc"}
GCM = {16: XENC11 + "aes128-gcm", 32: XENC11 + "aes256-gcm"}
TRIPLE_DES = XENC + "tripledes-cbc"
ELEMENT = XENC + "Element"


def randomness(name, size):
    return random.Random(f"hourgate encrypts {name}").randbytes(size)


def mask(seed, size, digest):
    blocks = -(-size // hashlib.new(digest).digest_size)
    octets = b"".join(hashlib.new(digest, seed + count.to_bytes(4, "big")).digest() for count in range(blocks))
    return octets[:size]


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def raw(to, padded):
    numbers = keys.private(to).public_key().public_numbers()
    return pow(int.from_bytes(padded, "big"), numbers.e, numbers.n).to_bytes(256, "big")


def oaep(to, secret, digest="sha1", mgf="sha1"):
    """RFC 8017, section 7.1.1, with an empty label."""
    seed, size = randomness("oaep", hashlib.new(digest).digest_size), 256
    label = hashlib.new(digest).digest()
    block = label + bytes(size - len(secret) - 2 * len(label) - 2) + b"\1" + secret
    masked = xor(block, mask(seed, len(block), mgf))
    return raw(to, b"\0" + xor(seed, mask(masked, len(seed), mgf)) + masked)


def rsa_15(to, secret):
    filling = bytes(byte or 1 for byte in randomness("1.5", 256 - 3 - len(secret)))
    return raw(to, b"\0\2" + filling + b"\0" + secret)


def cbc(secret, octets, padding=None, cipher=algorithms.AES):
    """`padding` are the octets after the text, whose last says how many they are."""
    block = cipher.block_size // 8
    if padding is None:
        count = block - len(octets) % block
        padding = bytes(count - 1) + bytes([count])
    iv = randomness("iv", block)
    run = Cipher(cipher(secret), modes.CBC(iv)).encryptor()
    return iv + run.update(octets + padding) + run.finalize()


def gcm(secret, octets):
    iv = randomness("iv", 12)
    return iv + AESGCM(secret).encrypt(iv, octets, None)


def encrypted_key(wrapped, method=OAEP, inner=f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{DS}sha1"/>', after=""):
    return (
        f'<e:EncryptedKey xmlns:e="{XENC}"><e:EncryptionMethod Algorithm="{method}">{inner}</e:EncryptionMethod>'
        f"<e:CipherData><e:CipherValue>{encoded(wrapped)}</e:CipherValue></e:CipherData>{after}</e:EncryptedKey>"
    )


def encrypted_data(cipher_data, method, key_info, type_=ELEMENT, attributes=""):
    """`cipher_data` are octets, or markup."""
    if isinstance(cipher_data, bytes):
        cipher_data = f"<e:CipherValue>{encoded(cipher_data)}</e:CipherValue>"
    kind = f' Type="{type_}"' if type_ else ""
    return (
        f'<e:EncryptedData xmlns:e="{XENC}"{kind}{attributes}><e:EncryptionMethod Algorithm="{method}"/>'
        f'<ds:KeyInfo xmlns:ds="{DS}">{key_info}</ds:KeyInfo><e:CipherData>{cipher_data}</e:CipherData></e:EncryptedData>'
    )


def sealed(text, to="gateway", mode="gcm", size=32):
    """The common case: a text encrypted to a key."""
    secret = randomness("key", size)
    octets = text if isinstance(text, bytes) else text.encode()
    data, method = (gcm(secret, octets), GCM[size]) if mode == "gcm" else (cbc(secret, octets), CBC[size])
    return encrypted_data(data, method, encrypted_key(oaep(to, secret)))
