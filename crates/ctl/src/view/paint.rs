//! Colours, for people only: on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
//!
//! A word is painted because it is one of the words of the protocol, wherever it stands; so every table has the same
//! colours, and none has to think of them.

use std::{env, io::IsTerminal};

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// States and remarks, by what they mean for whoever looks.
const BAD: &[&str] =
    &["faulted", "quarantined", "FAILING:", "rejected", "denied", "halted", "ERROR", "CRITICAL"];
const DOUBTFUL: &[&str] =
    &["WARNING", "exiting", "orphaned", "quiescing", "reducing", "unknown", "degraded", "unconfirmed"];
const GOOD: &[&str] = &["started", "running", "healthy", "filled", "accepted", "active"];

/// Whether what goes to `stream` is read by somebody who sees colours.
pub(crate) fn has_colours(stream: &impl IsTerminal) -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// The text with its words painted. It holds no control characters but line ends.
pub(crate) fn painted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for piece in text.split_inclusive([' ', '\n', ',']) {
        let word = piece.trim_end_matches([' ', '\n', ',']);
        match colour(word) {
            Some(colour) => {
                out.push_str(colour);
                out.push_str(word);
                out.push_str(PLAIN);
                out.push_str(&piece[word.len()..]);
            }
            None => out.push_str(piece),
        }
    }
    out
}

/// A failure that is told.
pub(crate) fn alarming(text: &str) -> String {
    format!("{RED}{text}{PLAIN}")
}

fn colour(word: &str) -> Option<&'static str> {
    [(BAD, RED), (DOUBTFUL, YELLOW), (GOOD, GREEN)]
        .into_iter()
        .find_map(|(words, colour)| words.contains(&word).then_some(colour))
}

#[cfg(test)]
mod tests {
    use super::painted;

    #[test]
    fn words_are_painted_and_nothing_else_changes() {
        let text = " ema   faulted  12\n slow  started, running  unstarted\n";
        let out = painted(text);
        assert_eq!(
            out,
            " ema   \x1b[31mfaulted\x1b[0m  12\n slow  \x1b[32mstarted\x1b[0m, \x1b[32mrunning\x1b[0m  unstarted\n"
        );
        assert_eq!(painted(""), "");
    }
}
