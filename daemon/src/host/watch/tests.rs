//! The watcher against the tools that people copy files with.
//!
//! That nothing else is told is shown by a last file: it settles after all that came before it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver},
};

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

struct Place {
    folder: tempfile::TempDir,
    found: Receiver<Found>,
    watcher: Option<Watcher>,
}

impl Place {
    /// Watches `plugins`, with `shell` run before; a poll comes after minutes only.
    fn new(shell: &str) -> Self {
        Self::with(shell, |options| options.poll = Duration::from_secs(600))
    }

    /// Watches `plugins` with a short poll.
    fn polling(shell: &str) -> Self {
        Self::with(shell, |options| options.poll = Duration::from_millis(100))
    }

    fn with(shell: &str, change: impl FnOnce(&mut WatchOptions)) -> Self {
        Self::with_hints(shell, change, Hints::of_inotify())
    }

    fn with_hints(
        shell: &str,
        change: impl FnOnce(&mut WatchOptions),
        hints: (Hints, Receiver<Hint>),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sink, found) = mpsc::sync_channel(100);
        let mut place = Self { folder, found, watcher: None };
        place.run("mkdir plugins other; echo new > other/new; echo newer > other/newer");
        place.run(shell);
        let mut options = WatchOptions {
            directories: vec![place.path("plugins")],
            // a tool that works in two steps may be kept waiting between them by a busy machine
            settle: Duration::from_millis(150),
            ..WatchOptions::default()
        };
        change(&mut options);
        place.watcher =
            Some(Watcher::start_with(options, Box::new(move |f| Ok(sink.try_send(f)?)), hints).unwrap());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs commands in the folder.
    fn run(&self, shell: &str) {
        let mut command = Command::new("sh");
        command.args(["-ec", shell]).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{shell}: {output:?}");
    }

    fn next(&self) -> Found {
        self.found.recv_timeout(LIMIT).expect("something is told in time")
    }

    /// All that is told until a file that comes now is.
    fn told(&self) -> Vec<String> {
        self.run("echo last > plugins/zz-last.so");
        let mut told = Vec::new();
        loop {
            let text = self.text(&self.next());
            if text == "settled plugins/zz-last.so" {
                return told;
            }
            told.push(text);
        }
    }

    fn text(&self, found: &Found) -> String {
        let (verb, what) = match found {
            Found::Settled(path) => ("settled", path.display().to_string()),
            Found::Removed(path) => ("removed", path.display().to_string()),
            Found::Problem(text) => ("problem", text.clone()),
        };
        format!("{verb} {}", what.replace(&format!("{}/", self.folder.path().display()), ""))
    }

