//! What a signature must look like, and whose it must be.

use super::super::samples::{EXCLUSIVE, PLACE, RSA_SHA256, SHA256, Signer, V1_1, V2_0};
use super::super::trusted_keys::{CertificateError, MOST_KEYS};
use super::*;

fn judged(document: &str, keys: &TrustedKeys, accepts_sha1: bool) -> Result<String, &'static str> {
    let gated = gate::admit(document.as_bytes(), gate::LARGEST_TOKEN).map_err(DocumentError::code)?;
    let document = gated.parse().map_err(DocumentError::code)?;
    let root = document.root_element();
    let id = if root.has_attribute("AssertionID") { "AssertionID" } else { "ID" };
    verify(root, id, keys, accepts_sha1, gate::LARGEST_TOKEN)
        .map(|signed| signed.0)
        .map_err(SignatureError::code)
}

fn code(document: &str, signer: &Signer) -> &'static str {
    judged(document, &signer.keys(), false).err().unwrap_or("ok")
}

/// The code for a document whose `SignedInfo` was changed before it was signed.
fn edited(edit: impl Fn(String) -> String) -> &'static str {
    let signer = Signer::p256();
    code(&signer.sign_edited(V2_0, ECDSA_SHA256, edit), &signer)
}

const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

#[test]
fn wsf_02_a_good_signature_gives_the_bytes_that_were_signed() {
    let signer = Signer::p256();
    for sample in [V1_1, V2_0] {
        let signed = signer.sign(sample);
        let bytes = judged(&signed, &signer.keys(), false).unwrap();
        assert!(!bytes.contains("Signature"), "the signature is no part of them");
        // Spelled otherwise, it is the same document.
        let spelled = signed.replace("\"><", "\"  >< ").replace("< ", "<").replace('"', "'");
        assert_eq!(judged(&spelled, &signer.keys(), false).unwrap(), bytes);
    }
}

#[test]
fn wsf_07_rsa_and_ecdsa_with_sha_2_are_taken() {
    let (p256, p384, rsa) = (Signer::p256(), Signer::p384(), Signer::rsa());
    for signer in [&p256, &p384, &rsa] {
        assert_eq!(code(&signer.sign(V2_0), signer), "ok");
    }
    for bits in ["384", "512"] {
        let method = RSA_SHA256.replace("256", bits);
        assert_eq!(code(&rsa.sign_edited(V2_0, &method, |info| info), &rsa), "ok", "{method}");
    }
}

#[test]
fn wsf_07_sha_1_is_taken_only_where_it_is_allowed() {
    let signer = Signer::rsa();
    let method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    let signed = signer.sign_edited(V2_0, method, |info| info);
    assert_eq!(code(&signed, &signer), "signature_alg");
    assert!(judged(&signed, &signer.keys(), true).is_ok());

    let digest = "http://www.w3.org/2000/09/xmldsig#sha1";
    let signed = signer.sign_edited(V2_0, RSA_SHA256, |info| info.replace(SHA256, digest));
    assert_eq!(code(&signed, &signer), "digest_alg");
    assert_eq!(judged(&signed, &signer.keys(), true), Err("digest_value"), "it was a hash with SHA-256");
}

#[test]
fn wsf_07_no_other_method_is_taken() {
    let others = [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        "none",
        "",
    ];
    for other in others {
        assert_eq!(edited(|info| info.replace(ECDSA_SHA256, other)), "signature_alg", "{other}");
    }
    let output_length = |info: String| {
        let method = format!("<SignatureMethod Algorithm=\"{ECDSA_SHA256}\"/>");
        let longer = method.replace("/>", "><HMACOutputLength>8</HMACOutputLength></SignatureMethod>");
        info.replace(&method, &longer)
    };
    assert_eq!(edited(output_length), "signature_alg");
}

#[test]
fn wsf_07_only_a_pinned_key_counts_and_key_info_is_never_read() {
    let (pinned, other, next) = (Signer::p256(), Signer::p256(), Signer::p384());
    assert_eq!(code(&other.sign(V2_0), &pinned), "signature_value");

    let certificate = |signer: &Signer| {
        let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &signer.certificate);
        format!(
            "</SignatureValue><KeyInfo><X509Data><X509Certificate>{text}</X509Certificate></X509Data></KeyInfo>"
        )
    };
    let showing = |signed: String, shown: &Signer| signed.replace("</SignatureValue>", &certificate(shown));
    assert_eq!(code(&showing(other.sign(V2_0), &other), &pinned), "signature_value");
    assert_eq!(code(&showing(other.sign(V2_0), &pinned), &pinned), "signature_value");
    assert_eq!(code(&showing(pinned.sign(V2_0), &other), &pinned), "ok");

    let both = TrustedKeys::from_certificates([&next.certificate, &pinned.certificate]).unwrap();
    assert!(judged(&pinned.sign(V2_0), &both, false).is_ok());
    assert!(judged(&next.sign(V2_0), &both, false).is_ok());
}

