//! A gateway that goes by the clock of a test identity provider, for end-to-end tests that live through months in seconds.
//!
//! It is in builds with the feature `test-clock` alone. Such a build serves nobody unless it was told whose clock to go by
//! and that this is a test bed; every other build refuses to be told.

#[cfg(feature = "test-clock")]
mod follower;

use std::sync::Arc;

use hourgate::config::Config;
use hourgate::time::Clock;

use super::Failure;

/// What `hourgate --version` says.
pub(crate) const VERSION: &str = if cfg!(feature = "test-clock") {
    concat!(
        env!("CARGO_PKG_VERSION"),
        " TEST CLOCK: goes by a test identity provider's time, not for production"
    )
} else {
    env!("CARGO_PKG_VERSION")
};

/// Whose clock to go by; `None` is the real time.
///
/// # Errors
///
/// Where the build and what was asked for do not belong together.
pub(crate) fn chosen(asked: Option<String>, config: &Config) -> Result<Option<Arc<dyn Clock>>, Failure> {
    let environment = std::env::var("HOURGATE_ENV").ok();
    let is_test_bed = config.danger.insecure_test_idp;
    let allowed = allowed(cfg!(feature = "test-clock"), asked, is_test_bed, environment.as_deref());
    allowed.map_err(Failure::config)?.map(open).transpose()
}

#[cfg(feature = "test-clock")]
fn open(url: String) -> Result<Arc<dyn Clock>, Failure> {
    let source = follower::Source::new(&url).map_err(Failure::config)?;
    Ok(follower::TestClock::start(source).map_err(Failure::new)?)
}

#[cfg(not(feature = "test-clock"))]
fn open(_: String) -> Result<Arc<dyn Clock>, Failure> {
    Err(Failure::config(NOT_BUILT_IN))
}

const NOT_BUILT_IN: &str = "this build goes by the real time and has no test clock; for end-to-end tests build with \
                            `--features test-clock`, elsewhere take back --test-clock and HOURGATE_TEST_CLOCK";

fn allowed(
    is_built_in: bool,
    asked: Option<String>,
    is_test_bed: bool,
    environment: Option<&str>,
) -> Result<Option<String>, &'static str> {
    let is_production = environment
        .is_some_and(|name| ["production", "prod"].contains(&name.trim().to_ascii_lowercase().as_str()));
    match asked {
        None if !is_built_in => Ok(None),
        Some(_) if !is_built_in => Err(NOT_BUILT_IN),
        _ if is_production => Err(
            "HOURGATE_ENV says production: this build goes by a test identity provider's time, and never serves there",
        ),
        None => Err(
            "this build goes by a test identity provider's time and is not for production: say whose with \
                     HOURGATE_TEST_CLOCK=http://idp:9400/_control/t1/clock, or take a build without the feature test-clock",
        ),
        Some(_) if !is_test_bed => {
            Err("a test clock is for test beds: it asks for danger.insecure_test_idp = true")
        }
        asked => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: &str = "http://idp:9400/_control/t1/clock";

    fn ask(
        built_in: bool,
        asked: Option<&str>,
        test_bed: bool,
        environment: Option<&str>,
    ) -> Result<bool, &'static str> {
        allowed(built_in, asked.map(str::to_owned), test_bed, environment).map(|clock| clock.is_some())
    }

    #[test]
    fn a_build_for_production_goes_by_the_real_time_and_refuses_another() {
        assert_eq!(ask(false, None, false, Some("production")), Ok(false));
        assert_eq!(ask(false, None, true, None), Ok(false));
        assert_eq!(ask(false, Some(CLOCK), true, None), Err(NOT_BUILT_IN));
    }

    #[test]
    fn a_build_with_a_test_clock_never_serves_by_accident() {
        assert_eq!(ask(true, Some(CLOCK), true, None), Ok(true));
        assert!(ask(true, None, true, None).is_err(), "nobody said whose clock");
        assert!(ask(true, Some(CLOCK), false, None).is_err(), "no test bed");
        for name in ["production", " Prod "] {
            assert!(ask(true, Some(CLOCK), true, Some(name)).is_err(), "{name}");
        }
    }
}
