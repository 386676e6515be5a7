//! The prose: how the house is laid out, how it behaves, and why it is as it is.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("behaviour.md")]
#[doc = concat!("\n## The unit for systemd\n\n```ini\n", include_str!("hourgate.service"), "```\n")]
pub mod behaviour {}

#[doc = include_str!("session_policy.md")]
pub mod session_policy {}

#[doc = include_str!("page_script.md")]
pub mod page_script {}

#[doc = include_str!("ws_federation.md")]
pub mod ws_federation {}

#[doc = include_str!("ad_fs.md")]
pub mod ad_fs {}

#[doc = include_str!("entra_ws_federation.md")]
pub mod entra_ws_federation {}

#[doc = include_str!("proxies.md")]
#[doc = concat!("\n## nginx\n\n```nginx\n", include_str!("nginx.conf"), "```\n")]
#[doc = concat!("\n## Caddy\n\n```text\n", include_str!("Caddyfile"), "```\n")]
pub mod proxies {}

#[doc = include_str!("end_to_end_tests.md")]
pub mod end_to_end_tests {}

#[doc = include_str!("requirements.md")]
pub mod requirements {}

#[doc = include_str!("conformance.md")]
pub mod conformance {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}
