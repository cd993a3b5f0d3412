//! A secret is shown to nobody: whatever can be looked at over the socket for readers is looked at.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    sync::mpsc,
    thread,
};

use serde_json::{Value, json};
use stratd_control::{BacktestDone, BacktestRequest, BacktestState, ConfigEdit, Request};

use crate::desk::{Desk, PATIENCE};

const OF_PLUGIN: &str = "literal-of-a-plugin-1f0c";
const OF_LOG: &str = "literal-of-the-log-77aa";
const OF_FILE: &str = "literal-of-a-new-file-90ee";
const OF_BROKEN: &str = "literal-of-a-broken-file-31bd";
const MALFORMED: &str = "literal-of-a-bad-reference-5c2e";
const OF_BACKTEST: &str = "literal-of-a-backtest-bb18";
const OF_ENVIRONMENT: &str = "text-of-the-environment-c4d9";
const OF_CREDENTIAL: &str = "text-of-a-credential-e6f2";
const TOKEN: &str = "token-of-the-listener-0123456789abcdef";
const ALL: [&str; 9] =
    [OF_PLUGIN, OF_LOG, OF_FILE, OF_BROKEN, MALFORMED, OF_BACKTEST, OF_ENVIRONMENT, OF_CREDENTIAL, TOKEN];

fn config() -> String {
    format!(
        r#"
[control]
read_only_socket = "ro.sock"
[control.tcp]
address = "127.0.0.1:0"
token_file = "control.token"

[logging]
[logging.flight_recorder]
below = ["strategy"]
[logging.handlers.far]
kind = "smtp"
host = "127.0.0.1:9"
from = "a@example.org"
to = ["b@example.org"]
level = "CRITICAL"
user = "somebody"
password = "{OF_LOG}"
[logging.root]
level = "DEBUG"
handlers = ["far"]

[[strategy]]
plugin = "every"
name = "literal"
config = {{ api_key = "{OF_PLUGIN}" }}
[[strategy]]
plugin = "every"
name = "of-environment"
config = {{ api_key = "${{STRATD_TEST_SECRET}}" }}
[[strategy]]
plugin = "every"
name = "of-credential"
config = {{ api_key = "a ${{credential:api}} b" }}
"#
    )
}

