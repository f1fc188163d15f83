//! A model on a server that `ludus serve` started: the open inference protocol over HTTP, with
//! numbers as bytes.

use std::thread;
use std::time::{Duration, Instant};

use godot::global::Error;
use ludus_runtime::manifest::Network;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::http::{Connection, Reply, Request, Server};

const EXPECTED: &str = "expected http://HOST:PORT/v2/models/NAME or https, or that with \
                        /versions/NUMBER";
/// Where the bytes begin, in the headers of requests and answers.
const HEAD: &str = "Inference-Header-Content-Length";
/// Before the second try; then twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Of requests to a server.
#[derive(Clone)]
pub struct Settings {
    /// For a call as a whole, with what is tried again.
    pub timeout: Duration,
    /// How often a request is sent again that was not answered, or not now.
    pub retries: u32,
    /// As "Name: value", such as a key.
    pub headers: Vec<String>,
}

/// A model that a server has.
pub struct Client {
    url: String,
    path: String,
    connection: Connection,
    /// What the model takes and gives.
    pub network: Network,
    /// Inputs of a request, at most.
    most: usize,
}

/// Seconds, as `Settings::timeout`.
pub fn timeout(seconds: f64) -> Outcome<Duration> {
    if (0.001..=3600.0).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    let message = format!("request_timeout is {seconds}, expected 0.001 to 3600 seconds");
    Err(Failure::bad(message))
}

/// As `Settings::retries`.
pub fn retries(count: i64) -> Outcome<u32> {
    let message = || format!("request_retries is {count}, expected 0 to 100");
    let retries = u32::try_from(count).ok().filter(|retries| *retries <= 100);
    retries.ok_or_else(|| Failure::bad(message()))
}

/// As `Settings::headers`.
pub fn headers(lines: Vec<String>) -> Outcome<Vec<String>> {
    let is_header = |line: &String| {
        let name = line.split_once(": ").map_or("", |(name, _)| name);
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        named && !line.chars().any(char::is_control)
    };
    match lines.iter().position(|line| !is_header(line)) {
        None => Ok(lines),
        // Its value may be a secret.
        Some(index) => Err(Failure::bad(format!(
            "request_headers[{index}] is no header, expected \"Name: value\""
        ))),
    }
}

/// Whether a path is a server's.
pub fn is_remote(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
}

impl Client {
    /// Ask a server for a model.
    pub fn open(url: &str, settings: &Settings) -> Outcome<Self> {
        let (server, path) =
            parse(url).map_err(|why| Failure::bad(format!("{url}: {why}; {EXPECTED}")))?;
        let mut connection = Connection::new(server);
        let request = Request {
            path: &format!("{path}/config"),
            headers: settings.headers.clone(),
            body: None,
        };
        let reply =
            ask(&mut connection, &request, settings, Instant::now() + settings.timeout, url)?;
        let (network, most) = network(&reply.body, url)?;
        Ok(Self { url: url.to_owned(), path, connection, network, most })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The answers to inputs, one after the other, in as many requests as the server wants.
    pub fn run(
        &mut self,
        inputs: &[f32],
        settings: &Settings,
        answers: &mut Vec<f32>,
    ) -> Outcome<()> {
        let deadline = Instant::now() + settings.timeout;
        let each = self.network.inputs[0].values();
        answers.clear();
        for part in inputs.chunks(each * self.most) {
            answers.extend(self.infer(part, part.len() / each, settings, deadline)?);
        }
        Ok(())
    }

    fn infer(
        &mut self,
        inputs: &[f32],
        count: usize,
        settings: &Settings,
        deadline: Instant,
    ) -> Outcome<Vec<f32>> {
        let (input, output) = (&self.network.inputs[0], &self.network.outputs[0]);
        let shape: Vec<usize> = std::iter::once(count).chain(input.lengths()).collect();
        let head = json!({
            "inputs": [{
                "name": input.name,
                "datatype": input.datatype,
                "shape": shape,
                "parameters": {"binary_data_size": size_of_val(inputs)},
            }],
            "outputs": [{"name": output.name, "parameters": {"binary_data": true}}],
        });
        let mut body = head.to_string().into_bytes();
        let mut headers = settings.headers.clone();
        headers.push("Content-Type: application/octet-stream".to_owned());
        headers.push(format!("{HEAD}: {}", body.len()));
        body.extend(inputs.iter().flat_map(|value| value.to_le_bytes()));
        let path = format!("{}/infer", self.path);
        let request = Request { path: &path, headers, body: Some(&body) };
        let reply = ask(&mut self.connection, &request, settings, deadline, &self.url)?;
        floats(&reply, count * output.values())
            .map_err(|why| Failure::new(Error::ERR_INVALID_DATA, format!("{}: {why}", self.url)))
    }
}

/// Server and path of a URL.
fn parse(url: &str) -> Result<(Server, String), &'static str> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let tls = scheme == "https";
    let (authority, path) = rest.split_once('/').ok_or("it names no model")?;
    let path = path.trim_end_matches('/');
    if path.contains(['?', '#', ' ']) {
        return Err("it is no path");
    }
    let model = path.rsplit_once("models/").map_or("", |(_, model)| model);
    if model.is_empty() {
        return Err("it names no model");
    }
    if authority.contains('@') {
        return Err("a name and password go into request_headers");
    }
    let bracket = authority.rfind(']').map_or(0, |end| end + 1); // of [::1]
    let (host, port) = match authority[bracket..].find(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(bracket + colon);
            (host, port[1..].parse().ok().filter(|port| *port != 0).ok_or("it has no such port")?)
        }
        None => (authority, if tls { 443 } else { 80 }),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err("it names no host");
    }
    Ok((Server { tls, host: host.to_owned(), port }, format!("/{path}")))
}