#[test]
fn wsf_07_a_key_counts_however_old_its_certificate_is() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = |from, to| {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
        TrustedKeys::from_certificates([parameters.self_signed(&key).unwrap().der()]).unwrap()
    };
    assert_eq!(certificate(2000, 2001), certificate(2090, 2100), "what is pinned is the key");
}

#[test]
fn wsf_07_weak_and_unknown_keys_are_not_pinned() {
    let certified = |key: &rcgen::KeyPair| {
        let parameters = rcgen::CertificateParams::default();
        parameters.self_signed(key).unwrap().der().to_vec()
    };
    let ed25519 = certified(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap());
    assert_eq!(TrustedKeys::from_certificates([ed25519]), Err(CertificateError::Key));
    let many: Vec<_> = (0..=MOST_KEYS).map(|_| Signer::p256().certificate).collect();
    assert_eq!(TrustedKeys::from_certificates(&many), Err(CertificateError::TooMany));
    assert!(
        TrustedKeys::from_certificates(many.iter().take(MOST_KEYS).chain(many.first())).is_ok(),
        "twice the same is one"
    );
    assert_eq!(TrustedKeys::from_certificates([[0_u8; 3]; 0]), Err(CertificateError::None));
    let mut trailing = many[0].clone();
    trailing.push(0);
    assert_eq!(TrustedKeys::from_certificates([&trailing]), Err(CertificateError::Malformed));
    assert_eq!(TrustedKeys::from_pem("-----BEGIN CERTIFICATE-----\nAA"), Err(CertificateError::Malformed));
    assert_eq!(TrustedKeys::from_pem(""), Err(CertificateError::None));
}

#[test]
fn wsf_06_without_signature_or_with_two_nothing_is_believed() {
    let signer = Signer::p256();
    let signed = signer.sign(V2_0);
    assert_eq!(code(&V2_0.replace(PLACE, ""), &signer), "unsigned");
    let (from, to) = (signed.find("<Signature ").unwrap(), signed.find("</Signature>").unwrap() + 12);
    let signature = &signed[from..to];
    let twice = signed.replace(signature, &format!("{signature}{signature}"));
    assert_eq!(code(&twice, &signer), "signature_count");
    let nested = signed.replace(signature, "").replace("<Subject>", &format!("<Subject>{signature}"));
    assert_eq!(code(&nested, &signer), "signature_count");
    let elsewhere = signed.replace("http://www.w3.org/2000/09/xmldsig#\"><SignedInfo", "urn:x\"><SignedInfo");
    assert_eq!(code(&elsewhere, &signer), "signature_count");
}

#[test]
fn wsf_06_the_one_reference_is_to_what_the_signature_stands_in() {
    let uris =
        ["", "#", "#_other", "_a2", "#xpointer(id('_a2'))", "http://example.com/#_a2", "#_a2 ", "Cargo.toml"];
    for uri in uris {
        assert_eq!(edited(|info| info.replace("#_a2", uri)), "reference", "{uri}");
    }
    assert_eq!(edited(|info| info.replace(" URI=\"#_a2\"", "")), "reference");
    let reference =
        |info: &str| info[info.find("<Reference").unwrap()..info.find("</SignedInfo>").unwrap()].to_owned();
    assert_eq!(edited(|info| info.replace(&reference(&info), "")), "reference");
    assert_eq!(
        edited(|info| info.replace("</SignedInfo>", &format!("{}</SignedInfo>", reference(&info)))),
        "reference"
    );
    let thousand = |info: String| {
        info.replace("</SignedInfo>", &format!("{}</SignedInfo>", reference(&info).repeat(300)))
    };
    assert_eq!(edited(thousand), "reference");
}

#[test]
fn wsf_06_ids_are_there_and_unique() {
    let signer = Signer::p256();
    assert_eq!(code(&signer.sign(&V2_0.replace(" ID=\"_a2\"", "")), &signer), "id");
    assert_eq!(code(&signer.sign(&V2_0.replace("_a2", "")), &signer), "id");
    for name in ["ID", "Id", "id", "xml:id", "AssertionID"] {
        let twice = V2_0.replace("<Subject>", &format!("<Subject {name}=\"_a2\">"));
        assert_eq!(code(&signer.sign(&twice), &signer), "duplicate_id", "{name}");
    }
}

#[test]
fn wsf_06_the_signature_has_one_shape() {
    let signer = Signer::p256();
    let signed = signer.sign(V2_0);
    let info = &signed[signed.find("<SignedInfo>").unwrap()..signed.find("</SignedInfo>").unwrap() + 13];
    let value =
        &signed[signed.find("<SignatureValue>").unwrap()..signed.find("</SignatureValue>").unwrap() + 17];
    let shapes = [
        signed.replace(info, &format!("{info}{info}")),
        signed.replace(info, ""),
        signed.replace(value, ""),
        signed.replace(value, &format!("{value}{value}")),
        signed.replace(value, &format!("{value}<Object/>")),
        signed.replace(value, &format!("{value}<KeyInfo/><KeyInfo/>")),
        signed.replace(value, "<SignatureValue>not base64</SignatureValue>"),
        signed.replace("</DigestValue>", "<x/></DigestValue>"),
        signed.replace("<DigestValue>", "<DigestValue xmlns='urn:x'>"),
    ];
    for shape in shapes {
        assert_eq!(code(&shape, &signer), "signature_shape", "{shape}");
    }
}

