//! The connector.

use std::{collections::BTreeSet, sync::Arc, thread::JoinHandle};

use stratd_plugin_api::{
    Capabilities, ClientOrderId, Error, Exchange, ExchangeHandle, InstrumentId, InstrumentType,
    InstrumentTypes, Level, OrderRequest, Price, Quantity, Reply, Result, Timestamp, TradingType,
    TradingTypes, abi,
};
use stratd_simulation::venue::{Submission, Venue, VenueEvent};

use crate::{Config, config::Settings, deliver::deliver, floor::Shared};

/// Name of the one account.
const ACCOUNT: &str = "synthetic";
/// Currency of all instruments and of the account.
const CURRENCY: &str = "USD";

/// The synthetic exchange.
pub struct SyntheticExchange {
    host: ExchangeHandle,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Actions of participants that a backtest still has.
    steps_left: u64,
    /// `None` until the host subscribes: then everything is sent.
    subscribed: Option<BTreeSet<InstrumentId>>,
}

impl Exchange for SyntheticExchange {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities {
        market_data: true,
        order_entry: true,
        takes: Venue::TAKES,
        is_historical: true,
        trading_types: TradingTypes::of(&[
            TradingType::Backtest,
            TradingType::Simulation,
            TradingType::Sandbox,
        ]),
        instrument_types: InstrumentTypes::of(&[InstrumentType::Equity]),
        spawns_threads: true,
        make_before_break: false,
    };

    fn new(config: Config, host: ExchangeHandle) -> Result<Self> {
        let mut settings = Settings::new(&config)?;
        match host.trading_type() {
            TradingType::Backtest => {}
            // paced by the host's clock from the first event on
            TradingType::Simulation | TradingType::Sandbox | TradingType::Live => {
                settings.venue.start = host.now()
            }
        }
        let venue = Venue::new(settings.venue)?;
        let shared = Shared::new(venue, host.clone(), settings.rate);
        Ok(Self { host, shared, thread: None, steps_left: settings.steps, subscribed: None })
    }

    fn connect(&mut self, reply: Reply) -> Result<()> {
        match self.host.trading_type() {
            TradingType::Backtest | TradingType::Simulation | TradingType::Sandbox => {}
            other @ TradingType::Live => {
                return Err(Error::new(format!(
                    "a synthetic exchange has no real money, but the trading type is {other} \
                     (accepted: backtest, simulation, sandbox)"
                )));
            }
        }
        let seed = self.shared.lock().venue.config().seed;
        self.host.log(Level::INFO, format_args!("the seed of the synthetic market is {seed}"));
        reply.done();
        Ok(())
    }

    fn instruments(&mut self, reply: Reply) -> Result<()> {
        // a copy, so that the lock is not held while the host registers
        let instruments: Vec<_> = self.shared.lock().venue.instruments().cloned().collect();
        let ids: Result<Vec<_>> = instruments.iter().map(|instrument| reply.instrument(instrument)).collect();
        match ids {
            Ok(ids) => {
                self.shared.lock().venue.set_instrument_ids(&ids);
                reply.done();
            }
            Err(error) => reply.fail(&error.to_string()),
        }
        Ok(())
    }

    fn subscribe(&mut self, instrument: Option<InstrumentId>, reply: Reply) -> Result<()> {
        let known: BTreeSet<_> = self.shared.lock().venue.instruments().map(|known| known.id).collect();
        match instrument {
            None => self.subscribed = Some(known),
            Some(id) if known.contains(&id) => {
                self.subscribed.get_or_insert_default().insert(id);
            }
            Some(id) => {
                reply.fail(&format!("there is no instrument {id}"));
                return Ok(());
            }
        }
        if self.is_paced() {
            self.start()?;
            let subscribed = self.subscribed.clone().unwrap_or_default();
            self.shared.open(|venue, was_open, out| {
                // what nobody was told of so far begins with the whole book
                let late = subscribed.iter().filter(|id| was_open && !venue.is_subscribed(**id));
                late.for_each(|id| venue.snapshot(*id, out));
                venue.set_subscribed(|id| subscribed.contains(&id));
            });
        } else if let Some(subscribed) = &self.subscribed {
            self.shared.lock().venue.set_subscribed(|id| subscribed.contains(&id));
        }
        reply.done();
        Ok(())
    }

    /// One step of the venue, or more until something happened; events are pushed, the batch stays as it is.
    fn next_batch(&mut self, _: &mut [abi::Event]) -> Result<usize> {
        if self.is_paced() {
            return Err(Error::new("events were pulled, but this exchange pushes them in this trading type"));
        }
        let mut events = Vec::new();
        {
            let mut floor = self.shared.lock();
            while self.steps_left > 0 && events.is_empty() {
                self.steps_left -= 1;
                floor.venue.step(&mut events);
            }
        }
        self.push(&events)?;
        Ok(events.len())
    }

