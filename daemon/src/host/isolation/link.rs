//! The host's side of an instance: one call at a time, served while it waits, ended when it takes too long.

use std::{sync::Arc, time::Duration};

use stratd_plugin_api::{Fault, Reason};

use crate::host::refusal::{Problem, Step};

use super::{
    channel::End,
    codec::{Decoder, Encoder},
    fate::{Death, Fate, Watch},
    options::ChannelOptions,
    protocol::{ANSWER, Entry, FAULT, Function, REFUSED, RETURN, limit_of_returns},
    pump::BUFFER_BYTES_KEPT,
    ring::{Broken, Patience},
};

/// After so many asks of one call, the clock is looked at: a plugin that only ever asks never lets us sleep.
const ASKS_PER_LOOK: u32 = 64;

/// Serves one function of the host: reads its arguments, writes its answer.
pub(super) type Serve<'a> =
    &'a mut dyn FnMut(Function, &mut Decoder<'_>, &mut Encoder<'_>) -> Result<(), Broken>;

/// How a call ended, if the instance lives.
pub(super) enum Ended<R> {
    Returned(R),
    Fault(Fault),
    Refused(Problem),
}

/// The host's end of an instance's calls.
pub(super) struct Link {
    end: End,
    fate: Arc<Fate>,
    spin: u32,
    call_timeout: Duration,
    cold_timeout: Duration,
    /// The next call takes no longer, whatever its entry.
    limit: Option<Duration>,
    inward: Vec<u8>,
    outward: Vec<u8>,
}

impl Link {
    pub(super) fn new(end: End, fate: Arc<Fate>, options: &ChannelOptions) -> Self {
        Self {
            end,
            fate,
            spin: options.spin,
            call_timeout: options.call_timeout,
            cold_timeout: options.cold_timeout,
            limit: None,
            inward: Vec::new(),
            outward: Vec::new(),
        }
    }

    pub(super) fn fate(&self) -> &Arc<Fate> {
        &self.fate
    }

