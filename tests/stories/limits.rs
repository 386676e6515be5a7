//! Strangers are slow, or send more than anybody should. The connections are real; the limits are short by configuration.

use std::time::Duration;

use hourgate::edge::limits::Limits;
use hourgate::edge::{self, Edge, listener, sign_in_budget::SignInBudget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::house::{APP, House};

/// Ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);
/// Longer than a test may last.
const LONG: Duration = Duration::from_secs(3600);
const QUESTION: &str = "GET /_hourgate/authz/auth-request HTTP/1.1\r\nHost: app.example.test\r\n\r\n";

/// A house with these limits, without waiting for anybody's hour.
async fn house(limits: Limits) -> House {
    let mut house = House::on_disk().await;
    house.config.limits = limits;
    house.restart().await;
    house
}

async fn connect(house: &House) -> TcpStream {
    TcpStream::connect(house.address()).await.unwrap()
}

/// What comes until the gateway closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset closes, too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a piece again and again, until the gateway will have no more of it.
async fn drip(stream: &mut TcpStream, piece: &[u8]) {
    let dripping = async {
        loop {
            let mut answer = [0; 1024];
            let is_closed = match stream.try_read(&mut answer) {
                Ok(read) => read == 0,
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            };
            if is_closed || stream.write_all(piece).await.is_err() {
                break;
            }
            sleep(SHORT / 10).await;
        }
    };
    timeout(PATIENCE, dripping).await.expect("the connection is closed");
}

async fn answered(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.contains("\r\n\r\n") {
        let mut part = [0; 2048];
        let read = timeout(PATIENCE, stream.read(&mut part)).await.unwrap().unwrap();
        assert!(read > 0, "closed after {answer:?}");
        answer += &String::from_utf8_lossy(&part[..read]);
    }
    answer
}

fn hasty() -> Limits {
    Limits { request_within: SHORT, idle: LONG, answer_within: LONG, ..Limits::default() }
}

#[tokio::test]
async fn dos_03_who_sends_nothing_or_no_whole_head_is_let_go() {
    let house = house(hasty()).await;
    let answer = until_closed(&mut connect(&house).await).await;
    assert_eq!(
        answer, "",
        "a connection that was opened ahead must not find an answer to what it did not ask"
    );
    let mut half = connect(&house).await;
    half.write_all(&QUESTION.as_bytes()[..30]).await.unwrap();
    let answer = until_closed(&mut half).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
    drip(&mut connect(&house).await, b"G").await;
}

#[tokio::test]
async fn dos_03_a_second_request_has_no_more_time_than_the_first() {
    let house = house(hasty()).await;
    let mut stream = connect(&house).await;
    for _ in 0..3 {
        assert!(answered(&mut stream, QUESTION).await.starts_with("HTTP/1.1 401 "));
    }
    stream.write_all(b"GET /_hourgate/").await.unwrap();
    drip(&mut stream, b"x").await;
}

#[tokio::test]
async fn dos_03_a_body_that_does_not_end_is_cut_off() {
    let house = house(hasty()).await;
    let form = "POST /_hourgate/signout HTTP/1.1\r\nHost: app.example.test\r\n";
    let mut chunks = connect(&house).await;
    chunks.write_all(format!("{form}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    drip(&mut chunks, b"1\r\nx\r\n").await;
    let mut announced = connect(&house).await;
    announced.write_all(format!("{form}Content-Length: 60000\r\n\r\n").as_bytes()).await.unwrap();
    drip(&mut announced, b"x").await;
    let mut none = connect(&house).await;
    none.write_all(format!("{form}Content-Length: 60000\r\n\r\n").as_bytes()).await.unwrap();
    let answer = until_closed(&mut none).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn dos_03_a_logout_token_that_does_not_end_is_not_waited_for() {
    let house = house(hasty()).await;
    let mut none = connect(&house).await;
    let head = "POST /_hourgate/backchannel-logout/idp HTTP/1.1\r\nHost: app.example.test\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n";
    none.write_all(head.as_bytes()).await.unwrap();
    let answer = until_closed(&mut none).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn dos_03_a_connection_without_requests_is_closed() {
    let house = house(Limits { idle: SHORT, request_within: LONG, ..Limits::default() }).await;
    let mut stream = connect(&house).await;
    assert!(answered(&mut stream, QUESTION).await.starts_with("HTTP/1.1 401 "));
    until_closed(&mut stream).await;
}

/// Without a bound the gateway would read on and keep the answers: this stops only when somebody says no.
#[tokio::test]
async fn dos_03_who_takes_no_answers_can_ask_no_more() {
    const FAR_TOO_MUCH: usize = 128 * 1024 * 1024;
    let house = house(Limits { answer_within: SHORT, request_within: LONG, ..Limits::default() }).await;
    let mut stream = connect(&house).await;
    let many = QUESTION.repeat(200);
    let mut sent = 0;
    let asking = async {
        while stream.write_all(many.as_bytes()).await.is_ok() {
            sent += many.len();
            assert!(sent < FAR_TOO_MUCH, "{sent} bytes of questions, and no answer was taken");
        }
    };
    timeout(PATIENCE, asking).await.expect("the connection is closed");
}

#[tokio::test]
async fn dos_03_a_thousand_slow_connections_are_nobody_elses_matter() {
    let house = house(Limits { request_within: LONG, ..Limits::default() }).await;
    let browser = house.signed_in().await;
    let mut slow = Vec::new();
    for n in 0..1000 {
        let mut stream = connect(&house).await;
        stream.write_all(&QUESTION.as_bytes()[..n % QUESTION.len()]).await.unwrap();
        slow.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "alice");
    }
}

/// Rows on HTTP/2 itself have nothing to attack: there is no stream to reset.
#[tokio::test]
async fn dos_04_http_2_is_not_spoken() {
    let house = house(Limits::default()).await;
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let mut stream = connect(&house).await;
    stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..]].concat()).await.unwrap();
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");

    // Nor does it come by the back door.
    let upgrade = "GET /_hourgate/session HTTP/1.1\r\nHost: app.example.test\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    let mut stream = connect(&house).await;
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn dos_05_what_is_too_large_is_refused_as_such() {
    let house = house(Limits::default()).await;
    let get = |target: &str, headers: &str| {
        format!(
            "GET /_hourgate/{target} HTTP/1.1\r\nHost: app.example.test\r\nConnection: close\r\n{headers}\r\n"
        )
    };
    let sign_out = |length: u64| {
        format!(
            "POST /_hourgate/signout HTTP/1.1\r\nHost: app.example.test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let long = |length: usize| "a".repeat(length);
    let many = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let cases = [
        (get(&format!("session?{}", long(8_000)), ""), 200),
        (get(&format!("session?{}", long(9_000)), ""), 414),
        (get(&format!("session?{}", long(40_000)), ""), 414),
        (get(&format!("session?{}", long(1 << 20)), ""), 431),
        (get("session", &format!("Cookie: {}\r\n", long(30_000))), 200),
        (get("session", &format!("Cookie: {}\r\n", long(33_000))), 431),
        (get("session", &format!("Cookie: {}\r\n", long(64 << 10))), 431),
        (get("authz/auth-request", &format!("Cookie: {}\r\n", long(64 << 10))), 431),
        (get("session", &many(90)), 200),
        (get("session", &many(97)), 431),
        (get("session", &many(1000)), 431),
        (get("session", &format!("{}: x\r\n", long(70_000))), 431),
        (sign_out(0), 403),
        (sign_out(60_000), 403),
        (sign_out(70_000), 413),
        (sign_out(u64::MAX), 413),
    ];
    for (request, expected) in cases {
        let shown: String = request.chars().take(90).collect();
        let mut stream = connect(&house).await;
        // It may be refused before it was sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = until_closed(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{shown:?}: {}",
            &answer[..answer.len().min(200)]
        );
    }
}

#[tokio::test]
async fn dos_05_our_own_cookies_stay_small_whatever_happens() {
    let house = house(Limits::default()).await;
    let browser = house.signed_in().await;
    for _ in 0..5 {
        // Many tabs begin, none ends.
        browser.step(&format!("{APP}/_hourgate/start?rd=/{}&ask=1", "a".repeat(3000))).await;
    }
    let size: usize =
        browser.cookies().iter().map(|name| name.len() + browser.cookie(name).unwrap().len()).sum();
    assert!(browser.cookies().len() <= 3 && size < 250, "{:?}: {size} bytes", browser.cookies());
}

#[tokio::test]
async fn dos_12_a_handler_that_panics_answers_500_and_all_others_live() {
    let house = house(Limits::default()).await;
    let limits = Limits::default();
    let edge = actix_web::web::Data::new(Edge {
        services: house.services().clone(),
        trusted_proxies: Vec::new(),
        sign_in_budget: SignInBudget::new(&limits),
        token_forms: tokio::sync::Semaphore::new(1),
    });
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let server = listener::serve(socket, limits, 1, move |config| {
        config.route("/panic", actix_web::web::get().to(panics));
        edge::public(edge.clone())(config);
    });
    let server = server.unwrap();
    let handle = server.handle();
    let served = tokio::spawn(server);
    let mut bystander = TcpStream::connect(address).await.unwrap();
    assert!(answered(&mut bystander, QUESTION).await.starts_with("HTTP/1.1 401 "));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        let answer = answered(&mut stream, "GET /panic HTTP/1.1\r\nHost: app.example.test\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 500 ") && !answer.contains("nobody"), "{answer}");
    }
    for stream in [&mut stream, &mut bystander] {
        assert!(answered(stream, QUESTION).await.starts_with("HTTP/1.1 401 "), "the connection goes on");
    }
    assert_eq!(house.services().metrics.panics.get(), 3);
    handle.stop(true).await;
    served.await.unwrap().unwrap();
}

async fn panics() -> &'static str {
    panic!("nobody should read this");
}
