//! Where a frame of a stream ends. Pure: bytes in, positions out.
//!
//! Three kinds: a length of four bytes before each frame, as Python's `SocketHandler` sends; a line; and syslog, where
//! RFC 6587 knows the number of octets in decimal digits before a message, or an end after it, and each message shows by
//! its first byte which. The end is a newline, or a zero byte if the sender uses these, as Python's handler does: a text
//! of several lines then is one message.

/// How a stream is taken apart, and how far it was looked at.
#[derive(Debug)]
pub(crate) struct Framing {
    kind: Kind,
    /// no end is before this byte: a peer that sends byte by byte must not have everything looked at again each time
    searched: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Length,
    Line,
    /// whether its sender ends messages with zero bytes
    Syslog {
        has_zeros: bool,
    },
}

/// What the bytes begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A frame from one byte to another, and where the next one begins.
    Frame { start: usize, end: usize, next: usize },
    /// A frame that is not there whole.
    More,
    /// Where the next frame begins is not known.
    Lost(String),
}

/// Digits of the longest length in decimals.
const DIGITS_MAX: usize = 8;

impl Framing {
    pub(super) fn length() -> Self {
        Self { kind: Kind::Length, searched: 0 }
    }

    pub(super) fn line() -> Self {
        Self { kind: Kind::Line, searched: 0 }
    }

    pub(super) fn syslog() -> Self {
        Self { kind: Kind::Syslog { has_zeros: false }, searched: 0 }
    }

    /// Looks at bytes that begin with a frame. After [`Step::More`] the same bytes come again, with more behind them.
    pub(crate) fn step(&mut self, bytes: &[u8], max: usize) -> Step {
        let step = match self.kind {
            Kind::Length => length(bytes, max),
            Kind::Line => self.line_end(bytes, max, |byte| byte == b'\n'),
            Kind::Syslog { has_zeros } => self.message(bytes, max, has_zeros),
        };
        if step != Step::More {
            self.searched = 0;
        }
        step
    }

    /// What is left at the end of a stream: a last line needs no end.
    pub(crate) fn last(&self, bytes: &[u8]) -> Step {
        match self.kind {
            Kind::Length => {
                Step::Lost(format!("it ends in the middle of a frame, after {} bytes", bytes.len()))
            }
            Kind::Syslog { .. } if bytes.first().is_some_and(u8::is_ascii_digit) => {
                Step::Lost(format!("it ends in the middle of a message, after {} bytes", bytes.len()))
            }
            Kind::Line | Kind::Syslog { .. } => Step::Frame { start: 0, end: bytes.len(), next: bytes.len() },
        }
    }

    fn line_end(&mut self, bytes: &[u8], max: usize, is_end: impl Fn(u8) -> bool) -> Step {
        let rest = bytes.get(self.searched..).unwrap_or_default();
        match rest.iter().position(|&byte| is_end(byte)) {
            Some(at) if self.searched + at <= max => {
                let end = self.searched + at;
                Step::Frame { start: 0, end, next: end + 1 }
            }
            None if bytes.len() <= max => {
                self.searched = bytes.len();
                Step::More
            }
            _ => Step::Lost(format!("a line of more than {max} bytes")),
        }
    }

    fn message(&mut self, bytes: &[u8], max: usize, has_zeros: bool) -> Step {
        match bytes.first() {
            None => Step::More,
            // between messages, of senders that count and end them
            Some(b'\n' | b'\r' | 0) => Step::Frame { start: 0, end: 0, next: 1 },
            Some(b'0'..=b'9') => counted(bytes, max),
            Some(_) => {
                let new = bytes.get(self.searched..).unwrap_or_default();
                let has_zeros = has_zeros || new.contains(&0);
                if has_zeros && self.kind != (Kind::Syslog { has_zeros }) {
                    self.kind = Kind::Syslog { has_zeros };
                }
                self.line_end(bytes, max, |byte| byte == 0 || (byte == b'\n' && !has_zeros))
            }
        }
    }
}

/// Four bytes of length, the highest first.
fn length(bytes: &[u8], max: usize) -> Step {
    let Some((head, _)) = bytes.split_first_chunk::<4>() else { return Step::More };
    let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
    if length > max {
        return Step::Lost(format!("a frame of {length} bytes (accepted: at most {max})"));
    }
    let end = 4 + length;
    if bytes.len() < end { Step::More } else { Step::Frame { start: 4, end, next: end } }
}

