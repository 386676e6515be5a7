//! A relying party of WS-Federation, as far as the tests of the test IdP need one.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use roxmltree::{Document, Node};
use url::form_urlencoded;

use crate::house::{Browser, House, Reply};

pub(crate) const REALM: &str = "urn:app";
pub(crate) const REPLY: &str = "http://app.localhost:8080/wsfed?x=1";
pub(crate) const CONTEXT: &str = "rm=0&id=1 <\"'>";
pub(crate) const METADATA: &str = "/t1/FederationMetadata/2007-06/FederationMetadata.xml";

/// A good sign-in request, with changes: a value replaces, an empty one takes away.
pub(crate) fn asking(changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![("wa", "wsignin1.0"), ("wtrealm", REALM), ("wreply", REPLY), ("wctx", CONTEXT)];
    pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Browser<'_> {
    /// Is sent to sign in.
    pub(crate) async fn ask(&mut self, changes: &[(&str, &str)]) -> Reply {
        self.go(Method::GET, &format!("/t1/wsfed?{}", asking(changes)), &[]).await
    }

    /// Presses a button of the login page that a relying party led to.
    pub(crate) async fn choose(&mut self, button: (&str, &str), changes: &[(&str, &str)]) -> Reply {
        self.go(Method::POST, "/t1/login", &[("request", &asking(changes)), button]).await
    }
}

impl House {
    /// A token of a new sign-in, without a page.
    pub(crate) async fn token(&self, user: &str, changes: &[(&str, &str)]) -> Token {
        let auto = [("login_hint", user), ("hourgate_auto", "1")];
        let page = Browser::new(self).ask(&[&auto, changes].concat()).await;
        Posted::read(&page).unwrap_or_else(|| panic!("{page:?}")).token()
    }

    /// The certificates that the metadata publish for signing (DER).
    pub(crate) async fn certificates(&self) -> Vec<Vec<u8>> {
        let metadata = self.get(METADATA).await.body;
        let document = Document::parse(&metadata).unwrap();
        let signing = |node: &Node<'_, '_>| node.attribute("use") == Some("signing");
        let texts = document.descendants().filter(signing).map(|node| text_of(&node));
        texts.map(|text| BASE64_STANDARD.decode(text).unwrap()).collect()
    }
}

/// The form that a page sends by itself.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Posted {
    pub(crate) fn read(page: &Reply) -> Option<Self> {
        let form = &page.body[page.body.find("<form ")?..];
        let is_sent = form.split('>').next()?.contains("data-testid=\"form-post\"");
        let inputs = form.split("<input ").skip(1);
        let fields = inputs.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        is_sent.then(|| Self { action: attribute(form, "action"), fields })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn token(&self) -> Token {
        Token(self.get("wresult").unwrap().to_owned())
    }
}

fn attribute(html: &str, name: &str) -> String {
    let value = html.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap();
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#13;", "\r"), ("&#38;", "&")]
        .iter()
        .fold(value.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

fn text_of(node: &Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// What was posted as `wresult`.
#[derive(Clone, Debug)]
pub(crate) struct Token(pub(crate) String);

impl Token {
    fn read<T>(&self, what: impl FnOnce(&Document<'_>) -> T) -> T {
        what(&Document::parse(&self.0).unwrap_or_else(|error| panic!("{error}: {}", self.0)))
    }

    /// The text of the first element of that name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.read(|document| {
            document.descendants().find(|node| node.has_tag_name_here(name)).map(|node| text_of(&node))
        })
    }

    /// An attribute of the first element of that name.
    pub(crate) fn attribute(&self, element: &str, name: &str) -> Option<String> {
        self.read(|document| {
            let found = document.descendants().find(|node| node.has_tag_name_here(element))?;
            found.attribute(name).map(str::to_owned)
        })
    }

    /// How many elements of that name there are.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.read(|document| document.descendants().filter(|node| node.has_tag_name_here(name)).count())
    }

    pub(crate) fn root(&self) -> (String, String) {
        self.read(|document| {
            let name = document.root_element().tag_name();
            (name.namespace().unwrap_or_default().to_owned(), name.name().to_owned())
        })
    }

    pub(crate) fn name_id(&self) -> Option<String> {
        self.text("NameID").or_else(|| self.text("NameIdentifier"))
    }

    /// Claims by URI.
    pub(crate) fn claims(&self) -> BTreeMap<String, Vec<String>> {
        self.read(|document| {
            let attributes = document.descendants().filter(|node| node.has_tag_name_here("Attribute"));
            let claim = |node: Node<'_, '_>| {
                let name = match (node.attribute("Name"), node.attribute("AttributeNamespace")) {
                    (Some(name), _) => name.to_owned(),
                    (None, Some("")) => node.attribute("AttributeName").unwrap().to_owned(),
                    (None, namespace) => {
                        format!("{}/{}", namespace.unwrap(), node.attribute("AttributeName").unwrap())
                    }
                };
                (name, node.children().map(|value| text_of(&value)).collect())
            };
            attributes.map(claim).collect()
        })
    }
}

trait Named {
    fn has_tag_name_here(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    fn has_tag_name_here(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

/// What xmlsec1, which nobody here wrote, says of the first signature in a document, taking one certificate (DER).
pub(crate) fn judged(document: &str, certificate: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (file, trusted) = (folder.path().join("document.xml"), folder.path().join("trusted.der"));
    fs::write(&file, document).unwrap();
    fs::write(&trusted, certificate).unwrap();
    let mut judge = Command::new("xmlsec1");
    judge.arg("--verify").args(["--enabled-reference-uris", "same-doc"]);
    for (name, element) in [
        ("AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"),
        ("ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"),
        ("ID", "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor"),
    ] {
        judge.args([&format!("--id-attr:{name}"), element]);
    }
    let judged = judge.arg("--trusted-der").arg(trusted).arg(file).output();
    let judged = judged.unwrap_or_else(|error| panic!("xmlsec1: {error}; tests/run installs it"));
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    if judged.status.success() { Ok(()) } else { Err(said) }
}
