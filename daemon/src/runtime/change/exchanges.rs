//! Exchanges in a change: they join the run and leave it.
//!
//! An exchange that leaves must have nothing of ours: no order works there, nobody has a position in its instruments,
//! and no rate is one of its prices. Its place stays, and is empty: ids are never given twice, so one that comes back
//! has its instruments again.
//!
//! An exchange that joins was connected elsewhere and has told what it has; its market events wait at its desk. It is
//! there for the limits and for the strategies that start with the change; all others hear of its instruments, with
//! `on_continue`, when nothing can be refused any more, as they hear `on_halt` of what leaves.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use anyhow::Result;
use stratd_engine::{InputKind, StrategyId};
use stratd_plugin_api::{
    ExchangeId, ExchangeInstance, Instrument, InstrumentId, Reason, Takes, abi, export::instrument_to_record,
};

use super::{ExchangeChange, Part, Progress, Refused, TAKES_NONE, Undo};
use crate::{
    recorder::Mark,
    runtime::{
        absent_exchange::AbsentExchange,
        command::ExchangeLeft,
        event_loop::EventLoop,
        exchange_changes::open_exchange,
        exchange_desk::ExchangeDesk,
        exchange_hours::hours_of,
        plan::{OpenExchange, route},
    },
};

/// An exchange with more instruments joins or leaves at a start only: each is told to the strategies between two events.
const INSTRUMENTS_MAX: usize = 10_000;
/// So many positions are named in a refusal.
const NAMED_MAX: usize = 5;

/// An exchange that joins, connected, with its market data asked for.
pub(crate) struct JoiningExchange {
    /// Its place: the next one, or that which it had before.
    pub(crate) exchange: ExchangeId,
    /// The plugin with its version, for the results.
    pub(crate) plugin: String,
    pub(crate) instrument_types: u32,
    pub(crate) trading_types: u32,
    pub(crate) has_order_entry: bool,
    pub(crate) takes: Takes,
    pub(crate) instance: Box<dyn ExchangeInstance>,
    pub(crate) desk: Arc<ExchangeDesk>,
}

/// What an exchange told that may join.
struct Told {
    new: Vec<InstrumentId>,
    known: Vec<InstrumentId>,
}

impl EventLoop {
    /// Takes exchanges out of what strategies find, if nothing of ours is there.
    pub(super) fn begin_leaving(
        &mut self,
        leaves: &[ExchangeId],
        exchanges: &mut [OpenExchange],
        progress: &mut Progress,
    ) -> std::result::Result<(), Refused> {
        for id in leaves {
            self.may_leave(*id, exchanges).map_err(|why| (Part::Leaves(*id), why))?;
        }
        for id in leaves {
            let engine = self.driver_mut().engine_mut();
            let instruments = engine.instruments_of(*id).filter(|id| !engine.has_left(*id)).collect();
            let record = engine.exchange_record(*id);
            engine.remove_exchange(*id);
            progress.undo.push(Undo::Leaving(record, instruments));
        }
        Ok(())
    }

    /// Why an exchange has to stay, if it does.
    fn may_leave(&self, id: ExchangeId, exchanges: &mut [OpenExchange]) -> std::result::Result<(), String> {
        let Some(open) = open_exchange(exchanges, id).filter(|open| !open.has_left) else {
            return Err("there is no such exchange in the run".to_owned());
        };
        let (engine, name) = (self.engine(), open.name.as_str());
        let working = engine.working_orders().filter(|order| order.exchange == id).count();
        if working > 0 {
            return Err(format!(
                "orders of ours work there: {working} (accepted: when none does, as after `stratctl exchange halt {name} --exit cancel-all`)"
            ));
        }
        let ids =
            (0..engine.strategies().count()).filter_map(|index| u16::try_from(index).ok().map(StrategyId));
        let held = ids.flat_map(|strategy| {
            let positions = engine.positions(strategy).filter(|(_, position)| !position.size.is_zero());
            let there = positions.filter(|(instrument, _)| engine.exchange_of(*instrument) == Some(id));
            there.map(move |(instrument, _)| {
                let whose =
                    engine.strategies().nth(strategy.index()).map_or("?", |(config, ..)| &config.name);
                let symbol = engine.instrument(instrument).map_or("?", |instrument| &instrument.symbol);
                format!("{symbol} of {whose}")
            })
        });
        let held: Vec<String> = held.collect();
        if !held.is_empty() {
            let named = held.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if held.len() > NAMED_MAX { ", …" } else { "" };
            return Err(format!(
                "positions stand there: {named}{more} (accepted: when all are closed, as by `stratctl exchange halt {name} --exit close-all`)"
            ));
        }
        let mut instruments = engine.instruments_of(id);
        if let Some(currency) = instruments.find_map(|instrument| engine.currency_quoted_by(instrument)) {
            return Err(format!(
                "the rate of {currency} is the price of one of its instruments (accepted: another portfolio.rates.{currency} before, at a start)"
            ));
        }
        within_limit(engine.instruments_of(id).count())
    }

