//! Kinds of clients for which inactivity or the longest length do not count (row C15): judged at the sign-in, kept with the
//! session.

use crate::session::judged::Exempt;

/// One rule. What it names must all be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemption {
    /// Its name, as `explain` shows it.
    pub name: String,
    /// Inactivity does not count.
    pub from_inactivity: bool,
    /// `max_length` does not count.
    pub from_max_length: bool,
    /// The address that the sign-in leads to has this host…
    pub host: Option<String>,
    /// …and lies at or under this path.
    pub path: Option<String>,
    /// `User-Agent` has this in it; capitals do not matter.
    pub user_agent: Option<String>,
    /// A header, by lower-case name, has this very value.
    pub header: Option<(String, String)>,
}

/// What a sign-in looks like to the rules.
pub struct Client<'a> {
    /// The host of the address that it leads to.
    pub host: &'a str,
    /// The path of that address.
    pub path: &'a str,
    /// The value of a header, by lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

impl Exemption {
    fn fits(&self, client: &Client<'_>) -> bool {
        let host = self.host.as_ref().is_none_or(|host| host.eq_ignore_ascii_case(client.host));
        let path = self.path.as_ref().is_none_or(|path| is_at_or_under(client.path, path));
        let agent = self.user_agent.as_ref().is_none_or(|part| {
            let agent = (client.header)("user-agent").unwrap_or_default().to_ascii_lowercase();
            agent.contains(&part.to_ascii_lowercase())
        });
        let header = self
            .header
            .as_ref()
            .is_none_or(|(name, value)| (client.header)(name).as_deref() == Some(value.as_str()));
        host && path && agent && header
    }
}

/// The first rule that fits.
#[must_use]
pub fn exempt(rules: &[Exemption], client: &Client<'_>) -> Option<Exempt> {
    rules.iter().find(|rule| rule.fits(client)).map(|rule| Exempt {
        rule: rule.name.clone(),
        from_inactivity: rule.from_inactivity,
        from_max_length: rule.from_max_length,
    })
}

/// Does `path` lie at or under `base`? `/api` covers `/api` and `/api/x`, not `/apix`.
#[must_use]
pub fn is_at_or_under(path: &str, base: &str) -> bool {
    let base = base.trim_end_matches('/');
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(rule: &Exemption, host: &str, path: &str, agent: &str) -> bool {
        let header = |name: &str| (name == "user-agent").then(|| agent.to_owned());
        exempt(std::slice::from_ref(rule), &Client { host, path, header: &header }).is_some()
    }

    #[test]
    fn c15_all_that_a_rule_names_must_be_so() {
        let rule = Exemption {
            host: Some("m.example.com".into()),
            path: Some("/mail/".into()),
            user_agent: Some("Outlook-iOS".into()),
            ..Exemption::default()
        };
        assert!(fits(&rule, "M.example.com", "/mail/inbox", "Outlook-iOS/4.2"));
        assert!(fits(&rule, "m.example.com", "/mail", "outlook-ios"));
        assert!(!fits(&rule, "example.com", "/mail", "Outlook-iOS"));
        assert!(!fits(&rule, "m.example.com", "/mailbox", "Outlook-iOS"));
        assert!(!fits(&rule, "m.example.com", "/mail", "Firefox"));
    }

    #[test]
    fn c15_a_header_counts_only_with_its_very_value() {
        let rule = Exemption { header: Some(("x-client".into(), "tablet".into())), ..Exemption::default() };
        let with = |value: Option<&'static str>| {
            let header = |name: &str| value.filter(|_| name == "x-client").map(str::to_owned);
            exempt(std::slice::from_ref(&rule), &Client { host: "a", path: "/", header: &header }).is_some()
        };
        assert!(with(Some("tablet")) && !with(Some("tablet2")) && !with(None));
    }
}
