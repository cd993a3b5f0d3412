//! What users may do who are neither root nor the daemon's own.
//!
//! Needs root, to become somebody else, and curl; without them the tests say so and the rules are still tested as
//! such in `peer.rs`.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::Command,
    sync::Arc,
};

use nix::unistd::{Gid, Group, geteuid};
use stratd_control::Request;

use super::{Place, fake::Fake, socket};
use crate::control::{Control, ControlOptions, SOCKET_MODE, SocketOptions};

/// `nobody`, and a group that nobody is in by default.
const NOBODY: u32 = 65534;

/// The status and the body that curl gets as another user, or why it did not reach the daemon.
fn ask_as(uid: u32, gid: u32, place: &Place, request: &[&str]) -> Option<String> {
    fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if !geteuid().is_root() {
        println!("left out: only root can become another user");
        return None;
    }
    let mut curl = Command::new("curl");
    curl.args([
        "--header",
        "If-Match: *",
        "--silent",
        "--show-error",
        "--max-time",
        "30",
        "--write-out",
        "\n%{http_code}",
        "--unix-socket",
    ]);
    let output = match curl.arg(&place.path).args(request).uid(uid).gid(gid).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("left out: curl is not installed");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let said = if output.status.success() { output.stdout } else { output.stderr };
    Some(String::from_utf8(said).unwrap())
}

#[test]
fn the_mode_of_the_socket_keeps_others_out() {
    let place = Place::new();
    if let Some(said) = ask_as(NOBODY, NOBODY, &place, &["http://x/v1/status"]) {
        assert!(said.starts_with("curl: (7)"), "{said}");
    }
    assert!(place.client().send(&Request::status()).is_ok());
}

#[test]
fn a_reader_reads_and_changes_nothing() {
    let place = Place::with(crate::control::limits::Limits::default(), 0o666);
    let Some(said) = ask_as(NOBODY, NOBODY, &place, &["http://x/v1/plugins"]) else { return };
    assert!(said.ends_with("\n200"), "{said}");
    for request in [
        ["-X", "POST", "http://x/v1/plugins/ema-cross/stop"],
        ["-d", r#"{"file": "/p/x.so"}"#, "http://x/v1/plugins"],
        ["-d", r#"{"file": "/p/x.so"}"#, "http://x/v1/inspect"],
    ] {
        let said = ask_as(NOBODY, NOBODY, &place, &request).unwrap();
        assert!(said.contains("needs the role operator, and uid 65534 has the role reader"), "{said}");
        assert!(said.ends_with("\n403"), "{said}");
    }
    assert!(place.fake.done().is_empty(), "nothing was done");
}

#[test]
fn a_member_of_the_group_may_connect_and_change() {
    // any group will do that exists and is not root's
    let Some(group) =
        ["nogroup", "nobody"].into_iter().find(|name| Group::from_name(name).is_ok_and(|g| g.is_some()))
    else {
        println!("left out: there is no group to try it with");
        return;
    };
    let gid: Gid = Group::from_name(group).unwrap().unwrap().gid;
    let mut place = Place::new();
    drop(place.control.take());
    let fake = Arc::new(Fake::default());
    let socket = SocketOptions { group: Some(group.to_owned()), ..socket(&place.path, SOCKET_MODE) };
    let options = ControlOptions { socket, read_only: None, tcp: None };
    place.control = Some(Control::start(options, fake.clone()).unwrap());
    let stop = ["-X", "POST", "http://x/v1/plugins/ema-cross/stop"];
    let Some(said) = ask_as(1_000_001, gid.as_raw(), &place, &stop) else { return };
    assert!(said.ends_with("\n200"), "{said}");
    assert_eq!(fake.done(), ["stop ema-cross"]);
    // what decides where the daemon writes is the administrator's
    let apply = ["-d", r#"{"text": ""}"#, "http://x/v1/logging/apply"];
    let said = ask_as(1_000_001, gid.as_raw(), &place, &apply).unwrap();
    assert!(said.contains("needs the role admin, and uid 1000001 has the role operator"), "{said}");
    assert!(said.ends_with("\n403"), "{said}");
}
