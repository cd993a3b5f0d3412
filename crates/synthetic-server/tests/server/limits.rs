//! What happens at each limit, and how connections end.

use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::bench::{QUIET, Server, limit};

#[test]
fn a_slow_client_is_cut_off_and_told_why() {
    let server = Server::start(&["--rate", "1000000", "--instruments", "1"]);
    let mut slow = server.connect();
    let start = slow.next("HELLO")["seq"].as_u64().unwrap();
    slow.send("SUBSCRIBE", json!({}));
    // it reads a message now and then, while more events happen than are kept
    let mut is_far_behind = false;
    let frame = loop {
        if let Err(frame) = slow.read() {
            break frame.unwrap();
        }
        if !is_far_behind {
            let seq = server.connect().next("HELLO")["seq"].as_u64().unwrap();
            is_far_behind = seq > start + 250_000;
        }
    };
    assert_eq!(frame.code, CloseCode::Library(4008));
    assert!(frame.reason.contains("public events behind"), "{}", frame.reason);
}

#[test]
fn messages_of_a_wrong_kind_end_the_connection_with_the_reason() {
    let server = Server::start(&QUIET);
    let end = |act: &dyn Fn(&mut crate::bench::Client)| {
        let mut client = server.connect();
        client.next("HELLO");
        act(&mut client);
        let frame = client.end().unwrap();
        (u16::from(frame.code), frame.reason.to_string())
    };
    assert_eq!(end(&|client| client.send_bytes(&[1, 2])), (1003, "a binary message (accepted: text)".into()));
    let (code, reason) = end(&|client| client.send_text(&"x".repeat(70_000)));
    assert_eq!((code, reason.contains("accepted: at most 65536")), (1009, true), "{reason}");
    // a masked text frame of one byte that is no UTF-8
    let (code, reason) = end(&|client| client.send_raw(&[0x81, 0x81, 0, 0, 0, 0, 0xff]));
    assert_eq!((code, reason.as_str()), (1007, "a text that is no UTF-8"));
}

#[test]
fn connections_accounts_and_requests_are_counted() {
    let server = Server::start(&[QUIET.as_slice(), &["--requests-per-second", "5"]].concat());
    let mut accounts: Vec<_> = (0..63).map(|number| server.log_in(&format!("a{number}"))).collect();
    let mut late = server.connect();
    late.next("HELLO");
    let answer = late.ask("LOGIN", json!({"protocol": 1, "account": "a63"}));
    assert_eq!(answer["code"], "limit");
    assert!(answer["message"].as_str().unwrap().contains("63 already"), "{answer}");
    assert_eq!(late.ask("LOGIN", json!({"protocol": 1, "account": "a7"}))["type"], "ACCEPTED");
    // six in one second is one too many; a second may end in between, but not five times
    let first = &mut accounts[0];
    let answers = (0..40).map(|number| first.ask("NEW", limit(&format!("c{number}"), "BUY", 1, "50.00")));
    assert!(answers.map(|answer| answer["code"].clone()).any(|code| code == "rate_limit"));
    let mut many: Vec<_> = (64..256).map(|_| server.connect()).collect();
    for client in &mut many {
        client.next("HELLO");
    }
    let frame = server.connect().end().unwrap();
    assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Again, "there are 256 connections already"));
}

#[test]
fn terminated_it_says_goodbye_and_ends_well() {
    let server = Server::start(&["--rate", "1000"]);
    let mut client = server.log_in("desk");
    client.ask("SUBSCRIBE", json!({}));
    client.next("SNAPSHOT");
    assert!(server.terminate());
    let frame = client.end().unwrap();
    assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Away, "the venue ends"));
}
