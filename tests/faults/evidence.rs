//! What others than the people saw: the IdP's journal, and the nodes' audit logs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::history::{Audited, Trial};
use crate::idp::Profile;
use crate::rules::{Limits, Rule, judge};
use crate::world::World;

/// So many broken histories are printed.
const PRINTED: usize = 5;

/// What the IdP has seen.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    pub(crate) refreshes: usize,
    /// Of those, the ones that it answered with an error of OAuth.
    pub(crate) refused: usize,
    /// How often it was shown a token that it had replaced, by user.
    pub(crate) reuses: BTreeMap<String, usize>,
    last: [u64; Profile::ALL.len()],
}

/// Reads the journals while they are written: they forget.
pub(crate) async fn watch(world: Arc<World>, over: Arc<AtomicBool>) -> Witness {
    let mut witness = Witness::default();
    loop {
        let is_over = over.load(Ordering::Relaxed);
        witness.read(&world).await;
        if is_over {
            return witness;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

impl Witness {
    /// Reads what the journals say since the last time.
    pub(crate) async fn read(&mut self, world: &World) {
        for (profile, last) in Profile::ALL.into_iter().zip(&mut self.last) {
            let entries = world.idp.journal(profile, *last).await;
            *last = entries.last().map_or(*last, |newest| newest.number);
            for entry in entries.into_iter().filter(|entry| entry.grant_type == "refresh_token") {
                self.refreshes += 1;
                self.refused += usize::from(!entry.error.is_empty());
                if entry.reuse {
                    *self.reuses.entry(entry.user).or_default() += 1;
                }
            }
        }
    }
}

/// What the IdP and the nodes' audit logs say about each.
pub(crate) fn add_evidence(world: &World, witness: &Witness, trials: &mut [Trial]) {
    for trial in &mut *trials {
        trial.reuses = witness.reuses.get(&trial.user).copied().unwrap_or(0);
    }
    let by_user: BTreeMap<String, usize> =
        trials.iter().enumerate().map(|(at, trial)| (trial.user.clone(), at)).collect();
    for line in world.nodes.iter().flat_map(|node| node.audit()) {
        let Some(at) = line["subject"].as_str().and_then(|user| by_user.get(user)) else { continue };
        let reason = line["reason"].as_str().unwrap_or_default().to_owned();
        match line["action"].as_str() {
            Some("session_end") => trials[*at].audit.push(Audited::Ended(reason)),
            Some("alarm") => trials[*at].audit.push(Audited::Alarm(reason)),
            _ => {}
        }
    }
}

/// Fails where a history breaks a rule, with the first such histories.
pub(crate) fn assert_unbroken(trials: &[Trial], limits: Limits) {
    let judged = trials.iter().map(|trial| (trial, judge(trial, limits)));
    let broken: Vec<_> = judged.filter(|(_, found)| !found.is_empty()).collect();
    let mut counts = BTreeMap::<Rule, usize>::new();
    for (rule, _) in broken.iter().flat_map(|(_, found)| found) {
        *counts.entry(*rule).or_default() += 1;
    }
    for (trial, found) in broken.iter().take(PRINTED) {
        eprintln!("{found:#?}\n{trial}");
    }
    assert!(broken.is_empty(), "{} of {} histories break rules: {counts:?}", broken.len(), trials.len());
}
