"""What parsers disagree about: comments, CDATA, instructions, entities, encodings, namespaces (WSF-02, 04, 05, 09)."""

import re
from dataclasses import replace

import sign
from assertion import ADMIN, ALICE, EMAIL, SAML_1, SAML_2, VERSIONS, Assertion, response
from case import accepted, refused

XXE = '<!DOCTYPE r [<!ENTITY who SYSTEM "file:///etc/passwd">]>'
NAMES = {"1.1": "NameIdentifier", "2.0": "NameID"}


def in_name(assertion, text):
    """The document, signed as the true one, in whose name `text` stands for alice's address."""
    tag = NAMES[assertion.version]
    return response(assertion.signed().replace(f"{tag}>{ALICE}</", f"{tag}>{text}</"))


def evasive(assertion, old, new):
    """Signed by the IdP with the trick in the text: what the canonical form keeps of it is signed."""
    text = assertion.text().replace(old, new)
    signature = sign.enveloped(text, "#" + assertion.id)
    where = "</saml:Assertion>" if assertion.version == "1.1" else "</saml:Issuer>"
    place = signature + where if assertion.version == "1.1" else where + signature
    return response(text.replace(where, place))


def tricks():
    """Text that some read as another name."""
    yield "comment", "alice@example.test<!-- -->.evil.test", "markup_declaration"
    yield "comment_in_the_middle", "alice<!---->@example.test", "markup_declaration"
    yield "cdata", "<![CDATA[alice@example.test]]>", "markup_declaration"
    yield "cdata_in_the_middle", "alice<![CDATA[]]>@example.test", "markup_declaration"
    yield "instruction", "alice<?x?>@example.test", "processing_instruction"
    yield "instruction_with_name", "admin@example.test<?alice alice@example.test?>", "processing_instruction"


def cases():
    for version in VERSIONS:
        short = version.replace(".", "")
        true = Assertion(version)
        signed = response(true.signed())
        # Comments leave the canonical form, so that a signature holds whatever they split.
        for name, text, code in tricks():
            yield refused("WSF-05", f"{name}_{short}", in_name(true, text), code)
            yield refused(
                "WSF-05", f"{name}_signed_by_the_idp_{short}", evasive(true, f">{ALICE}</", f">{text}</"), code
            )
        for name, text, code in markup(signed):
            yield refused("WSF-05", f"{name}_{short}", text, code)
        for name, text, code in declarations(signed):
            yield refused("WSF-09", f"{name}_{short}", text, code)
        for name, text, codes in encodings(signed):
            yield refused("WSF-02", f"{name}_{short}", text, *codes)
        yield from namespaces(version, short, true)
        yield from smuggled(version, short, true)


def markup(signed):
    yield "comment_before_the_document", "<!-- x -->" + signed, "markup_declaration"
    yield "comment_after_the_document", signed + "<!-- x -->", "markup_declaration"
    yield (
        "comment_in_the_signed_info",
        signed.replace("<ds:SignedInfo>", "<ds:SignedInfo><!-- -->"),
        "markup_declaration",
    )
    yield "comment_in_the_digest", re.sub("(<ds:DigestValue>....)", r"\1<!-- -->", signed), "markup_declaration"
    yield (
        "comment_in_the_signature_value",
        re.sub("(<ds:SignatureValue>....)", r"\1<!-- -->", signed),
        "markup_declaration",
    )
    yield "instruction_before_the_document", "<?xml-stylesheet href='x'?>" + signed, "processing_instruction"
    yield "instruction_after_the_document", signed + "<?x?>", "processing_instruction"
    yield "second_xml_declaration", '<?xml version="1.0"?>' * 2 + signed, "processing_instruction"
    yield "xml_declaration_after_a_blank", ' <?xml version="1.0"?>' + signed, "processing_instruction"


