//! The thread that owns the session and its socket.
//!
//! Each turn takes what is there, frames and commands, at most [`TURN_MAX`] of each; then it sends and delivers what
//! came of it. So a busy market delays an order by one turn, and many orders delay the market by one turn.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use rustls::ClientConfig;
use stratd_plugin_api::{Error, ExchangeHandle, Result};
use tokio::{
    sync::{
        Notify,
        mpsc::{Receiver, error::TryRecvError},
    },
    time::{sleep, timeout},
};

use crate::{
    backoff::Backoff,
    config::Settings,
    session::{Command, Kept, Session},
    socket::Socket,
};

/// Frames, and commands, of one turn.
const TURN_MAX: usize = 256;
/// Between two looks at what the time brings.
const TICK: Duration = Duration::from_millis(20);
/// How long a full inbox of the host is left alone.
const ROOM_WAIT: Duration = Duration::from_millis(1);
/// One try to connect takes no longer.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// A venue that takes no frames for so long is gone.
const SEND_TIME_MAX: Duration = Duration::from_secs(5);
/// The last frames and the goodbye take no longer.
const CLOSE_TIME_MAX: Duration = Duration::from_millis(500);

/// The session with what drives it.
pub(crate) struct Link {
    session: Session,
    commands: Receiver<Command>,
    stop: Arc<Notify>,
    settings: Settings,
    /// Of a venue that is spoken to encrypted.
    tls: Option<Arc<ClientConfig>>,
    host: ExchangeHandle,
}

/// What a link knows from the start.
pub(crate) struct Seat {
    pub(crate) host: ExchangeHandle,
    pub(crate) settings: Settings,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// Why serving a connection ended.
enum Ended {
    Stopped,
    Broken(String),
}

impl Link {
    pub(crate) fn new(
        Seat { host, settings, tls }: Seat,
        kept: &Kept,
        commands: Receiver<Command>,
        stop: Arc<Notify>,
        is_online: Arc<AtomicBool>,
    ) -> Self {
        let session = Session::new(host.clone(), settings.clone(), kept, is_online);
        Self { session, commands, stop, settings, tls, host }
    }

    /// The thread: until it is stopped. Returns what the next life needs to know.
    pub(crate) fn run(mut self) -> Result<Kept> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Error::new(format!("making the runtime of the connection: {error}")))?;
        runtime.block_on(self.live());
        Ok(self.session.kept())
    }

    async fn live(&mut self) {
        let began = self.host.now();
        let mut backoff = Backoff::new(self.settings.reconnect_ms, self.settings.seed);
        loop {
            let (url, tls) = (self.settings.url.clone(), self.tls.clone());
            let connecting = async {
                let tried = timeout(CONNECT_TIME_MAX, Socket::connect(&url, tls)).await;
                tried.unwrap_or_else(|_| Err(format!("no answer within {} s", CONNECT_TIME_MAX.as_secs())))
            };
            let why = match self.while_waiting(connecting).await {
                None => return,
                Some(Err(why)) => why,
                Some(Ok(mut socket)) => {
                    self.session.opened();
                    let ended = self.serve(&mut socket, &mut backoff).await;
                    let closing = timeout(CLOSE_TIME_MAX, socket.close()).await;
                    // it is given up in any case
                    drop(closing);
                    match ended {
                        Ended::Stopped => return,
                        Ended::Broken(why) => why,
                    }
                }
            };
            let pause = backoff.pause();
            self.session.closed(&why, pause.as_millis());
            self.session.flush();
            let waited = self.host.now().get().saturating_sub(began.get());
            if self.session.is_awaited() && waited > self.settings.connect_ns {
                self.session.give_up(&why);
            }
            if self.while_waiting(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Waits without a connection, and carries out what can be without one; `None` = stopped.
    async fn while_waiting<T>(&mut self, waited: impl Future<Output = T>) -> Option<T> {
        let mut waited = pin!(waited);
        loop {
            let patience = self.patience();
            tokio::select! {
                biased;
                () = self.stop.notified() => return None,
                done = &mut waited => return Some(done),
                command = self.commands.recv() => self.session.command(command?),
                () = sleep(patience) => {}
            }
            self.session.flush();
        }
    }

    async fn serve(&mut self, socket: &mut Socket, backoff: &mut Backoff) -> Ended {
        loop {
            match self.turn(socket).await {
                Ok(true) => {}
                Ok(false) => return Ended::Stopped,
                Err(why) => return Ended::Broken(why),
            }
            if self.session.is_online() {
                backoff.reset();
            }
        }
    }

    /// One turn; false = stopped, after the last frames were sent.
    async fn turn(&mut self, socket: &mut Socket) -> std::result::Result<bool, String> {
        let mut is_stopped = false;
        let patience = self.patience();
        tokio::select! {
            biased;
            () = self.stop.notified() => is_stopped = true,
            command = self.commands.recv() => match command {
                Some(command) => self.session.command(command),
                None => is_stopped = true,
            },
            frame = socket.read() => self.session.frame(&frame?)?,
            () = sleep(patience) => {}
        }
        for _ in 0..TURN_MAX {
            match self.commands.try_recv() {
                Ok(command) => self.session.command(command),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        self.send(socket).await?;
        for _ in 0..TURN_MAX {
            let Some(frame) = socket.read_ready()? else { break };
            self.session.frame(&frame)?;
        }
        self.session.tick()?;
        self.send(socket).await?;
        self.session.flush();
        Ok(!is_stopped)
    }

    async fn send(&mut self, socket: &mut Socket) -> std::result::Result<(), String> {
        let frames = self.session.take_out();
        if frames.is_empty() {
            return Ok(());
        }
        let sent = timeout(SEND_TIME_MAX, socket.write(frames)).await;
        sent.unwrap_or_else(|_| Err(format!("the venue took nothing for {} s", SEND_TIME_MAX.as_secs())))
    }

    fn patience(&self) -> Duration {
        if self.session.is_waiting() { ROOM_WAIT } else { TICK }
    }
}
