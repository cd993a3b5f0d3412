//! What is written and read, as types.

use stratd_plugin_api::Timestamp;

use super::{
    error::{Error, ErrorKind},
    limits::{CONFIG_BYTES_MAX, INSTANCES_MAX, STATE_BYTES_MAX, TEXT_BYTES_MAX},
    trading::Batch,
};

/// The number of a run, larger for later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// A run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// When.
    pub started_at: Timestamp,
    /// What kind of trading it does.
    pub trading_type: String,
    /// The version of stratd.
    pub version: String,
    /// The instances that take part, as `strategy.NAME` or `exchange.NAME`.
    pub active: Vec<String>,
}

/// The latest run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// Its number.
    pub id: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last saved something.
    pub seen_at: Timestamp,
    /// When it ended in good order.
    pub ended_at: Option<Timestamp>,
    /// What became of it was counted already.
    pub is_assessed: bool,
    /// The instances that took part, in order.
    pub active: Vec<String>,
}

/// A state that an instance saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedState {
    /// `strategy.NAME` or `exchange.NAME`.
    pub instance: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub plugin_version: String,
    /// The plugin's build id, empty if it has none.
    pub build_id: String,
    /// SHA-256 of the plugin's file, hexadecimal.
    pub hash: String,
    /// The plugin's number for the form of the state.
    pub state_version: u32,
    /// The state.
    pub state: Vec<u8>,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// The sequence number of the last event that it knows.
    pub seq: u64,
}

/// A build of a plugin that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The plugin's name.
    pub plugin: String,
    /// Counted per plugin from 1.
    pub generation: u64,
    /// SHA-256 of the file, hexadecimal.
    pub hash: String,
    /// The file that it came from.
    pub file: String,
    /// The plugin's version.
    pub version: String,
    /// The plugin's build id, empty if it has none.
    pub build_id: String,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: String,
}

/// The crashes of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// `strategy.NAME` or `exchange.NAME`.
    pub instance: String,
    /// How many since the last stable run.
    pub count: u32,
    /// When the last one was noticed.
    pub last_at: Timestamp,
    /// What it was.
    pub last_what: String,
}

/// An instance that is not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// `strategy.NAME` or `exchange.NAME`.
    pub instance: String,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

/// What may be traded in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradingRow {
    /// `run`, `strategy.NAME`, `instrument.SYMBOL@EXCHANGE` or `exchange.NAME`.
    pub scope: String,
    /// `reducing` or `halted`.
    pub state: String,
    /// The cause.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// What who did it said.
    pub note: Option<String>,
}

/// What follows from the end of a run; written as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// New numbers of crashes.
    pub crashes: Vec<Crash>,
    /// Instances whose crashes are forgotten.
    pub reset: Vec<String>,
    /// Instances that are not started any more.
    pub quarantined: Vec<Quarantine>,
}

/// What became of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigState {
    /// It was being applied: whoever finds it so was interrupted, and it never counted.
    Trying,
    /// It was applied.
    Applied,
    /// It was applied, and goes back unless somebody confirms it.
    Unconfirmed,
    /// It counts from the next start on.
    Pending,
    /// Another one took its place because nobody confirmed it.
    Reverted,
}

impl ConfigState {
    const ALL: [Self; 5] = [Self::Trying, Self::Applied, Self::Unconfirmed, Self::Pending, Self::Reverted];

    /// As it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Applied => "applied",
            Self::Unconfirmed => "unconfirmed",
            Self::Pending => "pending",
            Self::Reverted => "reverted",
        }
    }

    /// By its name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A configuration, without its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRow {
    /// Its number, from 1; when it is put in, the store gives it one.
    pub generation: i64,
    /// When.
    pub at: Timestamp,
    /// Who asked.
    pub who: String,
    /// Why, in words.
    pub cause: String,
    /// Tells whether the files have changed since.
    pub digest: String,
    /// What became of it.
    pub state: ConfigState,
    /// What an unconfirmed one goes back to.
    pub before: Option<i64>,
    /// And when.
    pub confirm_by: Option<Timestamp>,
}

/// Everything that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// A run begins; answered with its number.
    BeginRun(NewRun),
    /// An instance joins a run that is going on.
    Join(RunId, String),
    /// An instance leaves a run that is going on: it has no part in what happens from now on.
    Leave(RunId, String),
    /// A run was alive at that time.
    Seen(RunId, Timestamp),
    /// A run ended in good order.
    EndRun(RunId, Timestamp),
    /// States, all or none, each in place of the former.
    SaveStates(Vec<SavedState>),
    /// The state of an instance goes.
    ForgetState(String),
    /// A build of a plugin was tried.
    RecordGeneration(Generation),
    /// One more crash of an instance.
    CountCrash {
        /// Whose.
        instance: String,
        /// When.
        at: Timestamp,
        /// What.
        what: String,
    },
    /// The crashes of these instances are forgotten.
    ResetCrashes(Vec<String>),
    /// An instance is not to be started. What it was quarantined for first stays.
    Quarantine(Quarantine),
    /// An instance may start again, and its crashes are forgotten.
    Release(String),
    /// Not everything may be traded in a scope, in place of what was known of it; with the number of the change. One
    /// with a lower number than another of this scope in this run comes too late, and changes nothing.
    KeepTrading(TradingRow, u64),
    /// Everything may be traded in a scope; as [`Self::KeepTrading`].
    ForgetTrading(String, u64),
    /// What follows from the end of a run, once per run.
    Assess(RunId, Verdict),
    /// A configuration with its document; answered with its number.
    PutConfig(ConfigRow, String),
    /// What became of a configuration.
    SettleConfig(i64, ConfigState),
    /// A configuration was refused after all: it goes.
    DropConfig(i64),
    /// Whose orders these are: number and trading type, unless that is known already.
    Identify(u16, String, Timestamp),
    /// Orders, fills, positions and what belongs to them.
    Trading(Box<Batch>),
    /// Orders that ended before this time are forgotten, some at once; answered with their number.
    Prune(Timestamp),
}

