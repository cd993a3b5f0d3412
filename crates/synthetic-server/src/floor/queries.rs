//! What is asked: orders, fills, reports, the account; in pages.

use stratd_plugin_api::{InstrumentId, Quantity};

use crate::{
    account::Account,
    json::Object,
    limits::{PAGE_BYTES_MAX, PAGE_MAX},
    public::OrderNews,
    refusal::{Code, Refusal},
    report,
    request::{Since, Which},
    words,
};

use super::Floor;

/// Part of an answer.
pub(crate) struct Page {
    /// The account's last report when it was made.
    pub(crate) order_seq: u64,
    pub(crate) items: Vec<String>,
    pub(crate) has_more: bool,
}

impl Page {
    /// The answer to a request.
    pub(crate) fn answer(self, kind: &str, request: u64, key: &str) -> String {
        let object = Object::message(kind).raw("request", request).raw("order_seq", self.order_seq);
        object.list(key, self.items).raw("more", self.has_more).end()
    }

    fn of(order_seq: u64, mut items: Vec<String>) -> Self {
        let mut bytes = 0;
        let fits = items.iter().take(PAGE_MAX).take_while(|item| {
            bytes += item.len() + 1;
            bytes <= PAGE_BYTES_MAX
        });
        let count = fits.count();
        let has_more = items.len() > count;
        items.truncate(count);
        Self { order_seq, items, has_more }
    }
}

impl Floor {
    fn logged_in(&self, index: usize) -> Result<&Account, Refusal> {
        self.account(index).ok_or_else(|| Refusal::new(Code::NotLoggedIn, "there is no such account"))
    }

    /// Orders that work, oldest first, after one of the account's orders.
    pub(crate) fn open_orders(&mut self, index: usize, after: Option<String>) -> Result<Page, Refusal> {
        let after = match after {
            Some(id) => self.known(index, &Which::Client(id))?.number,
            None => 0,
        };
        let account = self.logged_in(index)?;
        let order_seq = account.reports.last();
        let numbers: Vec<u64> = account.open.range(after + 1..).take(PAGE_MAX + 1).copied().collect();
        let items = numbers.into_iter().filter_map(|number| self.shown(number)).collect();
        Ok(Page::of(order_seq, items))
    }

    /// One order, whatever its state.
    pub(crate) fn order(&mut self, index: usize, which: &Which, request: u64) -> Result<String, Refusal> {
        let number = self.known(index, which)?.number;
        let order_seq = self.logged_in(index)?.reports.last();
        let order = self.shown(number).unwrap_or_default();
        Ok(Object::message("ORDER")
            .raw("request", request)
            .raw("order_seq", order_seq)
            .raw("order", order)
            .end())
    }

    /// An order as answers show it: now somebody knows of it.
    fn shown(&mut self, number: u64) -> Option<String> {
        self.orders.get_mut(number)?.is_silent = false;
        let order = self.orders.get(number)?;
        Some(report::order(order, self.instrument(order.request.instrument)?))
    }

    /// Executions, oldest first.
    pub(crate) fn fills(&mut self, index: usize, since: &Since) -> Result<Page, Refusal> {
        let account = self.logged_in(index)?;
        let forgotten = account.fills_forgotten;
        let time_of = |number: &u64| account.reports.get(*number).map(|report| report.ts);
        let start = match since {
            Since::Number(after) => {
                if forgotten.is_some_and(|(number, _)| *after < number) {
                    return Err(too_old("after_order_seq", *after, account));
                }
                account.fills.partition_point(|number| number <= after)
            }
            Since::Time(time) => {
                if let Some((_, last)) = forgotten.filter(|(_, last)| *time <= *last) {
                    let message = format!("fills since {time} are not kept (accepted: times after {last})");
                    return Err(Refusal::new(Code::TooOld, message));
                }
                account.fills.partition_point(|number| time_of(number).is_some_and(|ts| ts < *time))
            }
        };
        let order_seq = account.reports.last();
        let numbers: Vec<u64> = account.fills.iter().skip(start).take(PAGE_MAX + 1).copied().collect();
        let items = numbers.into_iter().filter_map(|number| self.asked_report(index, number)).collect();
        Ok(Page::of(order_seq, items))
    }

