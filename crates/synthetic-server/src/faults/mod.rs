//! Faults that are injected on purpose, and can be replayed.
//!
//! A decision depends on nothing but the seed, the rule, the client and the number of the message: each client (an
//! account; all connections without LOGIN together are one more) has three streams that are numbered from 1, across its
//! connections. What others do, and when, changes nothing.

mod rules;

use std::{collections::VecDeque, time::Duration};

use anyhow::Result;
use stratd_plugin_api::Timestamp;

pub(crate) use rules::{Kind, Rule, parse_file, parse_list, parse_option};

use crate::json::Object;

/// Injected faults that are remembered for FAULTS.
const INJECTED_KEPT_MAX: usize = 1_000;
/// 1 of a probability.
const MILLION: u64 = 1_000_000;

/// What is numbered for each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Messages of market data: snapshots and events.
    Market,
    /// Answers and reports.
    Orders,
    /// NEW, CANCEL and CHANGE of the client.
    Requests,
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageFault {
    Drop,
    Delay(Duration),
    Duplicate,
    Reorder,
    Disconnect,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderFault {
    Reject,
    Silence,
}

/// A client, as faults know it: [`Faults::client`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client(usize);

/// Everyone who did not log in.
pub(crate) const ANONYMOUS: Client = Client(0);

/// The rules, and how far each client has come.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    rules: Vec<Rule>,
    /// Names of clients with the numbers of their last messages; the first is everyone without LOGIN.
    clients: Vec<(String, [u64; 3])>,
    injected: VecDeque<String>,
    count: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, rules: Vec<Rule>) -> Self {
        let clients = vec![(String::new(), [0; 3])];
        Self { seed, rules, clients, injected: VecDeque::new(), count: 0 }
    }

    pub(crate) fn client(&mut self, account: &str) -> Client {
        let known = self.clients.iter().position(|(name, _)| name == account);
        Client(known.unwrap_or_else(|| {
            self.clients.push((account.to_owned(), [0; 3]));
            self.clients.len() - 1
        }))
    }

    /// Other rules; messages are numbered from 1 again.
    pub(crate) fn set_rules(&mut self, rules: Vec<Rule>) {
        self.rules = rules;
        for (_, numbers) in &mut self.clients {
            *numbers = [0; 3];
        }
    }

    /// The next message to a client.
    pub(crate) fn on_message(
        &mut self,
        client: Client,
        stream: Stream,
        now: Timestamp,
    ) -> Option<MessageFault> {
        let rule = self.fires(client, stream, now, |kind| kind.hits_messages())?;
        Some(match rule.kind {
            Kind::Delay => MessageFault::Delay(rule.delay),
            Kind::Duplicate => MessageFault::Duplicate,
            Kind::Reorder => MessageFault::Reorder,
            Kind::Disconnect => MessageFault::Disconnect,
            Kind::Drop | Kind::Reject | Kind::AcceptThenSilence => MessageFault::Drop,
        })
    }

    /// The next NEW, CANCEL or CHANGE of a client.
    pub(crate) fn on_request(&mut self, client: Client, now: Timestamp) -> Option<OrderFault> {
        let rule = self.fires(client, Stream::Requests, now, |kind| !kind.hits_messages())?;
        Some(if rule.kind == Kind::Reject { OrderFault::Reject } else { OrderFault::Silence })
    }

    /// Numbers the message and looks for the first rule that hits it.
    fn fires(
        &mut self,
        client: Client,
        stream: Stream,
        now: Timestamp,
        is_meant: impl Fn(Kind) -> bool,
    ) -> Option<Rule> {
        let (name, numbers) = self.clients.get_mut(client.0)?;
        let number = numbers.get_mut(stream as usize)?;
        *number += 1;
        let number = *number;
        let (seed, name) = (self.seed, &*name);
        let hit = self.rules.iter().enumerate().find(|(index, rule)| {
            is_meant(rule.kind)
                && rule.scope.covers(stream)
                && rule.account.as_ref().is_none_or(|account| account == name)
                && (rule.at.binary_search(&number).is_ok()
                    || draw(seed, *index, name, stream, number) < rule.ppm)
        });
        let rule = hit?.1.clone();
        let injected = Object::new()
            .time("time", now)
            .text("kind", rule.kind.name())
            .text("stream", stream.name())
            .text("account", name)
            .raw("number", number)
            .end();
        eprintln!("{now} fault {} {} {name:?} {number}", rule.kind.name(), stream.name());
        if self.injected.len() >= INJECTED_KEPT_MAX {
            self.injected.pop_front();
        }
        self.injected.push_back(injected);
        self.count += 1;
        Some(rule)
    }

    /// The rules and the last injected faults.
    pub(crate) fn answer(&self, request: u64) -> String {
        Object::message("FAULTS")
            .raw("request", request)
            .raw("seed", self.seed)
            .list("rules", self.rules.iter().map(Rule::json))
            .raw("count", self.count)
            .list("injected", self.injected.iter().cloned())
            .end()
    }

    pub(crate) fn rules_from(text: &str) -> Result<Vec<Rule>> {
        parse_list(text)
    }
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Orders => "orders",
            Self::Requests => "requests",
        }
    }
}

