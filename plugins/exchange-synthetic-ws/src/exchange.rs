//! The connector: the host's calls become commands for the thread of the session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use stratd_plugin_api::{
    Capabilities, ClientOrderId, Error, Exchange, ExchangeHandle, InstrumentId, InstrumentTypes, Level,
    OrderRequest, OrderType, Reply, Result, Takes, Timestamp, TradingType, TradingTypes,
    abi::{self, TextHandle},
};
use tokio::sync::{Notify, mpsc};

use crate::{
    Config,
    config::Settings,
    link::{Link, Seat},
    session::{Command, Kept},
};

/// Name of the thread.
const THREAD: &str = "synthetic-ws";
/// Commands that the thread has not taken yet. Beyond it a call is refused, and nothing was sent.
const COMMANDS_MAX: usize = 16_384;
/// How long the thread may take to say what is to be kept.
const SAVE_TIME_MAX: Duration = Duration::from_secs(2);

/// A client of the synthetic venue.
pub struct SyntheticWsExchange {
    host: ExchangeHandle,
    settings: Settings,
    /// What an earlier life knew, until the thread takes it over, and what it left.
    kept: Kept,
    thread: Option<Thread>,
    is_online: Arc<AtomicBool>,
}

struct Thread {
    commands: mpsc::Sender<Command>,
    stop: Arc<Notify>,
    handle: JoinHandle<Result<Kept>>,
}

impl Exchange for SyntheticWsExchange {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities {
        market_data: true,
        order_entry: true,
        takes: Takes::of(&[OrderType::Market, OrderType::Limit, OrderType::StopMarket, OrderType::StopLimit])
            .flags(Takes::ALL.all_flags())
            .day()
            .gtd(),
        is_historical: false,
        trading_types: TradingTypes::of(&[TradingType::Simulation, TradingType::Sandbox, TradingType::Live]),
        instrument_types: InstrumentTypes::all(),
        spawns_threads: true,
        // two connections of one prefix exclude each other
        make_before_break: false,
    };
    const STATE_VERSION: u32 = 1;

    fn new(config: Config, host: ExchangeHandle) -> Result<Self> {
        let settings = Settings::new(config, host.trading_type())?;
        Ok(Self { host, settings, kept: Kept::default(), thread: None, is_online: Arc::default() })
    }

    fn connect(&mut self, reply: Reply) -> Result<()> {
        self.start()?;
        self.send(Command::Connect(reply))
    }

    fn instruments(&mut self, reply: Reply) -> Result<()> {
        self.send(Command::Instruments(reply))
    }

    fn lookup(&mut self, symbol: &str, reply: Reply) -> Result<()> {
        self.send(Command::Lookup(symbol.to_owned(), reply))
    }

    fn subscribe(&mut self, instrument: Option<InstrumentId>, reply: Reply) -> Result<()> {
        self.send(Command::Subscribe(instrument, reply))
    }

    fn new_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        self.may_trade()?;
        OrderRequest::try_from(&command.order)
            .map_err(|reason| Error::new(format!("order {}: {reason}", command.client_order_id)))?;
        if !self.is_online.load(Ordering::Acquire) {
            return Err(Error::new(format!("there is no connection to {}", self.settings.url)));
        }
        self.send(Command::New(*command))
    }

    fn cancel_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        self.may_trade()?;
        self.send(Command::Cancel(*command))
    }

    fn change_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        self.may_trade()?;
        self.send(Command::Change(*command))
    }

    fn accounts(&mut self, reply: Reply) -> Result<()> {
        self.may_trade()?;
        self.send(Command::Accounts(reply))
    }

    fn open_orders(&mut self, reply: Reply) -> Result<()> {
        self.may_trade()?;
        self.send(Command::OpenOrders(reply))
    }

    fn fills_since(&mut self, since: Timestamp, reply: Reply) -> Result<()> {
        self.may_trade()?;
        self.send(Command::Fills(since, reply))
    }

    fn find_order(&mut self, id: ClientOrderId, _: TextHandle, reply: Reply) -> Result<()> {
        self.may_trade()?;
        self.send(Command::FindOrder(id, reply))
    }

    fn stop(&mut self) -> Result<()> {
        let Some(Thread { stop, handle, .. }) = self.thread.take() else { return Ok(()) };
        stop.notify_one();
        let ended = handle.join().map_err(|_| Error::new(format!("the thread {THREAD} panicked")))?;
        self.is_online.store(false, Ordering::Release);
        self.kept = ended?;
        Ok(())
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        let kept = match &self.thread {
            None => self.kept.clone(),
            Some(_) => {
                let (to, from) = sync_channel(1);
                self.send(Command::Save(to))?;
                from.recv_timeout(SAVE_TIME_MAX).map_err(|error| {
                    Error::new(format!("asking the thread {THREAD} what is to be kept: {error}"))
                })?
            }
        };
        Ok(Some(serde_json::to_vec(&kept)?))
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        if state_version != Self::STATE_VERSION {
            return Err(Error::new(format!(
                "a state of version {state_version} (accepted: {})",
                Self::STATE_VERSION
            )));
        }
        self.kept = serde_json::from_slice(state)?;
        Ok(())
    }
}

impl Drop for SyntheticWsExchange {
    fn drop(&mut self) {
        // its error was for the host, which did not ask
        let _ = self.stop();
    }
}

impl SyntheticWsExchange {
    fn start(&mut self) -> Result<()> {
        if self.thread.is_some() {
            return Ok(());
        }
        let tls = self.settings.tls()?;
        self.host.log(
            Level::INFO,
            format_args!(
                "connects to {}; the seed of its pauses is {}",
                self.settings.url, self.settings.seed
            ),
        );
        let (commands, taken) = mpsc::channel(COMMANDS_MAX);
        let stop = Arc::new(Notify::new());
        let seat = Seat { host: self.host.clone(), settings: self.settings.clone(), tls };
        let link = Link::new(seat, &self.kept, taken, Arc::clone(&stop), Arc::clone(&self.is_online));
        let handle = thread::Builder::new().name(THREAD.to_owned()).spawn(move || link.run())?;
        self.thread = Some(Thread { commands, stop, handle });
        Ok(())
    }

    fn may_trade(&self) -> Result<()> {
        match self.settings.account {
            Some(_) => Ok(()),
            None => Err(Error::new("a simulation has no account at the venue (accepted: sandbox, live)")),
        }
    }

    fn send(&self, command: Command) -> Result<()> {
        let Some(thread) = &self.thread else { return Err(Error::new("the connector is not connected")) };
        thread.commands.try_send(command).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                Error::new(format!("{COMMANDS_MAX} requests wait for the thread {THREAD}"))
            }
            mpsc::error::TrySendError::Closed(_) => Error::new(format!("the thread {THREAD} has ended")),
        })
    }
}
