//! What the authz endpoint is compared to: actix-web that answers 200 to everything. `bare <port>`.

use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).ok_or("usage: bare <port>")?.parse()?;
    // As many as `hourgate serve` has.
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    HttpServer::new(|| App::new().default_service(web::to(HttpResponse::Ok)))
        .workers(workers)
        .bind(("127.0.0.1", port))?
        .run()
        .await?;
    Ok(())
}
