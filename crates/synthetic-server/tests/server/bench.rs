//! A server of the test's own, and clients of it.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, protocol::CloseFrame};

/// Far more than anything takes, even where eight builds run beside.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Books without participants: everything that happens was asked for.
pub(crate) const QUIET: [&str; 4] = ["--rate", "0", "--warm-up", "0"];
/// Books that participants filled and left.
pub(crate) const FILLED: [&str; 4] = ["--rate", "0", "--warm-up", "1000"];

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_as(command(), options)
    }

    /// As `start`, through another command that runs the program.
    pub(crate) fn start_as(mut command: Command, options: &[&str]) -> Self {
        command.args(["--listen", "127.0.0.1:0", "--seed", "7"]);
        command.args(["--heartbeat-ms", "50"]).args(options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ws://").and_then(|rest| rest.strip_suffix('/'));
        let address = address.unwrap_or_else(|| panic!("not listening: {line:?}")).to_owned();
        Self { child, address }
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://{}/", self.address), stream).unwrap();
        Client { socket, request: 0, later: Vec::new() }
    }

    /// A client that said LOGIN.
    pub(crate) fn log_in(&self, account: &str) -> Client {
        let mut client = self.connect();
        assert_eq!(client.next("HELLO")["protocol"], 1);
        client.ask("LOGIN", json!({"protocol": 1, "account": account}));
        client
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself; whether that was well.
    pub(crate) fn wait(mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// SIGTERM; whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, with an environment that says nothing to it.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stratd-synthetic"));
    command.env_remove("PORT").stdin(Stdio::null());
    command
}

pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    request: u64,
    /// Messages that came while another one was waited for.
    later: Vec<Value>,
}

impl Client {
    /// Sends a request and returns its number.
    pub(crate) fn send(&mut self, kind: &str, mut body: Value) -> u64 {
        self.request += 1;
        body["type"] = kind.into();
        body["request"] = self.request.into();
        self.send_text(&body.to_string());
        self.request
    }

    pub(crate) fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.send(Message::binary(bytes.to_vec())).unwrap();
    }

    /// Bytes past the WebSocket, of a text frame that is none.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        use std::io::Write as _;
        let mut stream = self.socket.get_ref();
        stream.write_all(bytes).unwrap();
    }

    /// Sends a request and returns its answer; what else comes is kept for later.
    pub(crate) fn ask(&mut self, kind: &str, body: Value) -> Value {
        let number = self.send(kind, body);
        self.answer(number)
    }

    pub(crate) fn answer(&mut self, request: u64) -> Value {
        self.wait(|message| message["request"] == request)
    }

    /// The next message of a type.
    pub(crate) fn next(&mut self, kind: &str) -> Value {
        self.wait(|message| message["type"] == kind)
    }

    /// The next report of an order of the account, whatever it is.
    pub(crate) fn report(&mut self) -> Value {
        self.wait(is_report)
    }

    /// The first message that this is true of, of those that came before and those that come.
    pub(crate) fn wait(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.later.iter().position(&is_meant) {
            return self.later.remove(at);
        }
        self.wait_or_end(is_meant).expect("the connection does not end")
    }

    /// As `wait`, of those that come; nothing if the connection ends before.
    pub(crate) fn wait_or_end(&mut self, is_meant: impl Fn(&Value) -> bool) -> Option<Value> {
        let deadline = deadline();
        while let Ok(message) = self.read() {
            // heartbeats keep coming for ever
            assert!(now() < deadline, "it never came; instead: {:?} {message}", self.later);
            if is_meant(&message) {
                return Some(message);
            }
            self.later.push(message);
        }
        None
    }

    /// The next message as it comes, or how the connection ended.
    pub(crate) fn read(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(frame)) => return Err(frame),
                Ok(_) => {}
                Err(_) => return Err(None),
            }
        }
    }

    /// Reads to the end; the close frame.
    pub(crate) fn end(&mut self) -> Option<CloseFrame> {
        loop {
            if let Err(frame) = self.read() {
                return frame;
            }
        }
    }

    /// What came so far and nobody waited for, up to a sign of life that was asked for now.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let number = self.send("PING", json!({}));
        let mut rest = std::mem::take(&mut self.later);
        let pong = self.wait(|message| message["type"] == "PONG" && message["request"] == number);
        assert_eq!(pong["request"], number);
        rest.append(&mut self.later);
        // reports and events come after answers: one heartbeat later nothing is left
        self.next("HEARTBEAT");
        rest.append(&mut self.later);
        rest
    }
}

#[expect(clippy::disallowed_methods, reason = "a deadline of a test")]
fn now() -> Instant {
    Instant::now()
}

fn deadline() -> Instant {
    now() + PATIENCE
}

pub(crate) fn is_report(message: &Value) -> bool {
    let kinds = ["RECEIVED", "REJECTED", "CANCELED", "CHANGED", "BOUGHT", "SOLD"];
    kinds.iter().any(|kind| message["type"] == *kind) && message.get("order_seq").is_some()
}

/// A limit order of AAA.
pub(crate) fn limit(id: &str, side: &str, volume: u32, price: &str) -> Value {
    json!({"client_order_id": id, "instrument": "AAA", "side": side, "volume": volume, "order_type": "LIMIT", "price": price})
}

/// Units of 10^-8 of a decimal number's text.
pub(crate) fn exact(number: &str) -> i128 {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{part:0<8}");
    digits.parse().unwrap_or_else(|_| panic!("{number:?} is no plain decimal number"))
}
