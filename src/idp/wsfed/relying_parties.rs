//! Which relying parties there are: the registered ones and, unless strict, everyone.

use std::collections::BTreeMap;

use url::Url;

use super::super::clients::is_harmless;
use super::super::sso::SsoSession;
use super::token_policy::{PolicyChange, TokenPolicy};
use crate::issuer::xml_encryption::{Cipher, Recipient};

/// A registered relying party.
#[derive(Clone, Debug)]
pub(crate) struct RelyingParty {
    /// Where its tokens may be posted, and browsers return to; the first is meant where none is named.
    pub(crate) reply_urls: Vec<String>,
    /// Where it cleans up after a sign-out.
    pub(crate) cleanup_url: Option<String>,
    /// Whom its tokens are encrypted for.
    pub(crate) encryption: Option<(Recipient, Cipher)>,
    /// How its tokens differ from those of others.
    pub(crate) tokens: PolicyChange,
}

/// The relying parties of a tenant, by realm.
#[derive(Debug)]
pub(crate) struct RelyingParties {
    strict: bool,
    pub(crate) registered: BTreeMap<String, RelyingParty>,
    /// What tokens look like for those who are not registered, or not told otherwise.
    pub(crate) tokens: TokenPolicy,
}

impl RelyingParties {
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, registered: BTreeMap::new(), tokens: TokenPolicy::default() }
    }

    /// Where the browser may go for a relying party: byte for byte what is registered. Whoever is not registered may,
    /// in an open tenant, name any harmless address, and be one.
    pub(crate) fn reply_for(&self, realm: &str, reply: Option<&str>) -> Option<String> {
        match self.registered.get(realm) {
            Some(party) => {
                let fits = |url: &&String| reply.is_none_or(|reply| reply == url.as_str());
                party.reply_urls.iter().find(fits).cloned()
            }
            None if self.strict || Url::parse(realm).is_err() => None,
            None => Some(reply.unwrap_or(realm)).filter(|url| is_harmless(url)).map(str::to_owned),
        }
    }

    /// Whether any registered relying party has this address.
    pub(crate) fn anyone_replies_at(&self, url: &str) -> bool {
        self.registered.values().any(|party| party.reply_urls.iter().any(|reply| reply == url))
    }

    /// What tokens for a relying party look like.
    pub(crate) fn tokens_for(&self, realm: &str) -> TokenPolicy {
        self.registered
            .get(realm)
            .map_or_else(|| self.tokens.clone(), |party| party.tokens.apply(&self.tokens))
    }

    /// Whom tokens for a relying party are encrypted for, if at all.
    pub(crate) fn recipient_for(&self, realm: &str) -> Option<(Recipient, Cipher)> {
        self.registered.get(realm)?.encryption.clone()
    }

    /// What a sign-out page shows in frames.
    pub(crate) fn clean_ups(&self, session: &SsoSession) -> Vec<Url> {
        let of_realm = |realm: &String| {
            let mut url = Url::parse(self.registered.get(realm)?.cleanup_url.as_ref()?).ok()?;
            url.query_pairs_mut().append_pair("wa", "wsignoutcleanup1.0");
            Some(url)
        };
        session.realms.iter().filter_map(of_realm).collect()
    }
}
