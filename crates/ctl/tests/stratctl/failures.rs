//! How the program ends when it cannot do what it is asked for.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixListener,
    thread,
};

use expect_test::expect;

use super::{Place, run, stratctl};

#[test]
fn a_refusal_is_told_in_the_daemons_words() {
    let place = Place::new();
    place.check(
        &["plugin", "reload", "synthetic"],
        expect![[r#"
        stderr: stratctl: synthetic: restore: state of version 3 (accepted: 1 to 2)
        exit code 1
    "#]],
    );
    place.check(
        &["plugin", "show", "nobody"],
        expect![[r#"
        stderr: stratctl: nobody: there is no such plugin (accepted: exchange-synthetic, strategy-ema-cross)
        exit code 1
    "#]],
    );
    place.check(&["--json", "plugin", "reload", "synthetic"], expect![[r#"
        {"type":"urn:stratd:problem:refused","title":"a step refused it","status":422,"detail":"state of version 3 (accepted: 1 to 2)","plugin":"synthetic","step":"restore"}
        stderr: stratctl: synthetic: restore: state of version 3 (accepted: 1 to 2)
        exit code 1
    "#]]);
}

#[test]
fn a_wrong_command_line_is_code_2() {
    let place = Place::new();
    for arguments in [
        &[][..],
        &["plugin"],
        &["plugin", "explode", "ema-cross"],
        &["plugin", "show"],
        &["plugin", "load", "x.so", "--set", "fast"],
        &["plugin", "load", "x.so", "--config", "[1]"],
        &["plugin", "load", "x.so", "--config", "{}", "--set", "a=1"],
        &["plugin", "load", "x.so", "--set", "a=1", "--set", "a=2"],
    ] {
        let said = run(place.stratctl().args(arguments));
        assert!(said.ends_with("exit code 2\n"), "{arguments:?}: {said}");
    }
    assert!(place.fake.done.lock().unwrap().is_empty());
    place.check(
        &["plugin", "load", "x.so", "--set", "a=1", "--set", "a=2"],
        expect![[r#"
        stderr: error: --set a is there twice (accepted: each key once)
        exit code 2
    "#]],
    );
}

#[test]
fn no_daemon_is_code_3_and_says_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.sock");
    let said = run(stratctl().arg("--socket").arg(&path).arg("status"));
    let shown = said.replace(&folder.path().display().to_string(), "DIR");
    expect![[r#"
        stderr: stratctl: there is no daemon at DIR/none.sock: GET /v1/status: connecting to DIR/none.sock: No such file or directory (os error 2)
        stderr:   start one: systemctl start stratd, or stratd run FILE; or name the socket of one that runs: --socket PATH, or STRATD_SOCKET
        exit code 3
    "#]].assert_eq(&shown);
    // a file that nobody listens at
    drop(UnixListener::bind(&path).unwrap());
    assert!(run(stratctl().env("STRATD_SOCKET", &path).arg("status")).ends_with("exit code 3\n"));
}

#[test]
fn the_socket_is_taken_from_the_environment_unless_it_is_named() {
    let place = Place::new();
    assert!(run(stratctl().env("STRATD_SOCKET", &place.path).arg("version")).ends_with("exit code 0\n"));
    let said = run(place.stratctl().env("STRATD_SOCKET", "/nowhere.sock").arg("version"));
    assert!(said.ends_with("exit code 0\n"), "{said}");
    let said = run(stratctl().env("STRATD_SOCKET", "/nowhere.sock").arg("version"));
    assert!(
        said.contains("there is no daemon at /nowhere.sock") && said.ends_with("exit code 3\n"),
        "{said}"
    );
}

#[test]
fn an_answer_that_is_none_is_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut some = [0; 1024];
        assert!(stream.read(&mut some).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").unwrap();
    });
    let said = run(stratctl().arg("--socket").arg(&path).arg("status"));
    server.join().unwrap();
    expect![[r#"
        stderr: stratctl: the answer is not what was asked for: invalid length 0, expected struct Status with 19 elements at line 1 column 2
        exit code 1
    "#]].assert_eq(&said);
}

#[test]
fn a_daemon_that_goes_away_is_code_5() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut some = [0; 1024];
        assert!(stream.read(&mut some).unwrap() > 0);
    });
    let said = run(stratctl().arg("--socket").arg(&path).arg("status"));
    server.join().unwrap();
    expect![[r#"
        stderr: stratctl: GET /v1/status: the connection was closed without an answer
        stderr:   the daemon ended, or was ended, before it answered; why: systemctl status stratd, journalctl -u stratd
        stderr:   before the command is given again: stratctl status says whether it was done
        exit code 5
    "#]].assert_eq(&said);
}

#[test]
fn a_busy_daemon_is_code_4() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut some = [0; 1024];
        assert!(stream.read(&mut some).unwrap() > 0);
        let body = r#"{"type":"urn:stratd:problem:busy","title":"the daemon is busy","status":503,"detail":"8 writes are under way"}"#;
        let head = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    let said = run(stratctl().arg("--socket").arg(&path).arg("status"));
    server.join().unwrap();
    expect![[r#"
        stderr: stratctl: 8 writes are under way
        stderr:   the same command may work in a moment
        exit code 4
    "#]]
    .assert_eq(&said);
}

#[test]
fn nothing_is_coloured_that_is_not_for_a_terminal() {
    let place = Place::new();
    let said = run(place.stratctl().args(["plugin", "list"]).env("TERM", "xterm-256color"));
    assert!(said.contains("quarantined") && !said.contains('\x1b'), "{said}");
}

#[test]
fn completions_know_every_command() {
    for (shell, some) in
        [("bash", "complete -F _stratctl"), ("zsh", "#compdef stratctl"), ("fish", "complete -c stratctl")]
    {
        let said = run(stratctl().args(["completions", shell]));
        assert!(said.contains(some) && said.contains("quarantine"), "{shell}: {said}");
    }
}

#[test]
fn help_is_no_failure() {
    expect![[r#"
        The command line of a running stratd

        Usage: stratctl [OPTIONS] <COMMAND>

        Commands:
          status       Show how the run stands
          version      Show the versions of stratctl and of the daemon
          events       Print what happens: orders, fills, denials, states, reloads, faults; market data on
                       demand
          backtest     Run backtests in processes of the daemon's own
          strategy     Look at strategies; start, stop and halt them
          exchange     Look at exchanges; connect, disconnect and halt them
          order        Look at orders; send, change and cancel them by hand
          fill         Look at own executions
          position     List positions by strategy and instrument
          portfolio    Show the books of the run and of each strategy
          account      List the accounts
          instrument   List instruments with their last prices and trading states
          risk         Look at the limits; the kill switch, and what may be traded
          config       Look at the configuration in force, change it, and go back
          reload       Take the configuration files as they are now, whole or not at all
          plugin       Look at plugins, load them, and replace them while they run
          log          Look at the log: its loggers, levels and handlers, and the records as they come
          top          Show strategies, orders and the log on a full screen, as they go
          completions  Print what a shell needs to complete commands and flags of stratctl
          help         Print this message or the help of the given subcommand(s)

        Options:
              --socket <PATH>  The control socket of the daemon [default: $STRATD_SOCKET, else
                               /run/stratd/control.sock]
              --json           Print the answer of the daemon as it is
          -h, --help           Print help
          -V, --version        Print version

        Exit codes:
          0  done
          1  refused by the daemon
          2  the command line is wrong
          3  no daemon can be reached at the socket
          4  not now: the daemon starts, ends or is busy; try again
          5  no whole answer came: what was asked for may have been done
        exit code 0
    "#]]
    .assert_eq(&run(stratctl().arg("--help")));
    expect![[r#"
        Look at plugins, load them, and replace them while they run

        Usage: stratctl plugin [OPTIONS] <COMMAND>

        Commands:
          list        List all plugins
          show        Show one plugin with its instances, generations and its last refusal
          inspect     Say what the daemon would make of a file, without loading it
          load        Load a file and start one more instance of its plugin
          reload      Replace a plugin by its file as it is now; its state, orders and positions are carried
                      over
          stop        Stop all instances of a plugin
          start       Start the instances that were stopped or that failed
          rollback    Put the generation before back
          quarantine  Stop all instances, and let none start until the plugin is released
          release     End a quarantine
          help        Print this message or the help of the given subcommand(s)

        Options:
              --socket <PATH>  The control socket of the daemon [default: $STRATD_SOCKET, else
                               /run/stratd/control.sock]
              --json           Print the answer of the daemon as it is
          -h, --help           Print help
        exit code 0
    "#]]
    .assert_eq(&run(stratctl().args(["plugin", "--help"])));
    assert!(run(stratctl().arg("--version")).starts_with("stratctl "));
}