/// A length in decimals and a space.
fn counted(bytes: &[u8], max: usize) -> Step {
    let digits = bytes.iter().take(DIGITS_MAX + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(bytes.get(..digits).unwrap_or_default()).unwrap_or_default();
    match (bytes.get(digits), number.parse::<usize>()) {
        (Some(b' '), Ok(length)) if length <= max && digits <= DIGITS_MAX => {
            let (start, end) = (digits + 1, digits + 1 + length);
            if bytes.len() < end { Step::More } else { Step::Frame { start, end, next: end } }
        }
        (None, _) if digits <= DIGITS_MAX => Step::More,
        (Some(b' '), _) => Step::Lost(format!("a message of {number} bytes (accepted: at most {max})")),
        _ => Step::Lost(
            "digits that are no length of a message (accepted: LENGTH SPACE, or <PRIORITY>)".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Framing, Step};
    use proptest::prelude::*;

    /// Every frame of a stream that arrives in pieces of these sizes, and whether it was lost.
    fn frames(mut framing: Framing, stream: &[u8], pieces: &[usize]) -> (Vec<Vec<u8>>, bool) {
        let (mut buffer, mut found, mut at) = (Vec::new(), Vec::new(), 0);
        let mut sizes = pieces.iter().cycle();
        while at < stream.len() {
            let size = sizes.next().copied().unwrap_or(1).max(1).min(stream.len() - at);
            buffer.extend_from_slice(&stream[at..at + size]);
            at += size;
            loop {
                match framing.step(&buffer, 100) {
                    Step::Frame { start, end, next } => {
                        if start < end {
                            found.push(buffer[start..end].to_vec());
                        }
                        buffer.drain(..next);
                    }
                    Step::More => break,
                    Step::Lost(_) => return (found, true),
                }
            }
        }
        let is_lost = !buffer.is_empty()
            && match framing.last(&buffer) {
                Step::Frame { start, end, .. } => {
                    found.push(buffer[start..end].to_vec());
                    false
                }
                _ => true,
            };
        (found, is_lost)
    }

    fn texts(frames: &[Vec<u8>]) -> Vec<String> {
        frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
    }

    #[test]
    fn syslog_messages_are_counted_or_ended_and_may_be_mixed() {
        let cases: [(&[u8], &[&str], bool); 8] = [
            (b"5 <13>a4 <1>b", &["<13>a", "<1>b"], false),
            (b"<13>a\n<13>b\n", &["<13>a", "<13>b"], false),
            (b"<13>a\nmore\0<13>b\0", &["<13>a\nmore", "<13>b"], false),
            (b"5 <13>a\n<13>b\n", &["<13>a", "<13>b"], false),
            (b"<13>a\n<13>last", &["<13>a", "<13>last"], false),
            (b"50 <13>a", &[], true),
            (b"12x", &[], true),
            (b"999 <13>a", &[], true),
        ];
        for (stream, expected, is_lost) in cases {
            // whole: whether a sender uses zero bytes shows in what arrives together
            let (found, lost) = frames(Framing::syslog(), stream, &[1000]);
            assert_eq!((texts(&found), lost), (expected.iter().map(|&t| t.to_owned()).collect(), is_lost));
        }
    }

    #[test]
    fn a_frame_above_the_limit_loses_the_stream() {
        assert!(frames(Framing::length(), &[0, 0, 0, 101], &[1]).1);
        assert!(frames(Framing::length(), &[255, 255, 255, 255], &[1]).1);
        assert!(frames(Framing::line(), &[b'x'; 101], &[7]).1);
        assert!(frames(Framing::syslog(), &[b'<'; 200], &[50]).1);
        assert!(frames(Framing::length(), &[0, 0, 0, 3, 1, 2], &[1]).1, "torn");
    }

    proptest! {
        #[test]
        fn frames_are_the_same_in_whatever_pieces_they_arrive(
            bodies in prop::collection::vec("[a-z<>{} 0-9]{1,60}", 0..8),
            pieces in prop::collection::vec(1_usize..40, 1..6),
        ) {
            let expected: Vec<Vec<u8>> = bodies.iter().map(|body| body.clone().into_bytes()).collect();
            let framed = |frame: &dyn Fn(&String) -> Vec<u8>| bodies.iter().flat_map(frame).collect::<Vec<u8>>();
            let length = framed(&|body| {
                let head = u32::try_from(body.len()).unwrap().to_be_bytes();
                [&head[..], body.as_bytes()].concat()
            });
            prop_assert_eq!(frames(Framing::length(), &length, &pieces), (expected.clone(), false));
            let lines = framed(&|body| format!("{body}\n").into_bytes());
            prop_assert_eq!(frames(Framing::line(), &lines, &pieces), (expected.clone(), false));
            let counted = framed(&|body| format!("{} {body}", body.len()).into_bytes());
            prop_assert_eq!(frames(Framing::syslog(), &counted, &pieces), (expected, false));
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
            for framing in [Framing::length(), Framing::line(), Framing::syslog()] {
                let (found, _) = frames(framing, &bytes, &[piece]);
                prop_assert!(found.iter().all(|frame| frame.len() <= 101));
            }
        }
    }
}
