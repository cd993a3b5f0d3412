//! The socket in the file system.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use expect_test::{Expect, expect};
use stratd_control::{Client, Request};

use super::{PATIENCE, Place, fake::Fake, options, wait_for};
use crate::{
    control::{Control, ControlOptions, SOCKET_MODE, inherited_socket},
    systemd::Inherited,
};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn refused(path: &Path, folder: &Path, expected: Expect) {
    let error = Control::start(options(path, SOCKET_MODE), Arc::new(Fake::default())).unwrap_err();
    expected.assert_eq(&format!("{error:#}").replace(&folder.display().to_string(), "DIR"));
}

#[test]
fn the_socket_has_its_mode_and_its_directory_is_made() {
    let place = Place::new();
    assert_eq!(mode(&place.path), 0o660);
    assert_eq!(mode(place.path.parent().unwrap()), 0o755);
    assert_eq!(place.control.as_ref().unwrap().path(), place.path);
}

#[test]
fn the_socket_is_removed_at_the_end() {
    let mut place = Place::new();
    place.control.take().unwrap().stop();
    assert!(!place.path.exists());
    assert!(place.client().send(&Request::status()).unwrap_err().is_no_daemon());
}

#[test]
fn a_socket_that_another_put_in_its_place_is_left() {
    let mut place = Place::new();
    fs::remove_file(&place.path).unwrap();
    let _other = UnixListener::bind(&place.path).unwrap();
    drop(place.control.take());
    assert!(place.path.exists());
}

#[test]
fn a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    drop(UnixListener::bind(&path).unwrap());
    let before = fs::symlink_metadata(&path).unwrap().ino();
    let control = Control::start(options(&path, SOCKET_MODE), Arc::new(Fake::default())).unwrap();
    assert!(Client::new(&path).send(&Request::version()).is_ok(), "inode {before}");
    drop(control);
}

#[test]
fn a_living_daemon_is_not_replaced() {
    let place = Place::new();
    refused(
        &place.path,
        place.folder.path(),
        expect![
            "making the control socket DIR/run/control.sock: another daemon answers at it (stop that one, or choose another path)"
        ],
    );
    assert!(place.client().send(&Request::version()).is_ok(), "it goes on");
}

#[test]
fn a_daemon_that_is_busy_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    // nobody takes them: the next connect would wait
    let fill = |held: &mut Vec<_>| {
        use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
        use std::os::fd::AsRawFd as _;
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
        let taken = connect(socket.as_raw_fd(), &UnixAddr::new(&path).unwrap()).is_ok();
        held.push(socket);
        taken
    };
    let mut held = Vec::new();
    while fill(&mut held) {
        assert!(held.len() < 100_000, "a backlog has an end");
    }
    refused(
        &path,
        folder.path(),
        expect![
            "making the control socket DIR/control.sock: another daemon answers at it (stop that one, or choose another path)"
        ],
    );
}

#[test]
fn what_is_no_socket_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    fs::write(&path, "precious").unwrap();
    refused(
        &path,
        folder.path(),
        expect![
            "making the control socket DIR/control.sock: there is something else at this path (accepted: nothing, or a socket that nobody answers at)"
        ],
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_path_that_is_no_place_for_a_socket_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("x".repeat(120));
    let error = Control::start(options(&long, SOCKET_MODE), Arc::new(Fake::default())).unwrap_err();
    assert!(
        format!("{error:#}").ends_with("the path is too long for a socket (accepted: 107 bytes)"),
        "{error:#}"
    );
    fs::write(folder.path().join("file"), "").unwrap();
    refused(
        &folder.path().join("file/control.sock"),
        folder.path(),
        expect![
            "making the control socket DIR/file/control.sock: making the directory DIR/file: File exists (os error 17)"
        ],
    );
}

#[test]
fn an_inherited_socket_is_served_and_left_to_its_maker() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let inherited = Some(listener.try_clone().unwrap());
    let options = ControlOptions { inherited, ..options(&path, SOCKET_MODE) };
    let control = Control::start(options, Arc::new(Fake::default())).unwrap();
    assert!(Client::new(&path).send(&Request::version()).is_ok());
    drop(control);
    assert!(path.exists());
    // systemd keeps it: who connects now waits for the next daemon
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
}

/// Is its own child: systemd's protocol is a matter of the environment and of descriptor 3 at the start of a process.
#[test]
fn a_socket_of_systemd_is_taken_over_by_its_name() {
    const IN_CHILD: &str = "STRATD_TEST_INHERITED_SOCKET";
    if let Some(path) = std::env::var_os(IN_CHILD).map(PathBuf::from) {
        let mut all = Inherited::take();
        let inherited = inherited_socket(&mut all).unwrap();
        assert!(inherited.is_some() && inherited_socket(&mut all).unwrap().is_none(), "once");
        let options = ControlOptions { inherited, ..options(&path, SOCKET_MODE) };
        let control = Control::start(options, Arc::new(Fake::default())).unwrap();
        wait_for("the parent to have its answer", || !path.exists());
        drop(control);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let script = "exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=control exec \"$0\" --exact \"$1\"";
    let mut child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg("control::tests::place::a_socket_of_systemd_is_taken_over_by_its_name")
        .env(IN_CHILD, &path)
        .stdin(std::os::fd::OwnedFd::from(listener))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let answer = Client::new(&path).with_time_limit(PATIENCE).send(&Request::version());
    fs::remove_file(&path).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(answer.is_ok(), "{answer:?}");
}

#[test]
fn a_group_that_does_not_exist_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("control.sock");
    let group = Some("no-such-group-of-stratd".to_owned());
    let options = ControlOptions { group, ..options(&path, SOCKET_MODE) };
    let control = Control::start(options, Arc::new(Fake::default())).unwrap();
    wait_for("an answer", || Client::new(&path).send(&Request::version()).is_ok());
    drop(control);
}
