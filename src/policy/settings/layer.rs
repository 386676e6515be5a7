//! What was said about the settings at one place, and which place wins (row C13): what is said stays said, also when a
//! built-in default changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Settings;
use super::table::{COUNT, Called, Key, Kind, Leave, TABLE, Values, find};

/// What one place says: for each setting its value, or nothing. As JSON an object of names and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<String, String>", try_from = "BTreeMap<String, String>")]
pub struct SettingsLayer([Option<u32>; COUNT]);

impl SettingsLayer {
    /// What it says about a setting.
    #[must_use]
    pub const fn get(&self, key: Key) -> Option<u32> {
        self.0[key as usize]
    }

    /// Says something about a setting, or nothing any more.
    pub const fn set(&mut self, key: Key, value: Option<u32>) {
        self.0[key as usize] = value;
    }

    /// Does it say nothing at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// What a layer says that says one thing.
    pub(super) fn only_text(&self) -> Option<String> {
        TABLE.iter().find_map(|setting| Some(setting.text(self.get(setting.key)?)))
    }

    /// Says what `settings` are where they differ from `base`.
    #[must_use]
    pub fn of_difference(settings: &Settings, base: &Settings) -> Self {
        let (values, base) = (settings.to_values(), base.to_values());
        Self(std::array::from_fn(|at| (values[at] != base[at]).then_some(values[at])))
    }
}

impl From<SettingsLayer> for BTreeMap<String, String> {
    fn from(layer: SettingsLayer) -> Self {
        let said = TABLE.iter().filter_map(|setting| Some((setting, layer.get(setting.key)?)));
        said.map(|(setting, value)| (setting.name.to_owned(), setting.text(value))).collect()
    }
}

/// Ranges are not looked at: what was in range when it was said is kept (row C13).
impl TryFrom<BTreeMap<String, String>> for SettingsLayer {
    type Error = String;

    fn try_from(said: BTreeMap<String, String>) -> Result<Self, String> {
        let mut layer = Self::default();
        for (name, text) in said {
            let (setting, _) = find(&name)?;
            let value = match setting.kind {
                Kind::Span { .. } => super::table::span_of(&text).and_then(|span| {
                    u32::try_from(span.as_secs()).or_else(|_| setting.span(span, Leave::default()))
                }),
                Kind::Flag | Kind::Word(_) => setting.parse(&text, Called::Name, Leave::default()),
            };
            layer.set(setting.key, Some(value.map_err(|refusal| refusal.about(&name, &text))?));
        }
        Ok(layer)
    }
}

/// Which place a value comes from; the first that says something wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Changed live, for the environment.
    LiveEnvironment,
    /// The configuration, for the environment.
    FileEnvironment,
    /// Changed live, for all environments.
    LiveServer,
    /// The configuration, for all environments.
    FileServer,
    /// Built in.
    Default,
}

impl Source {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LiveEnvironment => "environment, live",
            Self::FileEnvironment => "environment, configuration",
            Self::LiveServer => "server, live",
            Self::FileServer => "server, configuration",
            Self::Default => "default",
        }
    }
}

/// The settings that result from all places, and which place each is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The values.
    pub values: Values,
    /// Where each is from.
    pub sources: [Source; COUNT],
}

impl Resolved {
    /// Lays the places over each other, the first uppermost.
    #[must_use]
    pub fn new(places: &[(Source, &SettingsLayer)]) -> Self {
        let said = |at: usize| places.iter().find_map(|(source, layer)| Some((*source, layer.0[at]?)));
        let defaults = Settings::default().to_values();
        Self {
            values: std::array::from_fn(|at| said(at).map_or(defaults[at], |(_, value)| value)),
            sources: std::array::from_fn(|at| said(at).map_or(Source::Default, |(source, _)| source)),
        }
    }

    /// As settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::from_values(&self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(said: &[(&str, &str)]) -> SettingsLayer {
        let said: BTreeMap<_, _> = said.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        said.try_into().unwrap()
    }

    #[test]
    fn c16_live_goes_before_the_configuration_and_an_environment_before_the_server() {
        let places = [
            (Source::LiveEnvironment, layer(&[("lifetime", "2h")])),
            (Source::FileEnvironment, layer(&[("lifetime", "3h"), ("dormant_after", "3h")])),
            (Source::LiveServer, layer(&[("lifetime", "4h"), ("dormant_after", "4h"), ("max_length", "4h")])),
            (Source::FileServer, layer(&[("max_length", "5h"), ("outage_grace", "5h")])),
        ];
        let places: Vec<_> = places.iter().map(|(source, layer)| (*source, layer)).collect();
        let resolved = Resolved::new(&places);
        let text =
            |key: Key| (key.setting().text(resolved.values[key as usize]), resolved.sources[key as usize]);
        assert_eq!(text(Key::Lifetime), ("2h".into(), Source::LiveEnvironment));
        assert_eq!(text(Key::DormantAfter), ("3h".into(), Source::FileEnvironment));
        assert_eq!(text(Key::MaxLength), ("4h".into(), Source::LiveServer));
        assert_eq!(text(Key::OutageGrace), ("5h".into(), Source::FileServer));
        assert_eq!(text(Key::NonceCookie), ("true".into(), Source::Default));
    }

    #[test]
    fn c13_what_is_said_stays_said_though_it_is_the_default() {
        let said = layer(&[("lifetime", "24h"), ("nonce_cookie", "true")]);
        assert_eq!(said.get(Key::Lifetime), Some(86_400), "a later default changes nothing here");
        let kept = serde_json::to_string(&said).unwrap();
        assert_eq!(kept, r#"{"lifetime":"24h","nonce_cookie":"true"}"#);
        assert_eq!(serde_json::from_str::<SettingsLayer>(&kept).unwrap(), said);
        assert_eq!(
            Resolved::new(&[(Source::FileServer, &said)]).sources[Key::Lifetime as usize],
            Source::FileServer
        );
    }

    #[test]
    fn c13_a_range_that_is_narrowed_later_takes_nothing_back_but_nonsense_is_refused() {
        assert_eq!(layer(&[("lifetime", "9999h")]).get(Key::Lifetime), Some(9999 * 3600));
        for (name, text) in
            [("lifetme", "1h"), ("lifetime", "1"), ("lifetime", "2000000h"), ("nonce_cookie", "1")]
        {
            let json = format!(r#"{{"{name}":"{text}"}}"#);
            assert!(serde_json::from_str::<SettingsLayer>(&json).is_err(), "{json}");
        }
    }
}
