//! At what a kill is aimed, and what was under way when it came, by what is found afterwards.
//!
//! Every other kill comes at a random moment. The others are aimed at the phase that was hit least so far: the disk is held
//! at one place, the venue stands still, or a command is sent. An aim is no hit. What counts is what `state.db`, the venue,
//! the log and the caller of a command show after the kill:
//!
//! | phase | an order or a command was in it if |
//! |---|---|
//! | `before_commit` | the daemon showed the order as its own, and neither the `state.db` that it left nor the venue ever had it |
//! | `commit_to_send` | `state.db` has its intent, and the venue never got it |
//! | `send_to_ack` | the venue has it, and by `state.db` it was not acknowledged |
//! | `partial_fill` | by `state.db` a part of it was filled, and it worked |
//! | `save` | the log says that states are being saved, and not that it has ended |
//! | `swap`, `config_change` | whoever asked for it got no answer |

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::bed::{Asked, Bed, Driven};
use super::disk::Does;
use super::ours;
use super::random::Random;
use super::truth::Truth;
use crate::live::now;

/// All phases, in the order of an order's life, then what else may be under way.
pub(super) const PHASES: [&str; 7] =
    ["before_commit", "commit_to_send", "send_to_ack", "partial_fill", "save", "swap", "config_change"];
/// How long an aim is waited for; then the kill comes anyhow.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Between a command, or a venue that stands still, and the kill, in microseconds.
const COMMAND_US: u64 = 30_000;
/// Between two looks.
const STEP: Duration = Duration::from_millis(1);
const SAVES: &str = "saves the states of";
const SAVED: &str = "states has ended";

/// What was seen of a daemon before it was killed.
#[derive(Default)]
pub(super) struct Seen {
    asked: Option<(&'static str, Asked)>,
    /// Orders that the daemon showed while nothing reached its disk.
    unkept: BTreeSet<i64>,
}

/// Brings the daemon to where the kill is to fall, and kills it.
pub(super) fn kill(bed: &mut Bed, phase: Option<&str>, random: &mut Random) -> Result<Seen> {
    let mut seen = Seen::default();
    let deadline = now() + PATIENCE;
    match phase {
        None => {}
        Some("before_commit") => {
            hold(bed, Does::HoldWrites, deadline)?;
            seen.unkept = wait_for_new(bed, deadline)?;
        }
        Some("commit_to_send") => {
            // a batch without a new order is let go
            while hold(bed, Does::HoldSynced, deadline)? && new_orders(bed)?.is_empty() && now() < deadline {}
        }
        Some("send_to_ack") => {
            bed.stop_venue(true)?;
            pause(random.below(COMMAND_US));
        }
        Some("partial_fill") => {
            bed.venue()?.wait_for(deadline, |report| report["status"] == "partially_filled")?;
            pause(random.below(COMMAND_US));
        }
        Some("save") => {
            hold(bed, Does::HoldWrites, deadline)?;
            while !is_saving(bed)? && now() < deadline {
                std::thread::park_timeout(STEP);
            }
            // as often, in the midst of the transaction that has the states
            for _ in 0..random.below(4) {
                hold(bed, Does::HoldWrites, deadline)?;
            }
        }
        Some(command) => {
            let driven = if command == "swap" { Driven::Swap } else { Driven::Config };
            let name = if command == "swap" { "swap" } else { "config_change" };
            if random.below(2) == 0 {
                hold(bed, Does::HoldWrites, deadline)?;
            }
            seen.asked = Some((name, bed.ask(driven)?));
            pause(random.below(COMMAND_US));
        }
    }
    bed.kill()?;
    bed.disk.set(Does::Work)?;
    if phase == Some("send_to_ack") {
        bed.stop_venue(false)?;
    }
    Ok(seen)
}

/// Holds the disk; what was held before goes on. Whether it holds something.
fn hold(bed: &Bed, does: Does, deadline: Instant) -> Result<bool> {
    bed.disk.set(Does::Work)?;
    // whoever was held looks every 100 µs
    pause(500);
    bed.disk.set(does)?;
    bed.disk.wait_for_hold(deadline)
}

fn pause(us: u64) {
    std::thread::park_timeout(Duration::from_micros(us));
}

fn new_orders(bed: &Bed) -> Result<BTreeSet<i64>> {
    let working = ours::working(bed)?.into_iter();
    Ok(working.filter(|(_, (status, _))| status == "pending_new").map(|(id, _)| id).collect())
}

fn wait_for_new(bed: &Bed, deadline: Instant) -> Result<BTreeSet<i64>> {
    loop {
        let found = new_orders(bed)?;
        if !found.is_empty() || now() >= deadline {
            return Ok(found);
        }
        std::thread::park_timeout(STEP);
    }
}

fn is_saving(bed: &Bed) -> Result<bool> {
    let told = bed.told()?;
    Ok(told.rfind(SAVES) > told.rfind(SAVED))
}

/// What a killed daemon left.
pub(super) struct Left {
    /// Orders that had not ended: phase and status.
    open: BTreeMap<i64, (String, String)>,
    /// The last states of the strategies.
    pub(super) states: BTreeMap<String, String>,
    asked: Option<(&'static str, Asked)>,
    unkept: BTreeSet<i64>,
    had_fills_under_way: bool,
    was_saving: bool,
}

impl Left {
    /// Looks at it before the next start.
    pub(super) fn look(bed: &Bed, seen: Seen, truth: &mut Truth) -> Result<Self> {
        let Seen { asked, mut unkept } = seen;
        let was_saving = is_saving(bed)?;
        let database = ours::copy_of(bed)?;
        let open = ours::open_orders(&database)?;
        truth.read(&mut bed.venue()?)?;
        // its number is given again by the next run: nobody outside ever heard of it
        unkept.retain(|id| !open.contains_key(id) && !truth.has_arrived(*id));
        let had_fills_under_way = truth.fills_beyond(&ours::fills(&database, truth.since())?);
        Ok(Self { states: ours::states(&database)?, open, asked, unkept, had_fills_under_way, was_saving })
    }

    pub(super) fn had_orders_in_flight(&self) -> bool {
        !self.open.is_empty()
    }

    /// What was under way: asked after the next comparison, when everything that was sent has arrived.
    pub(super) fn phases(self, truth: &Truth) -> BTreeSet<&'static str> {
        let mut phases = BTreeSet::new();
        for (id, (phase, status)) in &self.open {
            match (phase.as_str(), truth.has_arrived(*id)) {
                ("intent", false) => phases.insert("commit_to_send"),
                ("intent" | "sent", true) => phases.insert("send_to_ack"),
                _ => false,
            };
            if status == "partially_filled" {
                phases.insert("partial_fill");
            }
        }
        if !self.unkept.is_empty() {
            phases.insert("before_commit");
        }
        if self.had_fills_under_way {
            phases.insert("fill_to_commit");
        }
        if self.was_saving {
            phases.insert("save");
        }
        // a command that the daemon did not survive was under way
        if let Some((phase, asked)) = self.asked
            && !asked.join().unwrap_or(false)
        {
            phases.insert(phase);
        }
        phases
    }
}
