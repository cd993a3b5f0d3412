//! One connection of a receiver: bytes in, frames out.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::{
    STALL_TIMEOUT,
    endpoint::Stream,
    framing::{Framing, Step},
    options::Content,
};

/// A connection. What it sends is read as the configuration said when it came.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) peer: String,
    pub(super) content: Content,
    framing: Framing,
    /// the beginning of a frame
    buffer: Vec<u8>,
    last_byte: Instant,
}

/// What became of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    Open,
    /// Its peer has ended it.
    Ended,
    /// It cannot go on.
    Lost(String),
}

impl Connection {
    pub(super) fn new(stream: Stream, peer: String, content: Content, now: Instant) -> Self {
        Self { stream, peer, content, framing: content.framing(), buffer: Vec::new(), last_byte: now }
    }

    /// Bytes that it has sent of a frame that is not whole.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// Reads once, and hands out every frame that is whole then.
    pub(super) fn pump(
        &mut self,
        room: &mut [u8],
        frame_bytes: usize,
        now: Instant,
        take: &mut dyn FnMut(&[u8]),
    ) -> Pumped {
        let count = match self.stream.read(room) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Pumped::Open;
            }
            // a peer that was killed is no news, unless it leaves half a frame
            Err(_) if self.buffer.is_empty() => return Pumped::Ended,
            Err(error) => {
                return Pumped::Lost(format!("{error}, after {} bytes of a frame", self.buffer.len()));
            }
        };
        if count == 0 {
            return self.finish(take);
        }
        self.last_byte = now;
        self.buffer.extend_from_slice(room.get(..count).unwrap_or_default());
        let (mut at, mut result) = (0, Pumped::Open);
        loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            match self.framing.step(rest, frame_bytes) {
                Step::Frame { start, end, next } => {
                    if let Some(frame) = rest.get(start..end).filter(|frame| !frame.is_empty()) {
                        take(frame);
                    }
                    at += next;
                }
                Step::More => break,
                Step::Lost(why) => {
                    result = Pumped::Lost(why);
                    break;
                }
            }
        }
        self.buffer.drain(..at.min(self.buffer.len()));
        if self.buffer.is_empty() && self.buffer.capacity() > room.len() {
            // one long frame must not keep its room as long as the connection lasts
            self.buffer = Vec::new();
        }
        result
    }

    fn finish(&mut self, take: &mut dyn FnMut(&[u8])) -> Pumped {
        let rest = std::mem::take(&mut self.buffer);
        if rest.is_empty() {
            return Pumped::Ended;
        }
        match self.framing.last(&rest) {
            Step::Frame { start, end, .. } => {
                take(rest.get(start..end).unwrap_or_default());
                Pumped::Ended
            }
            Step::More => Pumped::Ended,
            Step::Lost(why) => Pumped::Lost(why),
        }
    }

    /// Why it has rested too long; None if it has not.
    pub(super) fn overdue(&self, idle: Option<Duration>, now: Instant) -> Option<String> {
        let rested = now.saturating_duration_since(self.last_byte);
        if !self.buffer.is_empty() && rested >= STALL_TIMEOUT {
            return Some(format!(
                "nothing for {STALL_TIMEOUT:?} within a frame, of which {} bytes came",
                self.buffer.len()
            ));
        }
        let idle = idle.filter(|&idle| rested >= idle && self.buffer.is_empty());
        idle.map(|idle| format!("nothing for {idle:?} (idle_timeout)"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::{Connection, Content, Pumped, STALL_TIMEOUT, Stream};
    use crate::clock;

    #[test]
    fn a_connection_that_rests_within_a_frame_is_overdue_sooner_or_later() {
        let (mut peer, ours) = UnixStream::pair().unwrap();
        let start = clock::monotonic();
        let mut connection = Connection::new(Stream::Unix(ours), "peer".into(), Content::JsonLines, start);
        let later = start + STALL_TIMEOUT;
        assert_eq!(connection.overdue(None, later), None, "between frames it may rest for ever");
        let idle = Some(Duration::from_secs(10));
        assert!(connection.overdue(idle, start + Duration::from_secs(10)).unwrap().contains("idle_timeout"));
        peer.write_all(b"{\"msg\"").unwrap();
        let mut frames = Vec::new();
        let mut take = |frame: &[u8]| frames.push(frame.to_vec());
        assert_eq!(connection.pump(&mut [0; 100], 1000, start, &mut take), Pumped::Open);
        assert_eq!(connection.overdue(idle, start + Duration::from_secs(10)), None);
        assert!(connection.overdue(None, later).unwrap().contains("6 bytes"));
        // the next byte starts the time again
        peer.write_all(b":1}\n{").unwrap();
        assert_eq!(connection.pump(&mut [0; 100], 1000, later, &mut take), Pumped::Open);
        assert_eq!(connection.overdue(None, later), None);
        assert_eq!((frames, connection.waiting()), (vec![b"{\"msg\":1}".to_vec()], 1));
    }
}
