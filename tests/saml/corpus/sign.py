"""Signs with lxml's canonical form and cryptography's signatures: nothing of Hourgate's."""

import base64
import hashlib
import re

from lxml import etree

import keys

DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
BASE64 = DS + "base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"

METHODS = {
    "rsa-sha1": DS + "rsa-sha1",
    **{f"rsa-sha{bits}": f"{MORE}rsa-sha{bits}" for bits in (256, 384, 512)},
    **{f"ecdsa-sha{bits}": f"{MORE}ecdsa-sha{bits}" for bits in (1, 256, 384, 512)},
    "hmac-sha1": DS + "hmac-sha1",
    "hmac-sha256": MORE + "hmac-sha256",
    "rsa-pss": "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
}
DIGESTS = {"sha1": DS + "sha1", "sha256": XENC + "sha256", "sha384": MORE + "sha384", "sha512": XENC + "sha512"}
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, strip_cdata=False, huge_tree=True)


def declared(text, in_scope):
    """The element with the namespaces that surround it declared on itself, which changes nothing of its exclusive form."""
    names = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in in_scope.items())
    return re.sub(r"^<[^\s/>]+", lambda tag: tag[0] + names, text, count=1)


def canonical(text, prefixes=(), comments=False, exclusive=True, in_scope=None):
    root = etree.fromstring(declared(text, in_scope or {}).encode(), PARSER)
    return etree.tostring(
        root,
        method="c14n",
        exclusive=exclusive,
        with_comments=comments,
        inclusive_ns_prefixes=list(prefixes) if prefixes else None,
    )


def encoded(octets):
    return base64.b64encode(octets).decode()


def prefix_list(prefixes):
    return f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{" ".join(prefixes)}"/>' if prefixes else ""


def transform(algorithm, inner=""):
    return f'<ds:Transform Algorithm="{algorithm}">{inner}</ds:Transform>'


PROFILE = (transform(ENVELOPED), transform(EXCLUSIVE))


def digest_of(octets, digest="sha256"):
    return encoded(hashlib.new(digest, octets).digest())


def reference(value, uri, transforms=PROFILE, digest="sha256"):
    """`uri` is None for a reference without the attribute."""
    attribute = "" if uri is None else f' URI="{uri}"'
    steps = f"<ds:Transforms>{''.join(transforms)}</ds:Transforms>" if transforms else ""
    method = DIGESTS.get(digest, digest)
    return (
        f'<ds:Reference{attribute}>{steps}<ds:DigestMethod Algorithm="{method}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    )


def signed_info(references, method="rsa-sha256", c14n=EXCLUSIVE, prefixes=()):
    """`references` are texts. The namespace is declared by the signature around."""
    return (
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{c14n}">{prefix_list(prefixes)}</ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{METHODS.get(method, method)}"/>{"".join(references)}</ds:SignedInfo>'
    )


def value_of(info, key="first", sign=keys.sign_rsa, digest="sha256", c14n=None, in_scope=None):
    """The signature of a SignedInfo, as text. `c14n` are the arguments for [canonical]."""
    octets = canonical(info, in_scope={"ds": DS} | (in_scope or {}), **(c14n or {}))
    return encoded(sign(key, digest, octets))


def key_info(name):
    certificate = encoded(keys.certificate_der(name))
    return f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"


def put_together(info, value, after="", before=""):
    return f'<ds:Signature xmlns:ds="{DS}">{before}{info}<ds:SignatureValue>{value}</ds:SignatureValue>{after}</ds:Signature>'


def enveloped(element, uri, key="first", method="rsa-sha256", digest="sha256", after=None, prefixes=(), in_scope=None):
    """The signature of the profile over an element (without it), whose ID `uri` names."""
    sign = keys.sign_ecdsa if method.startswith("ecdsa") else keys.sign_rsa
    octets = canonical(element, prefixes, in_scope=in_scope)
    steps = (transform(ENVELOPED), transform(EXCLUSIVE, prefix_list(prefixes)))
    info = signed_info([reference(digest_of(octets, digest), uri, steps, digest)], method)
    value = value_of(info, key, sign, method.rpartition("-")[2])
    return put_together(info, value, key_info(key) if after is None else after)
