//! A venue that says what the test tells it to.

use std::{
    net::{TcpListener, TcpStream},
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// How long a test waits before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Where it listens.
pub(crate) struct Venue {
    listener: TcpListener,
}

/// One connection to it.
pub(crate) struct Connection {
    socket: WebSocket<TcpStream>,
}

impl Venue {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.listener.local_addr().unwrap())
    }

    /// The next connection, greeted.
    pub(crate) fn greets(&self, run: &str) -> Connection {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut connection = Connection { socket: tungstenite::accept(stream).unwrap() };
        let hello = json!({ "type": "HELLO", "protocol": 1, "venue": "synthetic", "run": run, "time": 1, "seq": 0, "heartbeat_ms": 60_000 });
        connection.says(&hello);
        connection
    }

    /// The next connection, logged in.
    pub(crate) fn lets_in(&self, run: &str, order_seq: u64) -> Connection {
        let mut connection = self.greets(run);
        let login = connection.hears("LOGIN");
        let fenced = json!({ "order_seq": order_seq, "fenced": true });
        connection.accepts(&login, &fenced);
        connection
    }
}

impl Connection {
    pub(crate) fn says(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).unwrap();
    }

    pub(crate) fn says_text(&mut self, text: &str) {
        self.socket.send(Message::text(text.to_owned())).unwrap();
    }

    /// The next frame, which must be of this type.
    pub(crate) fn hears(&mut self, kind: &str) -> Value {
        let frame = self.next().unwrap_or_else(|why| panic!("waiting for {kind}: {why}"));
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    fn next(&mut self) -> Result<Value, tungstenite::Error> {
        loop {
            match self.socket.read()? {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return Err(tungstenite::Error::ConnectionClosed),
                _ => {}
            }
        }
    }

    /// Waits for the other side to end it, and returns what it said until then.
    pub(crate) fn ends(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        while let Ok(frame) = self.next() {
            heard.push(frame);
        }
        heard
    }

    pub(crate) fn accepts(&mut self, request: &Value, keys: &Value) {
        self.answers("ACCEPTED", request, keys);
    }

    pub(crate) fn answers(&mut self, kind: &str, request: &Value, keys: &Value) {
        let mut frame = json!({ "type": kind, "request": request["request"] });
        for (key, value) in keys.as_object().unwrap() {
            frame[key] = value.clone();
        }
        self.says(&frame);
    }

    pub(crate) fn refuses(&mut self, request: &Value, code: &str) {
        self.answers("ERROR", request, &json!({ "code": code, "message": "as the script says" }));
    }

    /// The snapshot of AAA, with these orders.
    pub(crate) fn snapshot(&mut self, seq: u64, orders: &[(u64, &str, &str, u64)]) {
        for (id, side, price, volume) in orders {
            let mut frame = order("OPEN", seq, seq, (*id, side, price, *volume, 0));
            frame["snapshot"] = true.into();
            self.says(&frame);
        }
        self.says(&json!({ "type": "SNAPSHOT", "instrument": "AAA", "seq": seq, "orders": orders.len() }));
    }
}

/// A public event of an order: id, side, price, volume, filled.
pub(crate) fn order(
    kind: &str,
    seq: u64,
    prev: u64,
    (id, side, price, volume, filled): (u64, &str, &str, u64, u64),
) -> Value {
    json!({
        "type": kind, "seq": seq, "prev": prev,
        "target.id": format!("O-{id}"), "target.timestamp": "1732300000.000000001",
        "target.volume": volume, "target.price": price, "target.side": side,
        "target.instrument": { "name": "AAA", "type": "EQUITY" }, "target.exchange": { "name": "synthetic" },
        "target.notional": 0, "target.filled": filled, "target.order_type": "LIMIT", "target.flag": "NONE",
        "target.stop_target": "",
    })
}

/// A report of the own order 7: kind, status, filled.
pub(crate) fn report(kind: &str, order_seq: u64, status: &str, filled: u64) -> Value {
    let mut frame = order(kind, 0, 0, (70, "BUY", "99.00", 10, filled));
    frame.as_object_mut().unwrap().retain(|key, _| key != "seq" && key != "prev");
    frame["order_seq"] = order_seq.into();
    frame["client_order_id"] = "stratd-7".into();
    frame["order_id"] = "O-70".into();
    frame["status"] = status.into();
    if kind == "BOUGHT" {
        frame["trade_id"] = format!("T-{order_seq}").into();
        frame["last_price"] = "98.50".into();
        frame["last_volume"] = 4.into();
        frame["fee"] = "0.25".into();
        frame["liquidity"] = "maker".into();
    }
    frame
}
