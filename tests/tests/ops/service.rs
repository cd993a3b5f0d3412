//! What the daemon tells systemd, at a socket as systemd has one.

use std::{
    os::unix::net::UnixDatagram,
    path::Path,
    sync::mpsc::{self, Receiver},
    thread,
};

use crate::desk::{Desk, PATIENCE};

/// What came, a datagram each with an assignment a line. It is read as it comes: the kernel keeps few, and whoever tells
/// waits for room.
struct Told(Receiver<Vec<String>>);

impl Told {
    /// Listens at a socket of its own until the end of the test.
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a socket");
        let (sender, told) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = socket.recv(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                if sender.send(text.lines().map(str::to_owned).collect()).is_err() {
                    return;
                }
            }
        });
        Self(told)
    }

    /// All datagrams up to one with this line.
    fn until(&self, line: &str) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        loop {
            let Ok(one) = self.0.recv_timeout(PATIENCE) else { panic!("no {line}: {all:#?}") };
            let is_last = one.iter().any(|found| found == line);
            all.push(one);
            if is_last {
                return all;
            }
        }
    }
}

#[test]
fn each_step_of_a_start_asks_for_its_time_and_the_end_does() {
    let mut desk = Desk::prepare("");
    let path = desk.path("notify");
    let told = Told::at(&path);
    desk.run_with(&[("NOTIFY_SOCKET", path.as_os_str())]);
    let start = told.until("READY=1");
    let (ready, steps) = start.split_last().expect("a start has datagrams");
    assert!(ready.iter().any(|line| line.starts_with("STATUS=strategies: 1 started")), "{ready:?}");
    let named: Vec<&str> =
        steps.iter().flatten().filter_map(|line| line.strip_prefix("STATUS=starts: ")).collect();
    for step in [
        "tries the configuration of synthetic",
        "creates exchange synthetic",
        "connects exchange synthetic",
        "asks exchange synthetic for its instruments",
        "creates strategy market-maker",
        "asks exchange synthetic for market data",
    ] {
        assert!(named.contains(&step), "{step}: {named:#?}");
    }
    for step in steps.iter().filter(|lines| lines.iter().any(|line| line.starts_with("STATUS=starts: "))) {
        assert!(step.iter().any(|line| line == "EXTEND_TIMEOUT_USEC=60000000"), "{step:?}");
    }
    // a reload that is refused is over as well, and the status says why
    desk.place.write("stratd.toml", "levle = 1\n");
    desk.running().signal("HUP");
    let reload = told.until("READY=1");
    let lines: Vec<&String> = reload.iter().flatten().collect();
    assert!(lines.iter().any(|line| *line == "RELOADING=1"), "{reload:#?}");
    assert!(lines.iter().any(|line| line.starts_with("MONOTONIC_USEC=")), "{reload:#?}");
    let status = lines.iter().rfind(|line| line.starts_with("STATUS=")).expect("a status");
    assert!(status.contains("the configuration stays as it is") && status.contains("levle"), "{status}");
    desk.end();
    let end = told.until("STOPPING=1");
    let last = end.last().expect("the end");
    assert!(last.iter().any(|line| line.starts_with("EXTEND_TIMEOUT_USEC=")), "{last:?}");
}
