//! The server: listens, lets participants act, and ends cleanly.
//!
//! Everything runs on one thread, as tasks that hold the floor only between two awaits.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io::Write as _,
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use stratd_plugin_api::Timestamp;
use stratd_simulation::venue::Pace;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Notify, watch},
    task::{LocalSet, spawn_local, yield_now},
    time::{sleep, timeout},
};

use crate::{
    clock, connection,
    floor::Floor,
    json::Object,
    limits::{CONNECTIONS_MAX, HANDSHAKES_MAX, PUBLIC_KEPT_MAX, SEND_TIMEOUT, STEPS_BATCH_MAX},
    refusal::{Code, Refusal},
};

/// How long connections may take to end with the server.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// How fast participants act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// So many actions per second, by the wall clock.
    Rate(u32),
    /// One after the other, by the venue's own time; subscribers are waited for.
    AsFastAsPossible,
}

/// What a server is made from, besides its floor.
pub(crate) struct ServerConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) speed: Speed,
    /// Actions of participants before anybody is let in.
    pub(crate) warm_up: u32,
    pub(crate) heartbeat: Duration,
    pub(crate) requests_per_second: Option<u32>,
    pub(crate) token: Option<String>,
    pub(crate) is_admin: bool,
}

/// What all tasks share.
pub(crate) struct Shared {
    pub(crate) floor: RefCell<Floor>,
    pub(crate) heartbeat: Duration,
    pub(crate) is_admin: bool,
    speed: Speed,
    token: Option<String>,
    requests_per_second: Option<u32>,
    /// Of each account: the second, and its requests in it.
    requests: RefCell<BTreeMap<usize, (i64, u32)>>,
    changed: watch::Sender<u64>,
    /// Connections, with the last public event that each has looked at, if it subscribed.
    places: RefCell<BTreeMap<u64, Option<u64>>>,
    progress: Notify,
    /// Handshakes under way.
    handshakes: Cell<usize>,
    is_ending: Cell<bool>,
    failure: RefCell<Option<anyhow::Error>>,
}

/// Runs a server until it is told to end.
pub(crate) fn run(config: ServerConfig, floor: Floor) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting the runtime")?;
    LocalSet::new().block_on(&runtime, serve(config, floor))
}

async fn serve(config: ServerConfig, floor: Floor) -> Result<()> {
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("listening on {}", config.listen))?;
    let shared = Rc::new(Shared::new(&config, floor));
    shared.warm_up(config.warm_up)?;
    let mut terminate = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for SIGINT")?;
    announce(&listener)?;
    spawn_local(pace(Rc::clone(&shared)));
    let mut changed = shared.changed();
    let mut connections = 0;
    while !shared.is_ending() {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                // dropped: whoever opens so many at once is told nothing
                Ok(_) if shared.handshakes.get() >= HANDSHAKES_MAX => {}
                Ok((stream, _)) => {
                    connections += 1;
                    shared.handshakes.set(shared.handshakes.get() + 1);
                    spawn_local(connection::serve(stream, Rc::clone(&shared), connections));
                }
                // too many open files, or a client that left: the next one may come
                Err(error) => {
                    shared.note(&format!("a connection was not accepted: {error}"));
                    sleep(Duration::from_millis(10)).await;
                }
            },
            _ = terminate.recv() => shared.end(),
            _ = interrupt.recv() => shared.end(),
            _ = changed.changed() => {}
        }
    }
    let _ = timeout(END_TIMEOUT, shared.all_gone()).await;
    if let Some(error) = shared.failure.borrow_mut().take() {
        return Err(error);
    }
    shared.floor.borrow_mut().close()
}

/// The one line on standard output: programs that start a server wait for it.
fn announce(listener: &TcpListener) -> Result<()> {
    let address = listener.local_addr().context("asking for the address")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on ws://{address}/")
        .and_then(|()| out.flush())
        .context("writing to standard output")
}

/// Lets participants act.
async fn pace(shared: Rc<Shared>) {
    let result = match shared.speed {
        Speed::Rate(rate) => by_clock(&shared, rate).await,
        Speed::AsFastAsPossible => as_fast_as_possible(&shared).await,
    };
    if let Err(error) = result {
        shared.fail(error);
    }
}

async fn by_clock(shared: &Shared, rate: u32) -> Result<()> {
    let mut pace = Pace::new(rate, clock::now());
    while !shared.is_ending() {
        let now = clock::now();
        let due = pace.due(now).min(STEPS_BATCH_MAX);
        pace.did(due);
        shared.step(due, Some(now))?;
        if due == STEPS_BATCH_MAX {
            yield_now().await;
        } else {
            sleep(pace.until_next(now)).await;
        }
    }
    Ok(())
}

async fn as_fast_as_possible(shared: &Shared) -> Result<()> {
    while !shared.is_ending() {
        if shared.is_somebody_far_behind() {
            // a client that reads nothing at all is disconnected by then
            let _ = timeout(SEND_TIMEOUT, shared.progress.notified()).await;
        } else {
            shared.step(STEPS_BATCH_MAX, None)?;
            yield_now().await;
        }
    }
    Ok(())
}

