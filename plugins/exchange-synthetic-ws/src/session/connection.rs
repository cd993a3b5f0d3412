//! The life of a connection: greeting, login, what was lost meanwhile, the end.

use std::sync::atomic::Ordering;

use stratd_plugin_api::{InstrumentId, Level, Reply, abi};

use super::{
    Asked, Broken, HEARTBEAT_MS, MS, Phase, Session, Subscribed,
    market::{Need, halt},
};
use crate::wire;

impl Session {
    /// A new connection; the venue speaks first.
    pub(crate) fn opened(&mut self) {
        self.phase = Phase::Opened;
        self.connection += 1;
        self.is_fenced = false;
        self.heartbeat_ns = HEARTBEAT_MS.1 * MS;
        self.heard = self.now();
    }

    /// The connection is gone, or could not be made.
    pub(crate) fn closed(&mut self, why: &str, pause_ms: u128) {
        let was_online = self.is_online();
        self.phase = Phase::Closed;
        self.is_online.store(false, Ordering::Release);
        self.out.clear();
        self.market.close();
        let unknown = self.orders.lose(&mut self.tell);
        for (_, (_, asked)) in std::mem::take(&mut self.asked) {
            if let Asked::Question(question) = asked {
                question.fail(&format!("the connection to {} broke: {why}", self.settings.url));
            }
        }
        self.set_halted(true);
        let url = &self.settings.url;
        if was_online {
            self.host.log(
                Level::ERROR,
                format_args!("the connection to {url} broke: {why}; {unknown} orders are in an unknown state; next try in {pause_ms} ms"),
            );
        } else {
            self.host.log(
                Level::WARNING,
                format_args!("no connection to {url}: {why}; next try in {pause_ms} ms"),
            );
        }
    }

    /// The first connection did not come in time: whoever waits hears why.
    pub(crate) fn give_up(&mut self, why: &str) {
        let text = format!("no connection to {}: {why}", self.settings.url);
        self.connecting.drain(..).for_each(|reply| reply.fail(&text));
    }

    /// The venue's greeting.
    pub(super) fn greeted(&mut self, fields: &wire::Fields<'_>) -> Result<(), Broken> {
        let found = fields.protocol.unwrap_or(0);
        if found != wire::PROTOCOL {
            return Err(format!("the venue speaks protocol {found} (accepted: {})", wire::PROTOCOL));
        }
        let ms = fields.heartbeat_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or(HEARTBEAT_MS.1);
        self.heartbeat_ns = ms.clamp(HEARTBEAT_MS.0, HEARTBEAT_MS.1) * MS;
        if self.run != fields.run {
            if !self.run.is_empty() {
                self.host.log(
                    Level::WARNING,
                    format_args!(
                        "the venue began anew: run {} after {}; its numbers start over",
                        fields.run, self.run
                    ),
                );
            }
            self.run = fields.run.clone().into_owned();
            self.market.forget();
            self.orders.last = None;
        }
        match self.settings.account.clone() {
            Some(account) => {
                self.phase = Phase::LoggingIn;
                let (token, session) = (self.settings.token.clone(), self.settings.prefix.clone());
                self.ask(Asked::Login, |request| wire::login(request, &account, &token, &session));
            }
            None => self.go_online(),
        }
        Ok(())
    }

    /// The venue let us in; `order_seq` is its last report.
    pub(super) fn logged_in(&mut self, order_seq: u64, is_fenced: bool) {
        self.is_fenced = is_fenced;
        match self.orders.last {
            Some(last) if last > order_seq => {
                self.host.log(
                    Level::ERROR,
                    format_args!(
                        "the venue's last report is {order_seq}, but {last} was seen: it lost reports"
                    ),
                );
                self.orders.last = Some(order_seq);
            }
            Some(last) if last < order_seq => self.fetch_reports(last),
            Some(_) => {}
            None => self.orders.last = Some(order_seq),
        }
        // asked after the reports, so that most is known by then
        self.orders.ask_all();
        self.ask_due();
        self.go_online();
    }

    pub(super) fn go_online(&mut self) {
        self.phase = Phase::Online;
        self.is_online.store(true, Ordering::Release);
        let url = &self.settings.url;
        let who = self.settings.account.as_deref().unwrap_or("no account: market data only");
        self.host
            .log(Level::INFO, format_args!("connected to {url} as {who}; the venue's run is {}", self.run));
        match self.market.open() {
            _ if matches!(self.subscribed, Subscribed::Nothing) => {}
            Need::Resume(last) => self.ask_resume(last, true),
            Need::Snapshot | Need::Nothing => self.ask_snapshots(),
        }
        self.connecting.drain(..).for_each(Reply::done);
        self.go_on();
    }

    /// Trading stops with the connection, and goes on with the market.
    pub(super) fn set_halted(&mut self, is_halted: bool) {
        if self.is_halted == is_halted || matches!(self.subscribed, Subscribed::Nothing) {
            return;
        }
        self.is_halted = is_halted;
        let kind = if is_halted { abi::event_kind::HALT } else { abi::event_kind::CONTINUE };
        let now = self.host.now();
        let told = self.names.all().filter(|instrument| self.is_subscribed(&instrument.symbol));
        let told: Vec<InstrumentId> = told.map(|instrument| instrument.id).collect();
        told.into_iter().for_each(|id| self.tell.market(halt(id, kind, now)));
    }

    /// Lifts the halt once everything is back.
    pub(super) fn go_on(&mut self) {
        if self.is_online() && self.market.is_live() && !self.orders.is_fetching {
            self.set_halted(false);
        }
    }

    pub(super) fn is_subscribed(&self, name: &str) -> bool {
        match &self.subscribed {
            Subscribed::Nothing => false,
            Subscribed::Some(names) => names.contains(name),
            Subscribed::All => true,
        }
    }
}
