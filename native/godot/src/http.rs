//! Requests by the engine's own HTTP client: its certificates, and not a byte more of library.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use godot::builtin::{GString, PackedStringArray};
use godot::classes::http_client::{Method, Status};
use godot::classes::{HttpClient, TlsOptions};
use godot::global::Error;
use godot::obj::{Gd, NewGd};

use crate::failure::{Failure, Outcome};

/// Where a server is.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

/// A request to it.
pub struct Request<'a> {
    /// From `/` on.
    pub path: &'a str,
    /// As "Name: value".
    pub headers: Vec<String>,
    /// Sent with POST; none is a GET.
    pub body: Option<&'a [u8]>,
}

/// What it answers.
pub struct Reply {
    pub status: i32,
    headers: Vec<String>,
    pub body: Vec<u8>,
}

/// A connection that is kept for the next request.
pub struct Connection {
    server: Server,
    client: Client,
    /// Something was answered over it, so that the server may have closed it since.
    used: bool,
}

struct Client(Gd<HttpClient>);

// SAFETY: HTTPClient belongs to no thread, and the engine counts references to it atomically. Each
// of its calls here is of `Connection`, of which one thread at a time has the only reference.
#[allow(unsafe_code)]
unsafe impl Send for Client {}

/// The engine quits: requests that wait for an answer are to end.
static QUITTING: AtomicBool = AtomicBool::new(false);

/// Let every request end now.
pub fn quit() {
    QUITTING.store(true, Ordering::Relaxed);
}

impl Connection {
    /// To a server; it is made at the first request.
    pub fn new(server: Server) -> Self {
        Self { server, client: Client(HttpClient::new_gd()), used: false }
    }

    /// Send a request and wait for the whole answer, until the deadline.
    ///
    /// Fails with `ERR_TIMEOUT`, `ERR_CANT_RESOLVE`, `ERR_CANT_CONNECT`, and `ERR_CONNECTION_ERROR`
    /// where the connection ends before the answer does.
    pub fn exchange(&mut self, request: &Request<'_>, deadline: Instant) -> Outcome<Reply> {
        let kept = self.used && self.status() == Status::CONNECTED;
        match self.try_exchange(request, deadline) {
            // The server closed the kept connection, as it may: one more request over a new one.
            Err(failure) if kept && failure.code == Error::ERR_CONNECTION_ERROR => {
                self.try_exchange(request, deadline)
            }
            outcome => outcome,
        }
    }

    fn try_exchange(&mut self, request: &Request<'_>, deadline: Instant) -> Outcome<Reply> {
        let reply = self.connect(deadline).and_then(|()| {
            self.send(request)?;
            self.wait(deadline, "answer", |status| status == Status::REQUESTING)?;
            self.receive(deadline)
        });
        self.used = reply.is_ok();
        if reply.is_err() {
            self.client.0.close(); // half an answer may still be on its way
        }
        reply
    }

    fn connect(&mut self, deadline: Instant) -> Outcome<()> {
        self.client.0.poll();
        if self.status() == Status::CONNECTED {
            return Ok(());
        }
        self.client.0.close();
        let Server { tls, host, port } = &self.server;
        let tls = if *tls { TlsOptions::client() } else { None };
        let begin =
            self.client.0.connect_to_host_ex(host).port((*port).into()).tls_options(tls.as_ref());
        if begin.done() != Error::OK {
            return Err(self.failure(Error::ERR_CANT_CONNECT, "no connection can be begun"));
        }
        let before = [Status::RESOLVING, Status::CONNECTING];
        self.wait(deadline, "connection", |status| before.contains(&status))
    }

    fn send(&mut self, request: &Request<'_>) -> Outcome<()> {
        let method = if request.body.is_some() { Method::POST } else { Method::GET };
        let headers: PackedStringArray = request.headers.iter().map(GString::from).collect();
        let body = request.body.unwrap_or_default().into();
        match self.client.0.request_raw(method, request.path, &headers, &body) {
            Error::OK => Ok(()),
            _ => Err(self.failure(Error::ERR_CONNECTION_ERROR, "the request cannot be sent")),
        }
    }

    fn receive(&mut self, deadline: Instant) -> Outcome<Reply> {
        let mut reply = Reply {
            status: self.client.0.get_response_code(),
            headers: strings(&self.client.0.get_response_headers()),
            body: Vec::new(),
        };
        let length = self.client.0.get_response_body_length();
        while self.status() == Status::BODY {
            let chunk = self.client.0.read_response_body_chunk();
            reply.body.extend_from_slice(chunk.as_slice());
            if chunk.is_empty() {
                self.pause(deadline, "rest of the answer", Instant::now())?;
            }
        }
        match self.status() {
            Status::CONNECTED | Status::DISCONNECTED
                if length < 0 || reply.body.len() as i64 == length =>
            {
                Ok(reply)
            }
            status => Err(self.broken(status)),
        }
    }

    /// Wait while the status is one of waiting; what it waits for is named in the error.
    fn wait(
        &mut self,
        deadline: Instant,
        what: &str,
        waits: impl Fn(Status) -> bool,
    ) -> Outcome<()> {
        let start = Instant::now();
        loop {
            self.client.0.poll();
            match self.status() {
                status if waits(status) => self.pause(deadline, what, start)?,
                Status::CONNECTED | Status::BODY => return Ok(()),
                status => return Err(self.broken(status)),
            }
        }
    }

    /// A fraction of what it has waited already, so that it neither spins nor oversleeps.
    fn pause(&mut self, deadline: Instant, what: &str, start: Instant) -> Outcome<()> {
        if QUITTING.load(Ordering::Relaxed) {
            return Err(self.failure(Error::ERR_SKIP, "the engine quits"));
        }
        if Instant::now() >= deadline {
            let message = format!("no {what} came in time (request_timeout)");
            return Err(self.failure(Error::ERR_TIMEOUT, &message));
        }
        let waited = start.elapsed() / 16;
        thread::sleep(waited.clamp(Duration::from_micros(50), Duration::from_millis(2)));
        Ok(())
    }

    fn broken(&self, status: Status) -> Failure {
        let (code, message) = match status {
            Status::CANT_RESOLVE => (Error::ERR_CANT_RESOLVE, "its name has no address"),
            Status::CANT_CONNECT => (Error::ERR_CANT_CONNECT, "nothing listens there"),
            Status::TLS_HANDSHAKE_ERROR => (
                Error::ERR_CANT_CONNECT,
                "TLS failed: its certificate is not one that this engine trusts (Project Settings, \
                 network/tls/certificate_bundle_override), or it speaks no TLS",
            ),
            _ => (Error::ERR_CONNECTION_ERROR, "the connection was closed before the answer"),
        };
        self.failure(code, message)
    }

    fn failure(&self, code: Error, message: &str) -> Failure {
        let Server { host, port, .. } = &self.server;
        Failure::new(code, format!("{host}:{port}: {message}"))
    }

    fn status(&self) -> Status {
        self.client.0.get_status()
    }
}

impl Reply {
    /// The value of a header, whose name is written in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        let mut found = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }
}

fn strings(array: &PackedStringArray) -> Vec<String> {
    array.as_slice().iter().map(GString::to_string).collect()
}
