//! The way to the event loop: a command is sent, and its answer waited for.
//!
//! Invariant: who is told that a command was not carried out can rely on it. The event loop and whoever gives up waiting
//! decide under one lock, that of the inbox, which of the two was first: a command that is taken back is never begun, and
//! one that has begun is waited for until its answer is there.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use super::{
    command::{Answer, Command},
    inbox::{Inbox, NotTaken},
};

/// How long a command waits for the event loop. It stands still for that long only when a plugin hangs, and then the
/// watchdog ends it. Then the command is taken back, and never carried out; one that has begun is waited for.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// Why the event loop did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopGone {
    /// The run is over. A command that had begun may have been carried out.
    Over,
    /// It stood still for so long; the command was taken back, and nothing of it will be done.
    Withdrawn(Duration),
    /// Too many commands wait; this one was not taken.
    Full,
}

impl std::fmt::Display for LoopGone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Over => f.write_str("the run is over"),
            Self::Withdrawn(waited) => write!(
                f,
                "the event loop has not come to it within {waited:?}: it was taken back, and nothing was done (try again)"
            ),
            Self::Full => {
                f.write_str("too many commands wait for the event loop: nothing was done (try again)")
            }
        }
    }
}

impl From<NotTaken> for LoopGone {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Closed => Self::Over,
            NotTaken::Full => Self::Full,
        }
    }
}

/// A command that was sent, and is not answered yet.
#[must_use = "nobody hears what became of the command"]
pub(crate) struct Asked<T> {
    inbox: Arc<Inbox>,
    number: u64,
    answer: Receiver<T>,
}

impl<T> Asked<T> {
    /// Waits until the command is carried out.
    ///
    /// # Errors
    /// The loop is gone, or did not come to it: then it never will.
    pub(crate) fn wait(self) -> Result<T, LoopGone> {
        self.wait_within(ANSWER_TIME_MAX)
    }

    fn wait_within(self, patience: Duration) -> Result<T, LoopGone> {
        match self.answer.recv_timeout(patience) {
            Ok(answer) => Ok(answer),
            // a loop that ends drops what it did not carry out, and with it the sender
            Err(RecvTimeoutError::Disconnected) => Err(LoopGone::Over),
            Err(RecvTimeoutError::Timeout) if self.inbox.withdraw(self.number) => {
                Err(LoopGone::Withdrawn(patience))
            }
            // it is being carried out just now, or was: its answer says so, whenever it comes
            Err(RecvTimeoutError::Timeout) => self.answer.recv().map_err(|_| LoopGone::Over),
        }
    }
}

/// The way to the event loop.
#[derive(Clone)]
pub(crate) struct LoopHandle {
    inbox: Arc<Inbox>,
}

impl LoopHandle {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox }
    }

    /// Sends a command and waits until it is carried out.
    ///
    /// # Errors
    /// The loop is gone, or did not come to it: then it never will.
    pub(crate) fn ask<T>(&self, make: impl FnOnce(Answer<T>) -> Command) -> Result<T, LoopGone> {
        self.send(make)?.wait()
    }

    /// Sends a command, whose answer is to be waited for.
    ///
    /// # Errors
    /// The loop is gone, or too many commands wait.
    pub(crate) fn send<T>(&self, make: impl FnOnce(Answer<T>) -> Command) -> Result<Asked<T>, LoopGone> {
        let (sender, answer) = mpsc::sync_channel(1);
        let number = self.inbox.push_command(make(sender))?;
        Ok(Asked { inbox: Arc::clone(&self.inbox), number, answer })
    }

    /// Waits until the loop has fed everything that connectors told until now. A command does not: it overtakes.
    ///
    /// # Errors
    /// The loop is gone.
    pub(crate) fn settle(&self) -> Result<(), LoopGone> {
        let (sender, receiver) = mpsc::sync_channel(1);
        if !self.inbox.push_settle(sender) {
            return Err(LoopGone::Over);
        }
        receiver.recv_timeout(ANSWER_TIME_MAX).map_err(|_| LoopGone::Over)
    }

    /// Events and commands that wait for the loop.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.inbox.waiting()
    }

    /// Sends a command without waiting.
    ///
    /// # Errors
    /// The loop is gone, or too many commands wait.
    pub(crate) fn tell(&self, command: Command) -> Result<(), LoopGone> {
        self.inbox.push_command(command)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use stratd_engine::StrategyId;
    use stratd_plugin_api::Timestamp;

    use super::{
        super::command::{Snapshot, Trading},
        *,
    };

    fn look() -> (Arc<Inbox>, Asked<Snapshot>) {
        let inbox = Arc::new(Inbox::default());
        let handle = LoopHandle::new(Arc::clone(&inbox));
        let asked = handle.send(|answer| Command::Look { answer }).expect("an open inbox");
        (inbox, asked)
    }

    fn snapshot() -> Snapshot {
        Snapshot {
            time: Timestamp::MIN,
            events: 7,
            seq: 0,
            orders_working: 0,
            trading: Trading::ACTIVE,
            equity: None,
            is_exiting: false,
            not_recovered: None,
            exchanges: Vec::new(),
            strategies: Vec::new(),
        }
    }

    #[test]
    fn what_the_loop_does_not_come_to_is_never_carried_out() {
        let (inbox, asked) = look();
        assert_eq!(asked.wait_within(Duration::ZERO).err(), Some(LoopGone::Withdrawn(Duration::ZERO)));
        assert!(inbox.take_command().is_none());
        assert_eq!(inbox.waiting(), (0, 0));
    }

    #[test]
    fn what_the_loop_has_begun_is_waited_for() {
        let (inbox, asked) = look();
        let Some(Command::Look { answer }) = inbox.take_command() else { panic!("no look") };
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| asked.wait_within(Duration::ZERO));
            answer.send(snapshot()).expect("somebody waits");
            assert_eq!(waits.join().expect("no panic").map(|found| found.events), Ok(7));
        });
        // one that the loop drops with the end of the run
        let (inbox, asked) = look();
        let begun = inbox.take_command();
        drop(begun);
        assert_eq!(asked.wait_within(Duration::ZERO).err(), Some(LoopGone::Over));
    }

    #[test]
    fn a_command_that_is_taken_back_leaves_the_others_in_order() {
        let inbox = Inbox::default();
        let numbers: Vec<u64> = (0..3)
            .map(|index| inbox.push_command(Command::GiveUp { strategy: StrategyId(index) }).expect("room"))
            .collect();
        assert!(inbox.withdraw(numbers[1]) && !inbox.withdraw(numbers[1]));
        let left = std::iter::from_fn(|| inbox.take_command());
        let left: Vec<u16> = left
            .map(|command| match command {
                Command::GiveUp { strategy } => strategy.0,
                _ => panic!("another command"),
            })
            .collect();
        assert_eq!(left, [0, 2]);
    }
}
