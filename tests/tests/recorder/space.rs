//! A disk that has no room left ends the recording, not the run.

use std::{fs, process::Command, time::Duration};

use crate::place::{ALL, Desk, VENUE};

const MAKER: &str = "[[strategy]]\nplugin = \"market-maker\"\n";

/// Less is free than is to stay free: recording stops at once, and the run goes on.
#[test]
fn a_run_goes_on_without_its_recording() {
    let recorder = ALL.replace("free_min = 0", "free_min = 1048576");
    let desk = Desk::new("sandbox", &format!("{recorder}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let ended = desk.run(1_000, 5);
    let told = ended.err.matches("recording has stopped, and the run goes on without it").count();
    assert_eq!(told, 1, "{}", ended.err);
    assert!(ended.err.contains("recorder.free_min"), "{}", ended.err);
    let replayed = desk.replayed(&[]);
    assert_eq!((&replayed["matches"], &replayed["ended"]), (&true.into(), &"cut".into()), "{replayed:#}");
}

/// A file system of a few pages that fills up under the recorder; only root can make one.
#[test]
fn a_full_disk_leaves_whole_files_and_a_run_that_goes_on() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let mount = Mount::new(&desk.path("rec"), "256k");
    let ended = desk.run(6_000, 20);
    assert!(ended.err.contains("recording has stopped, and the run goes on without it"), "{}", ended.err);
    assert!(ended.err.contains("No space left on device"), "{}", ended.err);
    let replayed = desk.replayed(&[]);
    assert_eq!((&replayed["matches"], &replayed["ended"]), (&true.into(), &"cut".into()), "{replayed:#}");
    drop(mount);
}

/// The same file system is made larger while the run goes on: recording goes on, and says what is missing.
#[test]
fn recording_goes_on_when_there_is_space_again() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let recorder = format!("{ALL}queue = 1024\n");
    let desk = Desk::new("sandbox", &format!("{recorder}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let mount = Mount::new(&desk.path("rec"), "256k");
    let mut running = desk.start();
    running.wait_for_log("recording has stopped");
    let inputs = || fs::metadata(desk.recording().join("inputs.tea")).expect("the inputs").len();
    let before = inputs();
    // more than the ring holds is left out
    let at_stop = desk.events();
    desk.wait_for(&mut running, at_stop + 2_000, 0);
    mount.grow("64m");
    running.wait_for_log("recording goes on after");
    let at_end = desk.events() + 500;
    desk.wait_for(&mut running, at_end, 0);
    let ended = running.end("TERM");
    assert!(ended.status.success(), "{ended:?}");
    // what was in the ring, and what came after the gap
    assert!(inputs() > before + (1_000 + 500) * 72, "{} bytes after {before}", inputs());
    let replayed = desk.replayed(&[]);
    assert_eq!((&replayed["matches"], &replayed["ended"]), (&true.into(), &"cut".into()), "{replayed:#}");
    let why = replayed["why"].as_str().expect("why it ended");
    assert!(why.contains("rows are missing before it went on"), "{why}");
    drop(mount);
}

#[test]
fn old_recordings_go_at_a_start() {
    let recorder = format!("{ALL}keep_days = 1\n");
    let desk = Desk::new("sandbox", &format!("{recorder}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let old = desk.path("rec/2020-01-01T00-00-00Z-live.recording");
    fs::create_dir_all(&old).expect("a folder");
    let made = fs::metadata(&old).and_then(|facts| facts.modified()).expect("its time");
    let written = made - Duration::from_secs(3 * 86_400);
    for name in ["head.json", "inputs.tea"] {
        let file = fs::File::create(old.join(name)).expect("a file");
        file.set_modified(written).expect("its time");
    }
    let mut running = desk.start();
    running.wait_for_log("deleted 1 old recordings and 0 old market files");
    desk.wait_for(&mut running, 100, 0);
    assert!(running.end("TERM").status.success());
    assert!(!old.exists());
    // the only recording now is that of the run
    assert!(desk.recording().join("inputs.tea").is_file());
}

/// A file system in memory, gone with the test.
struct Mount(std::path::PathBuf);

impl Mount {
    fn new(folder: &std::path::Path, size: &str) -> Self {
        fs::create_dir(folder).expect("a new folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder)
            .status()
            .expect("mount");
        assert!(mounted.success());
        Self(folder.to_owned())
    }

    fn grow(&self, size: &str) {
        let mounted = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(&self.0)
            .status()
            .expect("mount");
        assert!(mounted.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
