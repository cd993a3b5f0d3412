//! What plugins log and what they add to the log, end to end: a backtest with a strategy that talks.

mod foreign;
mod parts;
mod said;
mod talk;
