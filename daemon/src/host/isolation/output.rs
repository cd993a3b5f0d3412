//! What a child writes to its standard output and standard error: lines for the log, and its last words.

use std::{collections::VecDeque, time::Duration};

use crate::runtime::clock::Stopwatch;

/// What is longer is cut.
const LINE_BYTES_MAX: usize = 4096;
/// More lines than these in a second are counted and left out.
const LINES_PER_WINDOW: u32 = 100;
const WINDOW: Duration = Duration::from_secs(1);
/// How many lines of a process that ended belong into the message about its end.
const LAST_WORDS: usize = 3;
const LAST_WORDS_CHARACTERS: usize = 200;

/// Makes lines of bytes.
pub(super) struct Output {
    line: Vec<u8>,
    window: Stopwatch,
    in_window: u32,
    left_out: u64,
    last: VecDeque<String>,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            line: Vec::new(),
            window: Stopwatch::start(),
            in_window: 0,
            left_out: 0,
            last: VecDeque::with_capacity(LAST_WORDS),
        }
    }

    /// Takes bytes and hands out the lines that are complete.
    pub(super) fn feed(&mut self, bytes: &[u8], tell: &mut dyn FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < part.len() {
                self.end_line(tell);
            }
        }
    }

    /// Hands out what is left.
    pub(super) fn finish(&mut self, tell: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.end_line(tell);
        }
        self.tell_left_out(tell);
    }

    /// The last lines, for a message about the end; empty if there are none.
    pub(super) fn last_words(&self) -> String {
        self.last.iter().map(String::as_str).collect::<Vec<_>>().join(" / ")
    }

    fn end_line(&mut self, tell: &mut dyn FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        self.line.clear();
        if line.is_empty() {
            return;
        }
        if !is_backtrace(&line) {
            if self.last.len() == LAST_WORDS {
                self.last.pop_front();
            }
            self.last.push_back(line.chars().take(LAST_WORDS_CHARACTERS).collect());
        }
        if self.window.elapsed() > WINDOW {
            self.tell_left_out(tell);
            (self.window, self.in_window) = (Stopwatch::start(), 0);
        }
        if self.in_window < LINES_PER_WINDOW {
            self.in_window += 1;
            tell(&line);
        } else {
            self.left_out += 1;
        }
    }

    fn tell_left_out(&mut self, tell: &mut dyn FnMut(&str)) {
        if self.left_out > 0 {
            tell(&format!(
                "{} lines more were left out (accepted: {LINES_PER_WINDOW} a second)",
                self.left_out
            ));
            self.left_out = 0;
        }
    }
}

/// Lines that a backtrace puts behind the words that matter.
fn is_backtrace(line: &str) -> bool {
    line.starts_with(' ') || line.starts_with("stack backtrace:") || line.starts_with("note: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_cut_counted_and_the_last_are_kept() {
        let mut output = Output::new();
        let mut told = Vec::new();
        let mut tell = |line: &str| told.push(line.to_owned());
        output.feed(b"one\ntw", &mut tell);
        output.feed(b"o\n\nthree\xff\n", &mut tell);
        output.feed(&[b'x'; LINE_BYTES_MAX + 10], &mut tell);
        output.feed(b"\nstack backtrace:\n  40: main\nnote: some\nlast", &mut tell);
        output.finish(&mut tell);
        assert_eq!(
            told.iter().map(String::len).collect::<Vec<_>>(),
            [3, 3, 8, LINE_BYTES_MAX, 16, 10, 10, 4]
        );
        assert_eq!(told[1], "two");
        let words = output.last_words();
        assert!(words.starts_with("three\u{fffd} / xxx") && words.ends_with("x / last"), "{words}");
        told.clear();
        let many = "line\n".repeat(300);
        output.feed(many.as_bytes(), &mut |line| told.push(line.to_owned()));
        output.finish(&mut |line| told.push(line.to_owned()));
        // a slow machine may have begun another window meanwhile
        assert!(told.len() <= 300 && told.last().is_some_and(|line| line.contains("left out")), "{told:?}");
    }
}
