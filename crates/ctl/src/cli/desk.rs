//! Asks the daemon, and prints what it says.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Error, Result, anyhow};
use stratd_control::{Answer, Client, Done, ErrorKind, Request};

use super::terms::Terms;
use crate::view;

/// After so long without an answer, whoever sits at the terminal is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way to the daemon and back to the terminal.
pub(super) struct Desk {
    client: Client,
    as_json: bool,
}

impl Desk {
    pub(super) fn new(socket: PathBuf, as_json: bool) -> Self {
        Self { client: Client::new(socket), as_json }
    }

    /// Asks. What the daemon refuses is an error.
    pub(super) fn ask(&self, request: &Request) -> Result<Answer> {
        if !io::stderr().is_terminal() {
            return self.client.send(request).map_err(|error| self.told(error));
        }
        thread::scope(|scope| {
            // ends the wait when it is dropped
            let (answered, wait) = mpsc::channel::<()>();
            scope.spawn(move || {
                if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                    let text =
                        "stratctl: no answer yet: the daemon starts, or is busy (Ctrl-C ends the wait)";
                    let _ = writeln!(io::stderr(), "{text}");
                }
            });
            let answer = self.client.send(request).map_err(|error| self.told(error));
            drop(answered);
            answer
        })
    }

    /// The way to the daemon, for what asks again and again.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The socket.
    pub(super) fn socket(&self) -> &Path {
        self.client.path()
    }

    /// Asks for something that goes on, and hands over each line as it comes, until `on_line` says false.
    pub(super) fn stream(&self, request: &Request, on_line: impl FnMut(&str) -> bool) -> Result<()> {
        self.client.stream(request, on_line).map_err(|error| self.told(error))
    }

    /// Whether the answers are for programs.
    pub(super) fn as_json(&self) -> bool {
        self.as_json
    }

    /// The error, after what the daemon said of it was printed for programs.
    fn told(&self, error: stratd_control::Error) -> Error {
        if self.as_json
            && let Some(body) = error.body()
        {
            // the answer for programs is the same wherever the command ends; the error is said besides
            let _ = print(&with_line_end(body));
        }
        Error::new(error)
    }

    /// Asks, and prints the answer: as it came, or as `text` makes it.
    pub(super) fn show(&self, request: &Request, text: impl FnOnce(&Answer) -> Result<String>) -> Result<()> {
        let answer = self.ask(request)?;
        self.print(&answer, text)
    }

    /// Asks for a change of plugins, and prints what was done.
    pub(super) fn act(&self, request: Request, terms: &Terms) -> Result<()> {
        self.change(request, terms, |answer| Ok(view::done(&answer.read::<Done>()?)))
    }

    /// Asks for a change on these terms, and prints the answer: as it came, or as `text` makes it.
    pub(super) fn change(
        &self,
        request: Request,
        terms: &Terms,
        text: impl FnOnce(&Answer) -> Result<String>,
    ) -> Result<()> {
        self.print(&self.ask_change(request, terms)?, text)
    }

    /// Asks for a change on these terms.
    pub(super) fn ask_change(&self, request: Request, terms: &Terms) -> Result<Answer> {
        let (request, is_to_be_tagged) = terms.apply(request);
        let answer =
            if is_to_be_tagged { self.client.send_tagged(request) } else { self.client.send(&request) };
        answer.map_err(|error| self.told(error))
    }

    /// Prints the answer: as it came, or as `text` makes it.
    pub(super) fn print(&self, answer: &Answer, text: impl FnOnce(&Answer) -> Result<String>) -> Result<()> {
        if self.as_json {
            print(&with_line_end(answer.body()))
        } else {
            let text = view::printable(&text(answer)?);
            print(&if view::has_colours(&io::stdout()) { view::painted(&text) } else { text })
        }
    }
}

/// Whether a daemon that answered before cannot be reached, or went away while it answered.
pub(super) fn is_out_of_reach(error: &Error) -> bool {
    let kind = error.downcast_ref::<stratd_control::Error>().map(stratd_control::Error::kind);
    matches!(kind, Some(ErrorKind::NoDaemon | ErrorKind::Gone | ErrorKind::Io | ErrorKind::Malformed))
}

/// Prints; that nobody reads any more is no failure.
pub(super) fn print(text: &str) -> Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // whoever reads has seen enough, as `head` has
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("printing the answer"),
    }
}

fn with_line_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// A file as the daemon finds it: it has a working directory of its own.
pub(super) fn absolute(file: &std::path::Path) -> Result<String> {
    let path = std::path::absolute(file).with_context(|| format!("the path {}", file.display()))?;
    path.into_os_string()
        .into_string()
        .map_err(|path| anyhow!("{} cannot be named to the daemon (accepted: UTF-8)", path.display()))
}