    /// Lets exchanges join, all or none.
    pub(super) fn join_exchanges(
        &mut self,
        exchanges: &mut Vec<OpenExchange>,
        progress: &mut Progress,
    ) -> Result<std::result::Result<(), Refused>> {
        let mut told = Vec::new();
        let mut places = exchanges.len();
        for (index, joining) in progress.joins.iter().enumerate() {
            match self.may_join(joining, exchanges, &mut places) {
                Ok(instruments) => told.push(instruments),
                Err(why) => return Ok(Err((Part::Joins(index), why))),
            }
        }
        let mut new = progress.joins.front().map(|joining| joining.desk.admit_all()).unwrap_or_default();
        if let Some(joining) = progress.joins.front() {
            let names = self.names_with(&progress.joins);
            joining.desk.describe(&mut new, &self.described, &names)?;
        }
        let mut joined = Vec::new();
        for (instrument, record) in new {
            let (expected, hours) = (instrument.id, hours_of(&instrument)?);
            joined.push(record);
            let engine = self.driver_mut().engine_mut();
            let id = engine.add_instrument(instrument, record)?;
            assert_eq!(id, expected, "desks and engine count instruments alike");
            if let Some(hours) = hours {
                engine.set_hours(id, Arc::new(hours));
            }
        }
        for (index, joining) in std::mem::take(&mut progress.joins).into_iter().enumerate() {
            let id = joining.exchange;
            let instruments = told.get(index).map_or(&[] as &[InstrumentId], |told| &told.known);
            self.take_place(joining, instruments, exchanges);
            progress.undo.push(Undo::Joined(index, id));
            progress.in_place.push(id);
        }
        let names = self.exchange_names();
        for record in joined {
            let name = usize::from(record.exchange).checked_sub(1).and_then(|index| names.get(index));
            self.mark(|| Mark::Joined(Box::new(record), name.cloned().unwrap_or_default()));
        }
        for (id, Told { new, known }) in progress.in_place.iter().zip(told) {
            self.restore_halts_of_exchange(*id, &new);
            progress.opened.extend(known.into_iter().chain(new));
        }
        // how many instruments each exchange has is counted anew
        self.desk.instruments.take();
        Ok(Ok(()))
    }

