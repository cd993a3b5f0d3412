//! A client of the venue that knows nothing of the connector.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, stream::MaybeTlsStream};

use crate::live::now;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Logged in to an account.
pub(super) struct Venue {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    request: u64,
}

impl Venue {
    pub(super) fn connect(url: &str, account: &str) -> Result<Self> {
        let (mut socket, _) = tungstenite::connect(url).with_context(|| format!("connecting to {url}"))?;
        if let MaybeTlsStream::Plain(stream) = socket.get_mut() {
            stream.set_read_timeout(Some(PATIENCE))?;
        }
        let mut venue = Self { socket, request: 0 };
        venue.ask("LOGIN", &json!({ "protocol": 1, "account": account }))?;
        Ok(venue)
    }

    /// The answer to a question; `None` = `unknown_order`.
    pub(super) fn find(&mut self, kind: &str, keys: &Value) -> Result<Option<Value>> {
        self.request += 1;
        let mut frame = json!({ "type": kind, "request": self.request });
        if let (Some(frame), Some(keys)) = (frame.as_object_mut(), keys.as_object()) {
            frame.extend(keys.clone());
        }
        self.socket.send(Message::text(frame.to_string())).context("asking the venue")?;
        loop {
            let Message::Text(text) = self.socket.read().context("the venue's answer")? else { continue };
            let answer: Value = serde_json::from_str(&text).context("the venue's answer")?;
            if answer["request"] != self.request {
                continue;
            }
            match answer["code"].as_str() {
                None => return Ok(Some(answer)),
                Some("unknown_order") => return Ok(None),
                Some(_) => bail!("the venue refused {kind} {keys}: {answer}"),
            }
        }
    }

    pub(super) fn ask(&mut self, kind: &str, keys: &Value) -> Result<Value> {
        self.find(kind, keys)?.with_context(|| format!("the venue knows nothing of {kind} {keys}"))
    }

    /// Waits for a report that says so; false if none comes in time.
    pub(super) fn wait_for(&mut self, deadline: Instant, is_it: impl Fn(&Value) -> bool) -> Result<bool> {
        // there is a heartbeat every now and then
        while now() < deadline {
            let Message::Text(text) = self.socket.read().context("the venue's reports")? else { continue };
            if is_it(&serde_json::from_str(&text).context("the venue's reports")?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The number of the account's last report.
    pub(super) fn last(&mut self) -> Result<u64> {
        self.ask("FILLS", &json!({ "after_order_seq": u32::MAX }))?["order_seq"]
            .as_u64()
            .context("no order_seq")
    }

    /// All reports after one.
    pub(super) fn reports(&mut self, mut after: u64) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        loop {
            let page = self.ask("REPORTS", &json!({ "after": after }))?;
            let reports = page["reports"].as_array().context("no reports")?;
            all.extend(reports.iter().cloned());
            let last = reports.last().and_then(|report| report["order_seq"].as_u64());
            match (page["more"] == true, last) {
                (true, Some(last)) => after = last,
                _ => return Ok(all),
            }
        }
    }
}
