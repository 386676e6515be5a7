//! The API of the management socket: a 0600 Unix socket of the running gateway, which the CLI speaks to. Who may open the
//! socket is an admin; the file system says who that is.
//!
//! | method and path | does |
//! |---|---|
//! | `GET /sessions?user=&environment=&limit=` | lists live sessions |
//! | `GET /sessions/{id}` | shows one |
//! | `GET /sessions/{id}/explain` | says why it is allowed, or is not (row A6) |
//! | `DELETE /sessions/{id}?remark=` | ends one |
//! | `POST /users/revoke` | ends all of a user, and voids sign-ins under way |
//! | `GET /settings?environment=` | shows settings, where each is from, and what it may be |
//! | `PUT /settings` | changes settings, all that are named or none, or undoes changes (row C16) |
//! | `GET /settings/history?environment=&limit=` | shows who changed what |

pub mod api;
pub mod client;
pub mod wire;
