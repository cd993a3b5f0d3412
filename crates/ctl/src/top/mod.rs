//! `stratctl top`: the run on a full screen, as it goes.
//!
//! One thread owns the screen and draws whenever something came: a key or a new size, what the daemon said (asked every
//! second), a line of the log (its tap), what became of a command, a signal. Each of these has a thread of its own that
//! blocks and hands over; none touches the terminal. `screen.rs` says what news do, `draw.rs` is a pure function of that.
//!
//! Limits: 1,000 lines of the log; 256 pieces of news wait, then their threads do. The terminal is as it was at the end,
//! whether that is a key, a signal or a panic.

mod draw;
mod grid;
mod news;
mod screen;
mod snapshot;
#[cfg(test)]
mod tests;

use std::{
    io::{self, IsTerminal as _},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use stratd_control::Client;

use self::{
    draw::draw,
    news::{News, Sources},
    screen::{Screen, Wish},
    snapshot::Snapshot,
};
use crate::view;

/// News that wait for the screen.
const NEWS_MAX: usize = 256;

/// What the screen is made of.
pub(crate) struct Options {
    /// Between two questions.
    pub(crate) every: Duration,
    /// The lowest level of lines of the log.
    pub(crate) level: String,
}

/// Shows the screen until the user ends it.
pub(crate) fn run(client: &Client, options: &Options) -> Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!("top needs a terminal (for text: stratctl top --once; for programs: stratctl --json status)");
    }
    // before the screen is taken: who cannot be asked is told as for any other command
    let mut screen = Screen::new(view::has_colours(&io::stdout()));
    screen.on_snapshot(Snapshot::take(client)?);
    let (send, receive) = mpsc::sync_channel(NEWS_MAX);
    // it blocks signals, so it comes before every other thread
    let sources = Sources::start(client, options, &send)?;
    let mut terminal = ratatui::try_init().context("taking the terminal")?;
    let result = show(&mut terminal, &mut screen, &receive, &sources);
    ratatui::try_restore().context("giving the terminal back")?;
    result
}

/// The screen as text, once: without a log, and without what takes two looks.
pub(crate) fn once(client: &Client, width: u16, height: u16) -> Result<String> {
    let mut screen = Screen::new(false);
    screen.on_snapshot(Snapshot::take(client)?);
    screen.log_remark = Some("the log is shown as it comes: stratctl log tap".to_owned());
    picture(&screen, width, height)
}

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    screen: &mut Screen,
    news: &mpsc::Receiver<News>,
    sources: &Sources,
) -> Result<()> {
    loop {
        terminal.draw(|frame| draw(frame, screen)).context("drawing")?;
        // everything that came meanwhile is in the next picture
        let mut next = Some(news.recv().context("nothing comes any more")?);
        while let Some(piece) = next {
            match piece {
                News::Key(key) => match screen.on_key(key) {
                    Wish::Nothing => {}
                    Wish::Quit => return Ok(()),
                    Wish::Do(command) => sources.carry_out(command),
                },
                News::Resized => {}
                News::Snapshot(Ok(snapshot)) => screen.on_snapshot(*snapshot),
                News::Snapshot(Err(text)) => screen.on_trouble(text),
                News::Log(Ok(line)) => screen.on_log(line),
                News::Log(Err(text)) => screen.log_remark = Some(text),
                News::Answer(answer) => screen.on_answer(answer),
                News::End => return Ok(()),
                News::Failure(text) => bail!(text),
            }
            next = news.try_recv().ok();
        }
    }
}

/// What a screen looks like, as lines without trailing blanks.
fn picture(screen: &Screen, width: u16, height: u16) -> Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).context("a picture of text")?;
    terminal.draw(|frame| draw(frame, screen)).context("drawing")?;
    Ok(text_of(terminal.backend().buffer()))
}

fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let mut text = String::new();
    for row in buffer.content().chunks(width) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
