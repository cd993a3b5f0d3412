//! What the screen shows, and what keys and news do to it. Nothing here draws, asks or waits.

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::snapshot::{Order, Snapshot, Strategy};

/// Lines of the log that are kept.
const LOG_LINES_MAX: usize = 1_000;
/// Characters of the filter.
const FILTER_CHARACTERS_MAX: usize = 60;
/// How far one page goes.
const PAGE: usize = 10;

/// Everything that is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Screen {
    pub(super) snapshot: Snapshot,
    /// Events of the run in the last second; none before the second look.
    pub(super) events_per_second: Option<u64>,
    pub(super) log: VecDeque<String>,
    /// Why there are no lines, if there are none.
    pub(super) log_remark: Option<String>,
    pub(super) panel: Panel,
    pub(super) mode: Mode,
    /// What a line of a strategy, an order or the log must hold to be shown.
    pub(super) filter: String,
    /// The strategy that keys act on, by name: rows come and go.
    selected: Option<String>,
    /// How far orders are scrolled down, and the log up.
    pub(super) orders_from: usize,
    pub(super) log_up: usize,
    /// What became of the last command.
    pub(super) message: Option<Message>,
    /// Why what is shown is old.
    pub(super) trouble: Option<String>,
    pub(super) has_colours: bool,
}

/// The part of the screen that arrows move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Panel {
    #[default]
    Strategies,
    Orders,
    Log,
}

/// What keys mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Normal,
    /// They are the filter.
    Filter,
    /// They are yes or no.
    Confirm(Command),
    /// Any ends the help.
    Help,
}

/// A line at the bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) is_failure: bool,
}

/// What the daemon is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Halt(String),
    Continue(String),
    /// The plugin of a strategy.
    Reload(String),
}

impl Command {
    /// As a question, or as what is under way.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Halt(name) => format!("halt {name} (its orders stay)"),
            Self::Continue(name) => format!("let {name} trade again"),
            Self::Reload(plugin) => format!("replace {plugin} by its file as it is now"),
        }
    }
}

/// What a key asks of whoever owns the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    Quit,
    Do(Command),
}

impl Screen {
    pub(super) fn new(has_colours: bool) -> Self {
        Self { has_colours, ..Self::default() }
    }

    /// Takes what the daemon says now.
    pub(super) fn on_snapshot(&mut self, snapshot: Snapshot) {
        let (before, now) = (&self.snapshot.run, &snapshot.run);
        let passed_ns = now.uptime_ns.saturating_sub(before.uptime_ns);
        // another process began to count anew
        let is_comparable = before.pid == now.pid && passed_ns > 0;
        self.events_per_second = is_comparable.then(|| {
            let events = u128::from(now.events.saturating_sub(before.events));
            u64::try_from(events * 1_000_000_000 / u128::from(passed_ns)).unwrap_or(u64::MAX)
        });
        self.snapshot = snapshot;
        self.trouble = None;
    }

    /// The daemon could not be asked; what is shown stays.
    pub(super) fn on_trouble(&mut self, text: String) {
        self.trouble = Some(text);
    }

    /// Takes a line of the log, which has no control characters any more.
    pub(super) fn on_log(&mut self, line: String) {
        self.log_remark = None;
        if self.log.len() == LOG_LINES_MAX {
            self.log.pop_front();
        }
        // who looks at older lines goes on looking at them
        if self.log_up > 0 && self.is_shown(&line) {
            self.log_up = (self.log_up + 1).min(LOG_LINES_MAX);
        }
        self.log.push_back(line);
    }

