//! `[session]` and `[environment.<name>.session]`. What the settings are and may be says `policy::settings::table`.

use super::context::Leaf;
use super::problem::{Mark, Refusal};
use super::reader::Table;
use super::values::{any_span, boolean, one_of};
use crate::policy::settings::layer::{Resolved, SettingsLayer, Source};
use crate::policy::settings::table::{self, Key, Kind, Leave, Setting, TABLE, contradiction};

/// What a table says, and where.
#[derive(Default)]
pub(super) struct Said {
    pub(super) layer: SettingsLayer,
    marks: Vec<(Key, Mark)>,
}

/// Reads what the table says. It is laid over `server`, where it is an environment's, and must make sense with that.
pub(super) fn said(mut table: Table<'_>, server: Option<&Said>, leave: Leave) -> Said {
    let mut said = Said::default();
    for setting in &TABLE {
        if let Some(given) = table.get(setting.name, |leaf| value(setting, leaf, leave)) {
            said.layer.set(setting.key, Some(given.value));
            said.marks.push((setting.key, given.mark));
        }
    }
    let nothing = Said::default();
    let server = server.unwrap_or(&nothing);
    let places = [(Source::FileEnvironment, &said.layer), (Source::FileServer, &server.layer)];
    let resolved = Resolved::new(&places);
    if let Some((key, refusal)) = contradiction(&resolved.settings()) {
        // The contradiction is told where it arises: at the setting itself, or at the length that is too short for it.
        let involved = [key, Key::MaxLength, Key::CustomDuration];
        let here = involved.iter().find_map(|key| said.marks.iter().find(|(marked, _)| marked == key));
        if let Some((marked, mark)) = here {
            let refusal = if *marked == key {
                refusal.into()
            } else {
                let told = key.setting().text(resolved.values[key as usize]);
                let what = format!("does not go with {} = {told}: that {}", key.setting().name, refusal.what);
                Refusal::from(table::Refusal { what, ..refusal })
            };
            table.context.refuse(mark, &refusal);
        }
    }
    table.finish();
    said
}

fn value(setting: &'static Setting, leaf: &Leaf, leave: Leave) -> Result<u32, Refusal> {
    match setting.kind {
        Kind::Flag => boolean(leaf).map(u32::from),
        Kind::Span { .. } => Ok(setting.span(any_span(leaf)?, leave)?),
        Kind::Word(words) => {
            let words: Vec<_> = words.iter().copied().zip(0..).collect();
            one_of(&words)(leaf)
        }
    }
}

impl From<table::Refusal> for Refusal {
    fn from(refusal: table::Refusal) -> Self {
        let told = Self::new(refusal.what);
        match refusal.fix {
            Some(fix) => told.fix(fix),
            None => told,
        }
    }
}
