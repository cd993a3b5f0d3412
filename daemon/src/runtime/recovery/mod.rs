//! The start of a run whose orders reach exchanges: what the run before left, compared with what the exchanges say.
//!
//! ```text
//! state.db ─ Kept ─► take_up: numbers, books, orders, fills as inputs ─► each exchange: open orders, fills, accounts
//!    ─► findings: reports that nobody told ─► the engine ─► strategies start
//! ```
//!
//! There is no other start: the first one finds empty tables. Until it is done strategies do not start, no market data is
//! asked for, and commands other than looks wait. If an exchange does not answer it is asked again, after growing pauses; why
//! nothing is traded is a warning of `stratctl status`.
//!
//! The same comparison is made again every `recovery.check_every`, and when an exchange goes on after a halt of its own
//! ([`EventLoop::take_findings`]). Doing it twice changes nothing: the engine ignores what it knows.
//!
//! Rules, as `tests/tests/recovery` has them:
//! 1. An id is made and on the disk before its order is sent (`journal`).
//! 2. An order whose answer is missing is unknown; it is neither sent again nor taken for rejected, however often it is asked
//!    for.
//! 3. Strategies start after the exchanges have answered.
//! 4. A fill counts once: by exchange, instrument, trade id and order.
//! 5. The exchange is right about status and quantity; another price or fee of a known fill is logged, and so is a position
//!    that does not add up (`holdings`).
//! 6. Orders of others are taken up for the owner `external`, or for the strategy that claims them.
//! 7. What exchanges tell meanwhile is fed before what they answered; an order that changed since the question is left as it is.
//! 8. The cancel of an order that nobody knows of is sent again when the order turns up.
//! 9. Doing it twice leaves the tables as they are.

mod adopt;
mod ask;
mod findings;
mod holdings;
mod kept_words;
mod take_up;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use anyhow::Result;
use stratd_plugin_api::Timestamp;

pub(crate) use self::ask::{Asked, Found, ask_all};
pub(crate) use self::findings::{fills_since, has_ended};
use super::{
    clock::{self, Stopwatch},
    command::Command,
    event_loop::EventLoop,
    exchange_desk::Told,
    inbox::Inbox,
    journal::Journal,
    notify,
    plan::OpenExchange,
};
use crate::{reload::RunStore, store::trading::Kept};

/// How long the loop sleeps at most between two looks while it waits for another try.
const PATIENCE: Duration = Duration::from_millis(100);
/// The pauses between tries: the last one again and again.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
];
/// Commands that wait until the recovery is done; who sends more hears that the run is over.
const DEFERRED_MAX: usize = 1_024;

/// How a recovery is made.
#[derive(Clone, Debug)]
pub struct RecoveryOptions {
    /// So long before the last fill that is kept, exchanges are asked for fills.
    pub overlap: Duration,
    /// Orders that are nobody's are canceled.
    pub cancel_external: bool,
    /// The strategy that gets an order that was found, by how its id begins.
    pub claims: Vec<(String, String)>,
}

/// What a start takes up.
pub struct RecoveryPlan {
    pub(crate) options: RecoveryOptions,
    pub(crate) store: Arc<RunStore>,
    pub(crate) kept: Kept,
    /// What is in the ids of orders.
    pub(crate) identity: u16,
}

/// What a recovery needs until it is done, and afterwards.
pub(super) struct Recovery {
    pub(super) options: RecoveryOptions,
    /// The latest fill that was kept of each exchange, by the exchange.
    last_fills: Vec<(String, Timestamp)>,
    /// What accounts held when it was looked last.
    holdings: holdings::Holdings,
}

impl EventLoop {
    /// Keeps what becomes of orders from now on, and takes up what earlier runs left. In words, if that is not possible:
    /// then nothing must be traded.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn begin_recovery(
        &mut self,
        plan: RecoveryPlan,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Result<(), String>> {
        let RecoveryPlan { options, store, kept, .. } = plan;
        let mut journal = Journal::new(store, self.services(), wake);
        journal.name_exchanges(self.exchange_ids());
        self.driver_mut().link_mut().set_journal(journal);
        let last_fills = kept.last_fills.clone();
        self.recovery = Some(Recovery { options, last_fills, holdings: holdings::Holdings::default() });
        self.set_now(clock::now().max(self.now()));
        self.take_up(&kept)
    }

