//! Answers as text for people.

mod backtest;
mod books;
mod config;
mod event;
mod inspection;
mod log;
mod orders;
mod paint;
mod plugin;
mod plugins;
mod status;
mod table;
mod trading;
mod words;

pub(crate) use backtest::{backtest, backtest_done, backtests, progress_line};
pub(crate) use books::{accounts, instruments, portfolio, positions};
pub(crate) use config::{config, config_diff, config_done, config_history, config_part};
pub(crate) use event::event;
pub(crate) use inspection::inspection;
pub(crate) use log::{log_flight, log_handlers, log_receivers, log_resolution, log_tree};
pub(crate) use orders::{fills, order, order_done, orders};
pub(crate) use paint::{alarming, has_colours, painted};
pub(crate) use plugin::{done, plugin};
pub(crate) use plugins::plugins;
pub(crate) use status::status;
pub(crate) use trading::{exchange, exchanges, risk, strategies, strategy};
pub(crate) use words::{count, short_span, span};

/// The text without anything that a terminal would obey: names and versions are a plugin author's.
pub(crate) fn printable(text: &str) -> String {
    let is_safe = |c: char| !c.is_control() || c == '\n';
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_safe(c) { safe.push(c) } else { safe.extend(c.escape_default()) }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_terminal_obeys_nothing_of_what_is_printed() {
        assert_eq!(super::printable("a\x1b[31m\tö\n\u{9b}"), "a\\u{1b}[31m\\tö\n\\u{9b}");
    }
}
