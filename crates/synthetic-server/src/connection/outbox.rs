//! The last stage before the socket: here faults befall messages.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::{
    faults::{Client, MessageFault, Stream},
    floor::Floor,
};

use super::{End, session::Outgoing};

/// Messages that are ready, and those that a fault holds back.
#[derive(Default)]
pub(crate) struct Outbox {
    ready: VecDeque<String>,
    /// Goes after the next message of its stream, or after the next heartbeat.
    held: Option<(Stream, String)>,
    /// Nothing goes out before.
    stalled_until: Option<Instant>,
}

impl Outbox {
    /// When messages go out again, if they do not now.
    pub(crate) fn stalled_until(&self) -> Option<Instant> {
        self.stalled_until
    }

    /// The time came.
    pub(crate) fn go_on(&mut self) {
        self.stalled_until = None;
    }

    /// Takes a message, unless a fault does.
    pub(crate) fn put(&mut self, message: Outgoing, floor: &mut Floor, client: Client) -> Result<(), End> {
        let Outgoing { stream, text } = message;
        let now = floor.now();
        let fault = stream.and_then(|stream| floor.faults.on_message(client, stream, now));
        match (fault, stream) {
            (Some(MessageFault::Drop), _) => return Ok(()),
            (Some(MessageFault::Disconnect), _) => return Err(End::Cut),
            (Some(MessageFault::Reorder), Some(stream)) if self.held.is_none() => {
                self.held = Some((stream, text));
                return Ok(());
            }
            (Some(MessageFault::Duplicate), _) => {
                self.ready.push_back(text.clone());
                self.ready.push_back(text);
            }
            (Some(MessageFault::Delay(delay)), _) => {
                self.stalled_until = Some(Instant::now() + delay);
                self.ready.push_back(text);
            }
            (Some(MessageFault::Reorder) | None, _) => self.ready.push_back(text),
        }
        let is_followed =
            self.held.as_ref().is_some_and(|(held, _)| stream.is_none_or(|stream| stream == *held));
        if is_followed && let Some((_, text)) = self.held.take() {
            self.ready.push_back(text);
        }
        Ok(())
    }

    /// The next message that may go out.
    pub(crate) fn take(&mut self) -> Option<String> {
        if self.stalled_until.is_some() { None } else { self.ready.pop_front() }
    }
}