    /// The names of the exchanges by id, with those that join.
    fn names_with<'a>(&self, joins: impl IntoIterator<Item = &'a JoiningExchange>) -> Vec<String> {
        let mut names = self.exchange_names();
        for joining in joins {
            let index = usize::from(joining.exchange.0).saturating_sub(1);
            if index >= names.len() {
                names.resize(index + 1, String::new());
            }
            joining.desk.name().clone_into(&mut names[index]);
        }
        names
    }

    fn may_join(
        &self,
        joining: &JoiningExchange,
        exchanges: &mut [OpenExchange],
        places: &mut usize,
    ) -> std::result::Result<Told, String> {
        let index = usize::from(joining.exchange.0).checked_sub(1);
        let is_free = match open_exchange(exchanges, joining.exchange) {
            Some(open) => open.has_left,
            None => index == Some(*places),
        };
        if !is_free {
            return Err("its place in the run is taken".to_owned());
        }
        if index == Some(*places) {
            *places += 1;
        }
        let (new, known) = joining.desk.told();
        within_limit(new.len() + known.len())?;
        for Instrument { symbol, currency, .. } in &new {
            let of_run = self.recorder().currency();
            if currency != of_run && !self.engine().has_rate(currency) {
                return Err(format!(
                    "the instrument {symbol} is in {currency}, and the run in {of_run} without a rate of it (accepted: after portfolio.rates.{currency} at a start)"
                ));
            }
        }
        for instrument in &new {
            hours_of(instrument).map_err(|error| error.to_string())?;
        }
        let record =
            |instrument: &Instrument| instrument_to_record(instrument, |text| joining.desk.handle(text));
        let mut described: Vec<_> = new.iter().map(|one| (one.clone(), record(one))).collect();
        let names = self.names_with([joining]);
        let fits = joining.desk.describe(&mut described, &self.described, &names);
        fits.map_err(|error| format!("{error:#}"))?;
        Ok(Told { new: new.iter().map(|instrument| instrument.id).collect(), known })
    }

    /// Puts a connector into a new or an empty place, and opens it.
    fn take_place(
        &mut self,
        joining: JoiningExchange,
        known: &[InstrumentId],
        exchanges: &mut Vec<OpenExchange>,
    ) {
        let JoiningExchange { exchange: id, plugin, instance, desk, .. } = joining;
        let record = abi::ExchangeRecord {
            name: desk.handle(desk.name()),
            id: id.0,
            reserved: [0; 3],
            instrument_types: joining.instrument_types,
            trading_types: joining.trading_types,
        };
        self.driver_mut().engine_mut().restore_exchange(record, known);
        self.recorder_mut().set_exchange(id, desk.name(), &plugin);
        desk.open();
        let shared = match open_exchange(exchanges, id) {
            Some(open) => {
                drop(open.exchange.replace(instance));
                (open.desk, open.has_left) = (desk, false);
                let (back, gone) = open.gone.iter().partition(|gone| known.contains(gone));
                (open.halted, open.gone) = (back, gone);
                Rc::clone(&open.exchange)
            }
            None => {
                let exchange = Rc::new(RefCell::new(instance));
                let (name, shared) = (desk.name().to_owned(), Rc::clone(&exchange));
                exchanges.push(OpenExchange::new(name, exchange, desk));
                shared
            }
        };
        let trading_type = self.engine().trading_type();
        let route = route(trading_type, joining.has_order_entry, &shared);
        self.driver_mut().engine_mut().set_takes(id, route.takes(joining.takes));
        let names = self.exchange_ids();
        let links = self.driver_mut().link_mut();
        links.set_route(id, route);
        if let Some(journal) = links.journal_mut() {
            journal.name_exchanges(names);
        }
    }

    /// An exchange that joined leaves again, because a later part was refused; its connector.
    pub(super) fn undo_joining(
        &mut self,
        id: ExchangeId,
        exchanges: &mut [OpenExchange],
    ) -> Option<Box<dyn ExchangeInstance>> {
        self.driver_mut().engine_mut().remove_exchange(id);
        self.desk.instruments.take();
        let open = open_exchange(exchanges, id)?;
        open.desk.close();
        open.has_left = true;
        let halted = std::mem::take(&mut open.halted);
        open.gone.extend(halted);
        Some(open.exchange.replace(Box::new(AbsentExchange)))
    }

    /// Strategies hear of what has joined; cancels that an exchange did not hear of before it left are sent again.
    pub(super) fn tell_joined(
        &mut self,
        (joined, opened): (&[ExchangeId], &[InstrumentId]),
        exchanges: &mut [OpenExchange],
    ) -> Result<()> {
        for id in joined {
            let halted = open_exchange(exchanges, *id).map(|open| open.halted.clone()).unwrap_or_default();
            self.exchange_go_on(*id, exchanges)?;
            let now = self.now();
            let is_new = |instrument: &&InstrumentId| {
                self.engine().exchange_of(**instrument) == Some(*id) && !halted.contains(*instrument)
            };
            let new: Vec<_> = opened.iter().filter(is_new).copied().collect();
            for instrument in new {
                self.driver_mut().feed(now, InputKind::Continue(Some(instrument), Reason::Exchange))?;
            }
        }
        Ok(())
    }

    /// Exchanges leave for good; their connectors.
    pub(super) fn leave(
        &mut self,
        leaves: &[ExchangeId],
        exchanges: &mut [OpenExchange],
    ) -> Result<Vec<ExchangeLeft>> {
        let mut left = Vec::new();
        for id in leaves {
            left.extend(self.exchange_out(*id, exchanges)?);
            if let Some(open) = open_exchange(exchanges, *id) {
                open.desk.close();
                open.has_left = true;
                let halted = std::mem::take(&mut open.halted);
                open.gone.extend(halted);
            }
        }
        self.desk.instruments.take();
        Ok(left)
    }
}

/// Tells connectors their new configuration.
pub(super) fn tell_exchanges(
    connectors: Vec<ExchangeChange>,
    exchanges: &mut [OpenExchange],
    progress: &mut Progress,
) -> Option<Refused> {
    for ExchangeChange { exchange, new, old } in connectors {
        let told = open_exchange(exchanges, exchange).map(|open| open.exchange.borrow_mut().on_config(&new));
        match told {
            Some(Ok(())) => progress.undo.push(Undo::Exchange { exchange, old }),
            Some(Err(fault)) if fault.message.contains(TAKES_NONE) => {
                return Some((Part::ExchangeTakesNone(exchange), fault.message));
            }
            Some(Err(fault)) => return Some((Part::Exchange(exchange), fault.to_string())),
            None => return Some((Part::Exchange(exchange), "there is no such exchange".to_owned())),
        }
    }
    None
}

fn within_limit(instruments: usize) -> std::result::Result<(), String> {
    if instruments <= INSTRUMENTS_MAX {
        return Ok(());
    }
    Err(format!(
        "it has {instruments} instruments (accepted while the run goes on: {INSTRUMENTS_MAX}; more with `stratctl config apply --at-restart`)"
    ))
}
