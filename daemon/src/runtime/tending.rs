//! The journal of a run, as the event loop looks after it between two events: batches go to the disk, orders that are there
//! go out, and what cannot be written stops new ones.

use std::time::Duration;

use anyhow::Result;
use stratd_engine::{ExitRoutine, InputKind, Scope, TradingCommand, TradingState};
use stratd_plugin_api::{EventKind, InstrumentId, Reason};

use super::{clock, command::Note, event_loop::EventLoop, exchange_desk::Told, link::Links};

impl EventLoop {
    /// Hands over what changed, if it is time.
    #[inline]
    pub(super) fn flush_journal(&mut self) {
        self.note_held();
        let (engine, link) = self.driver_mut().parts();
        if let Some(journal) = link.journal_mut().filter(|journal| journal.is_due()) {
            journal.flush(engine);
        }
    }

    /// Takes note of what changed of what the engine holds.
    #[inline]
    fn note_held(&mut self) {
        if self.engine().has_held_changes() {
            let changes = self.driver_mut().engine_mut().take_held_changes();
            if let Some(journal) = self.driver_mut().link_mut().journal_mut() {
                journal.held_changes(changes);
            }
        }
    }

    /// Sends what is on the disk by now, and hands over what changed.
    ///
    /// # Errors
    /// The engine cannot go on.
    #[inline]
    pub(super) fn tend_journal(&mut self) -> Result<()> {
        let Some(journal) = self.driver_mut().link_mut().journal_mut() else { return Ok(()) };
        if let Some(error) = journal.newly_failed() {
            self.stop_unkept(&error.to_string())?;
        } else if !journal.outbox.is_empty() {
            let now = clock::now().max(self.now());
            self.set_now(now);
            Links::send_kept(self.driver_mut(), now)?;
            self.take_outputs()?;
        }
        self.flush_journal();
        Ok(())
    }

    /// An exchange that goes on after a halt may have been away: how our orders are there is asked.
    pub(super) fn tell_reconnected(&mut self, told: &[Told]) {
        for told in told {
            let Told::Market(event) = told else { continue };
            if EventKind::from_code(event.kind) != Some(EventKind::Continue) {
                continue;
            }
            if let Some(exchange) = self.engine().exchange_of(InstrumentId(event.instrument)) {
                self.tell_note(Note::Reconnected(exchange));
            }
        }
    }

    /// How long the loop may sleep because of the journal.
    pub(super) fn journal_patience(&self) -> Option<Duration> {
        self.driver().link().journal()?.patience()
    }

    /// What must be kept cannot be written: no new order leaves, cancels do.
    #[cold]
    fn stop_unkept(&mut self, why: &str) -> Result<()> {
        tracing::error!(
            logger = "store",
            critical = true,
            "no new order is sent, because state.db cannot be written: {why} (cancels are; once there is room, `stratctl resume` lets trading go on; after a failed sync only a restart does)"
        );
        let now = clock::now().max(self.now());
        self.set_now(now);
        let command = TradingCommand {
            scope: Scope::Run,
            state: TradingState::Halted,
            exit: ExitRoutine::None,
            reason: Reason::NotStored,
        };
        self.desk.not_recovered = Some(format!("state.db cannot be written: {why}"));
        self.driver_mut().feed(now, InputKind::Trading(command))?;
        Links::send_unkept(self.driver_mut(), now)?;
        self.take_outputs()
    }

    /// Somebody says that the cause is gone: everything is written anew. False: only a restart helps.
    pub(super) fn mend_journal(&mut self) -> bool {
        let Some(journal) = self.driver_mut().link_mut().journal_mut() else { return true };
        if journal.failed().is_none() {
            return true;
        }
        let is_mended = journal.mend();
        if is_mended {
            self.desk.not_recovered = None;
        }
        is_mended
    }

    /// Hands over the last changes at the end of the run; the store writes them before it closes.
    pub(super) fn end_journal(&mut self) {
        self.note_held();
        let (engine, link) = self.driver_mut().parts();
        if let Some(journal) = link.journal_mut() {
            journal.flush(engine);
        }
    }
}
