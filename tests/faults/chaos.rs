//! What happens to the world while people live in it: nodes are killed, stopped and paused, Redis pauses, IdPs go away.
//! All of it by a seed; how it falls together with what people do is chance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::idp::Profile;
use crate::world::World;

/// How bad it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// The longest pause of a node, in milliseconds.
    pub(crate) longest_pause: usize,
    /// Are Redis and the IdPs away at times, too?
    pub(crate) all_fail: bool,
}

#[derive(Clone, Copy, Debug)]
enum Blow {
    Kill,
    Terminate,
    Pause,
    PauseRedis,
    Outage,
}

/// Strikes until `over`; then everything works again. Says how often it struck.
pub(crate) async fn rage(
    world: Arc<World>,
    mut dice: Dice,
    weather: Weather,
    over: Arc<AtomicBool>,
) -> usize {
    let away: Arc<Vec<AtomicBool>> = Arc::new(world.nodes.iter().map(|_| AtomicBool::new(false)).collect());
    let redis_is_away = Arc::new(AtomicBool::new(false));
    let (mut under_way, mut blows) = (JoinSet::new(), 0);
    while !over.load(Ordering::Relaxed) {
        sleep(dice.millis(300, 1500)).await;
        let mut list = vec![Blow::Kill, Blow::Kill, Blow::Terminate, Blow::Pause, Blow::Pause, Blow::Pause];
        if weather.all_fail {
            list.extend([Blow::PauseRedis, Blow::Outage]);
        }
        blows += 1;
        let (world, away, redis_is_away) = (world.clone(), away.clone(), redis_is_away.clone());
        match dice.one_of(&list) {
            Blow::PauseRedis if !redis_is_away.swap(true, Ordering::Relaxed) => {
                let span = dice.millis(50, 1200);
                under_way.spawn(async move {
                    world.redis().pause();
                    sleep(span).await;
                    world.redis().resume();
                    redis_is_away.store(false, Ordering::Relaxed);
                });
            }
            Blow::Outage => {
                let (profile, span) = (dice.one_of(&Profile::ALL), dice.millis(200, 3000));
                let mode = dice.one_of(&["unavailable", "close"]);
                let outage = json!({ "mode": mode, "for": format!("{}ms", span.as_millis()) });
                world.idp.post(profile, "/outage", &outage).await;
            }
            blow @ (Blow::Kill | Blow::Terminate | Blow::Pause) => {
                // One is always there.
                let there: Vec<_> = (0..away.len()).filter(|n| !away[*n].load(Ordering::Relaxed)).collect();
                if there.len() < 2 {
                    continue;
                }
                let node = dice.one_of(&there);
                let span = match blow {
                    Blow::Pause => dice.millis(50, weather.longest_pause),
                    _ => dice.millis(0, 1000),
                };
                away[node].store(true, Ordering::Relaxed);
                under_way.spawn(async move {
                    strike(&world, node, blow, span).await;
                    away[node].store(false, Ordering::Relaxed);
                });
            }
            Blow::PauseRedis => {}
        }
    }
    under_way.join_all().await;
    blows
}

async fn strike(world: &World, node: usize, blow: Blow, span: Duration) {
    let node = &world.nodes[node];
    match blow {
        Blow::Pause => {
            node.signal("STOP");
            sleep(span).await;
            node.signal("CONT");
        }
        Blow::Terminate => {
            node.terminate().await;
            sleep(span).await;
            node.restart().await;
        }
        _ => {
            node.kill();
            sleep(span).await;
            node.restart().await;
        }
    }
}
