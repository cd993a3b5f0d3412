//! The configuration of a run that goes on: changes of it, refusals, generations, drift, secrets.

use std::{fs, process::Command};

use serde_json::{Value, json};
use stratd_control::{
    Config, ConfigApplyRequest, ConfigDiff, ConfigDone, ConfigEdit, ConfigHistory, ConfigPart, Problem,
    Request,
};
use stratd_tests::stratctl;

use crate::desk::{COUNTER, COUNTING, Desk, SYNTHETIC, instance_of};

/// What `PUT` is asked with.
pub(crate) fn put(path: &str, value: Value) -> Request {
    Request::config_put(path, &ConfigEdit(value)).expect("a value is JSON")
}

pub(crate) fn patch(path: &str, value: Value) -> Request {
    Request::config_patch(path, &ConfigEdit(value)).expect("a patch is JSON")
}

pub(crate) fn apply(body: ConfigApplyRequest) -> Request {
    Request::config_apply(&body).expect("a body is JSON")
}

pub(crate) fn files() -> Request {
    apply(ConfigApplyRequest { files: true, ..ConfigApplyRequest::default() })
}

impl Desk {
    #[track_caller]
    pub(crate) fn config(&self) -> Config {
        self.ask(&Request::config()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    pub(crate) fn part(&self, path: &str) -> ConfigPart {
        self.ask(&Request::config_part(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    pub(crate) fn changed(&self, request: &Request) -> ConfigDone {
        self.ask(request).unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    #[track_caller]
    pub(crate) fn unchanged(&self, request: &Request) -> Problem {
        let answer = self.ask::<ConfigDone>(request);
        let error = answer.map(|done| panic!("{request}: {}", done.report)).unwrap_or_else(|error| error);
        error.problem().cloned().unwrap_or_else(|| panic!("{request}: {error}"))
    }

    /// `stratctl` here: its exit code, and both outputs.
    pub(crate) fn stratctl(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(stratctl());
        command.args(["--socket", "c.sock"]).args(arguments).current_dir(self.path(""));
        let output = command.output().expect("stratctl starts");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }
}

/// A strategy whose `on_config` refuses an `at` below the number of its trades.
const TOLD: &str =
    "\n[[strategy]]\nplugin = \"faulty\"\nname = \"told\"\nconfig = { fault = \"none\", at = 1000000 }\n";

fn with_told() -> Desk {
    let mut desk = Desk::new(&format!("[plugins]\nwatch = false\n{SYNTHETIC}{COUNTING}{TOLD}"));
    desk.put("strategy_faulty", "libstrategy_faulty.so");
    desk.start();
    desk
}

#[test]
fn parameters_change_under_load_and_no_event_is_lost() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.wait_for_events("counter", "counter", 100);
    let first = desk.config().generation;
    for (index, log_every) in (1..=3_u64).map(|index| (index, 1000 * index)) {
        let done = desk.changed(&put("strategy/counter/config/log_every", json!(log_every)));
        assert_eq!(done.generation, first + index);
        assert_eq!(done.changes.len(), 1, "{done:?}");
        assert_eq!(done.changes[0].key, "strategy.counter.config.log_every");
        assert!(done.report.contains("strategy counter has another instance with its state"), "{done:?}");
        desk.wait_for_events("counter", "counter", 100);
    }
    assert_eq!(desk.part("strategy/counter/config/log_every").value, 3000);
    // the same once more is no change
    assert_eq!(desk.changed(&put("strategy/counter/config/log_every", json!(3000))).generation, first + 3);
    let figures = desk.end_whole();
    assert_eq!(figures.get("restores"), 3);
}

#[test]
fn a_strategy_is_told_and_may_refuse() {
    let mut desk = with_told();
    let done = desk.changed(&put("strategy/told/config/at", json!(2_000_000)));
    assert!(done.report.contains("strategy told was told"), "{done:?}");
    assert_eq!(desk.part("strategy/told/config/at").value, 2_000_000);
    desk.wait("faulty", "some trades", |plugin| instance_of(plugin, "told").events > 10);
    // its own verdict, with the place of the strategy
    let problem = desk.unchanged(&put("strategy/told/config/at", json!(1)));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/strategy/told")));
    assert!(problem.detail.contains("expected"), "{problem}");
    assert_eq!(desk.part("strategy/told/config/at").value, 2_000_000);
    // that of its schema, with the place of the key
    let problem = desk.unchanged(&put("strategy/told/config/att", json!(1)));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/strategy/1/config/att")));
    desk.end();
}

/// All that a refused change must leave as it was; what counts by itself is left out.
fn look(desk: &Desk) -> (String, String, ConfigHistory, Value) {
    let mut plugins = vec![desk.plugin("counter"), desk.plugin("faulty"), desk.plugin("synthetic")];
    for instance in plugins.iter_mut().flat_map(|plugin| &mut plugin.instances) {
        instance.events = 0;
        instance.orders = 0;
        instance.denials = 0;
        instance.last_save = None;
        instance.state_bytes = 0;
        instance.pause_us_last = None;
    }
    let mut config = desk.config();
    config.since.clear();
    let history: ConfigHistory = desk.ask(&Request::config_history()).expect("the history");
    let log: Value = desk.ask(&Request::log_tree()).expect("the log");
    // who asks makes loggers of its own
    let loggers = log["loggers"][0].clone();
    (format!("{plugins:?}"), format!("{config:?}"), history, loggers)
}

#[test]
fn a_refused_change_leaves_everything_as_it_was() {
    let mut desk = with_told();
    desk.wait("faulty", "some trades", |plugin| instance_of(plugin, "told").events > 10);
    desk.wait_for_events("counter", "counter", 100);
    // every time something that is accepted comes first: another instance of `counter`, a limit, a level of the log
    let good = json!({
        "strategy": { "counter": { "config": { "log_every": 777 } } },
        "risk": { "max_open_orders": 5 },
        "logging": { "root": { "level": "DEBUG", "handlers": [] } },
    });
    let merged = |more: Value| {
        let mut whole = good.clone();
        for (key, value) in more.as_object().expect("a table") {
            match (whole.get_mut(key).and_then(Value::as_object_mut), value) {
                (Some(known), Value::Object(more)) => known.extend(more.clone()),
                _ => whole[key] = value.clone(),
            }
        }
        whole
    };
    let before = look(&desk);
    for (what, change, status) in [
        ("the schema", json!({ "strategy": { "told": { "config": { "at": 0 } } } }), 422),
        ("on_config", json!({ "strategy": { "told": { "config": { "at": 1 } } } }), 422),
        (
            "an instrument that is not there",
            json!({ "risk": { "max_open_orders": 5, "instrument": { "NOBODY": { "max_open_orders": 1 } } } }),
            422,
        ),
        (
            "a constructor",
            json!({ "strategy": { "new": { "plugin": "faulty", "config": { "fault": "error-in-new" } } } }),
            422,
        ),
        ("a key that needs a restart", json!({ "trading_type": "simulation", "slice_max": 3 }), 409),
        (
            "a handler of the log",
            json!({ "logging": { "handlers": { "f": { "kind": "file", "path": "stratd.toml/x" } }, "root": { "level": "DEBUG", "handlers": ["f"] } } }),
            422,
        ),
    ] {
        let problem = desk.unchanged(&patch("", merged(change)));
        assert_eq!(problem.status, status, "{what}: {problem}");
        assert!(problem.pointer.is_some(), "{what}: {problem:?}");
        assert_eq!(look(&desk), before, "{what}");
    }
    // a start that fails is the last part: everything before it is put back
    let failing =
        json!({ "strategy": { "new": { "plugin": "faulty", "config": { "fault": "error-in-start" } } } });
    let problem = desk.unchanged(&patch("", merged(failing)));
    assert_eq!(problem.pointer.as_deref(), Some("/strategy/new"), "{problem}");
    assert_eq!(look(&desk).1, before.1);
    assert_eq!(look(&desk).2, before.2);
    // and its place in the run is free for a better one
    let working = json!({ "strategy": { "new": { "plugin": "faulty", "config": { "fault": "none" } } } });
    let done = desk.changed(&patch("", working));
    assert!(done.report.contains("strategy new started"), "{done:?}");
    let ended = desk.end();
    let figures = crate::figures::Figures::last_of(&ended.err, "counter");
    assert_eq!(figures.get("restores"), 0, "the instance of before goes on");
}

#[test]
fn what_needs_a_restart_says_so_and_waits_for_it() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    let slice = || put("slice_max", json!(3));
    for request in [slice(), slice().dry_run()] {
        let problem = desk.unchanged(&request);
        assert_eq!((problem.status, problem.pointer.as_deref()), (409, Some("/slice_max")), "{problem}");
        assert!(problem.detail.contains("--at-restart"), "{problem}");
    }
    let body = ConfigApplyRequest {
        patch: json!({ "slice_max": 3 }).as_object().cloned(),
        at_restart: true,
        ..ConfigApplyRequest::default()
    };
    let first = desk.config().generation;
    assert_eq!(desk.changed(&apply(body)).generation, first);
    assert_eq!(desk.config().pending, Some(first + 1));
    desk.end();
    desk.start();
    assert_eq!((desk.config().generation, desk.config().pending), (first + 1, None));
    assert_eq!(desk.part("slice_max").value, 3);
    desk.end();
}

#[test]
fn what_was_applied_outlives_a_restart_and_files_drift() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.changed(&put("strategy/counter/config/log_every", json!(5000)));
    assert!(!desk.config().has_drifted);
    desk.write(
        "stratd.toml",
        &format!("[plugins]\nwatch = false\n{SYNTHETIC}{COUNTING}config.log_every = 9000\n"),
    );
    assert!(desk.config().has_drifted);
    assert!(
        desk.status().warnings.iter().any(|warning| warning.contains("stratctl reload")),
        "{:?}",
        desk.status()
    );
    let diff: ConfigDiff = desk.ask(&Request::config_diff(None, None)).expect("a diff");
    assert_eq!((diff.changes.len(), &diff.changes[0].after), (1, &Some(json!(9000))));
    desk.end();
    desk.start();
    assert!(desk.log().contains("the files have changed since configuration generation 2"), "{}", desk.log());
    assert_eq!(desk.part("strategy/counter/config/log_every").value, 5000);
    let (code, said) = desk.stratctl(&["reload", "--wait"]);
    assert_eq!(code, Some(0), "{said}");
    let part = desk.part("strategy/counter/config/log_every");
    assert_eq!(part.value, 9000);
    assert!(part.source.is_some_and(|source| source.starts_with("stratd.toml:")));
    assert!(!desk.config().has_drifted);
    // a file with a mistake changes nothing, and says where
    desk.write("stratd.toml", &format!("[plugins]\nwatsch = false\n{SYNTHETIC}{COUNTING}"));
    let (code, said) = desk.stratctl(&["reload", "--wait"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stratd.toml:2:1: plugins.watsch: unknown key"), "{said}");
    // not even at the next start
    desk.kill();
    desk.start();
    assert_eq!(desk.part("strategy/counter/config/log_every").value, 9000);
    let (code, said) = desk.stratctl(&["config", "rollback", "2"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(desk.part("strategy/counter/config/log_every").value, 5000);
    let history: ConfigHistory = desk.ask(&Request::config_history()).expect("the history");
    let states: Vec<_> = history.generations.iter().map(|one| (one.generation, one.state.as_str())).collect();
    assert_eq!(states, [(1, "applied"), (2, "applied"), (3, "applied"), (4, "applied")]);
    desk.end();
}

#[test]
fn what_nobody_confirms_goes_back() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    let tentative = |log_every: u64, seconds: u64| {
        apply(ConfigApplyRequest {
            patch: json!({ "strategy": { "counter": { "config": { "log_every": log_every } } } })
                .as_object()
                .cloned(),
            confirm_within_s: Some(seconds),
            ..ConfigApplyRequest::default()
        })
    };
    let done = desk.changed(&tentative(500, 1));
    assert_eq!((done.generation, done.confirm_within_s), (2, Some(1)));
    let client = desk.client();
    desk.running().wait_until("generation 3", || {
        let config = client.send(&Request::config()).and_then(|answer| answer.read::<Config>());
        config.is_ok_and(|config| config.generation == 3)
    });
    assert_eq!(desk.config().config["strategy"][0].get("config"), None);
    // confirmed in time, it stays
    desk.changed(&tentative(600, 3600));
    assert_eq!(desk.config().unconfirmed.map(|one| one.goes_back_to), Some(3));
    assert_eq!(desk.stratctl(&["config", "confirm"]).0, Some(0));
    assert_eq!(desk.unchanged(&Request::config_confirm()).status, 409);
    // killed between apply and confirm, the next start takes the one before
    desk.changed(&tentative(700, 3600));
    desk.kill();
    desk.start();
    assert_eq!(desk.part("strategy/counter/config/log_every").value, 600);
    let history: ConfigHistory = desk.ask(&Request::config_history()).expect("the history");
    let states: Vec<_> = history.generations.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["applied", "reverted", "applied", "applied", "reverted", "applied"]);
    desk.end();
}

#[test]
fn strategies_come_and_go() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    let second = json!({ "plugin": "counter", "config": { "log_every": 100 } });
    let done = desk.changed(&put("strategy/second", second.clone()));
    assert!(done.report.contains("strategy second started"), "{done:?}");
    desk.wait_for_events("counter", "second", 50);
    let done = desk.changed(&Request::config_delete("strategy/second"));
    assert!(done.report.contains("strategy second stopped"), "{done:?}");
    desk.wait("counter", "the end of second", |plugin| {
        instance_of(plugin, "second").state.name() == "retired"
    });
    // with its state, in its place
    desk.changed(&put("strategy/second", second));
    desk.wait_for_events("counter", "second", 50);
    // orders that are limited from now on
    let done = desk.changed(&put("risk/max_open_orders", json!(7)));
    assert!(done.report.contains("limits"), "{done:?}");
    // an exchange is told, or exchanged: the synthetic one takes no configuration while it runs
    let done = desk.changed(&put("exchange/synthetic/config/rate", json!(1500)));
    assert!(done.report.contains("exchange synthetic"), "{done:?}");
    desk.wait_for_events("counter", "counter", 50);
    let problem = desk.unchanged(&put("exchange/synthetic/plugin", json!("csv")));
    assert_ne!(problem.status, 200, "what an exchange is made of: {problem}");
    let ended = desk.end();
    let figures = crate::figures::Figures::last_of(&ended.err, "second");
    assert_eq!(figures.get("restores"), 1);
}

#[test]
fn drop_ins_are_layered_and_every_value_has_a_place() {
    let mut desk = Desk::new(&format!("verbose = false\n[plugins]\nwatch = false\n{SYNTHETIC}"));
    desk.put("strategy_counter", COUNTER);
    desk.write("conf.d/20-counter.toml", COUNTING);
    desk.write("conf.d/30-more.toml", "[[strategy]]\nname = \"counter\"\nconfig.log_every = 4000\n");
    desk.write("conf.d/40-masked.toml", "");
    desk.start();
    let config = desk.config();
    assert_eq!(config.files, ["stratd.toml", "conf.d/20-counter.toml", "conf.d/30-more.toml"]);
    let part = desk.part("strategy/counter/config/log_every");
    assert_eq!((part.value, part.source.as_deref()), (json!(4000), Some("conf.d/30-more.toml:3")));
    let (code, said) = desk.stratctl(&["config", "show"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("# conf.d/20-counter.toml:3") && said.contains("# --trading-type"), "{said}");
    desk.write("conf.d/30-more.toml", "[[strategy]]\nname = \"counter\"\nconfig.log_evry = 4000\n");
    let (code, said) = desk.stratctl(&["reload"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("conf.d/30-more.toml:3:8: strategy[0].config.log_evry: unknown key"), "{said}");
    // an empty file masks what it had said
    desk.write("conf.d/30-more.toml", "");
    assert_eq!(desk.stratctl(&["reload"]).0, Some(0));
    assert_eq!(desk.config().files.len(), 2);
    desk.end();
}

#[test]
fn a_secret_reaches_the_plugin_and_nothing_else() {
    const SECRET: &str = "none-in-drop";
    let strategy =
        "\n[[strategy]]\nplugin = \"faulty\"\nname = \"keyed\"\nconfig = { fault = \"${credential:api}\" }\n";
    let mut desk = Desk::new(&format!("[plugins]\nwatch = false\n{SYNTHETIC}{strategy}"));
    desk.put("strategy_faulty", "libstrategy_faulty.so");
    desk.write("creds/api", &format!("{SECRET}\n"));
    let refused = desk.command().output().expect("stratd starts");
    assert_eq!(refused.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is no credential api"), "{refused:?}");
    desk.start_with(&[("CREDENTIALS_DIRECTORY", "creds")]);
    desk.wait("faulty", "events", |plugin| instance_of(plugin, "keyed").events > 10);
    assert_eq!(desk.part("strategy/keyed/config/fault").value, "${credential:api}");
    // told again, with what the file says by now
    desk.write("creds/api", "error-in-config");
    desk.changed(&put("strategy/keyed/config/at", json!(2_000_000)));
    // what the plugin says of its configuration is freed of it
    desk.write("creds/api", "no-such-misbehaviour");
    let problem = desk.unchanged(&put("strategy/keyed/config/at", json!(3_000_000)));
    assert!(!problem.detail.contains("no-such-misbehaviour"), "{problem}");
    let environment = format!("/proc/{}/environ", desk.running().id());
    let environment = fs::read(environment).expect("the daemon lives");
    desk.end();
    let mut kept = vec![environment];
    let mut folders = vec![desk.path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "creds" && name != "plug") {
                folders.push(path);
            } else if path.is_file() {
                kept.push(fs::read(&path).expect("a file"));
            }
        }
    }
    for content in kept {
        for secret in [SECRET, "error-in-config", "no-such-misbehaviour"] {
            assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
}

#[test]
fn sighup_does_what_a_reload_does() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.write(
        "stratd.toml",
        &format!("[plugins]\nwatch = false\n{SYNTHETIC}{COUNTING}config.log_every = 9000\n"),
    );
    desk.running().signal("HUP");
    desk.running().wait_for_log("SIGHUP: applied [logging] of stratd.toml; strategy counter");
    assert_eq!(desk.part("strategy/counter/config/log_every").value, 9000);
    assert_eq!(desk.changed(&files()).generation, 2, "nothing has changed since");
    desk.write("stratd.toml", "verbose = 7");
    desk.running().signal("HUP");
    desk.running()
        .wait_for_log("SIGHUP: the configuration stays as it is: stratd.toml:1:11: verbose: found 7");
    assert_eq!(desk.config().generation, 2);
    desk.end();
}
