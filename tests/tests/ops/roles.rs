//! What an operator may not do, through a real socket: decide what code runs, where the daemon writes, who commands it,
//! and what is recorded of that.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};
use stratd_control::{
    Config, ConfigApplyRequest, ConfigDone, ConfigEdit, LogConfigRequest, LogDone, Problem, Request,
};

use crate::desk::{Desk, PATIENCE};

const TOKEN: &str = "5eed5eed5eed5eed5eed5eed5eed5eed";
/// Operators come by TCP: whoever runs the test is admin at the socket of the daemon.
const CONTROL: &str =
    "[control.tcp]\naddress = \"127.0.0.1:0\"\nrole = \"operator\"\ntoken_file = \"control.token\"\n";
const LOGGING: &str = "[logging]\n[logging.formatters.w]\nformat = \"%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s\"\n\
    [logging.handlers.f]\nkind = \"file\"\npath = \"all.log\"\nformatter = \"w\"\n\
    [logging.root]\nlevel = \"INFO\"\nhandlers = [\"f\"]\n";

struct Operator {
    desk: Desk,
    port: u16,
}

impl Operator {
    fn start() -> Self {
        let mut desk = Desk::prepare(&format!("{CONTROL}{LOGGING}[plugins]\nwatch = false\n"));
        let token = desk.path("control.token");
        fs::write(&token, TOKEN).expect("a token");
        fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
        desk.run();
        let all = desk.path("all.log");
        const SAID: &str = "listens at tcp 127.0.0.1:";
        let port = move || {
            let log = fs::read_to_string(&all).unwrap_or_default();
            let port = log.split(SAID).nth(1)?;
            port.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        desk.running().wait_until("the port", || port().is_some());
        let port = port().expect("a port");
        Self { desk, port }
    }

    /// The status and the body of what an operator is answered.
    fn ask(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the daemon listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} /v1/{target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
             if-match: *\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    #[track_caller]
    fn forbidden(&self, method: &str, target: &str, body: &Value, key: &str) {
        let (status, answer) = self.ask(method, target, body);
        let problem: Problem = serde_json::from_value(answer.clone()).expect("a problem");
        assert_eq!(status, 403, "{method} {target} {body}: {answer}");
        let said = format!("a change of {key} needs the role admin, and 127.0.0.1:");
        assert!(problem.detail.starts_with(&said), "{said}: {}", problem.detail);
        assert!(problem.detail.contains(" has the role operator"), "{}", problem.detail);
        assert_eq!(problem.pointer, Some(format!("/{}", key.replace('.', "/"))));
    }

    #[track_caller]
    fn done(&self, method: &str, target: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, target, body);
        assert_eq!(status, 200, "{method} {target} {body}: {answer}");
        answer
    }

    fn generation(&self) -> u64 {
        self.desk.ask::<Config>(&Request::config()).generation
    }
}

#[test]
fn an_operator_changes_what_trades_and_not_what_is_the_administrators() {
    let mut operator = Operator::start();
    let before = operator.generation();
    for (target, body, key) in [
        ("config/logging/root/level", json!("DEBUG"), "logging.root.level"),
        ("config/plugins/watch", json!(true), "plugins.watch"),
        ("config/plugins/watch?dry_run=true", json!(true), "plugins.watch"),
        ("config/plugin_dirs", json!(["/tmp"]), "plugin_dirs"),
        ("config/control/tcp/role", json!("admin"), "control.tcp.role"),
        ("config/state/save_interval", json!("7s"), "state.save_interval"),
        ("config/results", json!("/tmp/elsewhere"), "results"),
        ("config/recorder/path", json!("/tmp/elsewhere"), "recorder.path"),
    ] {
        operator.forbidden("PUT", target, &body, key);
    }
    operator.forbidden("PATCH", "config", &json!({"plugins": {"watch": true}}), "plugins.watch");
    operator.forbidden("DELETE", "config/logging/root/level", &Value::Null, "logging.root.level");
    let apply = |body: Value| ("config/apply", body);
    for (target, body) in [
        apply(json!({"patch": {"plugins": {"watch": true}}})),
        apply(json!({"patch": {"plugins": {"watch": true}}, "at_restart": true})),
        apply(json!({"patch": {"plugins": {"watch": true}}, "confirm_within_s": 60})),
    ] {
        operator.forbidden("POST", target, &body, "plugins.watch");
    }
    assert_eq!(operator.generation(), before);
    // what trades is his
    operator.done("PATCH", "config", &json!({"risk": {"max_order_quantity": 7}}));
    let config = operator.done("GET", "config", &Value::Null);
    let mut whole = config["config"].clone();
    whole["risk"]["max_order_quantity"] = json!(8);
    operator.done("PUT", "config", &whole);
    whole["plugins"]["watch"] = json!(true);
    operator.forbidden("PUT", "config", &whole, "plugins.watch");
    // an administrator changes it; whoever goes back changes it as well
    let edit = ConfigEdit(json!(true));
    let done: ConfigDone = operator.desk.ask(&Request::config_put("plugins/watch", &edit).expect("a body"));
    let last = done.generation - 1;
    operator.forbidden("POST", &format!("config/rollback/{last}"), &Value::Null, "plugins.watch");
    // and what waits for a confirmation or for the next start is not put in force, or away, by him
    let apply = |change: ConfigApplyRequest| Request::config_apply(&change).expect("a body");
    let change = |value: bool| ConfigApplyRequest {
        patch: Some(json!({"plugins": {"watch": value}}).as_object().expect("a table").clone()),
        ..ConfigApplyRequest::default()
    };
    let tried = apply(ConfigApplyRequest { confirm_within_s: Some(600), ..change(false) });
    let _: ConfigDone = operator.desk.ask(&tried);
    operator.forbidden("POST", "config/confirm", &Value::Null, "plugins.watch");
    operator.forbidden("PUT", "config/risk/max_order_quantity", &json!(9), "plugins.watch");
    let _: ConfigDone = operator.desk.ask(&Request::config_confirm());
    operator.done("PUT", "config/risk/max_order_quantity", &json!(9));
    // so with the files
    let file = operator.desk.path("stratd.toml");
    let text = fs::read_to_string(&file).expect("the file").replace("[risk]", "[risk]\n");
    fs::write(&file, text.replace("watch = false", "watch = true")).expect("a file");
    operator.forbidden("POST", "config/apply", &json!({"files": true}), "plugins.watch");
    let _: ConfigDone = operator.desk.ask(&apply(ConfigApplyRequest { files: true, ..Default::default() }));
    let log = operator.desk.running().log();
    assert!(!log.contains(TOKEN));
    operator.desk.end();
}

#[test]
fn no_operator_silences_the_record() {
    let mut operator = Operator::start();
    for target in ["logging/apply", "logging/reload"] {
        let body = json!({"text": "[root]\nlevel = \"ERROR\"\n"});
        let body = if target == "logging/apply" { body } else { Value::Null };
        let (status, answer) = operator.ask("POST", target, &body);
        assert_eq!(status, 403, "{target}: {answer}");
        let detail = answer["detail"].as_str().expect("a detail");
        assert!(detail.contains(&format!("POST /v1/{target} needs the role admin")), "{detail}");
    }
    for level in ["WARNING", "CRITICAL", "NOTSET", "100"] {
        let body = json!({"logger": "control.audit", "level": level});
        let (status, answer) = operator.ask("POST", "logging/level", &body);
        // without a level of its own it would have that of the root, which is no louder than INFO
        assert_eq!(status, 422, "{level}: {answer}");
        assert!(answer["detail"].as_str().expect("a detail").contains("no command silences"), "{answer}");
    }
    operator.done(
        "POST",
        "logging/level",
        &json!({"logger": "control.audit", "level": "DEBUG", "seconds": 1}),
    );
    for logger in ["control", "root"] {
        operator.done("POST", "logging/level", &json!({"logger": logger, "level": "CRITICAL"}));
    }
    operator.done("POST", "logging/disable", &json!({"level": "CRITICAL"}));
    let all = operator.desk.path("all.log");
    let audited = || {
        let text = fs::read_to_string(&all).unwrap_or_default();
        text.lines().filter(|line| line.contains("|control.audit|")).count()
    };
    // also once the level of a second has gone back
    let tree = Request::log_tree();
    operator.desk.wait("the level to go back", |desk| {
        let tree: stratd_control::LogTree = desk.ask(&tree);
        let audit = tree.loggers.iter().find(|logger| logger.name == "control.audit").expect("a logger");
        audit.reverts_to.is_none()
    });
    let before = audited();
    operator.done("PUT", "config/risk/max_order_quantity", &json!(9));
    operator.desk.wait("the record", |_| audited() > before);
    // an administrator decides by the configuration
    let text =
        "[handlers.f]\nkind = \"file\"\npath = \"all.log\"\n[root]\nlevel = \"ERROR\"\nhandlers = [\"f\"]\n";
    let request = LogConfigRequest { text: text.to_owned(), file: None, incremental: false };
    let _: LogDone = operator.desk.ask(&Request::log_apply(&request).expect("a body"));
    operator.desk.end();
}