#[test]
fn wsf_06_what_is_signed_is_what_stands_there() {
    let signer = Signer::rsa();
    for sample in [V1_1, V2_0] {
        let signed = signer.sign(sample);
        assert_eq!(code(&signed, &signer), "ok");
        assert_eq!(code(&signed.replace("ann@", "admin@"), &signer), "digest_value");
        assert_eq!(code(&signed.replace("ann</", "ann&#xD;</"), &signer), "digest_value");
        let at = signed.find("<DigestValue>").unwrap() + 13;
        let digest = format!("{}AAAA{}", &signed[..at], &signed[at + 4..]);
        assert_eq!(code(&digest, &signer), "signature_value");
    }
}

#[test]
fn wsf_08_only_enveloped_signature_and_exclusive_canonicalization_are_taken() {
    let transform = |algorithm: &str| format!("<Transform Algorithm=\"{algorithm}\"/>");
    let transforms = [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ];
    for other in transforms {
        assert_eq!(
            edited(|info| info.replace(&transform(EXCLUSIVE), &transform(other))),
            "transforms",
            "{other}"
        );
        let more = format!("{}{}", transform(EXCLUSIVE), transform(other));
        assert_eq!(edited(|info| info.replace(&transform(EXCLUSIVE), &more)), "transforms", "{other}");
        let method = |info: String| info.replacen(EXCLUSIVE, other, 1);
        assert_eq!(edited(method), "c14n_alg", "{other}");
    }
    assert_eq!(edited(|info| info.replace(&transform(EXCLUSIVE), "")), "transforms");
    assert_eq!(
        edited(|info| info.replace(&transform("http://www.w3.org/2000/09/xmldsig#enveloped-signature"), "")),
        "transforms"
    );
}

#[test]
fn wsf_08_prefixes_may_be_listed_and_nothing_else() {
    let listed = |content: &str| {
        let content = format!("<Transform Algorithm=\"{EXCLUSIVE}\">{content}</Transform></Transforms>");
        let plain = format!("<Transform Algorithm=\"{EXCLUSIVE}\"/></Transforms>");
        edited(move |info| info.replace(&plain, &content))
    };
    assert_eq!(
        listed(&format!("<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\" PrefixList=\"#default xs\"/>")),
        "ok"
    );
    assert_eq!(listed(&format!("<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\"/>")), "ok");
    let many = |count: usize| {
        listed(&format!(
            "<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\" PrefixList=\"{}\"/>",
            "x ".repeat(count)
        ))
    };
    assert_eq!((many(16), many(17)), ("ok", "transforms"));
    assert_eq!(listed("<InclusiveNamespaces PrefixList=\"xs\"/>"), "transforms");
    assert_eq!(listed("<XPath>//*</XPath>"), "transforms");
}

#[test]
fn wsf_09_a_prefix_list_has_no_children_that_would_be_spelled_out_before_a_key_is_tried() {
    let bomb = format!(
        "<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\" PrefixList=\"xs\">{}</e:InclusiveNamespaces>",
        "<p:b/>".repeat(5000)
    );
    let with = |element: &str| {
        let filled = format!("<{element} Algorithm=\"{EXCLUSIVE}\" xmlns:p=\"urn:p\">{bomb}</{element}>");
        edited(|info| info.replace(&format!("<{element} Algorithm=\"{EXCLUSIVE}\"/>"), &filled))
    };
    assert_eq!(with("CanonicalizationMethod"), "c14n_alg");
    assert_eq!(with("Transform"), "transforms");
}

#[test]
fn wsf_09_neither_signed_info_nor_content_is_spelled_out_beyond_its_bound() {
    let padded = |blanks: usize| {
        edited(move |info| info.replace("<Reference ", &format!("{}<Reference ", " ".repeat(blanks))))
    };
    assert_eq!(padded(LARGEST_SIGNED_INFO - 2000), "ok");
    assert_eq!(padded(LARGEST_SIGNED_INFO), "too_large");

    // Declared once, used by each: short as it is sent, long as it is hashed.
    let siblings = |count: usize| {
        let signer = Signer::p256();
        let outer = format!("<Assertion xmlns:p=\"urn:{}\" ", "x".repeat(500));
        let inner = format!("<Conditions>{}</Conditions>", "<p:b/>".repeat(count));
        let document =
            V2_0.replacen("<Assertion ", &outer, 1).replacen("<Subject>", &format!("{inner}<Subject>"), 1);
        code(&signer.sign(&document), &signer)
    };
    assert_eq!(siblings(100), "ok");
    assert_eq!(siblings(1000), "too_large");
}
