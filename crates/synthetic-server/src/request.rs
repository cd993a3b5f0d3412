//! Requests of clients, from their text.
//!
//! A request is read in two steps: its type and number first, so that whatever is wrong with the rest can be answered
//! under its number; then its keys, of which none may be unknown.

use serde::Deserialize;
use serde_json::value::RawValue;
use stratd_plugin_api::{Decimal, Timestamp};

use crate::refusal::{Code, Refusal};

/// Decimals of a time in seconds.
const TIME_DECIMALS: u8 = 9;

/// A request and its number.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: u64,
    pub(crate) what: Request,
}

/// What clients ask for.
#[derive(Debug)]
pub(crate) enum Request {
    Login(Login),
    Ping,
    Instruments,
    Subscribe(Option<String>),
    Resume { after: u64, instruments: Option<Vec<String>> },
    New(New),
    Cancel(Which),
    Change(Change),
    OpenOrders { after: Option<String> },
    Fills(Since),
    Order(Which),
    Account,
    Reports { after: u64 },
    Faults { rules: Option<String> },
}

/// The words of `type`.
const TYPES: &str = "LOGIN, PING, INSTRUMENTS, SUBSCRIBE, RESUME, NEW, CANCEL, CHANGE, OPEN_ORDERS, FILLS, ORDER, \
                     ACCOUNT, REPORTS, FAULTS";

/// Who wants to trade.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    pub(crate) protocol: u64,
    pub(crate) account: String,
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) cancel_on_disconnect: bool,
}

/// A new order, its numbers as text.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) client_order_id: String,
    pub(crate) instrument: String,
    pub(crate) side: String,
    pub(crate) order_type: String,
    pub(crate) flag: String,
    pub(crate) lifetime: String,
    pub(crate) volume: Decimal,
    pub(crate) price: Option<Decimal>,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) post_only: bool,
    pub(crate) reduce_only: bool,
}

/// An order of the account.
#[derive(Debug)]
pub(crate) enum Which {
    Client(String),
    Exchange(String),
}

/// What is to be different about an order.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) which: Which,
    pub(crate) price: Option<Decimal>,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) volume: Option<Decimal>,
}

/// From where on fills are wanted.
#[derive(Debug)]
pub(crate) enum Since {
    Time(Timestamp),
    Number(u64),
}

/// Reads a request; of one that is refused, the number as far as it could be read, or 0.
pub(crate) fn parse(text: &str) -> Result<Asked, (u64, Refusal)> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<&'a RawValue>,
        #[serde(borrow)]
        request: Option<&'a RawValue>,
    }
    let bad = |code, message: String| Refusal::new(code, message);
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        (
            0,
            bad(
                Code::BadJson,
                format!("the message is no JSON object: {error} (accepted: one object per message)"),
            ),
        )
    })?;
    let number = envelope.request.and_then(|raw| raw.get().parse::<u64>().ok()).filter(|number| *number > 0);
    let Some(request) = number else {
        let found = envelope.request.map_or("nothing", RawValue::get);
        let message = format!("request is {found} (accepted: a whole number from 1)");
        return Err((0, bad(Code::BadRequest, message)));
    };
    let kind = envelope.kind.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let kind = kind.ok_or_else(|| {
        let found = envelope.kind.map_or("missing", RawValue::get);
        (request, bad(Code::UnknownType, format!("type is {found} (accepted: {TYPES})")))
    })?;
    let what = body(&kind, text).map_err(|refusal| (request, refusal))?;
    Ok(Asked { request, what })
}

