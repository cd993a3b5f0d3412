//! The recorder: market events as TeaFiles that other programs read, and the inputs and outputs of the engine for
//! `stratd replay`.
//!
//! ```text
//! event loop: Driver ─ on_input, on_market_input, on_outputs ─► Tape ─ ring of rows (bounded) ─► thread `recorder`
//!    ─► DIR/EXCHANGE/SYMBOL/KIND-DATE.tea                     one file for each instrument, kind and day
//!    ─► DIR/RUN.recording/{head.json, inputs.tea, outputs.tea, …}   one folder for each run
//! ```
//! The event loop copies rows of 72 bytes and does nothing else; where nothing is recorded that is one branch. It waits
//! only while the ring is full. A disk that is full, slow or broken ends the recording, not the run: an error in the log,
//! a word in the status that systemd shows, and no file that is not whole.

mod columns;
mod deed;
mod forms;
mod head;
mod mark;
mod market;
mod new_files;
mod options;
mod output_row;
mod records;
mod restored_row;
mod retention;
mod row;
mod stream;
mod tape;
mod tea;
mod thread;

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread::Builder,
};

use anyhow::{Context as _, Result, bail};
use rtrb::RingBuffer;
use sha2::{Digest as _, Sha256};
use stratd_plugin_api::abi;

pub use self::options::RecorderPlan;
pub(crate) use self::{
    columns::{COLUMNS, Column},
    deed::{Build, Deed, StateAfter},
    forms::{
        Form, MarketKind, bytes as bytes_form, inputs as inputs_form, outputs as outputs_form,
        reports as reports_form, texts as texts_form,
    },
    head::{FORMAT, Head, HeadExchange, HeadInstrument, HeadState, HeadStrategy},
    mark::Mark,
    options::{Durability, RecorderOptions},
    output_row::{OUTPUT_BYTES, OutputRow},
    records::ORDER_EVENT_WORDS,
    retention::Keep,
    row::{PAYLOAD_BYTES_MAX, ROW_BYTES, Recorded, Row, decode, kind},
    stream::PART_BYTES,
    tape::Tape,
    tea::TeaReader,
};
use self::{
    market::Market,
    stream::Stream,
    tape::{Shared, Wanted},
    thread::{Unfinished, Writer},
};
use crate::runtime::{Services, notify};

/// The end of the name of a folder that has one run.
pub(crate) const RECORDING: &str = ".recording";
/// Where the head of a recording is.
pub(crate) const HEAD_FILE: &str = "head.json";
/// Recordings of one name; beyond it the run does not start.
const NAMES_MAX: u32 = 1_000;

impl RecorderPlan {
    /// Starts recording a run of these instruments.
    ///
    /// # Errors
    /// The files cannot be made, or too little room is left.
    pub(crate) fn start(
        mut self,
        (name, number, began): (&str, u64, String),
        instruments: &[abi::InstrumentRecord],
        services: &Arc<Services>,
    ) -> Result<Tape> {
        let options = &self.options;
        let what = || format!("recording in {}", options.path.display());
        fs::create_dir_all(&options.path).with_context(what)?;
        self.head.number = number;
        name.clone_into(&mut self.head.run);
        self.head.began = began;
        self.head.instruments = instruments.iter().map(HeadInstrument::of).collect();
        let exchanges: Vec<String> = self.head.exchanges.iter().map(|known| known.name.clone()).collect();
        let kinds = options.market.iter().fold(0, |bits, kind| bits | 1 << kind.code());
        let run = (u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default(), name.to_owned());
        let market = Market::new(&options.path, kinds, run, instruments, (&exchanges, services));
        let stream =
            if options.inputs { Some(self.stream(name, services).with_context(what)?) } else { None };
        let (producer, consumer) = RingBuffer::new(options.queue);
        // bounded by the ring, which has a row for each
        let (sender, large) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            ring: consumer,
            large,
            shared: Arc::clone(&shared),
            market,
            stream,
            durability: options.durability,
            free_min: options.free_min,
            keep: options.keep,
            unfinished: Unfinished::default(),
        };
        let handle =
            Builder::new().name("recorder".to_owned()).spawn(move || writer.run()).with_context(what)?;
        tracing::info!(logger = "recorder", "records in {}", options.path.display());
        let wanted = Wanted { inputs: options.inputs, market: kinds };
        Ok(Tape::new((producer, sender), shared, handle.thread().clone(), wanted))
    }

    fn stream(&self, name: &str, services: &Arc<Services>) -> Result<Stream> {
        let folder = new_folder(&self.options.path, name)?;
        for (file, state) in &self.states {
            write_synced(&folder.join(file), state)?;
        }
        let head = serde_json::to_vec_pretty(&self.head)?;
        write_synced(&folder.join(HEAD_FILE), &head)?;
        Stream::create(&folder, services)
    }
}

/// Makes the folder of a run; one of that name may be there if the results went elsewhere.
fn new_folder(root: &Path, name: &str) -> Result<PathBuf> {
    for number in 1..=NAMES_MAX {
        let name =
            if number == 1 { format!("{name}{RECORDING}") } else { format!("{name}-{number}{RECORDING}") };
        let folder = root.join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("creating the folder {}", folder.display()));
            }
        }
    }
    bail!("{NAMES_MAX} recordings of the name {name} exist already")
}

/// Writes a file for the user of the daemon alone: configurations and states may hold secrets.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Tells that nothing is recorded any more, once.
fn tell_stopped(shared: &Shared, why: String) {
    if shared.stop(why.clone()) {
        tracing::error!(logger = "recorder", "recording has stopped, and the run goes on without it: {why}");
        notify::recording_stopped(&why);
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number that tells states apart, at the speed of memory: a multiplication for each word.
pub(crate) fn fingerprint(state: &[u8]) -> u64 {
    /// An odd number whose bits look like chance: 2^64 divided by the golden ratio.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = state.as_chunks::<8>();
    let mut hash = state.len() as u64;
    for word in words {
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
    }
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    hash = (hash.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(MULTIPLIER);
    hash ^ hash >> 32
}
