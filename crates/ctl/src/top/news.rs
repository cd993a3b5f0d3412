//! Where news come from: one thread each.

use std::{
    sync::mpsc::{self, RecvTimeoutError, SyncSender},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use nix::sys::signal::{SigSet, Signal};
use serde_json::Value;
use stratd_control::{Client, Error, HaltRequest, Request};

use super::{Options, screen::Command, snapshot::Snapshot};
use crate::view::printable;

/// Signals that end the screen in good order. Ctrl-C is a key while the terminal is ours.
const ENDING: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];
/// What one look may take; longer, and the screen says so.
const LOOK_TIME_MAX: Duration = Duration::from_secs(5);
/// Before a tap that ended is opened again.
const TAP_PAUSE: Duration = Duration::from_secs(2);

/// What the screen hears of.
pub(super) enum News {
    Key(KeyEvent),
    Resized,
    Snapshot(Result<Box<Snapshot>, String>),
    Log(Result<String, String>),
    Answer(Result<String, String>),
    /// A signal asked for it.
    End,
    /// The terminal is gone, or a thread.
    Failure(String),
}

/// The threads. They end with the process: each blocks where nothing can wake it.
pub(super) struct Sources {
    client: Client,
    send: SyncSender<News>,
    /// Makes the next look come at once.
    look: mpsc::Sender<()>,
}

impl Sources {
    pub(super) fn start(client: &Client, options: &Options, send: &SyncSender<News>) -> Result<Self> {
        let signals: SigSet = ENDING.into_iter().collect();
        // in this thread, and so in all that it starts
        signals.thread_block().context("blocking signals")?;
        spawn("signals", send, move |send| {
            // an error there is one of ours; it ends the screen, too
            let _ = signals.wait();
            let _ = send.send(News::End);
        })?;
        spawn("keys", send, |send| {
            loop {
                let piece = match event::read() {
                    Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => News::Key(key),
                    Ok(Event::Resize(..)) => News::Resized,
                    Ok(_) => continue,
                    Err(error) => News::Failure(format!("reading keys: {error}")),
                };
                if send.send(piece).is_err() {
                    return;
                }
            }
        })?;
        let (look, looks) = mpsc::channel();
        let (asked, every) = (client.clone().with_time_limit(LOOK_TIME_MAX), options.every);
        spawn("looks", send, move |send| {
            loop {
                if looks.recv_timeout(every) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
                let snapshot = Snapshot::take(&asked).map(Box::new).map_err(|error| said(&error));
                if send.send(News::Snapshot(snapshot)).is_err() {
                    return;
                }
            }
        })?;
        let (tapped, level) = (client.clone(), options.level.clone());
        spawn("log", send, move |send| tap(&tapped, &level, send))?;
        Ok(Self { client: client.clone(), send: send.clone(), look })
    }

    /// Asks the daemon; the answer is news.
    pub(super) fn carry_out(&self, command: Command) {
        let (client, look) = (self.client.clone(), self.look.clone());
        let started = spawn("command", &self.send, move |send| {
            let answer = carry_out(&client, &command).map_err(|error| said(&error));
            let _ = send.send(News::Answer(answer));
            // the screen may have ended
            let _ = look.send(());
        });
        if let Err(error) = started {
            let _ = self.send.try_send(News::Answer(Err(format!("{error:#}"))));
        }
    }
}

/// Starts a thread. If it panics, the screen ends and says so, instead of standing still.
fn spawn(
    name: &'static str,
    send: &SyncSender<News>,
    work: impl FnOnce(&SyncSender<News>) + Send + 'static,
) -> Result<()> {
    struct Guard(&'static str, SyncSender<News>);
    impl Drop for Guard {
        fn drop(&mut self) {
            if thread::panicking() {
                let _ = self.1.send(News::Failure(format!("the thread '{}' has panicked", self.0)));
            }
        }
    }
    let guard = Guard(name, send.clone());
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let guard = guard;
        work(&guard.1);
    });
    started.map(|_| ()).with_context(|| format!("starting the thread '{name}'"))
}

/// Lines of the log for as long as the screen is there: a daemon ends a tap after some minutes, and may itself be
/// started anew.
fn tap(client: &Client, level: &str, send: &SyncSender<News>) {
    let request = Request::log_tap("root", level, false);
    loop {
        let result = client.stream(&request, |line| send.send(News::Log(Ok(printable(line)))).is_ok());
        if let Err(error) = result
            && send.send(News::Log(Err(format!("no log: {}", said(&error))))).is_err()
        {
            return;
        }
        thread::park_timeout(TAP_PAUSE);
    }
}

/// Does it, if nobody else changes the same meanwhile; what the daemon says of it in one line.
fn carry_out(client: &Client, command: &Command) -> Result<String, Error> {
    let halt = HaltRequest { exit: None, note: Some("by stratctl top".to_owned()) };
    let request = match command {
        Command::Reload(plugin) => Request::reload(plugin),
        Command::Halt(strategy) => Request::strategy_halt(strategy, &halt)?,
        Command::Continue(strategy) => Request::strategy_verb(strategy, "continue"),
    };
    let answer: Value = client.send_tagged(request)?.read()?;
    let report = answer.get("report").and_then(Value::as_str).unwrap_or("done");
    Ok(one_line(report))
}

fn said(error: &Error) -> String {
    if error.is_no_daemon() {
        return "there is no daemon at the socket".to_owned();
    }
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    one_line(&format!("{error}{source}"))
}

fn one_line(text: &str) -> String {
    printable(&text.replace('\n', "; "))
}