def declarations(signed):
    laughs = '<!DOCTYPE r [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    yield "dtd", "<!DOCTYPE r>" + signed, "markup_declaration"
    yield "external_dtd", '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/evil.dtd">' + signed, "markup_declaration"
    yield "xxe", XXE + signed.replace(ALICE, "&who;", 1), "markup_declaration"
    yield (
        "parameter_entity",
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]>' + signed,
        "markup_declaration",
    )
    yield (
        "internal_entity",
        f'<!DOCTYPE r [<!ENTITY who "{ADMIN}">]>' + signed.replace(ALICE, "&who;"),
        "markup_declaration",
    )
    yield (
        "entity_of_the_true_name",
        f'<!DOCTYPE r [<!ENTITY who "{ALICE}">]>' + signed.replace(ALICE, "&who;"),
        "markup_declaration",
    )
    yield "default_attribute", '<!DOCTYPE r [<!ATTLIST Assertion ID CDATA "x">]>' + signed, "markup_declaration"
    yield "id_attribute", "<!DOCTYPE r [<!ATTLIST saml:Assertion Evil ID #IMPLIED>]>" + signed, "markup_declaration"
    yield "billion_laughs", laughs + "]>" + signed.replace(ALICE, "&a9;", 1), "markup_declaration"
    yield (
        "quadratic_blowup",
        f'<!DOCTYPE r [<!ENTITY b "{"b" * 60_000}">]>' + signed.replace(ALICE, "&b;" * 1000, 1),
        "markup_declaration",
    )
    yield "dtd_after_an_xml_declaration", '<?xml version="1.0"?><!DOCTYPE r>' + signed, "markup_declaration"
    yield "undeclared_entity", signed.replace(ALICE, "&who;", 1), "not_well_formed"
    yield "html_entity", signed.replace(ALICE, "alice&nbsp;", 1), "not_well_formed"


def encodings(signed):
    malformed = ("not_well_formed",)
    yield "utf_16_le", signed.encode("utf-16"), ("encoding",)
    # Every other octet of it is a NUL, no tag closes another.
    yield "utf_16_be", signed.encode("utf-16-be"), ("depth",)
    yield (
        "utf_16_declared",
        ('<?xml version="1.0" encoding="UTF-16"?>' + signed).encode(),
        ("processing_instruction",),
    )
    yield (
        "latin_1_declared",
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + signed).encode(),
        ("processing_instruction",),
    )
    yield "xml_1_1", ('<?xml version="1.1"?>' + signed).encode(), ("processing_instruction",)
    yield "latin_1_bytes", signed.replace(ALICE, "älice@example.test").encode("latin-1"), ("encoding",)
    yield "nul", signed.replace(ALICE, ALICE + "\0").encode(), malformed
    yield "nul_before_the_document", b"\0" + signed.encode(), malformed
    yield "nul_reference", signed.replace(ALICE, ALICE + "&#0;", 1).encode(), malformed
    yield "control_character", signed.replace(ALICE, ALICE + "\x01", 1).encode(), malformed
    yield "control_character_reference", signed.replace(ALICE, ALICE + "&#x1b;", 1).encode(), malformed
    yield (
        "surrogate_reference",
        signed.replace(ALICE, ALICE + "&#xD800;", 1).encode(),
        ("not_well_formed", "digest_value"),
    )
    yield "bom_in_the_middle", signed.replace(f">{ALICE}", f">\ufeff{ALICE}").encode(), ("digest_value",)
    yield "a_bom_after_the_declaration", ('<?xml version="1.0"?>\ufeff' + signed).encode(), malformed
    yield "two_boms", b"\xef\xbb\xbf" * 2 + signed.encode(), malformed
    yield "text_after_the_document", signed.encode() + b"x", malformed
    yield "a_second_root", signed.encode() * 2, malformed
    yield "cut_off", signed.encode()[:-1], malformed
    yield "empty", b"", malformed
    yield "only_blanks", b" \n", malformed
    yield "json", b'{"sub":"admin@example.test"}', malformed


