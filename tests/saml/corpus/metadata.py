"""Federation metadata of the issuer, as AD FS writes it: two roles, of which only the second is the token service."""

import keys
import sign
from assertion import ISSUER

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
FED = "http://docs.oasis-open.org/wsfed/federation/200706"
WSA = "http://www.w3.org/2005/08/addressing"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ENDPOINT = "https://fs.example.test/adfs/ls/"


def key_descriptor(name, use="signing"):
    attribute = f' use="{use}"' if use else ""
    info = sign.key_info(name).replace("<ds:KeyInfo>", f'<ds:KeyInfo xmlns:ds="{sign.DS}">')
    return f"<md:KeyDescriptor{attribute}>{info}</md:KeyDescriptor>"


def endpoint(address=ENDPOINT, name="PassiveRequestorEndpoint"):
    reference = f'<wsa:EndpointReference xmlns:wsa="{WSA}"><wsa:Address>{address}</wsa:Address></wsa:EndpointReference>'
    return f"<fed:{name}>{reference}</fed:{name}>"


def role(kind, inner):
    """The prefix of the type is used in a value only."""
    return (
        f'<md:RoleDescriptor xmlns:fed="{FED}" xmlns:xsi="{XSI}" xsi:type="fed:{kind}" '
        f'protocolSupportEnumeration="{FED}">{inner}</md:RoleDescriptor>'
    )


def entity(roles=None, entity_id=ISSUER, attributes=""):
    if roles is None:
        roles = application() + token_service()
    return f'<md:EntityDescriptor xmlns:md="{MD}" ID="_m1" entityID="{entity_id}"{attributes}>{roles}</md:EntityDescriptor>'


def application():
    return role("ApplicationServiceType", key_descriptor("rogue", "encryption") + endpoint("https://rp.example.test/"))


def token_service(names=("first", "second"), address=ENDPOINT, use="signing"):
    described = "".join(key_descriptor(name, use) for name in names)
    return role("SecurityTokenServiceType", described + endpoint(address))


def signed(text, key="first"):
    signature = sign.enveloped(text, "#_m1", key)
    head, rest = text.split(">", 1)
    return f"{head}>{signature}{rest}"


def documents():
    """Good ones begin with the word."""
    assert "first" in keys.NAMES
    whole = entity()
    yield "good_signed", signed(whole)
    yield "good_unsigned", whole
    yield "good_signed_by_the_second_key", signed(whole, "second")
    yield "good_one_key_for_every_use", entity(token_service(("first",), use=""))
    yield "good_test_idp", entity(attributes=' xmlns:t="urn:hourgate:test-idp" t:TestIdentityProvider="true"')
    yield "good_declared", '<?xml version="1.0" encoding="utf-8"?>' + signed(whole)
    yield "signed_by_a_rogue", signed(entity(token_service(("rogue",))), "rogue")
    yield "rogue_signs_for_the_first", signed(whole, "rogue")
    yield "tampered", signed(whole).replace("fs.example.test/adfs/ls", "fs.evil.test/adfs/ls")
    yield "another_entity", signed(entity(entity_id="http://fs.evil.test/"))
    yield "script_address", entity(token_service(address="javascript:alert(1)"))
    yield "only_an_application", entity(application())
    yield "another_prefix", whole.replace('xsi:type="fed:', 'xsi:type="other:')
    yield "no_keys", entity(token_service(()))
    yield "dtd", "<!DOCTYPE x>" + whole