/// What a reader is answered, head and body.
fn look(desk: &Desk, target: &str) -> String {
    let mut stream = begin(desk, target);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

fn begin(desk: &Desk, target: &str) -> UnixStream {
    let mut stream = UnixStream::connect(desk.path("ro.sock")).expect("the daemon listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let head = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("a request");
    stream
}

/// Every path that can be looked at, with what there is in the place of its parameters.
fn targets(desk: &Desk, backtest: &str) -> Vec<String> {
    let document = look(desk, "/v1/openapi.json");
    let (_, body) = document.split_once("\r\n\r\n").expect("a body");
    let document: Value = serde_json::from_str(body).expect("a document");
    let paths = document["paths"].as_object().expect("paths");
    let mut targets = Vec::new();
    for (path, _) in paths.iter().filter(|(_, item)| item["get"].is_object()) {
        let names: &[&str] = match path.as_str() {
            "/v1/plugins/{name}" => &["strategy-every", "exchange-synthetic"],
            "/v1/strategies/{name}" | "/v1/strategies/{name}/config" => {
                &["literal", "of-environment", "of-credential"]
            }
            "/v1/exchanges/{name}" | "/v1/exchanges/{name}/config" => &["synthetic"],
            "/v1/logging/flight/{name}" => &["strategy.literal", "strategy.of-credential"],
            "/v1/backtests/{name}" => &[backtest],
            "/v1/orders/{name}" => &["1"],
            "/v1/config/{path}" => &[
                "strategy",
                "strategy/literal/config",
                "strategy/literal/config/api_key",
                "logging",
                "control",
            ],
            _ => {
                assert!(!path.contains('{'), "a path that this test does not know: {path}");
                &[""]
            }
        };
        let query = match path.as_str() {
            "/v1/events" => "?after=0&follow=false",
            "/v1/logging/resolve" => "?logger=strategy.literal&level=INFO",
            "/v1/orders" => "?state=all",
            // one that goes on
            "/v1/logging/tap" => continue,
            _ => "",
        };
        for name in names {
            targets.push(format!("{}{query}", path.replace("{name}", name).replace("{path}", name)));
        }
    }
    assert!(targets.len() > 30, "{targets:?}");
    targets
}

/// The log as a reader sees it from now on, up to the last word.
fn tap(desk: &Desk) -> thread::JoinHandle<String> {
    let mut tap = begin(desk, "/v1/logging/tap?logger=root&level=DEBUG");
    let (sender, tapped) = mpsc::channel();
    let listener = thread::spawn(move || {
        let (mut seen, mut block) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&seen).contains("the last word") {
            match tap.read(&mut block) {
                Ok(0) | Err(_) => break,
                Ok(count) => seen.extend_from_slice(&block[..count]),
            }
            // once it listens
            let _ = sender.send(());
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    tapped.recv_timeout(PATIENCE).expect("a tap");
    listener
}

fn nothing_in(text: &str, of: &str) {
    for secret in ALL {
        assert!(!text.contains(secret), "{secret} in {of}: {text}");
    }
}

/// A backtest, which ends with or without results; its id.
fn backtest(desk: &mut Desk) -> String {
    let exchange = json!([{"plugin": "synthetic", "config": {"steps": 50}}]);
    let strategy = json!([{"plugin": "every", "config": {"api_key": OF_BACKTEST}}]);
    let config = json!({"exchange": exchange, "strategy": strategy}).as_object().cloned();
    let request = BacktestRequest { config, ..BacktestRequest::default() };
    let submitted: BacktestDone = desk.ask(&Request::submit_backtest(&request).expect("a body"));
    let id = submitted.backtest.expect("it was taken").id;
    desk.wait("the backtest", |desk| {
        let backtest: stratd_control::Backtest = desk.ask(&Request::backtest(&id));
        !matches!(backtest.state, BacktestState::Queued | BacktestState::Running)
    });
    id
}

#[test]
fn no_look_of_a_reader_shows_a_secret() {
    let mut desk = Desk::prepare(&config());
    desk.put("strategy_every");
    for (name, text) in [("control.token", TOKEN), ("credentials/api", OF_CREDENTIAL)] {
        desk.place.write(name, text);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(desk.path(name), mode).expect("a mode");
    }
    desk.run_with(&[
        ("STRATD_TEST_SECRET", OF_ENVIRONMENT.as_ref()),
        ("CREDENTIALS_DIRECTORY", "credentials".as_ref()),
    ]);
    let listener = tap(&desk);
    // changes that work, and that do not
    let put = |path: &str, value: Value| Request::config_put(path, &ConfigEdit(value)).expect("a body");
    let _: stratd_control::ConfigDone = desk.ask(&put("strategy/literal/config/every", json!(0)));
    let _: stratd_control::ConfigDone =
        desk.ask(&put("strategy/literal/config/api_key", json!(format!("{OF_PLUGIN}-2"))));
    for bad in [format!("{MALFORMED} ${{"), format!("${{{MALFORMED}}}"), format!("${{credential:{MALFORMED}")]
    {
        let problem = desk.refused(&put("strategy/literal/config/api_key", json!(bad)));
        let (detail, pointer) = (&problem.detail, problem.pointer.as_deref());
        assert!(detail.contains("api_key"), "{problem}");
        assert!(pointer.is_some_and(|pointer| pointer.ends_with("/config/api_key")), "{problem}");
        nothing_in(detail, "a refusal");
    }
    let id = backtest(&mut desk);
    // the files say something else now: what differs, and what is wrong with them
    let file = desk.path("stratd.toml");
    let text = fs::read_to_string(&file).expect("the file");
    for other in [
        text.replace(OF_PLUGIN, OF_FILE),
        text.replace(&format!("\"{OF_PLUGIN}\""), &format!("\"{OF_BROKEN}")),
    ] {
        assert_ne!(other, text);
        fs::write(&file, other).expect("a file");
        for target in targets(&desk, &id) {
            nothing_in(&look(&desk, &target), &target);
        }
        let reload = stratd_control::ConfigApplyRequest { files: true, ..Default::default() };
        let reload = Request::config_apply(&reload).expect("a body").dry_run();
        let said = match desk.client().send(&reload) {
            Ok(answer) => answer.body().to_owned(),
            Err(error) => error.to_string(),
        };
        nothing_in(&said, "a reload");
    }
    let note = stratd_control::HaltRequest { exit: None, note: Some("the last word".to_owned()) };
    let _: stratd_control::TradingDone = desk.ask(&Request::kill(&note).expect("a body"));
    let tapped = listener.join().expect("the tap");
    assert!(tapped.contains("the last word") && tapped.contains("without a name"), "{tapped}");
    nothing_in(&tapped, "the tap");
    nothing_in(&desk.running().log(), "the log");
    desk.end();
}