    /// Reports after a number.
    pub(crate) fn reports(&mut self, index: usize, after: u64) -> Result<Page, Refusal> {
        let account = self.logged_in(index)?;
        let order_seq = account.reports.last();
        if after > order_seq {
            let message = format!("after is {after} (accepted: at most {order_seq}, the last report)");
            return Err(Refusal::new(Code::BadRequest, message));
        }
        if !account.reports.reaches_back_to(after) {
            return Err(too_old("after", after, account));
        }
        let numbers = after + 1..=order_seq;
        let items =
            numbers.take(PAGE_MAX + 1).filter_map(|number| self.asked_report(index, number)).collect();
        Ok(Page::of(order_seq, items))
    }

    fn asked_report(&mut self, index: usize, number: u64) -> Option<String> {
        let order = self.account(index)?.reports.get(number)?.order;
        self.orders.get_mut(order)?.is_silent = false;
        self.report_message(index, number)
    }

    /// A report as its message.
    pub(crate) fn report_message(&self, index: usize, number: u64) -> Option<String> {
        let told = self.account(index)?.reports.get(number)?;
        let order = self.orders.get(told.order)?;
        Some(report::message(number, told, order, self.instrument(order.request.instrument)?))
    }

    /// Whether a report is kept back, because a fault silenced its order.
    pub(crate) fn is_silent(&self, index: usize, number: u64) -> bool {
        let order =
            self.account(index).and_then(|account| account.reports.get(number)).map(|report| report.order);
        order.and_then(|order| self.orders.get(order)).is_some_and(|order| order.is_silent)
    }

    /// Number of an order's venue id, for ACCEPTED.
    pub(crate) fn order_id(&self, number: u64) -> String {
        self.orders.get(number).map(|order| words::order_id(order.exchange_order_id)).unwrap_or_default()
    }

    /// Cash, equity, positions.
    pub(crate) fn account_answer(&self, index: usize, request: u64) -> Result<String, Refusal> {
        let account = self.logged_in(index)?;
        let value = self.venue.account_of(account.id).ok_or_else(|| {
            Refusal::new(
                Code::Limit,
                "the account's value is out of the range of money (accepted: 20 digits)",
            )
        })?;
        let positions = self.instruments.iter().filter_map(|instrument| {
            let position = self.venue.position_of(account.id, instrument.id);
            let volume = instrument.quantity_text(Quantity::new(position));
            let object = Object::new().text("instrument", &instrument.symbol).raw("volume", volume);
            (position != 0).then(|| object.end())
        });
        let object = Object::message("ACCOUNT")
            .raw("request", request)
            .raw("order_seq", account.reports.last())
            .text("account", &account.name)
            .text("currency", self.instruments.first().map_or("", |instrument| &instrument.currency))
            .raw("cash", value.cash)
            .raw("equity", value.equity)
            .list("positions", positions);
        Ok(object.end())
    }

    /// All instruments.
    pub(crate) fn instruments_answer(&self, request: u64) -> String {
        let list = self.instruments.iter().map(words::instrument);
        Object::message("INSTRUMENTS").raw("request", request).list("instruments", list).end()
    }

    /// The orders that rest in a book, for a snapshot.
    pub(crate) fn resting(&self, instrument: InstrumentId) -> Vec<OrderNews> {
        let orders = self.venue.resting_orders(instrument);
        orders.map(|order| OrderNews::resting(&order, instrument, self.now())).collect()
    }
}

fn too_old(key: &str, after: u64, account: &Account) -> Refusal {
    let kept = account.reports.forgotten();
    Refusal::new(
        Code::TooOld,
        format!("{key} is {after}, but that is not kept any more (accepted: from {kept})"),
    )
}
