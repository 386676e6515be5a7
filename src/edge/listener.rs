//! A listener: HTTP/1.1 on connections that keep to the limits.
//!
//! HTTP/2 is not spoken. Its preface is a malformed HTTP/1.1 request: 400, closed (DOS-04).

use std::future::ready;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Protocol};
use actix_server::Server;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use tokio::net::TcpStream;

use super::connection::Connection;
use super::guard::guard;
use super::limits::Limits;

/// What is under way at a stop gets this long.
const STOP_WITHIN_SECS: u64 = 10;
/// A client whose body nobody wanted may still read its answer for this long.
const LINGER: Duration = Duration::from_secs(1);

/// Serves routes.
///
/// # Errors
///
/// Where the system takes the socket for no listener.
pub fn serve(
    listener: TcpListener,
    limits: Limits,
    workers: usize,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let server = Server::build();
    let stop = server.graceful_shutdown_signal();
    let per_worker = (limits.connections as usize).div_ceil(workers.max(1));
    server
        .workers(workers)
        .max_concurrent_connections(per_worker)
        .shutdown_timeout(STOP_WITHIN_SECS)
        .disable_signals()
        .listen("http", listener, move || {
            let (stop, routes) = (stop.clone(), routes.clone());
            let app =
                map_config(App::new().wrap(from_fn(guard)).configure(routes), |()| AppConfig::default());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stop = stop.clone();
                    async move { stop.notified().await }
                })
                // Ours keep the time.
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(LINGER)
                .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                    data.insert(connection.progress().clone());
                })
                .finish(app);
            fn_service(move |io: TcpStream| {
                let peer = io.peer_addr().ok();
                // Without it answers wait for acknowledgements; a socket that refuses is only slower.
                let _ = io.set_nodelay(true);
                ready(Ok((Connection::new(io, limits), Protocol::Http1, peer)))
            })
            .and_then(http)
        })
        .map(actix_server::ServerBuilder::run)
}
