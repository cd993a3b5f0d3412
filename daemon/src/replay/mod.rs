//! `stratd replay`: a recorded run again, through the same plugins, and its outputs compared byte for byte.
//!
//! The engine is made of the head of the recording and gets the recorded inputs in their order; no exchange and no fill
//! model is there, since what they reported was recorded. Every output is compared with the one that was recorded at the same
//! input, and every state that a strategy saved by its fingerprint. The first difference ends the replay.
//!
//! What cannot be equal: a strategy that reads clocks, files or chance of its own, and one that was stopped because a call
//! took too long.

mod deeds;
mod difference;
mod engine;
mod marks;
mod reading;
mod recording;
mod search;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use stratd_engine::{Engine, Input, InputKind, SLICE_MAX};
use stratd_plugin_api::{Timestamp, abi};

pub(crate) use self::difference::Difference;
use self::{
    deeds::LastDeed,
    engine::Made,
    reading::{Inputs, Outputs},
    recording::Recording,
};
use crate::{
    recorder::{OutputRow, Recorded, Row, decode, kind},
    results::event_in_words,
};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplayOptions {
    /// Searched for plugins before any other folder.
    pub(crate) plugin_dirs: Vec<PathBuf>,
    /// Files that are builds of the plugins of these names.
    pub(crate) plugins: Vec<(String, PathBuf)>,
    /// Another build of a plugin will do.
    pub(crate) allow_other_build: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Replayed {
    /// The folder of the recording.
    pub(crate) recording: String,
    /// The name of the run.
    pub(crate) run: String,
    /// The version of the program that recorded it.
    pub(crate) version: String,
    pub(crate) inputs: u64,
    pub(crate) market_events: u64,
    pub(crate) outputs: u64,
    /// Saved states that were compared.
    pub(crate) states: u64,
    /// Swaps, restarts and other changes that were carried out as in the run.
    pub(crate) changes: u64,
    pub(crate) ended: Ended,
    /// Why the replay ended before the run, in words.
    pub(crate) why: Option<String>,
    /// Strategies of another build than the recorded one.
    pub(crate) other_builds: Vec<String>,
    pub(crate) matches: bool,
    pub(crate) difference: Option<Difference>,
}

/// How far the replay came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ended {
    /// To the end of the run.
    Whole,
    /// To the last input that was written: the daemon was killed, or recording stopped.
    Cut,
    /// To a change that a replay does not carry out.
    Changed,
    /// To the first difference.
    Different,
}

/// Replays the recording at a path.
///
/// # Errors
/// It cannot be read, it is damaged, or a plugin is missing.
pub(crate) fn replay(path: &Path, options: &ReplayOptions) -> Result<Replayed> {
    let recording = Recording::open(path)?;
    let folder = recording.folder.clone();
    let made =
        engine::make(&recording, options).with_context(|| format!("replaying {}", folder.display()))?;
    let mut run = Run {
        made,
        inputs: Inputs::open(&folder)?,
        outputs: Outputs::open(&folder)?,
        is_lenient: options.allow_other_build,
        last: (0, Timestamp::MIN),
        counts: Counts::default(),
        slice: Vec::new(),
        said: Vec::new(),
        last_deed: None,
        changes: 0,
    };
    let came = run.play().with_context(|| format!("replaying {}", folder.display()))?;
    let (ended, why, difference) = match came {
        Came::Whole => (Ended::Whole, None, None),
        Came::Cut(why) => (Ended::Cut, Some(why), None),
        Came::Changed(what) => (Ended::Changed, Some(what), None),
        Came::Different(difference) => (Ended::Different, None, Some(*difference)),
    };
    Ok(Replayed {
        recording: folder.display().to_string(),
        run: recording.head.run,
        version: recording.head.version,
        inputs: run.counts.inputs,
        market_events: run.counts.market,
        outputs: run.outputs.count,
        states: run.counts.states,
        changes: run.changes,
        ended,
        why,
        other_builds: run.made.other_builds,
        matches: difference.is_none(),
        difference,
    })
}

#[derive(Debug, Default)]
struct Counts {
    inputs: u64,
    market: u64,
    states: u64,
}

/// Why it is over.
enum Came {
    Whole,
    Cut(String),
    Changed(String),
    Different(Box<Difference>),
}

/// What is said of a recording without an end.
const CUT: &str = "the recording has no end, so the daemon was killed, or recording stopped";