    /// Takes what became of a command.
    pub(super) fn on_answer(&mut self, answer: Result<String, String>) {
        let is_failure = answer.is_err();
        let text = answer.unwrap_or_else(|text| text);
        self.message = Some(Message { text, is_failure });
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) -> Wish {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Wish::Quit;
        }
        match std::mem::take(&mut self.mode) {
            Mode::Normal => self.on_normal_key(key.code),
            Mode::Filter => self.on_filter_key(key.code),
            // any key ends it
            Mode::Help => Wish::Nothing,
            Mode::Confirm(command) => self.on_confirm_key(key.code, command),
        }
    }

    /// The strategies that the filter lets through.
    pub(super) fn strategies(&self) -> Vec<&Strategy> {
        let is_shown = |strategy: &&Strategy| {
            self.is_shown(&strategy.name) || self.is_shown(&strategy.plugin) || self.is_shown(&strategy.state)
        };
        self.snapshot.strategies.iter().filter(is_shown).collect()
    }

    /// The orders that the filter lets through.
    pub(super) fn orders(&self) -> Vec<&Order> {
        let is_shown = |order: &&Order| {
            [&order.strategy, &order.instrument, &order.state, &order.id]
                .into_iter()
                .any(|text| self.is_shown(text))
        };
        self.snapshot.orders.iter().filter(is_shown).collect()
    }

    /// The lines of the log that the filter lets through, the oldest first.
    pub(super) fn lines(&self) -> Vec<&str> {
        self.log.iter().map(String::as_str).filter(|line| self.is_shown(line)).collect()
    }

    /// Which of [`Self::strategies`] keys act on.
    pub(super) fn selected(&self) -> Option<usize> {
        let shown = self.strategies();
        let by_name = |name: &String| shown.iter().position(|strategy| strategy.name == *name);
        self.selected.as_ref().and_then(by_name).or((!shown.is_empty()).then_some(0))
    }

    fn is_shown(&self, text: &str) -> bool {
        self.filter.is_empty() || text.to_lowercase().contains(&self.filter.to_lowercase())
    }

    fn on_normal_key(&mut self, key: KeyCode) -> Wish {
        self.message = None;
        match key {
            KeyCode::Char('q') => return Wish::Quit,
            KeyCode::Char('?') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Char('/') => self.mode = Mode::Filter,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Tab => self.panel = self.panel.next(),
            KeyCode::BackTab => self.panel = self.panel.next().next(),
            KeyCode::Up | KeyCode::Char('k') => self.move_by(1, false),
            KeyCode::Down | KeyCode::Char('j') => self.move_by(1, true),
            KeyCode::PageUp => self.move_by(PAGE, false),
            KeyCode::PageDown => self.move_by(PAGE, true),
            KeyCode::Home => self.move_by(LOG_LINES_MAX, false),
            KeyCode::End => self.move_by(LOG_LINES_MAX, true),
            KeyCode::Char('h') => self.ask(|strategy| Command::Halt(strategy.name.clone())),
            KeyCode::Char('c') => self.ask(|strategy| Command::Continue(strategy.name.clone())),
            KeyCode::Char('r') => self.ask(|strategy| Command::Reload(strategy.plugin.clone())),
            _ => {}
        }
        Wish::Nothing
    }

    fn on_filter_key(&mut self, key: KeyCode) -> Wish {
        match key {
            KeyCode::Enter => return Wish::Nothing,
            KeyCode::Esc => {
                self.filter.clear();
                return Wish::Nothing;
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char(c) if self.filter.chars().count() < FILTER_CHARACTERS_MAX => self.filter.push(c),
            _ => {}
        }
        self.mode = Mode::Filter;
        // what was counted from may be gone
        (self.orders_from, self.log_up) = (0, 0);
        Wish::Nothing
    }

    fn on_confirm_key(&mut self, key: KeyCode, command: Command) -> Wish {
        if matches!(key, KeyCode::Char('y' | 'Y')) {
            self.message = Some(Message { text: format!("{} …", command.text()), is_failure: false });
            return Wish::Do(command);
        }
        self.message = Some(Message { text: "nothing was done".to_owned(), is_failure: false });
        Wish::Nothing
    }

    /// Asks before something is done to the selected strategy.
    fn ask(&mut self, command: impl FnOnce(&Strategy) -> Command) {
        let asked =
            self.selected().and_then(|index| self.strategies().get(index).map(|&found| command(found)));
        match asked {
            Some(command) => self.mode = Mode::Confirm(command),
            None => self.on_answer(Err("there is no strategy to do that to".to_owned())),
        }
    }

    fn move_by(&mut self, rows: usize, is_down: bool) {
        let moved = |at: usize, last: usize| {
            if is_down { at.saturating_add(rows).min(last) } else { at.saturating_sub(rows) }
        };
        match self.panel {
            Panel::Strategies => {
                let shown = self.strategies();
                let to = moved(self.selected().unwrap_or(0), shown.len().saturating_sub(1));
                let name = shown.get(to).map(|strategy| strategy.name.clone());
                self.selected = name;
            }
            Panel::Orders => {
                self.orders_from = moved(self.orders_from, self.orders().len().saturating_sub(1))
            }
            // its end is at the bottom
            Panel::Log => {
                let last = self.lines().len().saturating_sub(1);
                let from_top = last.saturating_sub(self.log_up);
                self.log_up = last.saturating_sub(moved(from_top, last));
            }
        }
    }
}

impl Panel {
    fn next(self) -> Self {
        match self {
            Self::Strategies => Self::Orders,
            Self::Orders => Self::Log,
            Self::Log => Self::Strategies,
        }
    }
}
