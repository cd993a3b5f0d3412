//! The venue's program, and a client of our own that asks it what is true.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use stratd_tests::{synthetic, units};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, stream::MaybeTlsStream};

/// A venue that says nothing for so long has cut the connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer that does not come within so many heartbeats was lost.
const BEATS_MAX: u32 = 5;
const TRIES_MAX: u32 = 50;

/// A venue that can be killed and started again where it was.
pub(crate) struct Venue {
    child: Child,
    /// The first option says where it listens.
    options: Vec<String>,
    folder: std::path::PathBuf,
    pub(crate) url: String,
}

impl Venue {
    /// A venue that keeps its state in a folder below this one; options take the place of the usual ones.
    pub(crate) fn start(folder: &Path, options: &[&str]) -> Self {
        let mut all = vec!["--listen".to_owned(), "127.0.0.1:0".to_owned()];
        let usual =
            [("--state", "venue"), ("--instruments", "2"), ("--rate", "400"), ("--heartbeat-ms", "100")];
        let usual = usual.iter().filter(|(name, _)| !options.contains(name));
        all.extend(usual.flat_map(|(name, value)| [name, value]).map(|option| (*option).to_owned()));
        all.extend(options.iter().map(|option| (*option).to_owned()));
        let (child, url) = begin(folder, &all);
        // the same place the next time
        all[1] = url.trim_start_matches("ws://").trim_end_matches('/').to_owned();
        Self { child, options: all, folder: folder.to_owned(), url }
    }

    /// Kills it in the middle of whatever it does, and starts it again.
    pub(crate) fn dies_and_comes_back(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, _) = begin(&self.folder, &self.options);
    }

    /// A client that is logged in to an account.
    pub(crate) fn client(&self, account: &str) -> Client {
        let (socket, request) = (None, 0);
        Client { url: self.url.clone(), account: account.to_owned(), socket, request }
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program, and reads where it listens.
fn begin(folder: &Path, options: &[String]) -> (Child, String) {
    let log = File::options().create(true).append(true).open(folder.join("venue.err")).unwrap();
    let mut command = Command::new(synthetic());
    command.args(options).current_dir(folder).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
    let url = url.unwrap_or_else(|| {
        panic!("the venue does not listen: {}", std::fs::read_to_string(folder.join("venue.err")).unwrap())
    });
    (child, url)
}

/// Asks the venue, until it answers: faults befall this client as well.
pub(crate) struct Client {
    url: String,
    account: String,
    socket: Option<Socket>,
    request: u64,
}

type Socket = WebSocket<MaybeTlsStream<TcpStream>>;

/// One execution: client order id, side, price and volume in units of 1e-8.
pub(crate) type Fill = (String, String, i128, i128);

impl Client {
    /// The answer to a question, or the code of its refusal.
    pub(crate) fn ask(&mut self, kind: &str, keys: &Value) -> Result<Value, String> {
        for _ in 0..TRIES_MAX {
            let Some(answer) = self.try_ask(kind, keys) else {
                self.socket = None;
                continue;
            };
            return match &answer["code"] {
                Value::String(code) => Err(code.clone()),
                _ => Ok(answer),
            };
        }
        panic!("{kind} {keys}: no answer");
    }

    fn try_ask(&mut self, kind: &str, keys: &Value) -> Option<Value> {
        if self.socket.is_none() {
            let (mut socket, _) = tungstenite::connect(&self.url).ok()?;
            if let MaybeTlsStream::Plain(stream) = socket.get_mut() {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
            }
            self.socket = Some(socket);
            let login = json!({ "protocol": 1, "account": self.account });
            self.exchange("LOGIN", &login)?;
        }
        self.exchange(kind, keys)
    }

    fn exchange(&mut self, kind: &str, keys: &Value) -> Option<Value> {
        self.request += 1;
        let mut frame = json!({ "type": kind, "request": self.request });
        for (key, value) in keys.as_object().unwrap() {
            frame[key] = value.clone();
        }
        let socket = self.socket.as_mut()?;
        socket.send(Message::text(frame.to_string())).ok()?;
        let mut beats = 0;
        loop {
            let Message::Text(text) = socket.read().ok()? else { continue };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["request"] == self.request {
                return Some(answer);
            }
            beats += u32::from(answer["type"] == "HEARTBEAT");
            if beats > BEATS_MAX {
                break;
            }
        }
        None
    }

    /// How many reports there were.
    pub(crate) fn reports(&mut self) -> u64 {
        self.ask("OPEN_ORDERS", &json!({})).unwrap()["order_seq"].as_u64().unwrap()
    }

    pub(crate) fn open_orders(&mut self) -> usize {
        self.ask("OPEN_ORDERS", &json!({})).unwrap()["orders"].as_array().unwrap().len()
    }

    /// All executions, sorted.
    pub(crate) fn fills(&mut self) -> Vec<Fill> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = self.ask("FILLS", &json!({ "after_order_seq": after })).unwrap();
            for fill in page["fills"].as_array().unwrap() {
                after = fill["order_seq"].as_u64().unwrap();
                let text =
                    |key: &str| fill[key].as_str().map_or_else(|| fill[key].to_string(), str::to_owned);
                all.push((
                    text("client_order_id"),
                    text("target.side").to_lowercase(),
                    units(&text("last_price")),
                    units(&text("last_volume")),
                ));
            }
            if page["more"] != true {
                all.sort();
                return all;
            }
        }
    }

    /// Positions that are not flat, by instrument.
    pub(crate) fn positions(&mut self) -> BTreeMap<String, String> {
        let account = self.ask("ACCOUNT", &json!({})).unwrap();
        let positions = account["positions"].as_array().unwrap().iter();
        let positions = positions.map(|position| {
            (position["instrument"].as_str().unwrap().to_owned(), position["volume"].to_string())
        });
        positions.filter(|(_, volume)| volume != "0").collect()
    }

    pub(crate) fn cash(&mut self) -> String {
        self.ask("ACCOUNT", &json!({})).unwrap()["cash"].to_string()
    }

    /// Status and filled volume of an order.
    pub(crate) fn order(&mut self, id: &str) -> Result<(String, String), String> {
        let answer = self.ask("ORDER", &json!({ "client_order_id": id }))?;
        let order = &answer["order"];
        Ok((order["status"].as_str().unwrap().to_owned(), order["target.filled"].to_string()))
    }
}