/// A replay under way.
struct Run {
    made: Made,
    inputs: Inputs,
    outputs: Outputs,
    /// A strategy may be another one: its timers are looked at.
    is_lenient: bool,
    /// The last input and its time.
    last: (u64, Timestamp),
    counts: Counts,
    /// Used again and again.
    slice: Vec<abi::Event>,
    said: Vec<u8>,
    /// What came of the last deed, to be compared.
    last_deed: Option<LastDeed>,
    /// Deeds that were carried out.
    changes: u64,
}

impl Run {
    fn engine(&self) -> &Engine {
        &self.made.engine
    }

    fn play(&mut self) -> Result<Came> {
        loop {
            let Some(first) = self.inputs.at_hand()?.next() else {
                // outputs of inputs that were not written any more are no difference
                return Ok(Came::Cut(CUT.to_owned()));
            };
            let came = if first.is_market() { self.market(&first)? } else { self.other(&first)? };
            if let Some(came) = came {
                return Ok(came);
            }
        }
    }

    /// Takes the market events at hand that can go in one call of a strategy.
    fn market(&mut self, first: &Row) -> Result<Option<Came>> {
        let at = first.at();
        if let Some(difference) = self.timer_too_many(first) {
            return Ok(Some(difference));
        }
        let mut slice = std::mem::take(&mut self.slice);
        slice.clear();
        let is_next = |row: &Row| row.is_market();
        if self.engine().may_begin_slice(&first.event()) {
            // in a backtest each event happens at its own time
            let is_span = first.event().ts == at.get();
            let fits = |row: &Row| if is_span { row.event().ts == row.time() } else { row.at() == at };
            let rows = self.inputs.at_hand()?.take(SLICE_MAX).take_while(|row| is_next(row) && fits(row));
            slice.extend(rows.map(|row| row.event()));
        } else {
            slice.push(first.event());
        }
        let fed = self.feed(at, first.seq(), &mut slice);
        let fed = match fed.with_context(|| format!("input {}", first.seq())) {
            Ok(fed) => fed.max(1),
            Err(error) => {
                self.inputs.take_market(1);
                return self.failed(error);
            }
        };
        let last = slice.get(fed - 1).map(|event| (event.seq, Timestamp::new(event.ts)));
        let (seq, ts) = last.unwrap_or((first.seq(), at));
        let event = slice.get(fed - 1).copied().unwrap_or_default();
        let is_span = first.event().ts == at.get();
        self.slice = slice;
        self.inputs.take_market(fed);
        self.counts.inputs += fed as u64;
        self.counts.market += fed as u64;
        self.last = (seq, if is_span { ts } else { at });
        self.compare(|engine| event_in_words(&event, engine))
    }

    /// Steps the engine with market events; how many it took.
    fn feed(&mut self, at: Timestamp, seq: u64, slice: &mut [abi::Event]) -> Result<usize> {
        self.check_seq(seq)?;
        let engine = &mut self.made.engine;
        let is_span =
            slice.len() > 1 && slice.iter().all(|event| event.ts >= at.get()) && slice[0].ts == at.get();
        engine.forget_outputs();
        if is_span && let Some(span) = engine.begin_span(seq, slice)? {
            let taken = span.taken();
            for event in slice.iter().take(taken) {
                engine.apply_of_span(event)?;
            }
            engine.end_span(span);
            return Ok(taken);
        }
        // a slice has one time
        let alike =
            if is_span { slice.iter().take_while(|event| event.ts == at.get()).count() } else { slice.len() };
        self.made.services.set_now(at);
        match slice.get(..alike) {
            Some(slice) => Ok(engine.step_slice(seq, at, slice)?),
            None => Ok(0),
        }
    }

    /// Takes an input that is no market event, or a mark.
    fn other(&mut self, row: &Row) -> Result<Option<Came>> {
        let payload = self.inputs.take(row)?;
        let recorded = decode(row, &payload).map_err(anyhow::Error::msg);
        match recorded.with_context(|| format!("inputs.tea, input {}", row.seq()))? {
            Recorded::Input(input) => {
                self.check_seq(input.seq)?;
                if matches!(input.kind, InputKind::Order(_))
                    && let Some(difference) = self.timer_too_many(row)
                {
                    return Ok(Some(difference));
                }
                self.step(&input)
            }
            Recorded::Mark(seq, _) if seq != self.last.0 => {
                bail!("inputs.tea has a mark of input {seq} after input {}", self.last.0)
            }
            Recorded::Mark(_, mark) => self.mark(mark),
            Recorded::End(is_clean) => Ok(Some(match self.missing(u64::MAX) {
                Some(difference) => difference,
                None if is_clean => Came::Whole,
                None => Came::Cut("the run ended with an error".to_owned()),
            })),
        }
    }