    pub(super) fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.fate))
    }

    /// The next call, which has a deadline of its own, may take so long.
    pub(super) fn limit_next(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Calls an entry that is not `create`.
    #[inline]
    pub(super) fn call<R>(
        &mut self,
        entry: Entry,
        write: impl FnOnce(&mut Encoder<'_>),
        serve: Serve<'_>,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<R, Broken>,
    ) -> Result<R, Fault> {
        match self.run(entry, write, serve, read) {
            Ok(Ended::Returned(result)) => Ok(result),
            Ok(Ended::Fault(fault)) => Err(fault),
            Ok(Ended::Refused(problem)) => Err(Fault::error(problem.found)),
            Err(death) => Err(death.fault()),
        }
    }

    /// Creates the instance.
    pub(super) fn create(
        &mut self,
        write: impl FnOnce(&mut Encoder<'_>),
        serve: Serve<'_>,
    ) -> Result<(), Problem> {
        let accepted = "an instance that can be created";
        match self.run(Entry::Create, write, serve, |_| Ok(())) {
            Ok(Ended::Returned(())) => Ok(()),
            Ok(Ended::Refused(problem)) => Err(problem),
            Ok(Ended::Fault(fault)) => Err(Problem::new(Step::Create, fault.message, accepted)),
            Err(death) => Err(Problem::new(Step::Create, death.text, accepted)),
        }
    }

    fn run<R>(
        &mut self,
        entry: Entry,
        write: impl FnOnce(&mut Encoder<'_>),
        serve: Serve<'_>,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<R, Broken>,
    ) -> Result<Ended<R>, Death> {
        if self.fate.line().is_cut() {
            return Err(self.dead(entry, Broken::Gone));
        }
        self.fate.enter(entry);
        write(&mut Encoder::new(&mut self.outward));
        let ended = self.exchange(entry, serve).and_then(|kind| ended(kind, &self.inward, read));
        let ended = ended.map_err(|broken| self.dead(entry, broken));
        self.limit = None;
        self.fate.leave();
        for buffer in [&mut self.inward, &mut self.outward] {
            if buffer.capacity() > BUFFER_BYTES_KEPT {
                *buffer = Vec::new();
            }
        }
        ended
    }

    /// Sends the call that is in `outward`, answers what is asked meanwhile, and leaves the return in `inward`.
    fn exchange(&mut self, entry: Entry, serve: Serve<'_>) -> Result<u32, Broken> {
        let mut patience = Patience::limited(self.spin, self.fate.line().flag(), self.timeout(entry));
        self.end.writer.send(entry.kind(), &self.outward, &mut patience)?;
        let mut asks = 0u32;
        loop {
            let kind = self.end.reader.receive(&mut self.inward, limit_of_returns, &mut patience)?;
            if matches!(kind, RETURN | FAULT | REFUSED) {
                return Ok(kind);
            }
            asks = asks.wrapping_add(1);
            if asks.is_multiple_of(ASKS_PER_LOOK) {
                patience.left()?;
            }
            let mut answer = Encoder::new(&mut self.outward);
            let mut arguments = Decoder::new(&self.inward);
            if let Some(function) = Function::asked(kind) {
                serve(function, &mut arguments, &mut answer)?;
                self.end.writer.send(ANSWER, &self.outward, &mut patience)?;
            } else if let Some(function) = Function::told(kind) {
                serve(function, &mut arguments, &mut answer)?;
            }
        }
    }

    fn timeout(&self, entry: Entry) -> Duration {
        let usual = if entry.is_cold() { self.cold_timeout } else { self.call_timeout };
        self.limit.map_or(usual, |limit| limit.min(usual))
    }

    /// What it died of.
    #[cold]
    fn dead(&self, entry: Entry, broken: Broken) -> Death {
        let death = match broken {
            Broken::Late => Death::new(
                Reason::Deadline,
                format!("no answer within {:?}: entry {}", self.timeout(entry), entry.name()),
            ),
            Broken::Gone => Death::new(
                Reason::Crashed,
                format!("the place where the plugin ran is gone {}", self.fate.place()),
            ),
            Broken::Garbled(what) => Death::new(
                Reason::Crashed,
                format!("the shared memory is corrupted, {}: {what}", self.fate.place()),
            ),
        };
        self.fate.set_told();
        self.fate.die(death)
    }
}

/// Reads how a call ended.
fn ended<R>(
    kind: u32,
    message: &[u8],
    read: impl FnOnce(&mut Decoder<'_>) -> Result<R, Broken>,
) -> Result<Ended<R>, Broken> {
    let mut message = Decoder::new(message);
    Ok(match kind {
        RETURN => Ended::Returned(read(&mut message)?),
        FAULT => Ended::Fault(fault(&mut message)?),
        _ => Ended::Refused(Problem {
            step: serde_json::from_str(&message.text()?).unwrap_or(Step::Create),
            found: message.text()?,
            accepted: message.text()?,
        }),
    })
}

/// Writes a fault as [`fault`] reads it.
pub(super) fn write_fault(fault: &Fault, out: &mut Encoder<'_>) {
    out.number(fault.reason.code().into());
    out.number(fault.index as u64);
    out.text(&fault.message);
}

fn fault(message: &mut Decoder<'_>) -> Result<Fault, Broken> {
    let reason = match Reason::from_code(message.small()?) {
        Some(Reason::Panic) => Reason::Panic,
        _ => Reason::HandlerError,
    };
    Ok(Fault { reason, index: message.small()?, message: message.text()? })
}

/// Writes a refusal as the end of `create`.
pub(super) fn write_problem(problem: &Problem, out: &mut Encoder<'_>) {
    // a step is a plain word, which always becomes JSON
    out.text(&serde_json::to_string(&problem.step).unwrap_or_default());
    out.text(&problem.found);
    out.text(&problem.accepted);
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
