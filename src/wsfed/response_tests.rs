//! What a response may not get away with. The full corpus is in `tests/saml`; here is one of each kind.

use std::time::Duration;

use super::*;
use crate::saml::samples::{self, ISSUER, PLACE, REALM, Signer, V1_1, V2_0, at, expected, now, wresult};
use crate::saml::{Expected, Version};

const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const GROUPS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";

fn verdict(wresult: &str, signer: &Signer) -> &'static str {
    verify(wresult, &expected(&signer.keys()), now()).map_or_else(AssertionError::code, |_| "ok")
}

/// The code for a sample that was changed before it was signed.
fn changed(sample: &str, from: &str, to: &str) -> &'static str {
    assert!(sample.contains(from), "{from}");
    let signer = Signer::p256();
    verdict(&wresult(&signer.sign(&sample.replace(from, to))), &signer)
}

fn judged(sample: &str, adjust: impl FnOnce(&mut Expected<'_>), now: &str) -> &'static str {
    let signer = Signer::p256();
    let keys = signer.keys();
    let mut expected = expected(&keys);
    adjust(&mut expected);
    verify(&wresult(&signer.sign(sample)), &expected, at(now)).map_or_else(AssertionError::code, |_| "ok")
}

fn signature_of(signed: &str) -> &str {
    &signed[signed.find("<Signature ").unwrap()..signed.find("</Signature>").unwrap() + 12]
}

#[test]
fn both_versions_of_saml_are_read() {
    let signer = Signer::rsa();
    for (sample, version) in [(V1_1, Version::V1_1), (V2_0, Version::V2_0)] {
        let said = verify(&wresult(&signer.sign(sample)), &expected(&signer.keys()), now()).unwrap();
        let is_2_0 = version == Version::V2_0;
        assert_eq!((said.version(), said.issuer(), said.name_id()), (version, ISSUER, Some("ann")));
        assert_eq!(said.id(), if is_2_0 { "_a2" } else { "_a1" });
        assert_eq!(
            (said.claim(UPN), said.claim(GROUPS), said.claim("none")),
            (Some("ann@example.com"), None, None)
        );
        assert_eq!(said.claims()[GROUPS], ["Ops", "Dev"]);
        assert_eq!(said.issued_at(), at("2026-11-22T12:00:00Z"));
        assert_eq!(said.expires_at(), at("2026-11-22T13:00:00Z"));
        assert_eq!(said.authenticated_at(), Some(at("2026-11-22T11:59:30Z")));
        assert!(said.authentication_method().unwrap().to_lowercase().ends_with("password"));
        assert_eq!(said.session_index(), is_2_0.then_some("_s"));
        assert_eq!(said.session_ends(), is_2_0.then_some(at("2026-11-22T20:00:00Z")));
    }
}

#[test]
fn both_versions_of_ws_trust_are_read() {
    let signer = Signer::p256();
    let plain = wresult(&signer.sign(V1_1));
    let newer = plain.replace(TRUST_2005, TRUST_1_3);
    let collection = |trust: &str, responses: &str| {
        format!(
            "<c:RequestSecurityTokenResponseCollection xmlns:c=\"{trust}\">{responses}</c:RequestSecurityTokenResponseCollection>"
        )
    };
    assert_eq!(verdict(&newer, &signer), "ok");
    assert_eq!(verdict(&collection(TRUST_1_3, &newer), &signer), "ok");
    assert_eq!(verdict(&collection(TRUST_2005, &plain), &signer), "root");
    assert_eq!(verdict(&collection(TRUST_1_3, &plain), &signer), "rstr_count");
    assert_eq!(verdict(&collection(TRUST_1_3, ""), &signer), "rstr_count");
    assert_eq!(
        verdict(&collection(TRUST_1_3, &format!("{newer}{}", newer.replace("_a1", "_a9"))), &signer),
        "rstr_count"
    );
    assert_eq!(verdict(&plain.replace(TRUST_2005, "urn:x"), &signer), "root");
    assert_eq!(
        verdict(&plain.replacen("<t:Requested", "<t:RequestSecurityTokenResponse/><t:Requested", 1), &signer),
        "rstr_count"
    );
}

#[test]
fn what_is_no_response_has_a_reason_of_its_own() {
    let signer = Signer::p256();
    let bare = signer.sign(V2_0);
    let soap = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault/></s:Body></s:Envelope>";
    let binary = "<o:BinarySecurityToken xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">eyJ</o:BinarySecurityToken>";
    assert_eq!(verdict(&bare, &signer), "bare_assertion");
    assert_eq!(verdict(soap, &signer), "soap_fault");
    assert_eq!(verdict(&wresult(binary), &signer), "token_type");
    assert_eq!(verdict("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", &signer), "token_type");
    assert_eq!(verdict("<a/>", &signer), "root");
    assert_eq!(verdict("", &signer), "not_well_formed");
    assert_eq!(
        verdict(&wresult(&bare.replace("SAML:2.0:assertion", "SAML:2.0:other")), &signer),
        "token_type"
    );
}

#[test]
fn what_the_browser_and_pretty_printers_do_to_line_ends_is_no_harm() {
    let signer = Signer::p256();
    let pretty = V1_1.replace("><", ">\n  <");
    let signed = wresult(&signer.sign(&pretty)).replace('\n', "\r\n");
    assert_eq!(
        verdict(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n{signed}\r\n"), &signer),
        "ok"
    );
}

#[test]
fn wsf_01_the_eight_ways_to_wrap_a_signed_assertion_fail_in_both_versions() {
    let signer = Signer::p256();
    for sample in [V1_1, V2_0] {
        let signed = signer.sign(sample);
        let signature = signature_of(&signed);
        let original = signed.replace(signature, "");
        for id in ["_a1", "_evil"] {
            let evil = original.replace("ann", "admin").replace("_a1", id).replace("_a2", id);
            let (head, tail) = evil.split_at(evil.rfind("</").unwrap());
            let (open, rest) = head.split_at(head.find('>').unwrap() + 1);
            let in_object = |what: &str| {
                signature.replace("</Signature>", &format!("<Object>{what}</Object></Signature>"))
            };
            let shapes = [
                (format!("{head}{}{tail}", in_object(&original)), "assertion_count"),
                (format!("{signature}{original}{evil}"), "token_count"),
                (format!("{evil}{signed}"), "token_count"),
                (format!("{head}{signed}{tail}"), "assertion_count"),
                (format!("{head}{signature}{tail}{original}"), "token_count"),
                (format!("{open}{}{rest}{tail}", in_object(&original)), "assertion_count"),
                (format!("<Extensions>{evil}</Extensions>{signed}"), "token_count"),
                (format!("{head}{}{tail}", in_object(&signed.replace(signature, ""))), "assertion_count"),
                (format!("{head}<Advice>{signed}</Advice>{tail}"), "assertion_count"),
            ];
            for (number, (tokens, code)) in shapes.iter().enumerate() {
                assert_eq!(verdict(&wresult(tokens), &signer), *code, "shape {}", number + 1);
            }
        }
    }
}

#[test]
fn wsf_03_there_is_one_assertion_in_one_token_in_one_response() {
    let signer = Signer::p256();
    let signed = signer.sign(V2_0);
    let response = wresult(&signed);
    let other = V2_0.replace("_a2", "_a3").replace(PLACE, "");
    let requested = "</t:RequestedSecurityToken>";
    assert_eq!(verdict(&wresult(&format!("{other}{signed}")), &signer), "token_count");
    assert_eq!(verdict(&wresult(""), &signer), "token_count");
    let second = format!("{requested}<t:RequestedSecurityToken>{other}{requested}");
    assert_eq!(verdict(&response.replace(requested, &second), &signer), "token_count");
    let outside = format!("{requested}<t:AppliesTo>{other}</t:AppliesTo>");
    assert_eq!(verdict(&response.replace(requested, &outside), &signer), "token_outside_rst");
    let foreign = format!("{requested}<x:Assertion xmlns:x=\"urn:x\"/>");
    assert_eq!(verdict(&response.replace(requested, &foreign), &signer), "token_outside_rst");
    let signature = format!("{requested}{}", signature_of(&signed));
    assert_eq!(verdict(&response.replace(requested, &signature), &signer), "signature_count");
}

#[test]
fn wsf_04_what_stands_outside_the_signed_part_is_never_read() {
    let signer = Signer::p256();
    let beside = |namespace: &str| {
        let more = format!(
            "<t:Lifetime/><Attribute xmlns=\"{namespace}\" Name=\"role\"><AttributeValue>admin</AttributeValue></Attribute></t:RequestSecurityTokenResponse>"
        );
        wresult(&signer.sign(V2_0)).replace("</t:RequestSecurityTokenResponse>", &more)
    };
    let said = verify(&beside("urn:x"), &expected(&signer.keys()), now()).unwrap();
    assert!(!said.claims().contains_key("role"));
    assert_eq!(verdict(&beside("urn:oasis:names:tc:SAML:2.0:assertion"), &signer), "token_outside_rst");
    let inside = wresult(&signer.sign(V2_0)).replace(
        "<AttributeStatement>",
        "<AttributeStatement><Attribute Name=\"role\"><AttributeValue>admin</AttributeValue></Attribute>",
    );
    assert_eq!(verdict(&inside, &signer), "digest_value");
}

#[test]
fn wsf_04_values_of_one_claim_come_together_in_their_order() {
    let signer = Signer::p256();
    let again = format!(
        "<Attribute Name=\"{GROUPS}\"><AttributeValue>Lab</AttributeValue></Attribute></AttributeStatement>"
    );
    let more = V2_0.replace("</AttributeStatement>", &again);
    let said = verify(&wresult(&signer.sign(&more)), &expected(&signer.keys()), now()).unwrap();
    assert_eq!(said.claims()[GROUPS], ["Ops", "Dev", "Lab"]);
}

#[test]
fn wsf_05_a_name_is_all_of_its_text_or_none() {
    for cut in ["ann<!-- -->.evil", "<![CDATA[ann]]>"] {
        let signer = Signer::p256();
        let response = wresult(&signer.sign(V2_0)).replace(">ann<", &format!(">{cut}<"));
        assert_eq!(verdict(&response, &signer), "markup_declaration");
        assert_eq!(
            verdict(&response.replace("<!-- -->", "<?x?>").replace("<![CDATA[ann]]>", "<?x?>"), &signer),
            "processing_instruction"
        );
    }
    assert_eq!(changed(V2_0, ">ann<", ">ann<b/>.evil<"), "subject");
    assert_eq!(changed(V1_1, ">ann<", ">ann<b/>.evil<"), "subject");
    assert_eq!(changed(V2_0, ">ann@example.com<", ">ann@<b>example</b>.com<"), "attribute");
    assert_eq!(changed(V2_0, ">urn:example:app<", ">urn:example:app<b/><"), "audience");
}

#[test]
fn wsf_10_an_assertion_of_another_issuer_or_for_another_realm_is_refused() {
    for sample in [V1_1, V2_0] {
        assert_eq!(changed(sample, ISSUER, "https://other.example.com"), "issuer");
        assert_eq!(changed(sample, REALM, "urn:example:other"), "audience");
        assert_eq!(changed(sample, ">urn:example:app<", ">urn:example:app <"), "audience");
        assert_eq!(changed(sample, ">urn:example:app<", ">urn:example:APP<"), "audience");
    }
    assert_eq!(changed(V2_0, "</Issuer>", "</Issuer><Issuer>x</Issuer>"), "issuer");
    assert_eq!(changed(V1_1, &format!(" Issuer=\"{ISSUER}\""), ""), "issuer");
}

#[test]
fn wsf_10_every_restriction_holds_and_there_is_one() {
    let (audience, end) = ("<Audience>urn:example:app</Audience>", "</AudienceRestriction>");
    let also = |realm| format!("{end}<AudienceRestriction><Audience>{realm}</Audience>{end}");
    assert_eq!(changed(V2_0, audience, &format!("<Audience>urn:x</Audience>{audience}")), "ok");
    assert_eq!(changed(V2_0, end, &also("urn:x")), "audience");
    assert_eq!(changed(V2_0, end, &also(REALM)), "ok");
    assert_eq!(changed(V2_0, &format!("<AudienceRestriction>{audience}{end}"), ""), "audience");
    assert_eq!(changed(V2_0, audience, ""), "audience");
}

#[test]
fn wsf_10_conditions_are_there_once_and_known() {
    let end = "</Conditions>";
    for harmless in ["<OneTimeUse/>", "<ProxyRestriction Count=\"0\"/>"] {
        assert_eq!(changed(V2_0, end, &format!("{harmless}{end}")), "ok");
        assert_eq!(
            changed(V1_1, "</saml:Conditions>", &format!("{harmless}</saml:Conditions>")),
            "unknown_condition"
        );
    }
    assert_eq!(changed(V1_1, "</saml:Conditions>", "<saml:DoNotCacheCondition/></saml:Conditions>"), "ok");
    assert_eq!(changed(V2_0, end, &format!("<Condition/>{end}")), "unknown_condition");
    assert_eq!(changed(V2_0, end, &format!("<x:OneTimeUse xmlns:x=\"urn:x\"/>{end}")), "unknown_condition");
    assert_eq!(changed(V2_0, end, &format!("{end}<Conditions/>")), "conditions");
    let conditions = &V2_0[V2_0.find("<Conditions").unwrap()..V2_0.find(end).unwrap() + end.len()];
    assert_eq!(changed(V2_0, conditions, ""), "conditions");
}

#[test]
fn wsf_10_there_is_one_subject() {
    assert_eq!(changed(V2_0, "</Subject>", "</Subject><Subject/>"), "subject");
    assert_eq!(changed(V2_0, "</NameID>", "</NameID><NameID>admin</NameID>"), "subject");
    assert_eq!(changed(V2_0, "</NameID>", "</NameID><EncryptedID/>"), "subject");
    let signer = Signer::p256();
    let (first, second) = V1_1.split_once("</saml:AttributeStatement>").unwrap();
    for other in [">admin<", " Format=\"urn:x\">ann<"] {
        let other = format!("{first}</saml:AttributeStatement>{}", second.replace(">ann<", other));
        assert_eq!(verdict(&wresult(&signer.sign(&other)), &signer), "subject");
    }
    let statements = &V1_1[V1_1.find("<saml:AttributeStatement").unwrap()..V1_1.find(PLACE).unwrap()];
    assert_eq!(changed(V1_1, statements, ""), "subject");
    let name = "<saml:NameIdentifier>ann</saml:NameIdentifier>";
    for nameless in [V1_1.replace(name, ""), V1_1.replace(">ann<", "><")] {
        let said = verify(&wresult(&signer.sign(&nameless)), &expected(&signer.keys()), now()).unwrap();
        assert_eq!(said.name_id(), None);
    }
}

#[test]
fn wsf_10_an_assertion_is_for_its_bearer() {
    for sample in [V1_1, V2_0] {
        assert_eq!(changed(sample, ":cm:bearer", ":cm:holder-of-key"), "bearer");
        assert_eq!(changed(sample, ":cm:bearer", ":cm:bearer "), "bearer");
    }
    let confirmation = |sample: &str, from: &str, to: &str| {
        sample[sample.find(from).unwrap()..sample.find(to).unwrap() + to.len()].to_owned()
    };
    let v2 = V2_0.replace(&confirmation(V2_0, "<SubjectConfirmation ", "</SubjectConfirmation>"), "");
    let v1 =
        V1_1.replace(&confirmation(V1_1, "<saml:SubjectConfirmation>", "</saml:SubjectConfirmation>"), "");
    for sample in [&v1, &v2] {
        assert_eq!(judged(sample, |_| {}, "2026-11-22T12:01:00Z"), "bearer");
        assert_eq!(judged(sample, |expected| expected.requires_bearer = false, "2026-11-22T12:01:00Z"), "ok");
    }
    let lenient = |expected: &mut Expected<'_>| expected.requires_bearer = false;
    let holder = V2_0.replace(":cm:bearer", ":cm:holder-of-key");
    assert_eq!(judged(&holder, lenient, "2026-11-22T12:01:00Z"), "bearer", "it says something else");
    // What belongs to the protocol of SAML 2.0 is not ours to judge.
    assert_eq!(
        changed(V2_0, "<SubjectConfirmationData ", "<SubjectConfirmationData Recipient=\"https://x\" "),
        "ok"
    );
}

#[test]
fn wsf_11_an_assertion_counts_from_its_first_instant_to_before_its_last() {
    let minutes =
        "<SubjectConfirmationData NotOnOrAfter=\"2026-11-22T12:05:00.000Z\"></SubjectConfirmationData>";
    let v2 = V2_0.replace(minutes, "");
    for sample in [V1_1, &v2] {
        for (now, code) in [
            ("2026-11-22T11:58:59.999Z", "not_yet_valid"),
            ("2026-11-22T11:59:00.000Z", "ok"),
            ("2026-11-22T13:00:59.999Z", "ok"),
            ("2026-11-22T13:01:00.000Z", "expired"),
        ] {
            assert_eq!(judged(sample, |_| {}, now), code, "{now}");
        }
        let strict = |expected: &mut Expected<'_>| expected.skew = Duration::ZERO;
        for (now, code) in [
            ("2026-11-22T11:59:59.999Z", "not_yet_valid"),
            ("2026-11-22T12:00:00.000Z", "ok"),
            ("2026-11-22T12:59:59.999Z", "ok"),
            ("2026-11-22T13:00:00.000Z", "expired"),
        ] {
            assert_eq!(judged(sample, strict, now), code, "{now}");
        }
    }
    assert_eq!(judged(V2_0, |_| {}, "2026-11-22T12:05:59.999Z"), "ok");
    assert_eq!(judged(V2_0, |_| {}, "2026-11-22T12:06:00.000Z"), "expired", "the confirmation ends");
    assert_eq!(
        changed(
            V2_0,
            "Data NotOnOrAfter=\"2026-11-22T12:05:00.000Z\"",
            "Data NotBefore=\"2026-11-22T12:02:01Z\""
        ),
        "not_yet_valid"
    );
    assert_eq!(
        changed(V2_0, "SessionNotOnOrAfter=\"2026-11-22T20", "SessionNotOnOrAfter=\"2026-11-22T11"),
        "expired"
    );
    assert_eq!(
        changed(V2_0, "IssueInstant=\"2026-11-22T12:00:00", "IssueInstant=\"2026-11-22T12:02:01"),
        "not_yet_valid"
    );
}

#[test]
fn wsf_11_no_assertion_lives_longer_than_it_may() {
    let hour = |expected: &mut Expected<'_>| expected.longest_life = Duration::from_secs(3600);
    let less = |expected: &mut Expected<'_>| expected.longest_life = Duration::from_millis(3_599_999);
    let now = "2026-11-22T12:01:00Z";
    for sample in [V1_1, V2_0] {
        assert_eq!(judged(sample, hour, now), "ok");
        assert_eq!(judged(sample, less, now), "lifetime");
        let earlier =
            sample.replace("IssueInstant=\"2026-11-22T12:00:00", "IssueInstant=\"2026-11-22T11:59:59");
        assert_eq!(judged(&earlier, hour, now), "lifetime", "it counts from when it was issued, too");
        assert_eq!(
            changed(sample, "NotOnOrAfter=\"2026-11-22T13", "NotOnOrAfter=\"2099-11-22T13"),
            "lifetime"
        );
    }
}

#[test]
fn wsf_11_without_its_times_an_assertion_is_refused() {
    for sample in [V1_1, V2_0] {
        assert_eq!(
            changed(sample, "Conditions NotBefore=\"2026-11-22T12:00:00.000Z\"", "Conditions"),
            "times"
        );
        assert_eq!(changed(sample, " NotOnOrAfter=\"2026-11-22T13:00:00.000Z\"", ""), "times");
        assert_eq!(
            changed(sample, "NotOnOrAfter=\"2026-11-22T13:00:00.000Z\"", "NotOnOrAfter=\"tomorrow\""),
            "times"
        );
        assert_eq!(
            changed(
                sample,
                "NotOnOrAfter=\"2026-11-22T13:00:00.000Z\"",
                "NotOnOrAfter=\"2026-11-22T12:00:00Z\""
            ),
            "times"
        );
        assert_eq!(changed(sample, " IssueInstant=\"2026-11-22T12:00:00.000Z\"", ""), "issue_instant");
        assert_eq!(
            changed(
                sample,
                "IssueInstant=\"2026-11-22T12:00:00.000Z\"",
                "IssueInstant=\"2026-11-22T12:00:00\""
            ),
            "issue_instant"
        );
    }
    assert_eq!(
        changed(V2_0, "AuthnInstant=\"2026-11-22T11:59:30.000Z\"", "AuthnInstant=\"\""),
        "authn_statement"
    );
    assert_eq!(changed(V1_1, " AuthenticationInstant=\"2026-11-22T11:59:30.000Z\"", ""), "authn_statement");
    assert_eq!(
        changed(
            V2_0,
            "</AuthnStatement>",
            "</AuthnStatement><AuthnStatement AuthnInstant=\"2026-11-22T11:59:30Z\"/>"
        ),
        "authn_statement"
    );
}

#[test]
fn the_version_is_said() {
    assert_eq!(changed(V2_0, "Version=\"2.0\"", "Version=\"2.1\""), "version");
    assert_eq!(changed(V2_0, " Version=\"2.0\"", ""), "version");
    assert_eq!(changed(V1_1, "MinorVersion=\"1\"", "MinorVersion=\"0\""), "version");
    assert_eq!(changed(V1_1, "MajorVersion=\"1\"", "MajorVersion=\"2\""), "version");
}

#[test]
fn wsf_04_attributes_have_names_and_are_plain() {
    assert_eq!(changed(V2_0, &format!(" Name=\"{UPN}\""), ""), "attribute");
    assert_eq!(changed(V2_0, UPN, ""), "attribute");
    assert_eq!(changed(V1_1, " AttributeName=\"upn\"", ""), "attribute");
    assert_eq!(changed(V1_1, "<saml:AttributeStatement>", "<saml:AttributeStatement><saml:x/>"), "attribute");
    assert_eq!(
        changed(V2_0, "<AttributeStatement>", "<AttributeStatement><EncryptedAttribute/>"),
        "attribute"
    );
}

#[test]
fn only_a_signature_of_no_pinned_key_speaks_of_an_unknown_key() {
    let (pinned, other) = (Signer::p256(), Signer::p256());
    let refusal = |response: &str| verify(response, &expected(&pinned.keys()), now()).unwrap_err();
    assert!(refusal(&wresult(&other.sign(V2_0))).is_unknown_key());
    assert!(!refusal(&wresult(&pinned.sign(V2_0)).replace("ann", "admin")).is_unknown_key());
    assert!(!refusal(&wresult(&samples::V2_0.replace(PLACE, ""))).is_unknown_key());
}

#[test]
fn wsf_15_nothing_of_a_token_is_printed_for_debugging() {
    let signer = Signer::p256();
    let text = wresult(&signer.sign(V2_0));
    let said = verify(&text, &expected(&signer.keys()), now()).unwrap();
    assert_eq!(format!("{said:?}"), "VerifiedAssertion { version: V2_0, .. }");
    let gated = gate::admit(signer.sign(V2_0).as_bytes(), gate::LARGEST_TOKEN).unwrap();
    assert_eq!(format!("{gated:?}"), "Gated { .. }");
    let document = gated.parse().unwrap();
    let signed =
        saml::signature::verify(document.root_element(), "ID", &signer.keys(), false, 10_000).unwrap();
    assert_eq!(format!("{signed:?}"), "Signed { .. }");
}