fn body(kind: &str, text: &str) -> Result<Request, Refusal> {
    Ok(match kind {
        "LOGIN" => Request::Login(keys(kind, text)?),
        "PING" => bare(kind, text, Request::Ping)?,
        "INSTRUMENTS" => bare(kind, text, Request::Instruments)?,
        "ACCOUNT" => bare(kind, text, Request::Account)?,
        "SUBSCRIBE" => Request::Subscribe(keys::<SubscribeKeys>(kind, text)?.instrument),
        "RESUME" => {
            let ResumeKeys { after, instruments, .. } = keys(kind, text)?;
            Request::Resume { after, instruments }
        }
        "REPORTS" => Request::Reports { after: keys::<ReportsKeys>(kind, text)?.after },
        "OPEN_ORDERS" => Request::OpenOrders { after: keys::<OpenOrdersKeys>(kind, text)?.after },
        "NEW" => Request::New(keys::<NewKeys<'_>>(kind, text)?.checked()?),
        "CANCEL" | "ORDER" => {
            let WhichKeys { client_order_id, order_id, .. } = keys(kind, text)?;
            let which = which(client_order_id, order_id)?;
            if kind == "ORDER" { Request::Order(which) } else { Request::Cancel(which) }
        }
        "CHANGE" => Request::Change(keys::<ChangeKeys<'_>>(kind, text)?.checked()?),
        "FILLS" => Request::Fills(keys::<FillsKeys<'_>>(kind, text)?.checked()?),
        "FAULTS" => Request::Faults {
            rules: keys::<FaultsKeys<'_>>(kind, text)?.rules.map(|raw| raw.get().to_owned()),
        },
        other => {
            return Err(Refusal::new(Code::UnknownType, format!("type is {other:?} (accepted: {TYPES})")));
        }
    })
}

/// The keys of a request; serde names the key that is wrong and those that are known.
fn keys<'a, T: Deserialize<'a>>(kind: &str, text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| Refusal::new(Code::BadRequest, format!("{kind}: {error}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareKeys {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
}

fn bare(kind: &str, text: &str, request: Request) -> Result<Request, Refusal> {
    keys::<BareKeys>(kind, text).map(|_| request)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscribeKeys {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    instrument: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeKeys {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    after: u64,
    instruments: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportsKeys {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    after: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenOrdersKeys {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichKeys {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    client_order_id: Option<String>,
    order_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultsKeys<'a> {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    #[serde(borrow)]
    rules: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FillsKeys<'a> {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    #[serde(borrow)]
    since: Option<&'a RawValue>,
    after_order_seq: Option<u64>,
}

impl FillsKeys<'_> {
    fn checked(self) -> Result<Since, Refusal> {
        match (self.since, self.after_order_seq) {
            (Some(raw), None) => Ok(Since::Time(time("since", raw)?)),
            (None, Some(number)) => Ok(Since::Number(number)),
            (Some(_), Some(_)) | (None, None) => Err(Refusal::new(
                Code::BadRequest,
                "FILLS has both of since and after_order_seq or neither (accepted: one of them)",
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeKeys<'a> {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    client_order_id: Option<String>,
    order_id: Option<String>,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_price: Option<&'a RawValue>,
    #[serde(borrow)]
    volume: Option<&'a RawValue>,
}

impl ChangeKeys<'_> {
    fn checked(self) -> Result<Change, Refusal> {
        let change = Change {
            which: which(self.client_order_id, self.order_id)?,
            price: self.price.map(|raw| number("price", raw)).transpose()?,
            stop_price: self.stop_price.map(|raw| number("stop_price", raw)).transpose()?,
            volume: self.volume.map(|raw| number("volume", raw)).transpose()?,
        };
        if change.price.is_none() && change.stop_price.is_none() && change.volume.is_none() {
            let message = "CHANGE changes nothing (accepted: one or more of price, stop_price, volume)";
            return Err(Refusal::new(Code::BadRequest, message));
        }
        Ok(change)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKeys<'a> {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "request")]
    _request: u64,
    client_order_id: String,
    instrument: String,
    side: String,
    order_type: String,
    flag: Option<String>,
    lifetime: Option<String>,
    #[serde(borrow)]
    volume: &'a RawValue,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_price: Option<&'a RawValue>,
    #[serde(borrow)]
    expires: Option<&'a RawValue>,
    post_only: Option<bool>,
    reduce_only: Option<bool>,
}

impl NewKeys<'_> {
    fn checked(self) -> Result<New, Refusal> {
        Ok(New {
            volume: number("volume", self.volume)?,
            price: self.price.map(|raw| number("price", raw)).transpose()?,
            stop_price: self.stop_price.map(|raw| number("stop_price", raw)).transpose()?,
            expires: self.expires.map(|raw| time("expires", raw)).transpose()?,
            client_order_id: self.client_order_id,
            instrument: self.instrument,
            side: self.side,
            order_type: self.order_type,
            flag: self.flag.unwrap_or_else(|| "NONE".to_owned()),
            lifetime: self.lifetime.unwrap_or_else(|| "GTC".to_owned()),
            post_only: self.post_only.unwrap_or(false),
            reduce_only: self.reduce_only.unwrap_or(false),
        })
    }
}

fn which(client: Option<String>, exchange: Option<String>) -> Result<Which, Refusal> {
    match (client, exchange) {
        (Some(id), None) => Ok(Which::Client(id)),
        (None, Some(id)) => Ok(Which::Exchange(id)),
        (Some(_), Some(_)) | (None, None) => Err(Refusal::new(
            Code::BadRequest,
            "both of client_order_id and order_id or neither (accepted: one of them)",
        )),
    }
}

/// A number, or the text of one.
fn number(key: &str, raw: &RawValue) -> Result<Decimal, Refusal> {
    let quoted: Option<String> = serde_json::from_str(raw.get()).ok();
    let text = quoted.as_deref().unwrap_or(raw.get());
    text.parse().map_err(|error| Refusal::new(Code::BadRequest, format!("{key}: {error}")))
}

fn time(key: &str, raw: &RawValue) -> Result<Timestamp, Refusal> {
    let refused = |error| Refusal::new(Code::BadRequest, format!("{key}: {error}, seconds since 1970"));
    number(key, raw)?.scaled(TIME_DECIMALS).map(Timestamp::new).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let (request, refusal) = parse(text).unwrap_err();
        refusal.answer(request)
    }

    #[test]
    fn numbers_are_exact_whether_quoted_or_not() {
        let text = r#"{"type":"NEW","request":3,"client_order_id":"a","instrument":"AAA","side":"BUY",
            "volume":"10","order_type":"LIMIT","price":9007199254740993.01,"expires":1.000000001}"#;
        let Request::New(new) = parse(text).unwrap().what else { panic!("{text}") };
        assert_eq!(new.volume.to_string(), "10");
        assert_eq!(new.price.unwrap().to_string(), "9007199254740993.01");
        assert_eq!(new.expires, Some(Timestamp::new(1_000_000_001)));
    }

    proptest::proptest! {
        /// Whatever it is, it is a request or it is refused.
        #[test]
        fn no_text_is_too_much(garbage in "\\PC{0,200}", at in 0_usize..300, key in "[a-z_]{1,12}") {
            let _ = parse(&garbage);
            let whole = r#"{"type":"NEW","request":1,"client_order_id":"a","instrument":"AAA","side":"BUY","volume":1e5,
                "order_type":"STOP_LIMIT","price":-0.5,"stop_price":"1","expires":1.5,"post_only":true}"#;
            let cut = whole.floor_char_boundary(at.min(whole.len()));
            let _ = parse(&format!("{}{garbage}{}", &whole[..cut], &whole[cut..]));
            let _ = parse(&whole.replace("price", &key));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_accepted() {
        let cases = [
            ("", 0, "bad_json", "one object per message"),
            ("[1]", 0, "bad_json", "one object"),
            (r#"{"type":"PING"}"#, 0, "bad_request", "a whole number from 1"),
            (r#"{"type":"PING","request":-1}"#, 0, "bad_request", "request is -1"),
            (r#"{"type":"PONG","request":7}"#, 7, "unknown_type", "LOGIN, PING"),
            (r#"{"type":7,"request":7}"#, 7, "unknown_type", "type is 7"),
            (r#"{"type":"PING","request":7,"x":1}"#, 7, "bad_request", "unknown field `x`"),
            (r#"{"type":"CANCEL","request":7}"#, 7, "bad_request", "accepted: one of them"),
            (r#"{"type":"FILLS","request":7,"since":"soon"}"#, 7, "bad_request", "a decimal number such as"),
            (r#"{"type":"CHANGE","request":7,"order_id":"O-1"}"#, 7, "bad_request", "one or more of price"),
        ];
        for (text, request, code, part) in cases {
            let answer = refused(text);
            let start = format!(r#"{{"type":"ERROR","request":{request},"code":"{code}","#);
            assert!(answer.starts_with(&start) && answer.contains(part), "{text}: {answer}");
        }
    }
}
