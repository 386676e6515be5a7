//! Starting and stopping in somebody else's process.

use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::house::House;

async fn answers_and_stops_for_good() {
    let house = House::open().await;
    assert_eq!(house.get("/t1/jwks").await.status, 200);
    // A request that is never answered does not hold the stop up.
    house.fault(json!({ "endpoint": "jwks", "mode": "hang" })).await;
    let hanging = house.request(Method::GET, "/t1/jwks").timeout(Duration::from_millis(100));
    assert!(house.send(hanging).await.is_err());
    let address = house.idp.address();
    house.idp.stop().await.unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_runs_inside_a_tokio_runtime_of_many_threads() {
    answers_and_stops_for_good().await;
}

#[tokio::test]
async fn it_runs_inside_a_tokio_runtime_of_one_thread() {
    answers_and_stops_for_good().await;
}

#[actix_web::test]
async fn it_runs_inside_an_actix_runtime() {
    answers_and_stops_for_good().await;
}
