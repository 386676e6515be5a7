"""The keys of the play and their certificates: made from their names, so the same at every run."""

import random
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}

# Who has which key: the IdP signs with `first`, soon with `second`; `gateway` is what tokens are encrypted to.
NAMES = ["first", "second", "rogue", "gateway", "gateway_old", "p256", "p384", "p521"]


def is_prime(n, source):
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(source.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


SMALL = [n for n in range(3, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]


def prime(bits, source):
    while True:
        candidate = source.getrandbits(bits) | 3 << (bits - 2) | 1
        if all(candidate % small for small in SMALL) and candidate % 65537 != 1 and is_prime(candidate, source):
            return candidate


@cache
def private(name):
    """The private key of a name: RSA with 2048 bits, unless the name is a curve's."""
    source = random.Random(f"hourgate {name}")
    if name in CURVES:
        return ec.derive_private_key(source.getrandbits(250), CURVES[name]())
    p, q, e = prime(1024, source), prime(1024, source), 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def private_pem(name):
    form = serialization.PrivateFormat.PKCS8
    return private(name).private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def public_bytes(name, encoding, form):
    return private(name).public_key().public_bytes(encoding, form)


@cache
def certificate(name):
    """A self-signed certificate; that of `second` has expired, which says nothing about its key."""
    year = 2020 if name == "second" else 2030
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.example.test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private(name).public_key())
        .serial_number(1 + NAMES.index(name))
        .not_valid_before(datetime(year - 10, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(year, 1, 1, tzinfo=UTC))
    )
    deterministic = {"ecdsa_deterministic": True} if name in CURVES else {}
    return builder.sign(private(name), hashes.SHA256(), **deterministic)


def certificate_der(name):
    return certificate(name).public_bytes(serialization.Encoding.DER)


def sign_rsa(name, digest, octets):
    return private(name).sign(octets, padding.PKCS1v15(), HASHES[digest]())


def sign_pss(name, digest, octets):
    """With the salt of RFC 6931; the only signature here that differs between runs."""
    hash_ = HASHES[digest]()
    return private(name).sign(octets, padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)


def sign_ecdsa(name, digest, octets):
    """`r` and `s` side by side, as XML signatures have it; DER is what cryptography makes."""
    der = sign_ecdsa_der(name, digest, octets)
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    size = (private(name).curve.key_size + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(der))


def sign_ecdsa_der(name, digest, octets):
    return private(name).sign(octets, ec.ECDSA(HASHES[digest](), deterministic_signing=True))
