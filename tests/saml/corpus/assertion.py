"""Assertions of SAML 1.1 and 2.0 as text, with a place for their signature, and what stands around them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import sign

NOW = int(datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp())
HOUR = 3600
ISSUER = "http://fs.example.test/adfs/services/trust"
AUDIENCE = "https://app.example.test/"
ALICE = "alice@example.test"
ADMIN = "admin@example.test"  # whom nobody has ever signed for

SAML_1 = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML_2 = "urn:oasis:names:tc:SAML:2.0:assertion"
TRUST_2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust"
TRUST_13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
BEARER = {"1.1": "urn:oasis:names:tc:SAML:1.0:cm:bearer", "2.0": "urn:oasis:names:tc:SAML:2.0:cm:bearer"}
EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
VERSIONS = ("1.1", "2.0")
METHODS = {
    "1.1": "urn:oasis:names:tc:SAML:1.0:am:password",
    "2.0": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
}


def instant(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def claims_of(who):
    return ((EMAIL, (who,)), (NAME, (who.partition("@")[0].title(),)), (GROUPS, ("staff", "readers")))


@dataclass(frozen=True)
class Assertion:
    """What an assertion says; a field of markup (`str | None`) stands instead of what the rest would make."""

    version: str
    subject: str | None = ALICE
    id: str = "_5f3a1c9e-0d4b-4c53-9d7e-2f6a8b1c0e77"
    issuer: str = ISSUER
    audience: str = AUDIENCE
    issued: int = NOW - 10
    not_before: int | None = NOW - 10
    not_on_or_after: int | None = NOW - 10 + HOUR
    authenticated: int = NOW - 30
    claims: tuple = field(default_factory=lambda: claims_of(ALICE))
    head_attributes: str | None = None
    issuer_element: str | None = None
    conditions: str | None = None
    restriction: str | None = None
    more_conditions: str = ""
    subject_element: str | None = None
    confirmation: str | None = None
    statements: str | None = None
    more: str = ""
    session: str = ""

    def text(self, signature=""):
        return self._text_1(signature) if self.version == "1.1" else self._text_2(signature)

    def signed(self, **how):
        """With the signature of the profile; `how` is for [sign.enveloped]."""
        return self.text(sign.enveloped(self.text(), "#" + self.id, **how))

    def identity(self, **but):
        """What a verifier must say of it; instants in milliseconds."""
        claims = {}
        for uri, values in self.claims:
            claims.setdefault(uri, []).extend(values)
        says = {
            "id": self.id,
            "version": self.version,
            "issuer": self.issuer,
            "name_id": self.subject,
            "claims": claims,
            "issued_at": self.issued * 1000,
            "expires_at": self.not_on_or_after * 1000,
            "authenticated_at": self.authenticated * 1000,
            "authentication_method": METHODS[self.version],
            "session_index": None,
            "session_ends": None,
        }
        return says | but

    def evil(self, new_id=True, **but):
        """The same, as the attacker would have it."""
        id_ = "_evil-0d4b-4c53-9d7e-2f6a8b1c0e77" if new_id else self.id
        return replace(self, subject=ADMIN, claims=claims_of(ADMIN), id=id_, **but)

    def _conditions(self, restriction):
        if self.conditions is not None:
            return self.conditions
        edges = (("NotBefore", self.not_before), ("NotOnOrAfter", self.not_on_or_after))
        times = "".join(f' {name}="{instant(at)}"' for name, at in edges if at is not None)
        inner = restriction if self.restriction is None else self.restriction
        return f"<saml:Conditions{times}>{inner}{self.more_conditions}</saml:Conditions>"

    def _text_1(self, signature):
        head = self.head_attributes
        if head is None:
            head = (
                f'MajorVersion="1" MinorVersion="1" AssertionID="{self.id}" Issuer={quoteattr(self.issuer)} '
                f'IssueInstant="{instant(self.issued)}"'
            )
        audience = f"<saml:Audience>{escape(self.audience)}</saml:Audience>"
        conditions = self._conditions(
            f"<saml:AudienceRestrictionCondition>{audience}</saml:AudienceRestrictionCondition>"
        )
        subject = self.subject_element
        if subject is None:
            confirmation = self.confirmation
            if confirmation is None:
                confirmation = (
                    "<saml:SubjectConfirmation><saml:ConfirmationMethod>"
                    f"{BEARER['1.1']}</saml:ConfirmationMethod></saml:SubjectConfirmation>"
                )
            name = "" if self.subject is None else f"<saml:NameIdentifier>{escape(self.subject)}</saml:NameIdentifier>"
            subject = f"<saml:Subject>{name}{confirmation}</saml:Subject>"
        statements = self.statements
        if statements is None:
            attributes = "".join(
                f'<saml:Attribute AttributeName="{uri.rpartition("/")[2]}" AttributeNamespace="{uri.rpartition("/")[0]}">'
                + "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
                + "</saml:Attribute>"
                for uri, values in self.claims
            )
            statements = (
                f"<saml:AttributeStatement>{subject}{attributes}</saml:AttributeStatement>" if attributes else ""
            ) + (
                f'<saml:AuthenticationStatement AuthenticationMethod="{METHODS["1.1"]}" '
                f'AuthenticationInstant="{instant(self.authenticated)}">{subject}</saml:AuthenticationStatement>'
            )
        return f'<saml:Assertion xmlns:saml="{SAML_1}" {head}>{conditions}{statements}{self.more}{signature}</saml:Assertion>'

    def _text_2(self, signature):
        head = self.head_attributes
        if head is None:
            head = f'ID="{self.id}" IssueInstant="{instant(self.issued)}" Version="2.0"'
        issuer = self.issuer_element
        if issuer is None:
            issuer = f"<saml:Issuer>{escape(self.issuer)}</saml:Issuer>"
        audience = f"<saml:Audience>{escape(self.audience)}</saml:Audience>"
        conditions = self._conditions(f"<saml:AudienceRestriction>{audience}</saml:AudienceRestriction>")
        subject = self.subject_element
        if subject is None:
            confirmation = self.confirmation
            if confirmation is None:
                confirmation = f'<saml:SubjectConfirmation Method="{BEARER["2.0"]}"/>'
            name = "" if self.subject is None else f"<saml:NameID>{escape(self.subject)}</saml:NameID>"
            subject = f"<saml:Subject>{name}{confirmation}</saml:Subject>"
        statements = self.statements
        if statements is None:
            attributes = "".join(
                f'<saml:Attribute Name="{uri}">'
                + "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
                + "</saml:Attribute>"
                for uri, values in self.claims
            )
            statements = (f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else "") + (
                f'<saml:AuthnStatement AuthnInstant="{instant(self.authenticated)}"{self.session}><saml:AuthnContext>'
                f"<saml:AuthnContextClassRef>{METHODS['2.0']}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            )
        return (
            f'<saml:Assertion xmlns:saml="{SAML_2}" {head}>{issuer}{signature}{subject}{conditions}{statements}{self.more}'
            "</saml:Assertion>"
        )


def requested(token):
    return f"<t:RequestedSecurityToken>{token}</t:RequestedSecurityToken>"


def response(token, trust=TRUST_2005, before="", after="", attributes="", inner=None):
    """A RequestSecurityTokenResponse as AD FS writes it."""
    wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
    return (
        f'<t:RequestSecurityTokenResponse xmlns:t="{trust}"{attributes}>{before}'
        f'<t:Lifetime><wsu:Created xmlns:wsu="{wsu}">{instant(NOW - 10)}</wsu:Created>'
        f'<wsu:Expires xmlns:wsu="{wsu}">{instant(NOW + HOUR)}</wsu:Expires></t:Lifetime>'
        '<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">'
        '<wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        f"<wsa:Address>{AUDIENCE}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>"
        f"{requested(token) if inner is None else inner}"
        f"<t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>"
        f"<t:RequestType>{trust}/Issue</t:RequestType>"
        f"<t:KeyType>http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey</t:KeyType>{after}"
        "</t:RequestSecurityTokenResponse>"
    )


def bare_response(token):
    """As the plain issuers write it: nothing but the token."""
    return (
        f'<t:RequestSecurityTokenResponse xmlns:t="{TRUST_2005}" Context="rm=0&amp;id=passive">'
        f"{requested(token)}</t:RequestSecurityTokenResponse>"
    )


def collection(*responses, trust=TRUST_13):
    return (
        f'<t:RequestSecurityTokenResponseCollection xmlns:t="{trust}">{"".join(responses)}'
        "</t:RequestSecurityTokenResponseCollection>"
    )
