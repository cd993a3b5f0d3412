//! Every way to write a file into the folder × a good build, half of one, and rubbish over the file that runs.
//!
//! The daemon lives through all of it, runs what is good, says why it does not run the rest, and loses no event.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use stratd_control::{Plugin, PluginState};
use stratd_tests::plugin;

use crate::desk::{COUNTER, Desk, half, instance_of};

/// What a user types; `$1` is what is to be put, a file that may be used up, `$2` the plugin in the watched folder.
struct Writer {
    command: &'static str,
    /// The plugin is a link from the start.
    is_link: bool,
}

impl Writer {
    const fn new(command: &'static str) -> Self {
        Self { command, is_link: false }
    }

    const fn through_a_link(command: &'static str) -> Self {
        Self { command, is_link: true }
    }

    fn put(&self, source: &Path, target: &Path) {
        let mut shell = Command::new("sh");
        let output = shell.args(["-euc", self.command, "sh"]).arg(source).arg(target).output();
        let output = output.unwrap_or_else(|e| panic!("starting sh: {e}"));
        assert!(output.status.success(), "{}: {}", self.command, String::from_utf8_lossy(&output.stderr));
    }
}

/// All cells of one writer.
fn check(writer: &Writer) {
    let mut desk = Desk::new(&format!("{}\n{}", crate::desk::SYNTHETIC, crate::desk::COUNTING));
    let target = desk.plugin_file(COUNTER);
    fs::create_dir(desk.path("made")).expect("a new folder");
    if writer.is_link {
        let behind = desk.path("made/first.so");
        fs::rename(&target, &behind).expect("a plugin that is there");
        symlink(behind, &target).expect("a link");
    }
    desk.start();
    desk.wait_for_events("counter", "counter", 100);
    let first = desk.plugin("counter");
    assert_eq!((first.generation, first.version.as_str()), (1, "0.1.0"));

    let second = fs::read(plugin("strategy_counter_second")).expect("a built plugin");
    put(&desk, writer, "second.so", &second);
    let took_over = desk.wait("counter", "the second build", |found| found.version == "0.2.0");
    assert_runs(&took_over, 2);

    put(&desk, writer, "half.so", &half(&plugin("strategy_counter")));
    let refused = desk.wait("counter", "refusal of half a file", |found| found.last_refusal.is_some());
    assert_runs(&refused, 2);
    let refusal = refused.last_refusal.expect("it was waited for");
    assert_eq!(refusal.step, "elf", "{refusal:?}");

    // what is mapped is a private copy: the file under it may turn to nothing
    put(&desk, writer, "rubbish.so", &vec![0; second.len()]);
    let is_later =
        |found: &Plugin| found.last_refusal.as_ref().is_some_and(|other| other.hash != refusal.hash);
    let refused = desk.wait("counter", "refusal of rubbish", is_later);
    assert_runs(&refused, 2);
    desk.wait_for_events("counter", "counter", 500);

    put(&desk, writer, "again.so", &fs::read(plugin("strategy_counter")).expect("a built plugin"));
    let took_over = desk.wait("counter", "the first build again", |found| found.version == "0.1.0");
    assert_runs(&took_over, 3);
    assert_eq!(took_over.last_refusal, None, "a good file ends what was said of a bad one");
    desk.wait_for_events("counter", "counter", 100);

    let figures = desk.end_whole();
    assert_eq!((figures.get("restores"), figures.build.as_str()), (2, "first"));
}

/// Lets the writer put this content in place.
fn put(desk: &Desk, writer: &Writer, name: &str, content: &[u8]) {
    let source = desk.path("made").join(name);
    fs::write(&source, content).expect("a file that can be written");
    writer.put(&source, &desk.plugin_file(COUNTER));
}

