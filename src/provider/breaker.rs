//! The circuit breaker of one IdP (row O5): while it does not answer it is not asked, and when it may be back it is asked
//! by few at first, then by more.
//!
//! It is closed (64 checks at once), open (none, until an instant), or half open (one check;
//! each answer doubles the number, a silence opens it again). An answer is anything that the IdP itself says, be it a
//! refusal; silence is all that leaves open what it thinks. Silence about one session alone opens nothing: an IdP that fails
//! over one person is there for the others. What was sent before a pause neither ends that pause nor begins the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::random;
use crate::session::id::StoredId;
use crate::time::Timestamp;

/// Checks at one IdP that one node has under way at once.
const MOST_UNDER_WAY: u32 = 64;
/// So many silences in a row open it.
const SILENCES: u32 = 5;
/// It stays open for this long at first, twice as long each time…
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// …and so long at most, unless the IdP itself asks for more…
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// …of which this much is granted.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(900);

/// The breaker. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct CircuitBreaker(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// How many may be under way at once.
    limit: u32,
    under_way: u32,
    /// Silences since the last answer.
    silences: u32,
    /// About which session the first of them was; `None` where they are about several, or about nobody's.
    about: Option<StoredId>,
    /// How often it was opened.
    openings: u64,
    /// Opened, and no answer since.
    opened: Option<Opened>,
    pause: Duration,
}

/// The last time that it was opened.
#[derive(Clone, Copy, Debug)]
struct Opened {
    /// A clock that goes back behind it goes on without a pause: it would be as much longer.
    at: Timestamp,
    /// Nobody before this instant…
    until: Timestamp,
    /// …of which so much is for silence. The rest is what the IdP asked for itself.
    silent_until: Timestamp,
}

impl Opened {
    fn is_on(self, now: Timestamp) -> bool {
        (self.at..self.until).contains(&now)
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            limit: MOST_UNDER_WAY,
            under_way: 0,
            silences: 0,
            about: None,
            openings: 0,
            opened: None,
            pause: FIRST_PAUSE,
        }
    }
}

/// Leave to ask the IdP once. Tell it what came of it; one that is dropped without a word was not used.
#[derive(Debug)]
pub struct Pass {
    breaker: CircuitBreaker,
    is_probe: bool,
    /// How often the breaker had been opened then.
    openings: u64,
}

impl CircuitBreaker {
    /// Leave for up to `wanted` requests; none while it is open, or while as many as may be are under way.
    #[must_use]
    pub fn enter(&self, wanted: u32, now: Timestamp) -> Vec<Pass> {
        let mut state = self.state();
        if state.opened.is_some_and(|opened| opened.is_on(now)) {
            return Vec::new();
        }
        let is_probe = state.opened.is_some();
        let room = state.limit.saturating_sub(state.under_way).min(wanted);
        state.under_way += room;
        let openings = state.openings;
        (0..room).map(|_| Pass { breaker: self.clone(), is_probe, openings }).collect()
    }

