//! A folder keeps accounts, orders and reports over the server's own end.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::bench::{Client, QUIET, Server, command, limit};

fn start(folder: &Path) -> Server {
    Server::start(
        &[QUIET.as_slice(), &["--state", folder.to_str().unwrap(), "--taker-fee", "0.001"]].concat(),
    )
}

/// Everything that an account can ask.
fn everything(client: &mut Client) -> Vec<Value> {
    let kinds = [
        ("ACCOUNT", json!({})),
        ("OPEN_ORDERS", json!({})),
        ("FILLS", json!({"since": 0})),
        ("REPORTS", json!({"after": 0})),
        ("ORDER", json!({"client_order_id": "filled"})),
    ];
    kinds
        .into_iter()
        .map(|(kind, body)| {
            let mut answer = client.ask(kind, body);
            answer["request"] = 0.into();
            answer
        })
        .collect()
}

/// Orders of every state: filled, partly filled, canceled, rejected, a stop that waits, one that was triggered.
fn trade(server: &Server) {
    let (mut desk, mut other) = (server.log_in("desk"), server.log_in("other"));
    desk.ask("NEW", limit("filled", "BUY", 5, "50.00"));
    other.ask("NEW", limit("o1", "SELL", 5, "50.00"));
    desk.ask("NEW", limit("part", "BUY", 10, "50.00"));
    other.ask("NEW", limit("o2", "SELL", 3, "50.00"));
    desk.ask("NEW", limit("canceled", "BUY", 1, "40.00"));
    desk.ask("CANCEL", json!({"client_order_id": "canceled"}));
    let mut post = limit("rejected", "SELL", 1, "50.00");
    post["post_only"] = true.into();
    desk.ask("NEW", post);
    let stop = |id: &str, stop: &str| {
        json!({"client_order_id": id, "instrument": "AAA", "side": "SELL", "volume": 2, "order_type": "STOP_LIMIT",
            "stop_price": stop, "price": "60.00"})
    };
    desk.ask("NEW", stop("triggered", "50.00"));
    desk.ask("NEW", stop("waits", "45.00"));
    desk.ask("CHANGE", json!({"client_order_id": "waits", "stop_price": "44.00"}));
}

#[test]
fn a_killed_server_comes_back_with_all_that_it_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    trade(&server);
    let (mut desk, mut other) = (server.log_in("desk"), server.log_in("other"));
    let before = (everything(&mut desk), other.ask("ACCOUNT", json!({})));
    let hello = server.connect().next("HELLO");
    server.kill();
    // what a write that was cut off leaves behind
    let file = folder.path().join("venue.jsonl");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [&whole, b"[{\"report\":{\"number\":9".as_slice()].concat()).unwrap();

    let server = start(folder.path());
    let (mut desk, mut other) = (server.log_in("desk"), server.log_in("other"));
    let after = (everything(&mut desk), other.ask("ACCOUNT", json!({})));
    let (before_equity, after_equity) = (&before.0[0]["cash"], &after.0[0]["cash"]);
    assert_eq!(before_equity, after_equity);
    assert_eq!(before.0, after.0);
    assert_eq!(before.1["positions"], after.1["positions"]);
    let again = server.connect().next("HELLO");
    assert_eq!(again["run"], hello["run"]);
    assert!(again["seq"].as_u64() > hello["seq"].as_u64());
    let resumed = desk.ask("RESUME", json!({"after": hello["seq"]}));
    assert_eq!(resumed["code"], "too_old", "{resumed}");

    // the orders work on, with what was filled before
    assert_eq!(desk.ask("NEW", limit("part", "BUY", 1, "1.00"))["code"], "duplicate_id");
    let last = before.0[3]["order_seq"].as_u64().unwrap();
    other.ask("NEW", limit("o3", "SELL", 7, "50.00"));
    let report = desk.report();
    assert_eq!(
        (&report["type"], &report["status"], &report["client_order_id"]),
        (&json!("BOUGHT"), &json!("filled"), &json!("part"))
    );
    assert_eq!((&report["order_seq"], &report["target.filled"]), (&json!(last + 1), &json!(10)));
    other.ask("NEW", limit("o4", "BUY", 2, "60.00"));
    assert_eq!(desk.report()["client_order_id"], "triggered");
    // and the stop triggers at its changed price
    other.ask("NEW", limit("o5", "BUY", 1, "44.00"));
    desk.ask("NEW", limit("hit", "SELL", 1, "44.00"));
    let triggered = desk.wait(|message| message["triggered"] == true);
    assert_eq!(triggered["client_order_id"], "waits");
}

#[test]
fn recovery_twice_is_recovery_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    trade(&server);
    assert!(server.terminate());
    let mut answers = Vec::new();
    for _ in 0..3 {
        let server = start(folder.path());
        answers.push(everything(&mut server.log_in("desk")));
        server.kill();
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
}

#[test]
fn a_full_disk_ends_the_venue_before_anybody_is_told_what_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    // a file that may not grow beyond 8 KiB: the write fails, as on a full disk
    let mut limited = Command::new("sh");
    limited.args([
        "-c",
        "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_stratd-synthetic"),
    ]);
    let options = [QUIET.as_slice(), &["--state", folder.path().to_str().unwrap()]].concat();
    let server = Server::start_as(limited, &options);
    let mut desk = server.log_in("desk");
    let mut told = 0;
    loop {
        desk.send("NEW", limit(&format!("c{told}"), "BUY", 1, "50.00"));
        match desk.wait_or_end(|message| !message["request"].is_null()) {
            Some(_) => told += 1,
            None => break,
        }
    }
    assert!(told > 5 && !server.wait());
    let server = start(folder.path());
    let open = server.log_in("desk").ask("OPEN_ORDERS", json!({}));
    assert_eq!(open["orders"].as_array().unwrap().len(), told);
}

#[test]
fn a_folder_of_another_venue_or_in_use_or_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let server = start(folder.path());
    trade(&server);
    let refused = |options: &[&str]| {
        let output =
            command().args(["--listen", "127.0.0.1:0", "--state", path]).args(options).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let error = refused(&["--seed", "7"]);
    assert!(error.contains("another stratd-synthetic uses"), "{error}");
    server.kill();
    let error = refused(&["--seed", "8"]);
    assert!(error.contains("is of seed 7 and 3 instruments, but seed 8"), "{error}");
    let file = folder.path().join("venue.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"order\"", "\"odour\"", 1)).unwrap();
    let error = refused(&["--seed", "7"]);
    assert!(error.contains("venue.jsonl: line ") && error.contains("unknown variant `odour`"), "{error}");
}