#[track_caller]
fn assert_runs(found: &Plugin, builds: usize) {
    assert_eq!(found.state, PluginState::Started, "{found:?}");
    assert_eq!(instance_of(found, "counter").state, PluginState::Started, "{found:?}");
    assert_eq!(found.generations.len(), builds, "{found:?}");
    assert_eq!(found.rollbacks, 0, "{found:?}");
}

#[test]
fn cp_to_a_new_file() {
    check(&Writer::new("rm -f \"$2\"; cp \"$1\" \"$2\""));
}

#[test]
fn cp_over_the_file() {
    check(&Writer::new("cp \"$1\" \"$2\""));
}

#[test]
fn cp_and_mv() {
    check(&Writer::new("cp \"$1\" \"$2.tmp\"; mv -f \"$2.tmp\" \"$2\""));
}

#[test]
fn mv_from_another_folder() {
    check(&Writer::new("mv -f \"$1\" \"$2\""));
}

#[test]
fn install() {
    check(&Writer::new("install -m 644 \"$1\" \"$2\""));
}

#[test]
fn rsync() {
    if has_rsync() {
        check(&Writer::new("rsync --ignore-times \"$1\" \"$2\""));
    }
}

#[test]
fn rsync_in_place() {
    if has_rsync() {
        check(&Writer::new("rsync --ignore-times --inplace \"$1\" \"$2\""));
    }
}

fn has_rsync() -> bool {
    let has = Command::new("rsync").arg("--version").output().is_ok();
    if !has {
        println!("not tried: this machine has no rsync");
    }
    has
}

/// What cargo does with its final artefact.
#[test]
fn hard_link() {
    check(&Writer::new("rm -f \"$2\"; ln \"$1\" \"$2\""));
}

#[test]
fn flipped_link() {
    check(&Writer::through_a_link("ln -sfn \"$1\" \"$2\""));
}

/// The watched folder does not change: only the poll can see it.
#[test]
fn cp_behind_a_link() {
    check(&Writer::through_a_link("cp \"$1\" \"$(readlink -f \"$2\")\""));
}

/// Pauses that are shorter than the settle time. The writer itself takes that long: nothing waits for it in here.
#[test]
fn slow_writer() {
    check(&Writer::new(
        "size=$(($(stat -c %s \"$1\") / 4 + 1))
         for part in 0 1 2 3; do dd if=\"$1\" bs=$size skip=$part count=1 status=none; sleep 0.1; done > \"$2\"",
    ));
}

#[test]
fn a_folder_that_is_removed_and_made_again() {
    check(&Writer::new("rm -r \"${2%/*}\"; mkdir \"${2%/*}\"; cp \"$1\" \"$2\""));
}

/// The second half comes long after the settle time: the half file is refused, the whole one runs.
#[test]
fn dd_in_two_halves() {
    let mut desk = Desk::counting("");
    desk.wait_for_events("counter", "counter", 100);
    let second = plugin("strategy_counter_second");
    let target = desk.plugin_file(COUNTER);
    let size = fs::metadata(&second).expect("a built plugin").len();
    let half_of = |arguments: &[&str]| {
        let (from, to) = (format!("if={}", second.display()), format!("of={}", target.display()));
        let block = format!("bs={}", size.div_ceil(2));
        let ran =
            Command::new("dd").args([&from, &to, &block, "count=1", "status=none"]).args(arguments).status();
        assert!(ran.is_ok_and(|status| status.success()), "dd");
    };
    half_of(&[]);
    let refused = desk.wait("counter", "refusal of the first half", |found| found.last_refusal.is_some());
    assert_runs(&refused, 1);
    assert_eq!(refused.last_refusal.expect("it was waited for").step, "elf");
    half_of(&["skip=1", "seek=1", "conv=notrunc"]);
    let took_over = desk.wait("counter", "the whole file", |found| found.version == "0.2.0");
    assert_runs(&took_over, 2);
    desk.wait_for_events("counter", "counter", 100);
    let figures = desk.end_whole();
    assert_eq!((figures.get("restores"), figures.build.as_str()), (1, "second"));
}
