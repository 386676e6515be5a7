//! What one person does, and what is done to them, by a seed.

use std::sync::Arc;
use std::time::Duration;

use hourgate::admin::wire::{RevokeUser, Revoked};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::dice::Dice;
use crate::history::{Event, What};
use crate::idp::Profile;
use crate::visitor::{Arrival, Visitor};
use crate::world::{PATIENCE, World};

/// Whoever is not served for this long is never served again.
const NEVER: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug)]
enum Step {
    Fetch,
    Navigate,
    /// Several requests at once.
    Burst,
    /// A navigation and scripts beside it.
    Crowd,
    Misfortune,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    LivesOn,
    SignsOut,
    SessionRevoked,
    UserRevoked,
    Disabled,
}

/// Signs somebody in, lives through some steps, and comes to an end. What was seen is the answer.
pub(crate) async fn live(world: &Arc<World>, user: &str, profile: Profile, mut dice: Dice) -> Vec<Event> {
    let visitor = Arc::new(Visitor::new(world, user, profile));
    world.idp.add_user(profile, user).await;
    get_there(&visitor, &mut dice).await;
    for _ in 0..3 + dice.below(4) {
        sleep(dice.millis(200, 1900)).await;
        let step = dice.one_of(&[
            Step::Fetch,
            Step::Fetch,
            Step::Navigate,
            Step::Burst,
            Step::Crowd,
            Step::Misfortune,
        ]);
        take(&visitor, step, &mut dice).await;
    }
    let ending = dice.one_of(&[
        Ending::LivesOn,
        Ending::LivesOn,
        Ending::SignsOut,
        Ending::SessionRevoked,
        Ending::UserRevoked,
        Ending::Disabled,
    ]);
    end(&visitor, ending, &mut dice).await;
    // Makes room at the IdP, and lets the session end.
    let begun = world.now();
    world.idp.delete(profile, &format!("/users/{user}")).await;
    visitor.note(begun, None, None, What::Disabled);
    visitor.events()
}

/// Navigates until the app is reached.
async fn get_there(visitor: &Visitor, dice: &mut Dice) {
    let (begun, since) = (visitor.world.now(), Instant::now());
    let nodes = visitor.world.nodes.len();
    loop {
        match visitor.navigate(|| dice.below(nodes)).await {
            Arrival::App => break,
            // The explanation page of a session that has ended: the person presses the button.
            Arrival::Page(401) => drop(visitor.sign_in(|| dice.below(nodes)).await),
            _ if since.elapsed() > NEVER => {
                return visitor.note(begun, None, visitor.session(), What::Finally { reached: false });
            }
            _ => sleep(dice.millis(100, 500)).await,
        }
    }
    visitor.note(begun, None, visitor.session(), What::Finally { reached: true });
}

async fn take(visitor: &Arc<Visitor>, step: Step, dice: &mut Dice) {
    let nodes = visitor.world.nodes.len();
    let requests = match step {
        Step::Burst => 2 + dice.below(4),
        Step::Crowd => 2,
        _ => 1,
    };
    let scripts: Vec<_> = (0..requests)
        .map(|_| (visitor.clone(), dice.below(nodes)))
        .map(|(visitor, node)| async move { visitor.fetch(node).await })
        .collect();
    match step {
        Step::Fetch | Step::Burst => drop(futures_util::future::join_all(scripts).await),
        Step::Navigate => {
            visitor.navigate(|| dice.below(nodes)).await;
        }
        Step::Crowd => {
            let navigation = visitor.navigate(|| dice.below(nodes));
            futures_util::future::join(navigation, futures_util::future::join_all(scripts)).await;
        }
        Step::Misfortune => {
            let mut fault = misfortune(dice);
            let what = What::Misfortune(fault.to_string());
            fault["user"] = visitor.user.as_str().into();
            let begun = visitor.world.now();
            visitor.world.idp.token_fault(visitor.profile, fault).await;
            visitor.note(begun, None, None, what);
        }
    }
}

/// A fault of the token endpoint, once or twice.
fn misfortune(dice: &mut Dice) -> Value {
    let mut fault = dice.one_of(&[
        json!({ "mode": "status", "status": 500 }),
        json!({ "mode": "status", "status": 503, "body": { "error": "invalid_grant" } }),
        json!({ "mode": "status", "status": 429 }),
        json!({ "mode": "html" }),
        json!({ "mode": "garbage" }),
        json!({ "mode": "reset" }),
        json!({ "mode": "hang" }),
        json!({ "mode": "lost_response" }),
        json!({ "mode": "lost_response" }),
        json!({ "mode": "delay", "delay": "1500ms" }),
        json!({ "mode": "delay", "delay": "2500ms" }),
        json!({ "mode": "late_answer", "delay": "1500ms" }),
        json!({ "mode": "late_answer", "delay": "2500ms" }),
        json!({ "mode": "error", "status": 401, "body": { "error": "invalid_client" } }),
        json!({ "mode": "error", "body": { "error": "interaction_required" } }),
        json!({ "mode": "bad_sig" }),
    ]);
    fault["times"] = (1 + dice.below(2)).into();
    fault
}

async fn end(visitor: &Arc<Visitor>, ending: Ending, dice: &mut Dice) {
    let nodes = visitor.world.nodes.len();
    match ending {
        Ending::LivesOn => return get_there(visitor, dice).await,
        Ending::SignsOut => drop(visitor.sign_out(dice.below(nodes)).await),
        Ending::SessionRevoked => revoke_session(visitor, dice.below(nodes)).await,
        Ending::UserRevoked => revoke_user(visitor, dice.below(nodes)).await,
        Ending::Disabled => {
            let begun = visitor.world.now();
            visitor.world.idp.disable(visitor.profile, &visitor.user).await;
            visitor.note(begun, None, None, What::Disabled);
        }
    }
    for _ in 0..2 + dice.below(3) {
        take(visitor, dice.one_of(&[Step::Fetch, Step::Burst]), dice).await;
        sleep(dice.millis(0, 1500)).await;
    }
    if matches!(ending, Ending::UserRevoked) {
        get_there(visitor, dice).await; // new sign-ins are good
    }
}

/// By the admin API of a node.
pub(crate) async fn revoke_session(visitor: &Visitor, node: usize) {
    let (begun, session) = (visitor.world.now(), visitor.session());
    let Some(id) = visitor.public_id() else { return };
    let path = format!("/sessions/{id}");
    let answer = timeout(PATIENCE, visitor.world.nodes[node].admin().delete::<Revoked>(&path, &[])).await;
    let acknowledged = matches!(answer, Ok(Ok(_)));
    visitor.note(begun, Some(node), session, What::RevokeSession { acknowledged });
}

/// By the admin API of a node.
pub(crate) async fn revoke_user(visitor: &Visitor, node: usize) {
    let begun = visitor.world.now();
    let issuer = Some(visitor.world.idp.issuer(visitor.profile));
    let wish = RevokeUser { user: visitor.user.clone(), issuer, remark: None };
    let admin = visitor.world.nodes[node].admin();
    let answer = timeout(PATIENCE, admin.post::<Revoked>("/users/revoke", &wish)).await;
    let acknowledged = matches!(answer, Ok(Ok(_)));
    visitor.note(begun, Some(node), visitor.session(), What::RevokeUser { acknowledged });
}
