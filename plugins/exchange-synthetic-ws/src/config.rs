//! The keys of the configuration, and what they mean once checked.

use std::sync::Arc;

use rustls::ClientConfig;
use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Error, Result, TradingType};

use crate::tls;

/// Where the venue is, who we are there, and what is taken from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the venue listens: `ws://HOST:PORT/`, or `wss://HOST:PORT/`, encrypted: its certificate must be of that host and
    /// of an authority that is trusted.
    #[serde(default = "url")]
    #[schemars(extend("x-accepted" = "an address such as ws://127.0.0.1:5000/"))]
    pub url: String,
    /// The only authorities that are trusted with the venue's certificate, as a PEM file; those of the system by default.
    /// A relative path starts in the folder of the configuration file.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a PEM file"))]
    pub ca_file: Option<String>,
    /// The account that orders belong to. Simulation needs none.
    #[serde(default)]
    pub account: String,
    /// What the venue wants to see of who logs in.
    #[serde(default)]
    pub token: String,
    /// What client order ids at the venue begin with; the host's number of the order follows. It tells our orders from
    /// those of others on the account, and it names the session: of two connections with one prefix the later one
    /// ends the earlier, so every stratd on an account needs its own.
    #[serde(default = "client_id_prefix")]
    pub client_id_prefix: String,
    /// Which public data is taken: `trades`, `quotes` (when the best changed), `book` (the new quantity of price levels),
    /// `orders` (anyone's orders: opened, changed, filled, canceled). Own orders are always reported.
    #[serde(default = "feeds")]
    pub feeds: Vec<FeedName>,
    /// How long the venue may take to answer; then it is asked what became of the order.
    #[serde(default = "answer_timeout_ms")]
    #[schemars(range(min = 10, max = 60_000))]
    pub answer_timeout_ms: u32,
    /// How long the first connection may take, with as many tries as fit.
    #[serde(default = "connect_timeout_ms")]
    #[schemars(range(min = 10, max = 25_000))]
    pub connect_timeout_ms: u32,
    /// The pause before the first try to connect again; each further one is twice as long.
    #[serde(default = "reconnect_min_ms")]
    #[schemars(range(min = 1, max = 60_000))]
    pub reconnect_min_ms: u32,
    /// The longest pause. It is tried again until the connector is stopped.
    #[serde(default = "reconnect_max_ms")]
    #[schemars(range(min = 1, max = 600_000))]
    pub reconnect_max_ms: u32,
    /// Decides by how much each pause is shortened, so that many clients do not come back in one moment.
    #[serde(default = "seed")]
    pub seed: u64,
}

/// A kind of public data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedName {
    /// Every execution.
    Trades,
    /// Best bid and offer.
    Quotes,
    /// Price levels.
    Book,
    /// Anyone's orders.
    Orders,
}

fn url() -> String {
    "ws://127.0.0.1:5000/".to_owned()
}
fn client_id_prefix() -> String {
    "stratd-".to_owned()
}
fn feeds() -> Vec<FeedName> {
    vec![FeedName::Trades, FeedName::Quotes, FeedName::Book]
}
fn answer_timeout_ms() -> u32 {
    2_000
}
fn connect_timeout_ms() -> u32 {
    10_000
}
fn reconnect_min_ms() -> u32 {
    100
}
fn reconnect_max_ms() -> u32 {
    10_000
}
fn seed() -> u64 {
    1
}

/// The longest account, token and prefix: an id at the venue has 64 bytes, and a number up to 20.
const ACCOUNT_BYTES_MAX: usize = 64;
const TOKEN_BYTES_MAX: usize = 1_024;
const PREFIX_BYTES_MAX: usize = 40;
const MS: i64 = 1_000_000;

/// Which public data goes to the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Feeds {
    pub(crate) trades: bool,
    pub(crate) quotes: bool,
    pub(crate) book: bool,
    pub(crate) orders: bool,
}

impl Feeds {
    /// Whether a book must be kept at all.
    pub(crate) fn needs_book(self) -> bool {
        self.quotes || self.book || self.orders
    }
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) url: String,
    /// Whether the url is `wss://`.
    is_encrypted: bool,
    ca_file: Option<String>,
    /// `None` in simulation: market data only.
    pub(crate) account: Option<String>,
    pub(crate) token: String,
    pub(crate) prefix: String,
    pub(crate) feeds: Feeds,
    pub(crate) answer_ns: i64,
    pub(crate) connect_ns: i64,
    pub(crate) reconnect_ms: (u32, u32),
    pub(crate) seed: u64,
}

