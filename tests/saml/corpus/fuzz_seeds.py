"""Writes the keys and the first corpora of the fuzz targets: `python fuzz_seeds.py tests/fuzz`. Run by hand after a change of
the documents, and commit what it writes."""

import sys
from pathlib import Path

import encrypted
import good
import keys
import metadata
import references
import signatures
import signers
import texts
import wrapping
from assertion import Assertion

# Whom all good documents of the target sign in is written down in its oracle.
RESPONSES = [
    "as_ad_fs_sends_it_11",
    "as_ad_fs_sends_it_20",
    "as_plain_issuers_send_it_11",
    "collection_of_trust_1_3_20",
    "no_key_info_20",
    "ecdsa_p256_11",
    "typed_values_with_a_prefix_list_20",
    "an_indented_assertion_through_a_form_20",
    "an_xml_declaration_11",
]
HOSTILE = [
    "xsw1_the_signature_holds_the_original_20_same_id",
    "xsw3_evil_before_the_original_11_new_id",
    "xsw4_the_original_inside_evil_20_new_id",
    "xsw8_the_original_in_an_object_11_same_id",
    "evil_after_the_requested_token_20_new_id",
    "two_responses_evil_first_20_new_id",
    "tampered_subject_20",
    "rogue_key_with_its_certificate_11",
    "hmac_sha256_with_spki_20",
    "no_signature_11",
    "reference_empty_20",
    "transforms_xslt_20",
    "id_of_the_wrapper_11",
    "metadata_signature_in_evil_of_the_same_id_20",
    "comment_20",
    "xxe_11",
]


def main(folder):
    put = lambda path, octets: (path.parent.mkdir(parents=True, exist_ok=True), path.write_bytes(octets))
    for name in ("first", "second", "p256"):
        put(folder / "targets/saml_keys" / f"{name}.der", keys.certificate_der(name))
    for name in ("p256", "gateway"):
        put(folder / "targets/saml_keys" / f"{name}.pem", keys.private_pem(name))
    documents = {}
    for part in (good, wrapping, texts, signatures, signers, references, encrypted):
        documents |= {case.name: case for case in part.cases()}
    responses = folder / "corpus/saml_response"
    for name in [*RESPONSES, "aes_256_gcm_20", "aes_128_cbc_by_the_operators_word_11"]:
        put(responses / f"good_{name}.xml", b"r" + documents[name].document)
    for name in [*HOSTILE, "unsigned_inside_20", "rsa_1_5_11"]:
        put(responses / f"{name}.xml", b"r" + documents[name].document)
    for version in ("1.1", "2.0"):
        short = version.replace(".", "")
        put(responses / f"good_to_be_signed_{short}.xml", b"s" + Assertion(version).text().encode())
        late = Assertion(version, audience="https://other.example.test/")
        put(responses / f"to_be_signed_for_another_{short}.xml", b"s" + late.text().encode())
    gate = folder / "corpus/xml_gate"
    for name in (
        "as_ad_fs_sends_it_11",
        "typed_values_with_a_prefix_list_20",
        "a_carriage_return_by_reference_20",
        "a_bom_11",
    ):
        put(gate / f"good_{name}.xml", documents[name].document)
    for name in ("comment_20", "xxe_11", "nul_20", "utf_16_le_11", "instruction_20", "prefix_undeclared_by_1_1_20"):
        put(gate / f"{name}.xml", documents[name].document)
    put(gate / "good_namespaces.xml", NAMESPACES.encode())
    put(gate / "deep.xml", b"<a>" * 70 + b"</a>" * 70)
    put(gate / "many_attributes.xml", b"<a" + b"".join(b" a%d=''" % n for n in range(70)) + b"/>")
    for name, text in metadata.documents():
        put(folder / "corpus/federation_metadata" / f"{name}.xml", text.encode())


NAMESPACES = (
    '<a xmlns="urn:1" xmlns:p="urn:2" p:x="1" x="&#9;&#10;&#13;&quot;"><p:b xmlns:p="urn:3" xmlns="">\r\n&#13;&amp;&lt;&gt;'
    "<c xml:lang='de' z='1' a='2' p:a='3'/>]]&gt;</p:b><b xmlns:p=\"urn:2\"/></a>"
)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
