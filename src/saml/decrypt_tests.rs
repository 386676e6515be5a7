//! What an encrypted token must look like, and what is said of one that cannot be read.

use std::sync::OnceLock;

use aws_lc_rs::cipher::{EncryptionContext, PaddedBlockEncryptingKey};
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::assertion::verify;
use super::super::samples::{PLACE, Signer, V1_1, V2_0, expected, now, rsa_pkcs8};
use super::*;

const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP_1_1: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const SHA256: &str = "<DigestMethod xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><MGF xmlns=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/>";
const GCM_256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC_256: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

/// Our own keys: the same ones every time, because they take so long to make.
fn private(number: usize) -> &'static [u8] {
    static KEYS: [OnceLock<Vec<u8>>; 2] = [OnceLock::new(), OnceLock::new()];
    KEYS[number].get_or_init(|| rsa_pkcs8(2048))
}

fn pem(pkcs8: &[u8]) -> SecretString {
    let text = BASE64_STANDARD.encode(pkcs8);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into()
}

/// Encrypts, as an IdP does.
fn encrypted(text: &[u8], transport: (&str, &str), cipher: &str) -> String {
    let (key, length) = ([7; 32], if cipher.contains("128") { 16 } else { 32 });
    let key = &key[..length];
    let data = match cipher.ends_with("gcm") {
        true => {
            let algorithm = if length == 16 { &AES_128_GCM } else { &AES_256_GCM };
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
            let mut sealed = text.to_vec();
            let nonce = Nonce::assume_unique_for_key([1; NONCE_LEN]);
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).unwrap();
            [&[1; NONCE_LEN][..], &sealed].concat()
        }
        false => {
            let algorithm = if length == 16 { &AES_128 } else { &AES_256 };
            let key = UnboundCipherKey::new(algorithm, key).unwrap();
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
            let mut sealed = text.to_vec();
            let context = EncryptionContext::Iv128(FixedLength::from([2; 16]));
            key.less_safe_encrypt(&mut sealed, context).unwrap();
            [&[2; 16][..], &sealed].concat()
        }
    };
    let private = PrivateDecryptingKey::from_pkcs8(private(0)).unwrap();
    let public: PublicEncryptingKey = private.public_key();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let algorithm = if transport.1.is_empty() { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
    let mut wrapped = vec![0; public.ciphertext_size()];
    public.encrypt(algorithm, key, &mut wrapped, None).unwrap();
    let (data, wrapped) = (BASE64_STANDARD.encode(data), BASE64_STANDARD.encode(wrapped));
    format!(
        "<e:EncryptedData xmlns:e=\"{XENC}\" Type=\"{XENC}Element\"><e:EncryptionMethod Algorithm=\"{cipher}\"/><KeyInfo xmlns=\"{DSIG}\"><e:EncryptedKey><e:EncryptionMethod Algorithm=\"{}\">{}</e:EncryptionMethod><KeyInfo><X509Data/></KeyInfo><e:CipherData><e:CipherValue>{wrapped}</e:CipherValue></e:CipherData></e:EncryptedKey></KeyInfo><e:CipherData><e:CipherValue>{data}</e:CipherValue></e:CipherData></e:EncryptedData>",
        transport.0, transport.1
    )
}

fn encrypted_assertion(data: &str) -> String {
    format!(
        "<s:EncryptedAssertion xmlns:s=\"urn:oasis:names:tc:SAML:2.0:assertion\">{data}</s:EncryptedAssertion>"
    )
}

fn judged(token: &str, signer: &Signer, accepts_cbc: bool, private: &[&[u8]]) -> &'static str {
    let keys = signer.keys();
    let decryption = (!private.is_empty()).then(|| {
        let pems: Vec<_> = private.iter().map(|pkcs8| pem(pkcs8)).collect();
        DecryptionKeys::from_pem(&pems).unwrap()
    });
    let mut expected = expected(&keys);
    (expected.decryption, expected.accepts_cbc) = (decryption.as_ref(), accepts_cbc);
    let gated = gate::admit(token.as_bytes(), gate::LARGEST_TOKEN).unwrap();
    let document = gated.parse().unwrap();
    let refusal = verify(document.root_element(), &expected, now()).err();
    let is_unknown_key = refusal.is_some_and(AssertionError::is_unknown_key);
    let code = refusal.map_or("ok", AssertionError::code);
    assert_eq!(is_unknown_key, code == "signature_value", "only that has metadata fetched anew");
    code
}

fn code(token: &str, signer: &Signer) -> &'static str {
    judged(token, signer, true, &[private(0)])
}

