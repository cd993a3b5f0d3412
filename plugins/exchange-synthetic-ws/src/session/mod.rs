//! The connector without its socket: frames, commands and the time go in; frames for the venue and events for the host
//! come out.
//!
//! The life of a connection: HELLO, LOGIN (if orders are meant), then everything that was lost with the connection
//! before: the missing reports, what became of orders without an answer, the missing public events or new snapshots.
//! While there is no connection the instruments are halted and requests are refused, but for cancels, which wait.

mod answers;
mod asking;
mod book;
mod commands;
mod connection;
mod market;
mod orders;
mod questions;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicBool},
};

use serde::{Deserialize, Serialize};
use stratd_plugin_api::{ClientOrderId, ExchangeHandle, InstrumentId, Level, Reply, Timestamp, abi};

use self::{market::Market, orders::Orders, questions::Question};
use crate::{config::Settings, tell::Tell, wire};

/// Requests without an answer. Beyond it the host's are refused.
const OPEN_MAX: usize = 100_000;
const MS: i64 = 1_000_000;
/// How long the venue may be silent, in its heartbeats.
const HEARTBEATS_MISSED_MAX: i64 = 3;
/// A pace of heartbeats outside of this is taken for its nearer end.
const HEARTBEAT_MS: (i64, i64) = (10, 60_000);

/// What the host wants.
pub(crate) enum Command {
    New(abi::OrderCommand),
    Cancel(abi::OrderCommand),
    Change(abi::OrderCommand),
    Connect(Reply),
    Instruments(Reply),
    Lookup(String, Reply),
    Subscribe(Option<InstrumentId>, Reply),
    Accounts(Reply),
    OpenOrders(Reply),
    Fills(Timestamp, Reply),
    FindOrder(ClientOrderId, Reply),
    Save(std::sync::mpsc::SyncSender<Kept>),
}

/// What another life of the connector needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The run of the venue that the numbers belong to.
    pub(crate) run: String,
    /// The last report that was taken.
    pub(crate) order_seq: Option<u64>,
    /// New orders that were not answered.
    pub(crate) unanswered: Vec<u64>,
    /// Cancels that are not done.
    pub(crate) cancels: Vec<u64>,
}

/// Why a connection is not usable.
pub(crate) type Broken = String;

/// What an answer will be about.
enum Asked {
    Login,
    Subscribe,
    Resume,
    Reports,
    New(u64),
    Cancel(u64),
    Change(u64),
    Order(u64),
    Question(Question),
}

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    /// The venue has not greeted yet.
    Opened,
    LoggingIn,
    Online,
}

/// Which instruments the host wants to hear of.
enum Subscribed {
    Nothing,
    Some(BTreeSet<String>),
    All,
}

/// See the module.
pub(crate) struct Session {
    host: ExchangeHandle,
    settings: Settings,
    tell: Tell,
    names: wire::Names,
    market: Market,
    orders: Orders,
    subscribed: Subscribed,
    /// Whether the host was told that trading stopped.
    is_halted: bool,
    asked: BTreeMap<u64, (i64, Asked)>,
    request: u64,
    out: Vec<String>,
    phase: Phase,
    /// How many connections there were.
    connection: u64,
    run: String,
    /// The venue has closed the way of every earlier connection.
    is_fenced: bool,
    heartbeat_ns: i64,
    heard: i64,
    /// When a snapshot last made progress.
    snapshot_heard: i64,
    /// Who waits for the first connection.
    connecting: Vec<Reply>,
    /// Looked at by the host's calls.
    is_online: Arc<AtomicBool>,
}

impl Session {
    pub(crate) fn new(
        host: ExchangeHandle,
        settings: Settings,
        kept: &Kept,
        is_online: Arc<AtomicBool>,
    ) -> Self {
        let mut orders = Orders::new(host.clone(), settings.prefix.clone());
        orders.last = kept.order_seq;
        kept.unanswered.iter().for_each(|id| orders.remembers(*id));
        for id in &kept.cancels {
            let command = abi::OrderCommand { client_order_id: *id, ..abi::OrderCommand::default() };
            orders.wants_cancel(&command, Some(0));
        }
        Self {
            tell: Tell::new(host.clone()),
            names: wire::Names::default(),
            market: Market::new(host.clone(), settings.feeds),
            orders,
            subscribed: Subscribed::Nothing,
            is_halted: false,
            asked: BTreeMap::new(),
            request: 0,
            out: Vec::new(),
            phase: Phase::Closed,
            connection: 0,
            run: kept.run.clone(),
            is_fenced: false,
            heartbeat_ns: HEARTBEAT_MS.1 * MS,
            heard: 0,
            snapshot_heard: 0,
            connecting: Vec::new(),
            is_online,
            host,
            settings,
        }
    }

    /// What is to be sent, in order.
    pub(crate) fn take_out(&mut self) -> Vec<String> {
        std::mem::take(&mut self.out)
    }

    pub(crate) fn is_online(&self) -> bool {
        self.phase == Phase::Online
    }

    /// Whether a call of `connect` waits for an answer.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.connecting.is_empty()
    }

    /// Whether events wait for room at the host.
    pub(crate) fn is_waiting(&self) -> bool {
        self.tell.is_waiting()
    }

    pub(crate) fn kept(&self) -> Kept {
        Kept {
            run: self.run.clone(),
            order_seq: self.orders.last,
            unanswered: self.orders.sent.keys().copied().collect(),
            cancels: self.orders.cancels.keys().copied().collect(),
        }
    }

    /// Delivers what the host takes.
    pub(crate) fn flush(&mut self) {
        self.tell.flush();
        if let Some(left_out) = self.tell.take_left_out() {
            let (log, level) = (&self.host, Level::WARNING);
            log.log(
                level,
                format_args!("{left_out} public events were left out while the host was busy; new snapshots are asked for"),
            );
            if self.is_online() {
                self.ask_snapshots();
            } else {
                self.market.forget();
            }
        }
    }

    fn now(&self) -> i64 {
        self.host.now().get()
    }

    /// Sends a request.
    fn ask(&mut self, asked: Asked, frame: impl FnOnce(u64) -> String) {
        self.request += 1;
        self.out.push(frame(self.request));
        self.asked.insert(self.request, (self.now(), asked));
    }

    fn ask_keys(&mut self, asked: Asked, kind: &str, keys: serde_json::Value) {
        self.ask(asked, |request| wire::frame(kind, request, keys));
    }
}