impl Shared {
    fn new(config: &ServerConfig, floor: Floor) -> Self {
        Self {
            floor: RefCell::new(floor),
            heartbeat: config.heartbeat,
            is_admin: config.is_admin,
            speed: config.speed,
            token: config.token.clone(),
            requests_per_second: config.requests_per_second,
            requests: RefCell::new(BTreeMap::new()),
            changed: watch::channel(0).0,
            places: RefCell::new(BTreeMap::new()),
            progress: Notify::new(),
            handshakes: Cell::new(0),
            is_ending: Cell::new(false),
            failure: RefCell::new(None),
        }
    }

    fn warm_up(&self, steps: u32) -> Result<()> {
        let now = self.now(&self.floor.borrow());
        let at = (self.speed != Speed::AsFastAsPossible).then_some(now);
        self.step(i64::from(steps), at)
    }

    fn step(&self, steps: i64, now: Option<Timestamp>) -> Result<()> {
        let mut floor = self.floor.borrow_mut();
        let before = floor.happened();
        if let Some(now) = now {
            // lifetimes end also where nobody acts
            floor.advance(now);
        }
        floor.step(steps, now);
        if let Some(error) = floor.failure() {
            return Err(anyhow!("{error:#}"));
        }
        if floor.happened() != before {
            drop(floor);
            self.wake();
        }
        Ok(())
    }

    /// The time for what a client asks: the clock's, or where time is the venue's own, that.
    pub(crate) fn now(&self, floor: &Floor) -> Timestamp {
        match self.speed {
            Speed::Rate(_) => clock::now(),
            Speed::AsFastAsPossible => floor.now(),
        }
    }

    pub(crate) fn hello(&self) -> String {
        let floor = self.floor.borrow();
        Object::message("HELLO")
            .raw("protocol", connection::PROTOCOL)
            .text("venue", crate::words::EXCHANGE)
            .text("run", &floor.run)
            .time("time", self.now(&floor))
            .raw("seq", floor.public.last())
            .raw("heartbeat_ms", self.heartbeat.as_millis())
            .end()
    }

    /// A line for whoever watches the server.
    pub(crate) fn note(&self, text: &str) {
        eprintln!("{} {text}", clock::now());
    }

    /// Something happened on the floor: connections look.
    pub(crate) fn wake(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.get()
    }

    fn end(&self) {
        self.is_ending.set(true);
        self.wake();
    }

    /// Ends the server with an error.
    pub(crate) fn fail(&self, error: anyhow::Error) {
        self.failure.borrow_mut().get_or_insert(error);
        self.end();
    }

    /// A handshake is over.
    pub(crate) fn shook_hands(&self) {
        self.handshakes.set(self.handshakes.get().saturating_sub(1));
    }

    pub(crate) fn count(&self) -> usize {
        self.places.borrow().len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count() >= CONNECTIONS_MAX
    }

    pub(crate) fn enter(&self, connection: u64) {
        self.places.borrow_mut().insert(connection, None);
    }

    pub(crate) fn leave(&self, connection: u64) {
        self.places.borrow_mut().remove(&connection);
        self.progress.notify_one();
    }

    /// How far a connection has come.
    pub(crate) fn moved(&self, connection: u64, place: Option<u64>) {
        self.places.borrow_mut().insert(connection, place);
        self.progress.notify_one();
    }

    fn is_somebody_far_behind(&self) -> bool {
        let last = self.floor.borrow().public.last();
        let behind = self.places.borrow().values().flatten().map(|place| last.saturating_sub(*place)).max();
        behind.is_some_and(|behind| behind > PUBLIC_KEPT_MAX as u64 / 2)
    }

    async fn all_gone(&self) {
        while self.count() > 0 {
            self.progress.notified().await;
        }
    }

    pub(crate) fn check_token(&self, token: Option<&str>) -> Result<(), Refusal> {
        if self.token.is_none() || self.token.as_deref() == token {
            return Ok(());
        }
        let found = if token.is_some() { "wrong" } else { "missing" };
        let message = format!("token is {found} (accepted: what the server's --token-file has)");
        Err(Refusal::new(Code::BadRequest, message))
    }

    /// Counts a request of an account that acts on orders.
    pub(crate) fn check_rate(&self, account: usize) -> Result<(), Refusal> {
        let Some(most) = self.requests_per_second else { return Ok(()) };
        let second = clock::now().get() / 1_000_000_000;
        let mut requests = self.requests.borrow_mut();
        let (of, count) = requests.entry(account).or_default();
        if *of != second {
            (*of, *count) = (second, 0);
        }
        *count += 1;
        if *count <= most {
            return Ok(());
        }
        let message =
            format!("more than {most} NEW, CANCEL and CHANGE in one second (accepted: in the next second)");
        Err(Refusal::new(Code::RateLimit, message))
    }
}