#[test]
fn wsf_15_encrypted_tokens_are_read_in_both_versions() {
    let signer = Signer::p256();
    for sample in [V1_1, V2_0] {
        let signed = signer.sign(sample);
        for transport in [(OAEP, ""), (OAEP_1_1, ""), (OAEP_1_1, SHA256)] {
            for cipher in [GCM_256, &GCM_256.replace("256", "128"), CBC_256, &CBC_256.replace("256", "128")] {
                let data = encrypted(signed.as_bytes(), transport, cipher);
                assert_eq!(code(&data, &signer), "ok", "{transport:?} {cipher}");
                assert_eq!(code(&encrypted_assertion(&data), &signer), "ok");
            }
        }
    }
}

#[test]
fn wsf_15_any_of_our_keys_will_do_and_without_one_it_is_said() {
    let signer = Signer::p256();
    let token = encrypted(signer.sign(V2_0).as_bytes(), (OAEP, ""), GCM_256);
    assert_eq!(judged(&token, &signer, false, &[private(1), private(0)]), "ok");
    assert_eq!(judged(&token, &signer, false, &[private(1)]), "decryption");
    assert_eq!(judged(&token, &signer, false, &[]), "encrypted");
}

#[test]
fn wsf_15_cbc_is_taken_only_where_it_is_allowed() {
    let signer = Signer::p256();
    let token = encrypted(signer.sign(V2_0).as_bytes(), (OAEP, ""), CBC_256);
    assert_eq!(judged(&token, &signer, false, &[private(0)]), "encryption_alg");
}

#[test]
fn wsf_15_other_algorithms_are_refused_by_name() {
    let signer = Signer::p256();
    let token = encrypted(signer.sign(V2_0).as_bytes(), (OAEP, ""), GCM_256);
    for other in [
        "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        "http://www.w3.org/2001/04/xmlenc#kw-aes256",
        "http://www.w3.org/2001/04/xmlenc#dh",
        "",
    ] {
        assert_eq!(code(&token.replace(OAEP, other), &signer), "key_transport_alg", "{other}");
    }
    let mixed = encrypted(signer.sign(V2_0).as_bytes(), (OAEP, SHA256), GCM_256);
    assert_eq!(code(&mixed, &signer), "key_transport_alg", "SHA-256 with a mask of SHA-1");
    let label =
        token.replacen("</e:EncryptionMethod>", "<e:OAEPparams>AA==</e:OAEPparams></e:EncryptionMethod>", 1);
    assert_eq!(code(&label, &signer), "key_transport_alg");
    for other in [
        "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
        "http://www.w3.org/2009/xmlenc11#aes192-gcm",
        "",
    ] {
        assert_eq!(code(&token.replace(GCM_256, other), &signer), "encryption_alg", "{other}");
    }
}

#[test]
fn wsf_15_what_is_encrypted_must_be_signed() {
    let signer = Signer::p256();
    let sealed = |text: &str, cipher| encrypted(text.as_bytes(), (OAEP, ""), cipher);
    let signed = signer.sign(V2_0);
    for cipher in [GCM_256, CBC_256] {
        let told = |code_of_gcm| if cipher == GCM_256 { code_of_gcm } else { "decryption" };
        assert_eq!(code(&sealed(&V2_0.replace(PLACE, ""), cipher), &signer), told("unsigned"));
        assert_eq!(code(&sealed(&Signer::p256().sign(V2_0), cipher), &signer), told("signature_value"));
        assert_eq!(code(&sealed(&signed.replace("ann", "admin"), cipher), &signer), told("digest_value"));
        let nested = encrypted(signed.as_bytes(), (OAEP, ""), cipher);
        assert_eq!(code(&sealed(&nested, cipher), &signer), told("token_type"));
        let other = signer.sign(&V2_0.replace("urn:example:app", "urn:example:other"));
        assert_eq!(code(&sealed(&other, cipher), &signer), "audience", "what is authentic is judged aloud");
    }
}

#[test]
fn wsf_15_what_was_hidden_goes_through_the_gate_too() {
    let signer = Signer::p256();
    let with_doctype = format!("<!DOCTYPE a>{}", signer.sign(V2_0));
    for (text, code_of_gcm) in [
        (with_doctype.as_bytes(), "markup_declaration"),
        (b"not markup", "not_well_formed"),
        (b"\xff\xff", "encoding"),
        (b"", "not_well_formed"),
    ] {
        assert_eq!(code(&encrypted(text, (OAEP, ""), GCM_256), &signer), code_of_gcm);
        assert_eq!(code(&encrypted(text, (OAEP, ""), CBC_256), &signer), "decryption", "CBC tells nothing");
    }
}

