use std::env;
use std::error::Error;

use tiny_http::{Response, Server};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_string());
    let server = Server::http(format!("0.0.0.0:{port}"))?;
    println!("listening on port {port}");

    for request in server.incoming_requests() {
        let response = match request.url() {
            "/" => Response::from_string("Hello from rust\n"),
            _ => Response::from_string("not found\n").with_status_code(404),
        };
        if let Err(error) = request.respond(response) {
            eprintln!("cannot answer: {error}");
        }
    }
    Ok(())
}