    /// `shell` makes a new file `x.so`, which is told once.
    fn settles(&self, shell: &str) {
        self.run(shell);
        assert_eq!(self.text(&self.next()), "settled plugins/x.so", "{shell}");
        assert_eq!(self.told(), [""; 0], "{shell}");
    }
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn every_writer_of_a_new_file_is_heard_once() {
    for shell in [
        "cp other/new plugins/x.so",
        "cp other/new plugins/x.so.tmp && mv plugins/x.so.tmp plugins/x.so",
        "mv other/new plugins/x.so",
        "install -m 644 other/new plugins/x.so",
        "ln other/new plugins/x.so",
        "ln -sfn ../other/new plugins/x.so",
        "dd if=other/new of=plugins/x.so status=none",
    ] {
        Place::new("true").settles(shell);
    }
}

#[test]
fn every_writer_of_a_file_that_is_there_is_heard_once() {
    for shell in [
        "cp other/newer plugins/x.so",
        "cp other/newer plugins/.x.so.tmp && mv plugins/.x.so.tmp plugins/x.so",
        "mv other/newer plugins/x.so",
        "install -m 644 other/newer plugins/x.so",
        "rm plugins/x.so && ln other/newer plugins/x.so",
        "ln -sfn ../other/newer plugins/next && mv -T plugins/next plugins/x.so",
        "echo more >> plugins/x.so",
        "truncate -s 1 plugins/x.so",
        "sha256sum plugins/x.so > plugins/x.so.sha256",
    ] {
        Place::new("cp other/new plugins/x.so").settles(shell);
    }
}

#[test]
fn rsync_is_heard_once_with_and_without_a_file_of_its_own() {
    if !has("rsync") {
        eprintln!("skipped: rsync is not installed");
        return;
    }
    for option in ["--times", "--inplace"] {
        Place::new("true").settles(&format!("rsync {option} other/new plugins/x.so"));
        let over = format!("rsync {option} --ignore-times other/newer plugins/x.so");
        Place::new("cp other/new plugins/x.so").settles(&over);
    }
}

#[test]
fn a_slow_writer_is_heard_when_it_is_done() {
    let place = Place::with("true", |options| options.settle = Duration::from_millis(600));
    place.run("(for i in 1 2 3 4 5 6 7 8; do echo part; sleep 0.1; done) > plugins/x.so");
    assert_eq!(place.next(), Found::Settled(place.path("plugins/x.so")));
    assert_eq!(fs::read(place.path("plugins/x.so")).unwrap().len(), 40);
}

#[test]
fn a_writer_in_two_halves_is_heard_at_the_latest_after_the_second() {
    let place = Place::new("true");
    place.run("printf half > plugins/x.so");
    assert_eq!(place.next(), Found::Settled(place.path("plugins/x.so")));
    place.settles("printf half | dd of=plugins/x.so bs=4 seek=1 conv=notrunc status=none");
    assert_eq!(fs::read_to_string(place.path("plugins/x.so")).unwrap(), "halfhalf");
}

#[test]
fn what_is_no_plugin_and_what_only_reads_is_not_told() {
    let place = Place::new("cp other/new plugins/x.so");
    place.run("cp other/new plugins/.x.so; cp other/new plugins/x.so.tmp; cp other/new plugins/x.d; mkdir plugins/y.so");
    place.run("cat plugins/x.so > /dev/null; cmp plugins/x.so other/new; touch -a plugins/x.so.tmp");
    assert_eq!(place.told(), [""; 0]);
}

#[test]
fn a_file_that_goes_is_told_and_one_that_came_and_went_is_not() {
    let place = Place::new("cp other/new plugins/x.so");
    place.run("rm plugins/x.so; cp other/new plugins/y.so; rm plugins/y.so");
    assert_eq!(place.text(&place.next()), "removed plugins/x.so");
    assert_eq!(place.told(), [""; 0]);
}

#[test]
fn the_target_of_a_link_is_polled() {
    let place = Place::polling("ln -s ../other/new plugins/x.so");
    place.settles("echo other > other/new");
    place.run("rm other/new");
    assert_eq!(place.text(&place.next()), "removed plugins/x.so");
}

#[test]
fn a_lost_event_means_that_everything_is_looked_at() {
    let place = Place::new("ln -s ../other/new plugins/x.so");
    // inotify does not see this, as if the event had been lost
    place.run("echo other > other/new");
    place.watcher.as_ref().unwrap().hints.send(Hint::Rescan).unwrap();
    assert_eq!(place.text(&place.next()), "settled plugins/x.so");
}

#[test]
fn a_directory_that_goes_and_comes_again_is_watched_again() {
    let place = Place::polling("cp other/new plugins/x.so");
    place.run("rm -r plugins");
    assert_eq!(place.text(&place.next()), "removed plugins/x.so");
    place.settles("mkdir plugins; cp other/new plugins/x.so");
    place.run("mkdir third; cp other/newer third/x.so; mv plugins away; mv third plugins");
    let mut told = [place.text(&place.next()), place.text(&place.next())];
    told.sort();
    assert_eq!(told, ["removed plugins/zz-last.so", "settled plugins/x.so"]);
    assert_eq!(place.told(), [""; 0]);
}

#[test]
fn a_directory_that_comes_later_is_watched_then() {
    let place = Place::with("true", |options| {
        options.directories = vec![options.directories[0].join("later")];
        options.poll = Duration::from_millis(100);
    });
    place.run("mkdir plugins/later; cp other/new plugins/later/x.so");
    assert_eq!(place.text(&place.next()), "settled plugins/later/x.so");
}

#[test]
fn a_single_file_is_watched_without_its_neighbours() {
    let place = Place::with("true", |options| {
        let plugins = options.directories.remove(0);
        options.files = vec![plugins.join("x.so"), plugins.join("zz-last.so")];
    });
    place.run("cp other/new plugins/y.so");
    place.settles("cp other/new plugins/x.so");
}

#[test]
fn what_is_there_at_the_start_is_told_if_asked_for() {
    let place = Place::with("cp other/new plugins/x.so", |options| options.tells_present = true);
    assert_eq!(place.text(&place.next()), "settled plugins/x.so");
    assert_eq!(place.told(), [""; 0]);
}

#[test]
fn without_notifications_it_is_told_once_and_polled() {
    let short = |options: &mut WatchOptions| options.poll = Duration::from_millis(50);
    let place = Place::with_hints("true", short, Hints::none("too many open files"));
    assert_eq!(
        place.text(&place.next()),
        format!("problem {}: no notifications of the kernel (too many open files); it is looked at regularly instead",
            place.path("plugins").display()).replace(&format!("{}/", place.folder.path().display()), "")
    );
    place.settles("cp other/new plugins/x.so");
    place.run("rm plugins/x.so");
    assert_eq!(place.text(&place.next()), "removed plugins/x.so");
}

#[test]
fn a_full_sink_delays_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, found) = mpsc::sync_channel(1);
    let options = WatchOptions {
        directories: vec![folder.path().to_owned()],
        settle: Duration::from_millis(20),
        ..WatchOptions::default()
    };
    let watcher = Watcher::start(options, move |f| Ok(sink.try_send(f)?)).unwrap();
    let names: Vec<PathBuf> = (0..5).map(|n| folder.path().join(format!("{n}.so"))).collect();
    for name in &names {
        fs::write(name, "x").unwrap();
    }
    let mut told: Vec<Found> = (0..5).map(|_| found.recv_timeout(LIMIT).unwrap()).collect();
    told.sort_by_key(|found| format!("{found:?}"));
    assert_eq!(told, names.into_iter().map(Found::Settled).collect::<Vec<_>>());
    // nobody takes this one, and the end does not wait for it
    fs::write(Path::new(folder.path()).join("6.so"), "x").unwrap();
    watcher.stop();
    assert!(found.iter().count() <= 1, "the list ends, as the thread has let the sink go");
}

#[test]
fn a_path_that_leads_nowhere_or_in_circles_is_no_file() {
    let place = Place::new("true");
    symlink("nowhere", place.path("plugins/a.so")).unwrap();
    symlink("b.so", place.path("plugins/b.so")).unwrap();
    assert_eq!(place.told(), [""; 0]);
}
