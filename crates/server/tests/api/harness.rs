//! A server in a temporary folder, and a client for it.

use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};
use vedette_server::{RunningServer, Server, ServerConfig};

pub const PASSWORD: &str = "correct horse battery";

pub struct Host {
    pub server: Option<RunningServer>,
    pub dir: Arc<TempDir>,
    pub runtime: Arc<Runtime>,
    pub base: String,
    agent: Agent,
}

/// What a request is made with.
#[derive(Clone)]
pub enum As {
    Nobody,
    Token(String),
    Cookie(String),
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The JSON of an answer that must have this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

pub fn config(dir: &TempDir) -> ServerConfig {
    let mut config = ServerConfig::new(dir.path());
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.engine.memory_limit = 256 << 20;
    config.engine.threads = 2;
    config
}

impl Host {
    pub fn start() -> Host {
        Host::start_with(|_| ())
    }

    pub fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Host {
        Host::start_in(Arc::new(tempfile::tempdir().unwrap()), change)
    }

    pub fn start_in(dir: Arc<TempDir>, change: impl FnOnce(&mut ServerConfig)) -> Host {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut config = config(&dir);
        change(&mut config);
        let server = runtime.block_on(Server::start(config)).unwrap();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A connection kept for later may be closed by the server just when it is used again.
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let base = format!("http://{}", server.address());
        Host { server: Some(server), dir, runtime: Arc::new(runtime), base, agent }
    }

    pub fn server(&self) -> &RunningServer {
        self.server.as_ref().unwrap()
    }

    pub fn stop(&mut self) {
        let server = self.server.take().unwrap();
        self.runtime.block_on(server.stop()).unwrap();
    }

    pub fn local(&self) -> As {
        As::Token(self.server().local().token)
    }

    fn answer(&self, result: Result<Response<Body>, ureq::Error>) -> Reply {
        let mut response = result.unwrap();
        Reply {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string().unwrap_or_default(),
        }
    }

    /// A request as a well-behaved client makes it.
    pub fn send(&self, method: &str, path: &str, who: &As, body: Option<&Value>) -> Reply {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send_raw(method, path, who, body, &[("x-vedette-request", "1")])
    }

    pub fn send_raw(
        &self,
        method: &str,
        path: &str,
        who: &As,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match who {
            As::Nobody => {}
            As::Token(token) => request = request.header("authorization", format!("Bearer {token}")),
            As::Cookie(cookie) => request = request.header("cookie", cookie.as_str()),
        }
        match body {
            Some((kind, body)) => {
                // Some clients send a body and do not say what it is.
                let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
                self.answer(self.agent.run(request.body(body).unwrap()))
            }
            None => self.answer(self.agent.run(request.body(()).unwrap())),
        }
    }

    /// Headers and bytes of an answer, as they came.
    pub fn bytes(
        &self,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> (ureq::http::HeaderMap, Vec<u8>) {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.send(body).unwrap();
        assert_eq!(response.status(), 200);
        (response.headers().clone(), response.body_mut().read_to_vec().unwrap())
    }

    pub fn get(&self, path: &str) -> Value {
        self.send("GET", path, &self.local(), None).expect(200)
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &self.local(), Some(&body))
    }

    pub fn query(&self, xql: &str) -> Value {
        self.post("/api/v1/query", json!({"query": xql})).expect(200)
    }

    /// The rows of a query.
    pub fn rows(&self, xql: &str) -> Vec<Value> {
        self.query(xql)["rows"].as_array().unwrap().clone()
    }

    /// The first cells of each row: after `fields`, the system fields follow those asked for.
    pub fn cells(&self, xql: &str, count: usize) -> Vec<Value> {
        let cut = |row: Value| Value::Array(row.as_array().unwrap()[..count].to_vec());
        self.rows(xql).into_iter().map(cut).collect()
    }

    /// Makes a user of this role (the first one is an administrator) and signs them in.
    pub fn sign_in(&self, name: &str, role: &str) -> As {
        let new = json!({"username": name, "password": PASSWORD, "role": role});
        self.post("/api/v1/users", new).expect(201);
        let credentials = json!({"username": name, "password": PASSWORD});
        let reply = self.send("POST", "/api/v1/session", &As::Nobody, Some(&credentials));
        reply.expect(200);
        As::Cookie(reply.header("set-cookie").split(';').next().unwrap().to_owned())
    }

    /// Plays a small scan and waits for its alert.
    pub fn scan(&self) -> Value {
        let before = self.get("/api/v1/alerts")["total"].as_u64().unwrap();
        let capture =
            super::captures::scan([10, 7, 0, 9 + before as u8], [10, 7, 0, 200 + before as u8], 100);
        self.runtime.block_on(self.server().replay_capture(&capture)).unwrap();
        let alerts = self.wait(|| {
            let alerts = self.get("/api/v1/alerts");
            (alerts["total"].as_u64().unwrap() > before).then_some(alerts)
        });
        alerts["alerts"][0].clone()
    }

    /// Waits until `find` finds something, for 10 seconds.
    pub fn wait<T>(&self, mut find: impl FnMut() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "waited 10 seconds in vain");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.server.is_some() {
            let server = self.server.take().unwrap();
            let _ = self.runtime.block_on(server.stop());
        }
    }
}