#[test]
fn wsf_15_whatever_bytes_are_altered_the_answer_is_the_same() {
    let signer = Signer::p256();
    let signed = signer.sign(V2_0);
    let value = |token: &str, which: usize| {
        let at = token.match_indices("<e:CipherValue>").nth(which).unwrap().0 + 15;
        let end = at + token[at..].find('<').unwrap();
        (at..end, BASE64_STANDARD.decode(&token[at..end]).unwrap())
    };
    for cipher in [GCM_256, CBC_256] {
        let token = encrypted(signed.as_bytes(), (OAEP, ""), cipher);
        for which in [0, 1] {
            let (range, bytes) = value(&token, which);
            let with = |bytes: &[u8]| {
                format!("{}{}{}", &token[..range.start], BASE64_STANDARD.encode(bytes), &token[range.end..])
            };
            let mut codes = std::collections::BTreeSet::new();
            for position in [0, 5, 17, 33, bytes.len() / 2, bytes.len() - 17, bytes.len() - 1] {
                let mut altered = bytes.clone();
                altered[position] ^= 0x80;
                codes.insert(code(&with(&altered), &signer));
            }
            for length in [0, 1, 12, 16, 27, 28, 31, 32, bytes.len() - 16, bytes.len() - 1] {
                codes.insert(code(&with(&bytes[..length]), &signer));
            }
            assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["decryption"], "{cipher}, value {which}");
        }
    }
}

#[test]
fn wsf_15_the_shape_is_one() {
    let signer = Signer::p256();
    let token = encrypted(signer.sign(V2_0).as_bytes(), (OAEP, ""), GCM_256);
    let reference = "<e:CipherReference URI=\"http://example.com\"/>";
    let shapes = [
        token.replacen("<e:CipherValue>", &format!("{reference}<e:CipherValue>"), 1),
        token.replacen("<X509Data/>", "<RetrievalMethod URI=\"#x\"/>", 1),
        token.replace("#Element", "#Content"),
        token.replace("<e:EncryptedKey>", "<KeyName>x</KeyName><e:EncryptedKey>"),
        token.replace("</e:EncryptedKey>", "</e:EncryptedKey><e:EncryptedKey/>"),
        token.replacen("<e:CipherValue>", "<e:CipherValue>!", 1),
        token.replacen("<e:CipherData>", "<e:CipherData/><e:CipherData>", 1),
        encrypted_assertion(&format!("{token}<a/>")),
        encrypted_assertion(""),
    ];
    for shape in shapes {
        assert_eq!(code(&shape, &signer), "encryption_shape", "{shape}");
    }
    assert_eq!(code(&encrypted_assertion(&format!("{token}{token}")), &signer), "encryption_shape");
    let nested = token.replacen("<X509Data/>", &format!("<e:EncryptedData xmlns:e=\"{XENC}\"/>"), 1);
    assert_eq!(code(&nested, &signer), "assertion_count");
    let with_assertion = token.replacen("<X509Data/>", &V2_0.replace(PLACE, ""), 1);
    assert_eq!(code(&with_assertion, &signer), "assertion_count");
    let with_signature = token.replacen("<X509Data/>", "<Signature/>", 1);
    assert_eq!(code(&with_signature, &signer), "signature_count");
}

#[test]
fn wsf_15_our_own_keys_are_rsa_and_stay_secret() {
    let pkcs8 = private(0);
    let keys = DecryptionKeys::from_pem(&[pem(pkcs8)]).unwrap();
    assert_eq!(format!("{keys:?}"), "DecryptionKeys { count: 1 }");
    let code = |pems: &[SecretString]| DecryptionKeys::from_pem(pems).unwrap_err();
    assert_eq!(code(&[]), DecryptionKeyError::Count);
    assert_eq!(code(&[pem(pkcs8), pem(pkcs8), pem(pkcs8), pem(pkcs8)]), DecryptionKeyError::Count);
    let ecdsa = rcgen::KeyPair::generate().unwrap().serialize_der();
    assert_eq!(code(&[pem(&ecdsa)]), DecryptionKeyError::Unusable);
    assert_eq!(code(&["".into()]), DecryptionKeyError::Unusable);
    assert_eq!(code(&[pem(&pkcs8[..100])]), DecryptionKeyError::Unusable);
    let two = format!("{}{}", pem(pkcs8).expose_secret(), pem(pkcs8).expose_secret());
    assert_eq!(code(&[two.into()]), DecryptionKeyError::Unusable);
}
