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

use super::{PATIENCE, Place, fake::Fake, options, socket, wait_for};
use crate::{
    control::{Control, ControlOptions, SOCKET_MODE, SocketOptions, inherited_sockets},
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
    let socket = SocketOptions { inherited, ..socket(&path, SOCKET_MODE) };
    let options = ControlOptions { socket, ..options(&path, SOCKET_MODE) };
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
        let inherited = inherited_sockets(&mut all).unwrap();
        assert!(
            inherited.read_only.is_none() && inherited_sockets(&mut all).unwrap().control.is_none(),
            "once"
        );
        let socket = SocketOptions { inherited: inherited.control, ..socket(&path, SOCKET_MODE) };
        let options = ControlOptions { socket, ..options(&path, SOCKET_MODE) };
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
fn both_sockets_of_systemd_are_told_apart_and_the_second_is_for_readers() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["control.sock", "control-ro.sock"].map(|name| folder.path().join(name));
    let listeners = [0, 1].map(|index| Some(UnixListener::bind(&paths[index]).unwrap()));
    let [inherited, read_only] = listeners;
    let of = |index: usize, inherited| SocketOptions { inherited, ..socket(&paths[index], SOCKET_MODE) };
    let options = ControlOptions { socket: of(0, inherited), read_only: Some(of(1, read_only)), tcp: None };
    let fake = Arc::new(Fake::default());
    let control = Control::start(options, fake.clone()).unwrap();
    let [full, reader] = [0, 1].map(|index| Client::new(&paths[index]).with_time_limit(PATIENCE));
    assert!(full.send(&Request::stop("ema-cross")).is_ok());
    assert!(reader.send(&Request::plugins()).is_ok());
    let error = reader.send(&Request::stop("ema-cross")).unwrap_err();
    assert_eq!(error.problem().map(|problem| problem.status), Some(403), "{error}");
    assert!(error.to_string().ends_with("has the role reader"), "whoever it is: {error}");
    assert_eq!(fake.done(), ["stop ema-cross"]);
    drop(control);
    assert!(paths.iter().all(|path| path.exists()), "they are systemd's");
}

#[test]
fn a_read_only_socket_has_its_group_and_mode_and_is_removed() {
    let place = Place::of(crate::control::limits::Limits::default(), |path| {
        let read_only = Some(socket(&path.with_file_name("control-ro.sock"), SOCKET_MODE));
        ControlOptions { read_only, ..options(path, SOCKET_MODE) }
    });
    let path = place.path.with_file_name("control-ro.sock");
    assert_eq!(mode(&path), 0o660);
    assert!(Client::new(&path).send(&Request::health()).is_ok());
    drop(place.control);
    assert!(!path.exists());
}

#[test]
fn a_group_that_does_not_exist_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("control.sock");
    let group = Some("no-such-group-of-stratd".to_owned());
    let socket = SocketOptions { group, ..socket(&path, SOCKET_MODE) };
    let options = ControlOptions { socket, ..options(&path, SOCKET_MODE) };
    let control = Control::start(options, Arc::new(Fake::default())).unwrap();
    wait_for("an answer", || Client::new(&path).send(&Request::version()).is_ok());
    drop(control);
}
