//! Kinds of clients for which inactivity or the longest length do not count (row C15): judged at each request.

/// One rule. What it names must all be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemption {
    /// Its name, as `explain` shows it.
    pub name: String,
    /// Inactivity does not count.
    pub from_inactivity: bool,
    /// `max_length` does not count.
    pub from_max_length: bool,
    /// The request is for this host…
    pub host: Option<String>,
    /// …and for this path, or what lies under it.
    pub path: Option<String>,
    /// `User-Agent` has this in it; capitals do not matter.
    pub user_agent: Option<String>,
    /// A header, by lower-case name, has this very value.
    pub header: Option<(String, String)>,
}

/// What a request looks like to the rules.
pub struct Client<'a> {
    /// The host that it is for.
    pub host: &'a str,
    /// The path that it is for.
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

/// What does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exempt {
    /// Inactivity does not count.
    pub from_inactivity: bool,
    /// `max_length` does not count.
    pub from_max_length: bool,
}

/// What the rules that fit make of a request together.
#[must_use]
pub fn exempt(rules: &[Exemption], client: &Client<'_>) -> Exempt {
    together(rules.iter().filter(|rule| rule.fits(client)))
}

/// What does not count for some client or other. The background sees none, so it leaves to the requests what the rules speak of.
#[must_use]
pub fn exempt_somebody(rules: &[Exemption]) -> Exempt {
    together(rules.iter())
}

fn together<'a>(rules: impl Iterator<Item = &'a Exemption>) -> Exempt {
    rules.fold(Exempt::default(), |all, rule| Exempt {
        from_inactivity: all.from_inactivity || rule.from_inactivity,
        from_max_length: all.from_max_length || rule.from_max_length,
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
        exempt(std::slice::from_ref(rule), &Client { host, path, header: &header }).from_inactivity
    }

    #[test]
    fn c15_all_that_a_rule_names_must_be_so() {
        let rule = Exemption {
            from_inactivity: true,
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
        let header = Some(("x-client".into(), "tablet".into()));
        let rule = Exemption { from_inactivity: true, header, ..Exemption::default() };
        let with = |value: Option<&'static str>| {
            let header = |name: &str| value.filter(|_| name == "x-client").map(str::to_owned);
            exempt(std::slice::from_ref(&rule), &Client { host: "a", path: "/", header: &header })
                .from_inactivity
        };
        assert!(with(Some("tablet")) && !with(Some("tablet2")) && !with(None));
    }
}
