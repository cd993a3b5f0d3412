//! What is left after a kill and on a disk without room: each test starts itself again as a child that meets it.

use std::{
    env,
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::*;

const CHILD: &str = "STRATD_TEST_STORE";

/// This test program, running one of its tests alone, with `directory` in its environment.
fn child(test: &str, directory: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
        .arg(env::current_exe().expect("a test program has a path"))
        .args(["--exact", &format!("store::tests::disaster::{test}"), "--nocapture"])
        .env(CHILD, directory);
    command
}

#[test]
fn a_kill_in_mid_write_leaves_states_whole() {
    const SIZE: usize = 300_000;
    if let Some(directory) = env::var_os(CHILD) {
        let store = Store::open(Path::new(&directory)).unwrap();
        store.begin_run(run_of(&[A])).unwrap();
        for number in 1.. {
            store.save_states(vec![state(A, number, SIZE), state("strategy.b", number, SIZE)]).unwrap();
            store.write_durable(Write::Seen(RunId(1), at(0))).unwrap();
            println!("committed {number}");
        }
    }
    for rounds in [1, 7, 30] {
        let base = directory();
        let mut child = child("a_kill_in_mid_write_leaves_states_whole", base.path(), "")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program that runs this test");
        let told = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut committed = 0;
        for line in told.lines().map_while(Result::ok) {
            // what libtest says of the test may stand before it
            if let Some((_, number)) = line.split_once("committed ") {
                committed = number.parse::<u64>().expect("a number");
                if committed == rounds {
                    child.kill().expect("our own child");
                }
            }
        }
        assert_eq!(child.wait().expect("our own child").signal(), Some(9));
        assert!(committed >= rounds);
        let store = Store::open(base.path()).unwrap();
        let reader = store.reader().unwrap();
        let found = [A, "strategy.b"].map(|name| reader.state_of(name).unwrap().expect("it was committed"));
        // nothing that was answered is lost, each is whole, and a batch is there together
        assert!(found[0].seq >= committed && found[0].seq == found[1].seq);
        assert!(
            found[0] == state(A, found[0].seq, SIZE) && found[1] == state("strategy.b", found[0].seq, SIZE)
        );
        assert_eq!(reader.last_run().unwrap().unwrap().ended_at, None);
    }
}

#[test]
fn a_disk_without_room_keeps_what_is_there_and_is_tried_again() {
    if let Some(directory) = env::var_os(CHILD) {
        let store = Store::open(Path::new(&directory)).unwrap();
        store.write_durable(Write::SaveStates(vec![state(A, 1, 1000)])).unwrap();
        assert_eq!(store.health(), None);
        // beyond what a file of this process may have; small writes beside it find room
        let error = store.write_durable(Write::SaveStates(vec![state(A, 2, 8_000_000)])).unwrap_err();
        assert_eq!(store.health(), Some(error));
        assert_eq!(store.reader().unwrap().state_of(A).unwrap(), Some(state(A, 1, 1000)));
        a_write_without_room_does_not_take_the_others_with_it(Path::new(&directory));
        let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
        setrlimit(Resource::RLIMIT_FSIZE, hard, hard).unwrap();
        store.write_durable(Write::SaveStates(vec![state(A, 3, 8_000_000)])).unwrap();
        assert_eq!(store.health(), None);
        assert!(store.reader().unwrap().state_of(A).unwrap() == Some(state(A, 3, 8_000_000)));
        store.stop().unwrap();
        return;
    }
    let base = directory();
    // the shell ignores SIGXFSZ for its child, so that a write fails instead; 2048 blocks are 1 or 2 MiB
    let before = "trap '' XFSZ; ulimit -S -f 2048;";
    let output = child("a_disk_without_room_keeps_what_is_there_and_is_tried_again", base.path(), before)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let store = Store::open(base.path()).unwrap();
    assert_eq!(store.reader().unwrap().state_of(A).unwrap().map(|state| state.seq), Some(3));
}

/// Three writes that wait together, so that they are tried in one transaction first.
fn a_write_without_room_does_not_take_the_others_with_it(directory: &Path) {
    let file = directory.join("other.db");
    let connection = database::open(&file).unwrap();
    let (queue, health) = (Queue::default(), Mutex::new(None));
    for (instance, size) in [(A, 10), ("strategy.large", 8_000_000), ("strategy.b", 10)] {
        queue.offer(Write::SaveStates(vec![state(instance, 1, size)])).unwrap();
    }
    queue.close();
    writer::run(connection, &queue, &health, &StoreMeters::default());
    assert!(health.into_inner().unwrap().is_some());
    let reader = Reader::open(&file).unwrap();
    let found = [A, "strategy.large", "strategy.b"].map(|name| reader.state_of(name).unwrap().is_some());
    assert_eq!(found, [true, false, true]);
}
