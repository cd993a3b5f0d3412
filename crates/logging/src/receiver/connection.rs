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
