//! The command line and its errors.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
};

use serde_json::json;

use crate::bench::{QUIET, Server, command};

fn refused(options: &[&str]) -> String {
    let output = command().args(options).output().unwrap();
    assert!(!output.status.success(), "{options:?} was accepted");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn errors_name_what_was_found_and_what_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("faults.toml"), "[[fault]]\nkind = \"drop\"\nppm = 0\n").unwrap();
    fs::write(path("unknown.toml"), "[[fault]]\nkind = \"drop\"\nppn = 5\n").unwrap();
    fs::write(path("token"), " \n").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["--instruments", "0"], "1..=1000"),
        (&["--rate", "x"], "invalid value 'x' for '--rate"),
        (&["--rate", "5", "--as-fast-as-possible"], "cannot be used with"),
        (&["--fault", "drop:market"], "accepted: KIND:SCOPE:PPM"),
        (&["--faults", &path("faults.toml")], "fault 1: ppm is 0 (accepted: 1 to 1000000)"),
        (&["--faults", &path("unknown.toml")], "unknown field `ppn`"),
        (&["--faults", &path("none.toml")], "none.toml: No such file"),
        (&["--token-file", &path("token")], "a token of 0 bytes (accepted: 1 to 64)"),
        (&["--maker-fee", "2"], "maker_fee is 200000000"),
        (&["--cash", "lots"], "a decimal number such as 12.5"),
        (&["--listen", "nowhere"], "invalid value 'nowhere' for '--listen"),
        (&["--listen", "192.0.2.1:1"], "listening on 192.0.2.1:1"),
        (&["--as-fast-as-possible", "--start", "noon"], "a time such as"),
    ];
    for (options, part) in cases {
        let error = refused(options);
        assert!(error.contains(part), "{options:?}: {error}");
    }
    let output = command().env("PORT", "http").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(r#"PORT in the environment is "http" (accepted: a port"#), "{error}");
}

#[test]
fn without_listen_it_is_on_the_loopback_at_the_port_of_the_environment() {
    // 0 takes a free one, as it does in --listen
    let mut command = command();
    command.env("PORT", "0").args(QUIET).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let address = line.trim().strip_prefix("listening on ws://").and_then(|rest| rest.strip_suffix('/'));
    let address: SocketAddr = address.unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
    assert!(address.ip() == Ipv4Addr::LOCALHOST && address.port() != 0, "{address}");
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "secret\n").unwrap();
    let server = Server::start(&[QUIET.as_slice(), &["--token-file", path.to_str().unwrap()]].concat());
    let mut client = server.connect();
    for (token, is_accepted) in [(json!(null), false), (json!("wrong"), false), (json!("secret"), true)] {
        let answer = client.ask("LOGIN", json!({"protocol": 1, "account": "desk", "token": token}));
        assert_eq!(answer["type"] == "ACCEPTED", is_accepted, "{answer}");
        assert!(!answer.to_string().contains("secret"));
    }
}
