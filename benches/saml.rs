//! What the verification of a token costs: `wresult` of 5 KB, signed with RSA of 2048 bits, against the bare verification
//! of its signature. Prints the microseconds of the former and the ratio, the medians of many batches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hourgate::saml::{Expected, TrustedKeys, canonical, gate, instant};
use hourgate::wsfed::response;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use x509_parser::prelude::{FromDer, X509Certificate};

/// A token of Azure AD, from 2017.
const TOKEN: &str = include_str!("../tests/saml/microsoft/Saml2Token_Valid.xml");
const SIZE: usize = 5 * 1024;
const BATCHES: usize = 2000;
/// So few that a batch is seldom interrupted.
const BATCH: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let certificate = BASE64_STANDARD.decode(between("<X509Certificate>", "<").ok_or("no certificate")?)?;
    let keys = TrustedKeys::from_certificates([&certificate])?;
    let now = instant::parse("2017-03-20T15:52:31.957Z").ok_or("no instant")?;
    let expected = Expected {
        issuer: "https://sts.windows.net/add29489-7269-41f4-8841-b63c95564420/",
        audience: "spn:fe78e0b4-6fe7-47e6-812c-fb75cee266a4",
        keys: &keys,
        decryption: None,
        accepts_sha1: false,
        accepts_cbc: false,
        requires_bearer: true,
        longest_life: Duration::from_secs(24 * 3600),
        skew: Duration::from_secs(60),
    };
    let wresult = wresult();
    response::verify(&wresult, &expected, now)?;

    let gated = gate::admit(TOKEN.as_bytes(), gate::LARGEST_TOKEN)?;
    let document = gated.parse()?;
    let signed_info = document.descendants().find(|node| node.tag_name().name() == "SignedInfo");
    let signed_info = canonical::canonical(signed_info.ok_or("no SignedInfo")?, None, &[], usize::MAX)?;
    let signature = BASE64_STANDARD.decode(between("<SignatureValue>", "<").ok_or("no signature")?)?;
    let (_, certificate) = X509Certificate::from_der(&certificate)?;
    let key = &certificate.public_key().subject_public_key.data;
    let bare = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    bare.verify(signed_info.as_bytes(), &signature).map_err(|_| "the signature is not good")?;

    let token = micros(|| response::verify(black_box(&wresult), &expected, now).is_ok());
    let bare = micros(|| bare.verify(black_box(signed_info.as_bytes()), &signature).is_ok());
    #[expect(clippy::print_stdout, reason = "what is measured goes to whoever asked")]
    {
        println!("{token:.1} {:.2}", token / bare);
    }
    Ok(())
}

fn between(start: &str, end: &str) -> Option<&'static str> {
    Some(TOKEN.split_once(start)?.1.split_once(end)?.0)
}

/// The token in a response, which the things that AD FS adds make as large as it shall be.
fn wresult() -> String {
    let around = |filling: &str| {
        format!(
            r#"<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:RequestedSecurityToken>{TOKEN}</t:RequestedSecurityToken><t:TokenType>{filling}</t:TokenType></t:RequestSecurityTokenResponse>"#
        )
    };
    around(&"x".repeat(SIZE.saturating_sub(around("").len())))
}

/// What one call takes, in microseconds.
fn micros(mut call: impl FnMut() -> bool) -> f64 {
    let mut batches: Vec<Duration> = (0..BATCHES)
        .map(|_| {
            let begun = Instant::now();
            let all_good = (0..BATCH).all(|_| black_box(call()));
            assert!(all_good, "what was measured has failed");
            begun.elapsed()
        })
        .collect();
    batches.sort_unstable();
    batches[BATCHES / 2].as_secs_f64() * 1e6 / f64::from(BATCH)
}