impl Write {
    /// About the memory it takes while it waits.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::SaveStates(states) => states.iter().map(|state| state.state.len()).sum(),
            Self::PutConfig(_, document) => document.len(),
            Self::Trading(batch) => batch.bytes(),
            Self::BeginRun(_)
            | Self::Join(..)
            | Self::Leave(..)
            | Self::Seen(..)
            | Self::EndRun(..)
            | Self::ForgetState(_)
            | Self::RecordGeneration(_)
            | Self::CountCrash { .. }
            | Self::ResetCrashes(_)
            | Self::Quarantine(_)
            | Self::Release(_)
            | Self::KeepTrading(..)
            | Self::ForgetTrading(..)
            | Self::SettleConfig(..)
            | Self::DropConfig(_)
            | Self::Identify(..)
            | Self::Prune(_)
            | Self::Assess(..) => 0,
        }
    }

    /// Refuses what is beyond a limit, before it can spoil the transaction of others.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::BeginRun(run) => {
                check_count("the instances of a run", run.active.len())?;
                check_texts([&run.trading_type, &run.version].into_iter().chain(&run.active))
            }
            Self::Join(_, text)
            | Self::Leave(_, text)
            | Self::ForgetState(text)
            | Self::Release(text)
            | Self::ForgetTrading(text, _) => check_texts([text]),
            // the names of a batch are those of the configuration, its texts are interned: both are short
            Self::Seen(..)
            | Self::EndRun(..)
            | Self::SettleConfig(..)
            | Self::DropConfig(_)
            | Self::Trading(_)
            | Self::Prune(_) => Ok(()),
            Self::Identify(_, text, _) => check_texts([text]),
            Self::PutConfig(row, document) => {
                if document.len() > CONFIG_BYTES_MAX {
                    let found = format!("{} bytes", document.len());
                    return Err(invalid("a configuration", &found, CONFIG_BYTES_MAX));
                }
                check_texts([&row.who, &row.cause, &row.digest])
            }
            Self::SaveStates(states) => {
                check_count("the states of a batch", states.len())?;
                states.iter().try_for_each(check_state)
            }
            Self::RecordGeneration(generation) => {
                check_number("a generation", generation.generation)?;
                let Generation { plugin, hash, file, version, build_id, outcome, .. } = generation;
                check_texts([plugin, hash, file, version, build_id, outcome])
            }
            Self::CountCrash { instance, what, .. } => check_texts([instance, what]),
            Self::ResetCrashes(instances) => check_texts(instances),
            Self::KeepTrading(row, _) => {
                check_texts([&row.scope, &row.state, &row.reason].into_iter().chain(&row.note))
            }
            Self::Quarantine(quarantine) => check_texts([&quarantine.instance, &quarantine.reason]),
            Self::Assess(_, verdict) => {
                check_texts(&verdict.reset)?;
                check_texts(verdict.crashes.iter().flat_map(|crash| [&crash.instance, &crash.last_what]))?;
                check_texts(verdict.quarantined.iter().flat_map(|one| [&one.instance, &one.reason]))
            }
        }
    }
}

fn check_state(state: &SavedState) -> Result<(), Error> {
    let SavedState { instance, plugin, plugin_version, build_id, hash, .. } = state;
    check_texts([instance, plugin, plugin_version, build_id, hash])?;
    check_number("a sequence number", state.seq)?;
    let size = state.state.len();
    if size > STATE_BYTES_MAX {
        return Err(invalid(&format!("the state of {instance}"), &format!("{size} bytes"), STATE_BYTES_MAX));
    }
    Ok(())
}

fn check_texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<(), Error> {
    match texts.into_iter().find(|text| text.len() > TEXT_BYTES_MAX) {
        Some(text) => Err(invalid("a text", &format!("{} bytes", text.len()), TEXT_BYTES_MAX)),
        None => Ok(()),
    }
}

fn check_count(what: &str, count: usize) -> Result<(), Error> {
    if count > INSTANCES_MAX { Err(invalid(what, &count.to_string(), INSTANCES_MAX)) } else { Ok(()) }
}

fn check_number(what: &str, number: u64) -> Result<(), Error> {
    if i64::try_from(number).is_err() { Err(invalid(what, &number.to_string(), i64::MAX)) } else { Ok(()) }
}

fn invalid(what: &str, found: &str, most: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Invalid,
        format!("writing to the state database: {what}: {found} (accepted: at most {most})"),
    )
}
