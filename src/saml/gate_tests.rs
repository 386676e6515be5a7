//! What is refused before there is a parser.

use super::*;

fn code(document: &str) -> &'static str {
    match admit(document.as_bytes(), LARGEST_TOKEN).and_then(|gated| gated.parse().map(|_| ())) {
        Ok(()) => "ok",
        Err(error) => error.code(),
    }
}

#[test]
fn wsf_05_comments_sections_and_instructions_are_refused_wherever_they_stand() {
    for text in ["<a>admin<!-- -->.evil</a>", "<a><![CDATA[admin]]></a>", "<!-- --><a/>", "<a b='<!'/>"] {
        assert_eq!(code(text), "markup_declaration", "{text}");
    }
    for text in [
        "<a>admin<?x?>.evil</a>",
        "<?xml-stylesheet href='x'?><a/>",
        "<a/><?x?>",
        " <?xml version='1.0'?><a/>",
    ] {
        assert_eq!(code(text), "processing_instruction", "{text}");
    }
}

#[test]
fn wsf_09_a_document_type_is_refused_whatever_it_declares() {
    let external = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#;
    let bomb = r#"<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><a>&b;</a>"#;
    for text in [external, bomb, "<!DOCTYPE a><a/>", "<?xml version='1.0'?><!DOCTYPE a><a/>"] {
        assert_eq!(code(text), "markup_declaration");
    }
    assert_eq!(code("<a>&x;</a>"), "not_well_formed");
}

#[test]
fn wsf_09_depth_attributes_namespaces_nodes_and_size_have_bounds() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(code(&nested(64)), "ok");
    assert_eq!(code(&nested(65)), "depth");
    assert_eq!(code(&format!("{}<a/>{}", "<a>".repeat(64), "</a>".repeat(64))), "depth");
    assert_eq!(code(&"<a>".repeat(80_000)), "depth");

    let attributes = |count| {
        let attributes: Vec<_> = (0..count).map(|n| format!("a{n}=\"a=b>\"")).collect();
        format!("<a {}/>", attributes.join(" "))
    };
    assert_eq!(code(&attributes(64)), "ok");
    assert_eq!(code(&attributes(65)), "attribute_count");

    let declared = |count| {
        let open: String = (0..count).map(|n| format!("<a xmlns:p{n} = 'urn:{n}'>")).collect();
        format!("{open}{}", "</a>".repeat(count))
    };
    assert_eq!(code(&declared(64)), "ok");
    let both = declared(64).replacen("<a ", "<a xmlns='urn:a' ", 1);
    assert_eq!(code(&both), "attribute_count");
    let siblings = |count| format!("<a>{}</a>", "<a xmlns='urn:a'/>".repeat(count));
    assert_eq!(code(&siblings(512)), "ok");
    assert_eq!(code(&siblings(513)), "attribute_count");
    assert!(admit(siblings(2048).as_bytes(), 4 * LARGEST_TOKEN).is_ok(), "where more may be said");

    for name in ["xmlns:p", "xmlns"] {
        let long = |length: usize| format!("<a b='{0}' {name} = '{0}' c='{0}c'/>", "x".repeat(length));
        assert_eq!(code(&long(512)), "ok");
        assert_eq!(code(&long(513)), "namespace_length");
        assert_eq!(code(&long(513).replace('\'', "\"")), "namespace_length");
    }

    assert_eq!(code(&format!("<a>{}</a>", "<a/>".repeat(40_000))), "not_well_formed");
    assert_eq!(code(&format!("<a>{}</a>", " ".repeat(LARGEST_TOKEN))), "too_large");
}

#[test]
fn wsf_02_only_utf_8_is_taken_and_only_xml_1_0_may_be_declared() {
    let fine = [
        "<?xml version=\"1.0\"?><a/>",
        "<?xml version='1.0' encoding='utf-8'?>\r\n<a/>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\" ?><a/>",
        "\u{feff}<a/>",
        "\u{feff}<?xml version='1.0'?><a/>",
    ];
    for text in fine {
        assert_eq!(code(text), "ok", "{text}");
    }
    let strange = [
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.0' encoding='utf-16'?><a/>",
        "<?xml version='1.0' encoding='utf-7'?><a/>",
        "<?xml encoding='utf-8'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
        "<?xml version='1.0' encoding='utf-8' encoding='utf-8'?><a/>",
        "<?xml?><a/>",
        "<?xml version='1.0'",
        "<?XML version='1.0'?><a/>",
    ];
    for text in strange {
        assert_eq!(code(text), "processing_instruction", "{text}");
    }
    assert!(matches!(admit(b"<a>\xff</a>", 100), Err(DocumentError::Encoding)));
    let utf_16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(admit(&utf_16, 100).and_then(|gated| gated.parse().map(|_| ())).is_err());
    assert_eq!(code("<a>\0</a>"), "not_well_formed");
}

#[test]
fn wsf_02_what_no_two_readers_would_read_alike_is_not_well_formed() {
    let strange = [
        "",
        "no markup",
        "<a",
        "<a b='>",
        "<a <b/>",
        "<a></b>",
        "</a>",
        "<a/><a/>",
        "<a/>text",
        "<a b='1' b='2'/>",
        "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
        "<x:a/>",
        "<a x:b=''/>",
        "<a xmlns:x=''/>",
        "<a xmlns:x = \"\"/>",
        "<a b=1/>",
        "<1a/>",
        "<a:/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:xml='urn:x'/>",
        "<xmlns:a/>",
        "<a>&#0;</a>",
        "<a>]]></a>",
    ];
    for text in strange {
        assert_eq!(code(text), "not_well_formed", "{text}");
    }
}

#[test]
fn line_ends_are_lf_also_beside_references() {
    let gated = admit(b"<a b='\r\n'>\r\r&amp;\r\n&#13;</a>", 100).unwrap();
    let document = gated.parse().unwrap();
    assert_eq!(document.root_element().text(), Some("\n\n&\n\r"));
    assert_eq!(document.root_element().attribute("b"), Some(" "));
}
