//! What a connection is owed: a place in the histories, and what was said to it alone.

use std::{collections::VecDeque, fmt};

use crate::{
    faults::{ANONYMOUS, Client, Stream},
    floor::Floor,
    json::Object,
};

use super::market::Market;

/// A message on its way out; without a stream it is safe from faults.
pub(crate) struct Outgoing {
    pub(crate) stream: Option<Stream>,
    pub(crate) text: String,
}

/// The client is so far behind that what it is owed is not kept any more.
#[derive(Debug)]
pub(crate) struct Lagging {
    what: &'static str,
    behind: u64,
}

impl Lagging {
    pub(crate) fn new(what: &'static str, behind: u64) -> Self {
        Self { what, behind }
    }
}

impl fmt::Display for Lagging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} behind", self.behind, self.what)
    }
}

/// One connection's state.
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) login: Option<LoggedIn>,
    pub(crate) market: Market,
    answers: VecDeque<Outgoing>,
}

/// Who is logged in.
pub(crate) struct LoggedIn {
    pub(crate) account: usize,
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) cancel_on_disconnect: bool,
    /// The last report that it had.
    pub(crate) reported: u64,
}

impl Session {
    pub(crate) fn new(id: u64, floor: &Floor) -> Self {
        Self { id, login: None, market: Market::new(floor.public.last()), answers: VecDeque::new() }
    }

    /// How many answers wait.
    pub(crate) fn answers(&self) -> usize {
        self.answers.len()
    }

    /// Who it is to faults.
    pub(crate) fn client(&self) -> Client {
        self.login.as_ref().map_or(ANONYMOUS, |login| login.client)
    }

    /// Answers; faults may befall it.
    pub(crate) fn answer(&mut self, text: String) {
        self.answers.push_back(Outgoing { stream: Some(Stream::Orders), text });
    }

    /// Says what faults leave alone.
    pub(crate) fn say(&mut self, text: String) {
        self.answers.push_back(Outgoing { stream: None, text });
    }

    /// A sign of life, with the numbers that show a loss at the end.
    pub(crate) fn beat(&mut self, floor: &Floor) {
        let order_seq = self.login.as_ref().map_or(0, |login| login.reported);
        let text = Object::message("HEARTBEAT")
            .raw("seq", floor.public.last())
            .raw("prev", self.market.last_due())
            .raw("order_seq", order_seq)
            .time("time", floor.now())
            .end();
        self.say(text);
    }

    /// The next message that it is owed.
    pub(crate) fn next(&mut self, floor: &Floor) -> Result<Option<Outgoing>, Lagging> {
        if let Some(answer) = self.answers.pop_front() {
            return Ok(Some(answer));
        }
        if let Some(report) = self.next_report(floor)? {
            return Ok(Some(Outgoing { stream: Some(Stream::Orders), text: report }));
        }
        let event = self.market.next(floor)?;
        Ok(event.map(|text| Outgoing { stream: Some(Stream::Market), text }))
    }

    fn next_report(&mut self, floor: &Floor) -> Result<Option<String>, Lagging> {
        let Some(login) = &mut self.login else { return Ok(None) };
        let Some(account) = floor.account(login.account) else { return Ok(None) };
        let last = account.reports.last();
        if !account.reports.reaches_back_to(login.reported) {
            return Err(Lagging::new("reports", last - login.reported));
        }
        while login.reported < last {
            login.reported += 1;
            if !floor.is_silent(login.account, login.reported) {
                return Ok(floor.report_message(login.account, login.reported));
            }
        }
        Ok(None)
    }

    /// The connection is over.
    pub(crate) fn leave(self, floor: &mut Floor) {
        if let Some(login) = self.login.filter(|login| login.cancel_on_disconnect) {
            floor.cancel_all_of(login.account, self.id);
        }
    }
}