    /// Asks the exchanges until all have answered; the reason to end, if there is one before. `taken` is what
    /// [`EventLoop::begin_recovery`] came to.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn until_recovered(
        &mut self,
        (inbox, exchanges): (&Inbox, &mut Vec<OpenExchange>),
        taken: Result<(), String>,
        standing: &str,
    ) -> Result<Option<String>> {
        if self.recovery.is_none() {
            return Ok(None);
        }
        let mut deferred = VecDeque::new();
        let mut tries = 0;
        loop {
            let failed = match &taken {
                Ok(()) => self.recover(inbox, exchanges)?.err(),
                Err(why) => Some(why.clone()),
            };
            let Some(why) = failed else { break };
            let pause = PAUSES.get(tries).copied().unwrap_or(PAUSES[PAUSES.len() - 1]);
            let is_final = taken.is_err();
            if tries == 0 {
                // the service is there, and says why it does not trade
                notify::ready(standing);
            }
            tell_failure(&why, (!is_final).then_some(pause));
            self.desk.not_recovered = Some(why);
            tries += 1;
            let waited = Stopwatch::start();
            while is_final || waited.elapsed() < pause {
                if let Some(stop) = self.wait_unrecovered(inbox, exchanges, &mut deferred)? {
                    return Ok(Some(stop));
                }
            }
        }
        self.desk.not_recovered = None;
        for command in deferred {
            self.deferred.push_back(command);
        }
        Ok(None)
    }

    /// Serves who looks, and keeps what exchanges tell.
    fn wait_unrecovered(
        &mut self,
        inbox: &Inbox,
        exchanges: &mut Vec<OpenExchange>,
        deferred: &mut VecDeque<Command>,
    ) -> Result<Option<String>> {
        notify::tick();
        let mut told = VecDeque::new();
        let stop = inbox.take(&mut told, PATIENCE);
        self.feed_reports_only(&mut told)?;
        while let Some(command) = inbox.take_command() {
            if command.is_for_the_end() {
                self.carry_out(command, exchanges)?;
            } else if deferred.len() < DEFERRED_MAX {
                deferred.push_back(command);
            }
        }
        self.tend_journal()?;
        Ok(stop)
    }

    /// Feeds reports on own orders; the market is not asked for yet.
    fn feed_reports_only(&mut self, told: &mut VecDeque<Told>) -> Result<()> {
        let is_own = |told: &Told| matches!(told, Told::Order(event) if event.client_order_id != 0 || event.exchange_order_id != 0);
        for told in told.drain(..).filter(is_own) {
            self.feed(&[told], clock::now())?;
        }
        Ok(())
    }

    /// Asks every exchange once. In words, what keeps from trading.
    fn recover(&mut self, inbox: &Inbox, exchanges: &mut [OpenExchange]) -> Result<Result<(), String>> {
        for (open, id) in exchanges.iter().zip(1u16..) {
            let exchange = stratd_plugin_api::ExchangeId(id);
            if !self.has_entry(exchange) {
                continue;
            }
            notify::starts(format_args!("asks exchange {} for our orders and fills", open.name));
            let before = self.orders_at(exchange);
            self.note_holdings(exchange);
            let since = self.fills_since_of(&open.name, &before);
            let ask = &mut |question: super::command::Question| {
                let asked = question.ask(&mut **open.exchange.borrow_mut());
                asked.map_err(|fault| fault.to_string())
            };
            let reported = match ask::ask_all(&open.desk, ask, (&before, since)) {
                Ok(reported) => reported,
                Err(why) => return Ok(Err(format!("exchange {}: {why}", open.name))),
            };
            // what was told until the answers counts first
            let mut told = VecDeque::new();
            let _stop = inbox.take(&mut told, Duration::ZERO).map(|stop| inbox.stop(&stop));
            self.feed_reports_only(&mut told)?;
            let asked = Asked { before, reported, is_same_connection: false };
            let found = self.take_findings(exchange, &asked)?;
            tracing::info!(logger = "recovery", "exchange {}: {found}", open.name);
        }
        self.tend_journal()?;
        Ok(Ok(()))
    }

    /// From when on an exchange is asked for fills: before the last one that is kept, and not after the oldest order.
    pub(super) fn fills_since_of(
        &self,
        name: &str,
        orders: &[stratd_plugin_api::abi::OrderRecord],
    ) -> Timestamp {
        let Some(recovery) = &self.recovery else { return fills_since(orders) };
        let last = recovery.last_fills.iter().find(|(exchange, _)| exchange == name).map(|(_, at)| at.get());
        let working = orders.iter().filter(|order| !has_ended(order)).map(|order| order.created);
        let from = last.into_iter().chain(working).min().unwrap_or_else(|| self.now().get());
        let overlap = i64::try_from(recovery.options.overlap.as_nanos()).unwrap_or(i64::MAX);
        Timestamp::new(from.saturating_sub(overlap).max(0))
    }
}

fn tell_failure(why: &str, pause: Option<Duration>) {
    match pause {
        Some(pause) => tracing::error!(
            logger = "recovery",
            "nothing is traded: {why} (asked again in {pause:?}; strategies start once it is known how our orders are)"
        ),
        None => tracing::error!(
            logger = "recovery",
            "nothing is traded, and no try helps before the next start: {why}"
        ),
    }
}