    fn step(&mut self, input: &Input) -> Result<Option<Came>> {
        if let Some(difference) = self.check_deed(&input.kind) {
            return Ok(Some(difference));
        }
        self.made.services.set_now(input.at);
        self.counts.inputs += 1;
        self.last = (input.seq, input.at);
        if let Err(error) = self.made.engine.step(input) {
            return self.failed(anyhow::Error::new(error).context(format!("input {}", input.seq)));
        }
        self.compare(|_| format!("{:?}", input.kind))
    }

    /// The engine could not go on: neither could that of the run, if nothing came after it.
    fn failed(&mut self, error: anyhow::Error) -> Result<Option<Came>> {
        let next = self.inputs.at_hand()?.next();
        if next.is_none_or(|row| row.kind() == kind::END || row.kind() == kind::SAVED) {
            return Ok(Some(Came::Cut(format!("the run ended with an error: {error:#}"))));
        }
        Err(error)
    }

    /// A gap would be a wrong replay, and nobody would see why.
    fn check_seq(&self, seq: u64) -> Result<()> {
        let expected = self.last.0 + 1;
        if seq != expected {
            bail!("inputs.tea has input {seq} after input {} (accepted: input {expected})", self.last.0);
        }
        Ok(())
    }

    /// Compares what the last input brought with what was recorded of it.
    fn compare(&mut self, input: impl Fn(&Engine) -> String) -> Result<Option<Came>> {
        let (seq, at) = self.last;
        while self.made.engine.take_retired().is_some() {}
        if let Some(difference) = self.missing(seq) {
            return Ok(Some(difference));
        }
        let mut said = std::mem::take(&mut self.said);
        for (number, output) in self.made.engine.outputs().iter().enumerate() {
            let row = OutputRow::new((at, seq, number), output, &mut said);
            let recorded = self.outputs.peek().filter(|(row, _)| row.seq() == seq);
            let is_equal = recorded.is_some_and(|(known, words)| *known == row && *words == said);
            if !is_equal {
                if recorded.is_none() && self.outputs.peek().is_none() && self.is_at_cut()? {
                    return Ok(Some(Came::Cut(CUT.to_owned())));
                }
                let recorded = self.outputs.peek().filter(|(row, _)| row.seq() == seq);
                let recorded = recorded.map(|(row, said)| (row, said.as_slice()));
                let engine = self.engine();
                let found =
                    difference::between((seq, at, input(engine)), recorded, Some((&row, &said)), engine);
                return Ok(Some(Came::Different(Box::new(found))));
            }
            self.outputs.take()?;
        }
        self.said = said;
        if let Some((row, words)) = self.outputs.peek().filter(|(row, _)| row.seq() == seq) {
            let engine = self.engine();
            let found = difference::between((seq, at, input(engine)), Some((row, words)), None, engine);
            return Ok(Some(Came::Different(Box::new(found))));
        }
        Ok(None)
    }

    /// An output that was recorded of an input before this one, and did not come.
    fn missing(&self, seq: u64) -> Option<Came> {
        let (row, said) = self.outputs.peek().filter(|(row, _)| row.seq() < seq)?;
        let at = Timestamp::new(row.0[0].cast_signed());
        let input = "an input before this one".to_owned();
        let found = difference::between((row.seq(), at, input), Some((row, said)), None, self.engine());
        Some(Came::Different(Box::new(found)))
    }

    /// Whether the last input of a recording that was cut is in hand: its outputs may be missing.
    fn is_at_cut(&mut self) -> Result<bool> {
        Ok(self.inputs.at_hand()?.next().is_none())
    }

    /// A timer that is due before an input, of a strategy that is another one: in the run none was.
    fn timer_too_many(&self, row: &Row) -> Option<Came> {
        let due = self.engine().next_timer().filter(|due| self.is_lenient && *due < row.at())?;
        Some(Came::Different(Box::new(Difference {
            seq: row.seq(),
            time: row.at().to_string(),
            input: "the timers that are due before it".to_owned(),
            recorded: "none".to_owned(),
            replayed: format!("one that is due at {due}"),
            columns: Vec::new(),
        })))
    }
}