/// Send a request, and again while that may help and the deadline is far enough.
fn ask(
    connection: &mut Connection,
    request: &Request<'_>,
    settings: &Settings,
    deadline: Instant,
    url: &str,
) -> Outcome<Reply> {
    let mut pause = PAUSE;
    for _ in 0..settings.retries {
        let outcome = connection.exchange(request, deadline);
        if !may_pass(&outcome) || Instant::now() + pause >= deadline {
            return accept(outcome?, url);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    accept(connection.exchange(request, deadline)?, url)
}

/// Whether the same request may be answered in a moment.
fn may_pass(outcome: &Outcome<Reply>) -> bool {
    match outcome {
        Ok(reply) => matches!(reply.status, 429 | 502..=504),
        Err(failure) => matches!(
            failure.code,
            Error::ERR_CANT_RESOLVE | Error::ERR_CANT_CONNECT | Error::ERR_CONNECTION_ERROR
        ),
    }
}

/// A successful answer, or the server's own message.
fn accept(reply: Reply, url: &str) -> Outcome<Reply> {
    let code = match reply.status {
        200 => return Ok(reply),
        401 | 403 => Error::ERR_UNAUTHORIZED,
        404 => Error::ERR_DOES_NOT_EXIST,
        429 | 500.. => Error::ERR_UNAVAILABLE,
        _ => Error::ERR_INVALID_PARAMETER,
    };
    let message = serde_json::from_slice::<Value>(&reply.body).ok();
    let message = message.as_ref().and_then(|body| body.get("error")?.as_str());
    let message = message.map(|message| format!(": {message}")).unwrap_or_default();
    Err(Failure::new(code, format!("{url} answers {}{message}", reply.status)))
}

/// A model's inputs and outputs by its configuration, and the most inputs of a request.
fn network(body: &[u8], url: &str) -> Outcome<(Network, usize)> {
    let strange = |why: &str| {
        let message = format!("{url} is no model that `ludus serve` of this version serves: {why}");
        Failure::new(Error::ERR_INVALID_DATA, message)
    };
    let config: Value =
        serde_json::from_slice(body).map_err(|why| strange(&format!("no JSON: {why}")))?;
    let json = config["parameters"]["network"]["string_value"].as_str();
    let json = json.ok_or_else(|| strange("its config has no parameter 'network'"))?;
    let network = Network::parse(json.as_bytes(), "its parameter 'network'");
    let network = network.map_err(|why| strange(&why.to_string()))?;
    let most = config["max_batch_size"].as_u64().unwrap_or_default();
    Ok((network, usize::try_from(most).unwrap_or_default().max(1)))
}

/// The numbers of an answer with one output; their count must be `expected`.
fn floats(reply: &Reply, expected: usize) -> Result<Vec<f32>, String> {
    let head = reply.header(HEAD).and_then(|length| length.parse().ok());
    let bytes = head.and_then(|head: usize| reply.body.get(head..));
    let bytes = bytes.ok_or("the answer's numbers are not given as bytes")?;
    if bytes.len() != expected * size_of::<f32>() {
        let got = bytes.len();
        return Err(format!("the answer has {got} bytes, expected {expected} float32"));
    }
    Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        for (url, tls, host, port, path) in [
            ("http://127.0.0.1:8000/v2/models/a", false, "127.0.0.1", 8000, "/v2/models/a"),
            ("https://ml.example/v2/models/a/", true, "ml.example", 443, "/v2/models/a"),
            ("http://ml.example/x/v2/models/a", false, "ml.example", 80, "/x/v2/models/a"),
            ("http://[::1]:81/v2/models/a/versions/2", false, "::1", 81, "/v2/models/a/versions/2"),
            ("http://[::1]/v2/models/a", false, "::1", 80, "/v2/models/a"),
        ] {
            let server = Server { tls, host: host.to_owned(), port };
            assert_eq!(parse(url), Ok((server, path.to_owned())), "{url}");
        }
    }

    #[test]
    fn a_url_of_no_model_is_refused() {
        for url in [
            "http://",
            "http://a",
            "http://a:8000/",
            "http://a/v2/models/",
            "http://a:0/v2/models/b",
            "http://a:x/v2/models/b",
            "http://a:65536/v2/models/b",
            "http://:80/v2/models/b",
            "http://me:secret@a/v2/models/b",
            "http://a/v2/models/b?c",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