    fn new_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let request = OrderRequest::try_from(&command.order)
            .map_err(|reason| Error::new(format!("order {}: {reason}", command.client_order_id)))?;
        let (client_order_id, correlation) = (ClientOrderId(command.client_order_id), command.correlation);
        self.operate(|venue, out| venue.submit(Submission { client_order_id, correlation, request }, out))
    }

    fn cancel_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let (id, correlation) = (ClientOrderId(command.client_order_id), command.correlation);
        self.operate(|venue, out| venue.cancel(id, correlation, out))
    }

    fn change_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let (id, correlation) = (ClientOrderId(command.client_order_id), command.correlation);
        let (price, quantity) = (command.order.price, Quantity::new(command.order.quantity));
        // a waiting stop is moved by its stop price; a stop-market has no other
        let is_stop = command.order.order_type == abi::order_type::STOP_MARKET;
        let price = Price::new(if is_stop && price == 0 { command.order.stop_price } else { price });
        self.operate(|venue, out| venue.change(id, correlation, price, quantity, out))
    }

    fn accounts(&mut self, reply: Reply) -> Result<()> {
        let (account, held) = {
            let floor = self.shared.lock();
            let held: Vec<_> =
                floor.venue.instruments().map(|i| (i.id, floor.venue.position(i.id))).collect();
            (floor.venue.account(), held)
        };
        let Some(account) = account else {
            reply.fail("the account's value is out of range");
            return Ok(());
        };
        reply.account(&abi::AccountRecord {
            id: self.host.intern(ACCOUNT)?,
            currency: self.host.intern(CURRENCY)?,
            cash: account.cash.into(),
            equity: account.equity.into(),
            has_positions: 1,
            ..abi::AccountRecord::default()
        });
        for (instrument, size) in held.into_iter().filter(|(_, size)| *size != 0) {
            reply.position(&abi::PositionRecord {
                instrument: instrument.0,
                size,
                ..abi::PositionRecord::default()
            });
        }
        reply.done();
        Ok(())
    }

    fn open_orders(&mut self, reply: Reply) -> Result<()> {
        let orders: Vec<_> = self.shared.lock().venue.open_orders().collect();
        orders.iter().for_each(|order| reply.open_order(order));
        reply.done();
        Ok(())
    }

    fn fills_since(&mut self, since: Timestamp, reply: Reply) -> Result<()> {
        let fills: Vec<_> = self.shared.lock().venue.fills_since(since).copied().collect();
        fills.iter().for_each(|fill| reply.fill(fill));
        reply.done();
        Ok(())
    }

    /// The venue is this process's: what it does not have, no earlier one will bring.
    fn find_order(&mut self, id: ClientOrderId, _: abi::TextHandle, reply: Reply) -> Result<()> {
        let floor = self.shared.lock();
        let works = floor.venue.open_orders().find(|order| order.client_order_id == id.0);
        let mut fills = floor.venue.fills_since(Timestamp::new(0));
        match works {
            Some(order) => reply.open_order(&order),
            // its executions tell of it
            None if fills.any(|fill| fill.client_order_id == id.0) => {
                return Err(Error::new(
                    "the synthetic exchange keeps executions of orders that have ended, not the orders",
                ));
            }
            None => {}
        }
        reply.done();
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        self.steps_left = 0;
        self.shared.stop();
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(Error::new("the thread of the synthetic venue panicked")),
        }
    }
}

/// An instance that is dropped without `stop` leaves no thread behind.
impl Drop for SyntheticExchange {
    fn drop(&mut self) {
        // its error was for the host, which did not ask
        let _ = self.stop();
    }
}

impl SyntheticExchange {
    fn is_paced(&self) -> bool {
        match self.host.trading_type() {
            TradingType::Backtest => false,
            TradingType::Simulation | TradingType::Sandbox | TradingType::Live => true,
        }
    }

    fn start(&mut self) -> Result<()> {
        if self.thread.is_none() {
            self.thread = Some(self.shared.start()?);
        }
        Ok(())
    }

    /// Does something with an own order at the venue.
    fn operate(&mut self, body: impl FnOnce(&mut Venue, &mut Vec<VenueEvent>)) -> Result<()> {
        match self.host.trading_type() {
            TradingType::Backtest => {
                let (now, mut events) = (self.host.now(), Vec::new());
                {
                    let mut floor = self.shared.lock();
                    floor.venue.advance(now, &mut events);
                    body(&mut floor.venue, &mut events);
                }
                self.push(&events)
            }
            TradingType::Sandbox => {
                self.start()?;
                self.shared.operate(body)
            }
            other @ (TradingType::Simulation | TradingType::Live) => Err(Error::new(format!(
                "the synthetic exchange takes no orders in {other} (accepted: backtest, sandbox)"
            ))),
        }
    }

    /// Pushes events in a pulled run: the host's queue is empty, so it takes all.
    fn push(&self, events: &[VenueEvent]) -> Result<()> {
        let taken = deliver(&self.host, events, || false);
        if taken == events.len() {
            return Ok(());
        }
        Err(Error::new(format!("the host took {taken} of {} events of one step", events.len())))
    }
}