/// A number below a million that follows from all of this and nothing else.
fn draw(seed: u64, rule: usize, client: &str, stream: Stream, number: u64) -> u64 {
    // FNV-1a over the name, then one round of splitmix for each part
    let name = client.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let parts = [rule as u64, name, stream as u64, number];
    let mixed = parts.into_iter().fold(seed, |hash, part| splitmix(hash ^ splitmix(part)));
    // the bias is below a millionth of a millionth
    mixed % MILLION
}

fn splitmix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Rule> {
        Faults::rules_from(text).unwrap()
    }

    fn run(seed: u64, account: &str, messages: u64) -> Vec<u64> {
        let mut faults = Faults::new(seed, of(r#"[{"kind":"drop","scope":"orders","ppm":100000}]"#));
        let (client, now) = (faults.client(account), Timestamp::new(0));
        (1..=messages).filter(|_| faults.on_message(client, Stream::Orders, now).is_some()).collect()
    }

    #[test]
    fn a_seed_decides_whatever_others_do() {
        let alone = run(7, "desk", 1_000);
        assert!((60..140).contains(&alone.len()), "{}", alone.len());
        assert_ne!(alone, run(8, "desk", 1_000));
        assert_ne!(alone, run(7, "other", 1_000));
        // another client's messages and another stream fall in between
        let mut faults = Faults::new(7, of(r#"[{"kind":"drop","scope":"orders","ppm":100000}]"#));
        let (desk, other, now) = (faults.client("desk"), faults.client("other"), Timestamp::new(0));
        let beside = (1..=1_000).filter(|_| {
            faults.on_message(other, Stream::Orders, now);
            faults.on_message(desk, Stream::Market, now);
            faults.on_message(desk, Stream::Orders, now).is_some()
        });
        assert_eq!(beside.collect::<Vec<u64>>(), alone);
    }

    #[test]
    fn a_number_hits_once_and_an_account_only_its_own() {
        let rule = r#"[{"kind":"reorder","scope":"both","at":[2,3],"account":"desk"}]"#;
        let mut faults = Faults::new(1, of(rule));
        let (desk, now) = (faults.client("desk"), Timestamp::new(0));
        let hits = |faults: &mut Faults, client| -> Vec<bool> {
            (0..4).map(|_| faults.on_message(client, Stream::Market, now).is_some()).collect()
        };
        assert_eq!(hits(&mut faults, desk), [false, true, true, false]);
        assert_eq!(hits(&mut faults, ANONYMOUS), [false; 4]);
        assert!(faults.on_request(desk, now).is_none());
        assert!(faults.answer(1).contains(r#""count":2"#), "{}", faults.answer(1));
        let again = of(r#"[{"kind":"reject","at":[1]}]"#);
        faults.set_rules(again);
        assert_eq!(faults.on_request(desk, now), Some(OrderFault::Reject));
    }
}