impl Settings {
    /// Checks what the schema cannot say.
    pub(crate) fn new(config: Config, trading_type: TradingType) -> Result<Self> {
        let account = match trading_type {
            TradingType::Simulation => None,
            TradingType::Backtest | TradingType::Sandbox | TradingType::Live => Some(config.account),
        };
        if let Some(account) = &account
            && (account.is_empty() || account.len() > ACCOUNT_BYTES_MAX)
        {
            return Err(Error::new(format!(
                "account has {} bytes (accepted in {trading_type}: the account that trades, 1 to {ACCOUNT_BYTES_MAX} bytes)",
                account.len()
            )));
        }
        if config.token.len() > TOKEN_BYTES_MAX {
            return Err(Error::new(format!(
                "token has {} bytes (accepted: at most {TOKEN_BYTES_MAX})",
                config.token.len()
            )));
        }
        let ends_in_digit = config.client_id_prefix.ends_with(|last: char| last.is_ascii_digit());
        if config.client_id_prefix.len() > PREFIX_BYTES_MAX
            || ends_in_digit
            || !config.client_id_prefix.bytes().all(|byte| byte.is_ascii_graphic())
            || config.client_id_prefix.is_empty()
        {
            return Err(Error::new(format!(
                "client_id_prefix is `{}` (accepted: 1 to {PREFIX_BYTES_MAX} printable ASCII characters, the last one no digit)",
                config.client_id_prefix
            )));
        }
        let is_encrypted = check_url(&config.url)?;
        if config.ca_file.is_some() && !is_encrypted {
            return Err(Error::new(format!(
                "ca_file is set, and url is `{}`, which is not encrypted (accepted: wss://HOST:PORT/, or no ca_file)",
                config.url
            )));
        }
        let pauses = (config.reconnect_min_ms, config.reconnect_max_ms);
        if pauses.0 == 0 || pauses.0 > pauses.1 {
            return Err(Error::new(format!(
                "reconnect_min_ms is {} (accepted: 1 to reconnect_max_ms, {})",
                pauses.0, pauses.1
            )));
        }
        let has = |feed| config.feeds.contains(&feed);
        Ok(Self {
            feeds: Feeds {
                trades: has(FeedName::Trades),
                quotes: has(FeedName::Quotes),
                book: has(FeedName::Book),
                orders: has(FeedName::Orders),
            },
            url: config.url,
            is_encrypted,
            ca_file: config.ca_file,
            account,
            token: config.token,
            prefix: config.client_id_prefix,
            answer_ns: i64::from(config.answer_timeout_ms) * MS,
            connect_ns: i64::from(config.connect_timeout_ms) * MS,
            reconnect_ms: pauses,
            seed: config.seed,
        })
    }

    /// What the connection is encrypted with, if it is. Files are read now: a wrong path is an error of the start.
    pub(crate) fn tls(&self) -> Result<Option<Arc<ClientConfig>>> {
        if !self.is_encrypted {
            return Ok(None);
        }
        tls::client(self.ca_file.as_deref()).map(Some).map_err(Error::new)
    }
}

/// Says what is wrong with an address before a thread is started for it; else whether it is one of TLS.
fn check_url(url: &str) -> Result<bool> {
    let accepted = "ws://HOST:PORT/ or wss://HOST:PORT/";
    let refused = |why: &str| Err(Error::new(format!("url is `{url}`: {why} (accepted: {accepted})")));
    let parsed: tokio_tungstenite::tungstenite::http::Uri = match url.parse() {
        Ok(parsed) => parsed,
        Err(error) => return refused(&format!("{error}").to_lowercase()),
    };
    let is_encrypted = match parsed.scheme_str() {
        Some("ws") => false,
        Some("wss") => true,
        _ => return refused("no address of a WebSocket"),
    };
    match parsed.host() {
        Some(host) if !host.is_empty() => Ok(is_encrypted),
        _ => refused("no host"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(config: serde_json::Value, trading_type: TradingType) -> Result<Settings, String> {
        let config: Config = serde_json::from_value(config).map_err(|error| error.to_string())?;
        Settings::new(config, trading_type).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_accepted() {
        let refused = |config, expect: &str| {
            let error = settings(config, TradingType::Sandbox).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        refused(
            serde_json::json!({ "url": "http://x/", "account": "a" }),
            "no address of a WebSocket (accepted: ws://HOST:PORT/",
        );
        refused(serde_json::json!({ "url": "ws://:5000", "account": "a" }), "url is `ws://:5000`");
        refused(serde_json::json!({}), "account has 0 bytes (accepted in sandbox: the account that trades");
        refused(serde_json::json!({ "account": "a", "client_id_prefix": "x1" }), "the last one no digit");
        refused(
            serde_json::json!({ "account": "a", "reconnect_min_ms": 9, "reconnect_max_ms": 8 }),
            "reconnect_min_ms is 9 (accepted: 1 to reconnect_max_ms, 8)",
        );
        refused(serde_json::json!({ "acount": "a" }), "unknown field `acount`");
        refused(
            serde_json::json!({ "url": "ws://x/", "account": "a", "ca_file": "ca.pem" }),
            "ca_file is set, and url is `ws://x/`, which is not encrypted (accepted: wss://HOST:PORT/",
        );
    }

    #[test]
    fn a_simulation_needs_no_account() {
        let settings = settings(serde_json::json!({}), TradingType::Simulation).unwrap();
        assert_eq!((settings.account, settings.prefix.as_str()), (None, "stratd-"));
    }
}