    /// Is nobody let through at `now`?
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state().opened.is_some_and(|opened| opened.is_on(now))
    }

    /// Is nobody let through at `now` because of its silence, and not because its token endpoint asked for a rest? Browsers go to
    /// its other endpoints, and may be let in there.
    #[must_use]
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.state().opened.is_some_and(|opened| opened.is_on(now) && now < opened.silent_until)
    }

    /// Has the IdP been silent, and not answered since?
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.state().opened.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Is it the first request after a pause? Then it is better to knock before a refresh token is risked.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.is_probe
    }

    /// The IdP answered.
    pub fn answered(&self) {
        let mut state = self.breaker.state();
        if self.openings != state.openings {
            return;
        }
        state.silences = 0;
        state.opened = None;
        state.pause = FIRST_PAUSE;
        state.limit = state.limit.saturating_mul(2).clamp(1, MOST_UNDER_WAY);
    }

    /// It did not answer about this session (`None`: not even when nobody was asked about), or asked to be left alone for
    /// `retry_after`.
    pub fn was_met_with_silence(
        &self,
        about: Option<StoredId>,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) {
        let mut state = self.breaker.state();
        let counts = self.openings == state.openings;
        if counts {
            state.about =
                if state.silences == 0 { about } else { state.about.filter(|one| about == Some(*one)) };
            state.silences = state.silences.saturating_add(1);
        }
        let asked_for = retry_after.map(|span| now.plus(span.min(LONGEST_RETRY_AFTER)));
        let is_away = state.limit < MOST_UNDER_WAY || (state.silences >= SILENCES && state.about.is_none());
        if let Some(opened) = state.opened.as_mut().filter(|opened| opened.is_on(now)) {
            // Others have opened it meanwhile; one silence of many does not count twice.
            opened.until = opened.until.max(asked_for.unwrap_or(now));
        } else if asked_for.is_some() || (counts && is_away) {
            let pause = state.pause.mul_f64(0.5 + random::fraction());
            let pause_ends = now.plus(pause);
            state.opened = Some(Opened {
                at: now,
                until: pause_ends.max(asked_for.unwrap_or(now)),
                silent_until: if asked_for.is_some() { now } else { pause_ends },
            });
            state.pause = (state.pause * 2).min(LONGEST_PAUSE);
            state.limit = 1;
            state.openings += 1;
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        state.under_way = state.under_way.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn room(breaker: &CircuitBreaker, now: Timestamp) -> usize {
        breaker.enter(u32::MAX, now).len()
    }

    fn silence(breaker: &CircuitBreaker, now: Timestamp) {
        breaker.enter(1, now)[0].was_met_with_silence(None, None, now);
    }

    fn opened() -> CircuitBreaker {
        let breaker = CircuitBreaker::default();
        (0..SILENCES).for_each(|_| silence(&breaker, NOW));
        breaker
    }

    #[test]
    fn five_silences_in_a_row_open_it_and_one_answer_between_does_not_let_them_count() {
        let breaker = CircuitBreaker::default();
        for _ in 0..20 {
            (0..SILENCES - 1).for_each(|_| silence(&breaker, NOW));
            breaker.enter(1, NOW)[0].answered();
        }
        assert!(!breaker.is_away());
        (0..SILENCES).for_each(|_| silence(&breaker, NOW));
        assert!(breaker.is_open(NOW) && breaker.is_away());
        assert_eq!(room(&breaker, NOW), 0);
    }

    #[test]
    fn after_the_pause_one_is_let_through_and_each_answer_doubles_the_number() {
        let breaker = opened();
        let later = NOW.plus(2 * FIRST_PAUSE);
        assert!(breaker.is_away(), "nobody has heard of it yet");
        for expected in [1, 2, 4, 8, 16, 32, 64, 64] {
            let passes = breaker.enter(u32::MAX, later);
            assert_eq!(passes.len(), expected);
            passes[0].answered();
        }
        assert!(!breaker.is_away());
    }

    #[test]
    fn a_probe_that_meets_silence_doubles_the_pause_up_to_ten_seconds() {
        let breaker = opened();
        let mut now = NOW;
        for _ in 0..20 {
            now = now.plus(LONGEST_PAUSE.mul_f64(1.5));
            let passes = breaker.enter(u32::MAX, now);
            assert!(passes.len() == 1 && passes[0].is_probe());
            passes[0].was_met_with_silence(None, None, now);
            assert!(breaker.is_open(now));
        }
        assert!(breaker.is_open(now.plus(LONGEST_PAUSE.mul_f64(0.49))), "by now the pauses are long");
    }

    #[test]
    fn pci_15_an_idp_that_asks_to_be_left_alone_is_left_alone_for_a_quarter_of_an_hour_at_most() {
        let breaker = CircuitBreaker::default();
        let minutes = |n: u64| NOW.plus(Duration::from_secs(n * 60));
        breaker.enter(1, NOW)[0].was_met_with_silence(None, Some(Duration::from_secs(120)), NOW);
        assert!(breaker.is_open(minutes(2).minus(Duration::from_millis(1))));
        assert!(!breaker.is_open(minutes(2)));
        let later = minutes(3);
        breaker.enter(1, later)[0].was_met_with_silence(None, Some(Duration::from_secs(86_400)), later);
        assert!(!breaker.is_open(later.plus(LONGEST_RETRY_AFTER)));
    }

    #[test]
    fn an_idp_that_asks_to_be_left_alone_is_not_silent() {
        let breaker = CircuitBreaker::default();
        let rest = Some(Duration::from_secs(120));
        breaker.enter(1, NOW)[0].was_met_with_silence(None, rest, NOW);
        assert!(breaker.is_open(NOW) && !breaker.is_silent(NOW));
        let later = NOW.plus(Duration::from_secs(120));
        breaker.enter(1, later)[0].was_met_with_silence(None, rest, later);
        assert!(breaker.is_open(later) && !breaker.is_silent(later), "nor if it does so again");
        assert!(opened().is_silent(NOW));
    }

    #[test]
    fn tmo_07_a_clock_that_goes_back_does_not_lengthen_a_pause() {
        let (breaker, earlier) = (opened(), NOW.minus(Duration::from_secs(3600)));
        assert!(!breaker.is_open(earlier) && !breaker.is_silent(earlier));
        let passes = breaker.enter(u32::MAX, earlier);
        assert!(passes.len() == 1 && passes[0].is_probe());
        passes[0].was_met_with_silence(None, None, earlier);
        assert!(breaker.is_open(earlier) && !breaker.is_open(earlier.plus(2 * LONGEST_PAUSE)));
    }

    #[test]
    fn a_pass_that_was_not_used_makes_room_again() {
        let breaker = CircuitBreaker::default();
        let passes = breaker.enter(u32::MAX, NOW);
        assert_eq!((passes.len(), room(&breaker, NOW)), (64, 0));
        drop(passes);
        assert_eq!(room(&breaker, NOW), 64);
    }

    #[test]
    fn o5_silence_about_one_person_is_not_silence_towards_all() {
        let breaker = CircuitBreaker::default();
        let [one, other] = [1, 2].map(|n| Some(StoredId::from_bytes([n; 16])));
        for _ in 0..10 * SILENCES {
            breaker.enter(1, NOW)[0].was_met_with_silence(one, None, NOW);
        }
        assert!(!breaker.is_away() && room(&breaker, NOW) == 64);
        breaker.enter(1, NOW)[0].was_met_with_silence(other, None, NOW);
        assert!(breaker.is_open(NOW));
    }

    #[test]
    fn pci_15_what_was_sent_before_a_pause_does_not_end_it() {
        let breaker = CircuitBreaker::default();
        let (early, rest) = (breaker.enter(3, NOW), Duration::from_secs(120));
        early[0].was_met_with_silence(None, Some(rest), NOW);
        early[1].answered();
        assert_eq!(room(&breaker, NOW.plus(rest / 2)), 0, "it asked for two minutes");
        let after = NOW.plus(rest);
        early[2].was_met_with_silence(None, None, after);
        assert!(!breaker.is_open(after), "nor does a late silence begin another");
    }
}