def namespaces(version, short, true):
    """One word, another meaning."""
    signed = response(true.signed())
    own = SAML_1 if version == "1.1" else SAML_2
    row = "WSF-02"
    yield refused(
        row, f"another_assertion_namespace_{short}", response(true.signed().replace(own, own + "x")), "token_type"
    )
    yield refused(
        row,
        f"no_assertion_namespace_{short}",
        response(true.signed().replace(own, "")),
        "token_type",
        "not_well_formed",
    )
    yield refused(row, f"another_signature_namespace_{short}", signed.replace(sign.DS, "urn:ds"), "signature_count")
    yield refused(row, f"undeclared_prefix_{short}", signed.replace(f' xmlns:saml="{own}"', ""), "not_well_formed")
    yield refused(
        row,
        f"duplicate_attribute_{short}",
        signed.replace(' IssueInstant="', ' IssueInstant="2026" IssueInstant="', 1),
        "not_well_formed",
    )
    same = signed.replace("<saml:Assertion ", '<saml:Assertion xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2" ', 1)
    yield refused(row, f"duplicate_attribute_by_two_prefixes_{short}", same, "not_well_formed")
    yield refused(
        row,
        f"xmlns_redeclared_{short}",
        signed.replace("<saml:Assertion ", '<saml:Assertion xmlns:xml="urn:x" ', 1),
        "not_well_formed",
    )
    yield refused(
        row,
        f"prefix_undeclared_by_1_1_{short}",
        signed.replace("<saml:Subject>", '<saml:Subject xmlns:saml="">', 1),
        "not_well_formed",
        "digest_value",
    )
    # A prefix that means another namespace within: the element is no longer a subject.
    rebound = signed.replace("<saml:Subject>", '<saml:Subject xmlns:saml="urn:other">', 1)
    yield refused(row, f"prefix_means_something_else_within_{short}", rebound, "digest_value")
    yield accepted(
        row,
        f"unused_namespaces_{short}",
        signed.replace("<saml:Assertion ", '<saml:Assertion xmlns:unused="urn:u" ', 1),
        true.identity(),
    )
    # The IdP says something of another namespace, which has no meaning here, whatever its name.
    foreign = replace(true, more='<x:Conditions xmlns:x="urn:x" NotOnOrAfter="2099-01-01T00:00:00Z"/>')
    yield accepted(row, f"foreign_element_in_the_assertion_{short}", response(foreign.signed()), true.identity())


def smuggled(version, short, true):
    """More is said outside the signed part, or twice (WSF-04)."""
    row = "WSF-04"
    statement = evil_statement(true)
    signed = true.signed()
    yield refused(row, f"attributes_beside_the_assertion_{short}", response(signed + statement), "token_count")
    yield refused(
        row,
        f"attributes_beside_the_token_{short}",
        response(signed, after=statement),
        "token_outside_rst",
    )
    yield refused(
        row,
        f"attributes_added_{short}",
        response(signed.replace("</saml:Assertion>", statement + "</saml:Assertion>")),
        "digest_value",
    )
    inside = signed.replace("</ds:Signature>", f"<ds:Object>{statement}</ds:Object></ds:Signature>")
    yield refused(
        row,
        f"attributes_in_an_object_of_the_signature_{short}",
        response(inside),
        "signature_shape",
    )
    in_key_info = signed.replace("<ds:KeyInfo>", f"<ds:KeyInfo>{statement}")
    # KeyInfo is not read, and what is read is read from the canonical form, where there is no signature.
    yield accepted(row, f"attributes_in_the_key_info_{short}", response(in_key_info), true.identity())
    yield refused(
        row,
        f"value_added_{short}",
        response(
            signed.replace(
                "</saml:AttributeValue>", f"</saml:AttributeValue><saml:AttributeValue>{ADMIN}</saml:AttributeValue>", 1
            )
        ),
        "digest_value",
    )
    yield accepted(
        row,
        f"attributes_of_the_wrapper_{short}",
        response(signed, attributes=f' Subject="{ADMIN}" ID="x"'),
        true.identity(),
    )
    # The IdP itself says a claim twice: the values stand side by side, in their order.
    twice = replace(true, claims=(*true.claims, (EMAIL, ("other@example.test",))))
    yield accepted(row, f"a_claim_twice_{short}", response(twice.signed()), twice.identity())
    element = replace(true, claims=((EMAIL, ("MARK",)),))
    text = element.text().replace("MARK", "<x:who xmlns:x='urn:x'>admin@example.test</x:who>")
    signature = sign.enveloped(text, "#" + element.id)
    where = "</saml:Assertion>" if version == "1.1" else "</saml:Issuer>"
    placed = signature + where if version == "1.1" else where + signature
    yield refused(
        row,
        f"an_element_as_value_{short}",
        response(text.replace(where, placed)),
        "attribute",
    )


def evil_statement(true):
    own = SAML_1 if true.version == "1.1" else SAML_2
    text = true.evil().text()
    start = text.index("<saml:AttributeStatement>")
    end = text.index("</saml:AttributeStatement>") + len("</saml:AttributeStatement>")
    return text[start:end].replace("<saml:AttributeStatement>", f'<saml:AttributeStatement xmlns:saml="{own}">', 1)
