//! What plugins log, end to end: a backtest with a strategy that talks, and the lines that arrive.

use std::fs;

use stratd_tests::{Place, plugin, workspace};

const ROWS: &str = "date,open,high,low,close,volume\n2020-01-02,10,11,9,10,100\n2020-01-03,10,11,9,10,100\n2020-01-06,10,11,9,10,100\n";

/// Everything of a record that a plugin can decide.
const LOGGING: &str = r#"
[logging.formatters.whole]
format = "%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s|%(threadName)s|%(module)s"
[logging.handlers.all]
kind = "file"
path = "all.log"
formatter = "whole"
[logging.root]
level = "INFO"
handlers = ["all"]
"#;

/// What a strategy that says so leaves in the log, its own lines alone.
fn said(say: &str, logging: &str) -> Vec<String> {
    let place = place(say, logging);
    let ran = place.stratd(&["run", "stratd.toml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let text = fs::read_to_string(place.path().join("all.log")).expect("a log");
    let own = text.lines().filter(|line| line.contains("|strategy.talk") || !line.contains('|'));
    own.map(str::to_owned).collect()
}

fn place(say: &str, logging: &str) -> Place {
    let run = format!(
        "trading_type = \"backtest\"\n[[exchange]]\nplugin = \"csv\"\nconfig = {{ file = \"AAPL.csv\", symbol = \"AAPL\" }}\n\
         [[strategy]]\nplugin = \"{}\"\nname = \"talk\"\nconfig = {{ say = [{say}] }}\n",
        plugin("strategy_talker").display()
    );
    Place::new(&[("stratd.toml", &format!("{run}{logging}")), ("AAPL.csv", ROWS)])
}

/// The line with that message.
fn line<'a>(lines: &'a [String], message: &str) -> &'a str {
    let found = lines.iter().find(|line| line.split('|').nth(2) == Some(message));
    found.unwrap_or_else(|| panic!("no line `{message}` in {lines:#?}"))
}

#[test]
fn levels_are_numbers_and_those_below_the_logger_stay_away() {
    let lines = said("\"levels\"", LOGGING);
    let levels: Vec<&str> =
        lines.iter().filter(|line| line.contains("|at ")).filter_map(|line| line.split('|').next()).collect();
    assert_eq!(levels, ["INFO", "Level 25", "WARNING", "ERROR", "CRITICAL"]);
}

#[test]
fn a_record_names_its_instance_and_the_instrument_and_order_in_hand() {
    let lines = said("\"levels\", \"order\"", LOGGING);
    let level = line(&lines, "at 20");
    assert!(level.contains("instance=talk") && level.contains("instrument=AAPL"), "{level}");
    assert!(level.contains("time=2020-01-02T") && !level.contains("order_id="), "{level}");
    assert!(level.ends_with("strategy_talker") || level.contains("|lib"), "{level}");
    let bought = line(&lines, "bought");
    assert!(bought.contains("instrument=AAPL") && bought.contains("order_id=1"), "{bought}");
    let end = line(&lines, "the end");
    assert!(!end.contains("instrument="), "{end}");
}

#[test]
fn fields_keep_their_types_and_those_beyond_the_limit_are_counted() {
    let json = LOGGING.replace("%(fields_logfmt)s", "%(fields_json)s");
    let lines = said("\"fields\"", &json);
    let fields = line(&lines, "fields").split('|').nth(3).expect("fields").to_owned();
    let value: serde_json::Value = serde_json::from_str(&fields).expect("JSON");
    assert_eq!(value["text"], "a b");
    assert_eq!(value["int"], -7);
    assert_eq!(value["unsigned"], u64::MAX);
    assert_eq!(value["float"], 0.5);
    assert_eq!(value["flag"], true);
    let many = line(&lines, "many fields");
    assert!(many.contains("\"f63\"") && !many.contains("\"f64\""), "{many}");
    assert!(many.contains("\"fields_left_out\": 6"), "{many}");
}

#[test]
fn fields_that_are_called_like_attributes_are_renamed() {
    let lines = said("\"clash\"", LOGGING);
    let clash = line(&lines, "clash");
    assert!(clash.contains("x_message=mine x_levelname=LOUD x_name=1"), "{clash}");
}

#[test]
fn a_message_of_a_mebibyte_arrives_whole() {
    let lines = said("\"large\"", LOGGING);
    let large = lines.iter().find(|line| line.len() > 1 << 20).expect("a long line");
    assert_eq!(large.matches('é').count(), 1 << 19);
    assert!(!large.contains("bytes_cut"), "it was cut");
}

#[test]
fn a_display_that_panics_costs_one_record() {
    let lines = said("\"display-panic\"", LOGGING);
    assert!(line(&lines, "after the panic").contains("is_caught=true"));
}

#[test]
fn a_plugin_logs_in_every_phase_of_its_life_and_from_its_own_thread() {
    let lines = said("\"phases\", \"thread\"", LOGGING);
    for message in ["in new", "in drop"] {
        assert!(line(&lines, message).starts_with("INFO|strategy.talk|"), "{lines:#?}");
    }
    let thread = line(&lines, "from a thread");
    assert!(
        thread.starts_with("INFO|strategy.talk.worker|") && thread.contains("|talker-worker|"),
        "{thread}"
    );
    assert!(line(&lines, "from a thread without a logger").starts_with("INFO|strategy.talk|"));
}

#[test]
fn the_crates_log_and_tracing_arrive_below_the_instance() {
    let lines = said("\"crates\"", LOGGING);
    let log = line(&lines, "through log");
    assert!(log.starts_with("INFO|strategy.talk.deep.module|") && log.contains("key=value"), "{log}");
    let tracing = line(&lines, "through tracing");
    assert!(tracing.starts_with("WARNING|strategy.talk.strategy_talker|"), "{tracing}");
    assert!(tracing.contains("quantity=7 side=buy"), "{tracing}");
    assert!(!lines.iter().any(|line| line.contains("too fine")), "{lines:#?}");
}

#[test]
fn a_buffer_is_shown_only_if_something_goes_wrong() {
    let lines = said("\"buffered\"", LOGGING);
    let messages: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split('|').nth(2))
        .filter(|message| *message != "the end")
        .collect();
    assert_eq!(messages, ["shown by an error", "shown by a panic", "shown by a record", "gone wrong"]);
}

#[test]
fn a_scope_sets_the_level_of_its_thread() {
    let lines = said("\"scoped\"", LOGGING);
    assert!(line(&lines, "in a scope").starts_with("TRACE|"));
    assert!(!lines.iter().any(|line| line.contains("silenced") || line.contains("outside")), "{lines:#?}");
}

#[test]
fn a_child_logger_and_a_field_for_all_records() {
    let lines = said("\"child\"", LOGGING);
    let child = line(&lines, "by a child");
    assert!(child.starts_with("INFO|strategy.talk.orders.sent|") && child.contains("account=U1"), "{child}");
    assert!(!line(&lines, "the end").contains("account="));
}

#[test]
fn an_error_arrives_with_its_causes() {
    let lines = said("\"error\"", LOGGING);
    let at = lines.iter().position(|line| line.starts_with("ERROR|strategy.talk|loading|")).expect("a line");
    assert_eq!(lines[at + 1..at + 3], ["the prices cannot be read", "caused by: no such file"]);
}

/// Recipe 14 with the filter of a plugin.
#[test]
fn a_filter_of_a_plugin_drops_and_marks() {
    let recipe = fs::read_to_string(workspace().join("configs/logging/14b-filter-of-a-plugin.toml"))
        .expect("the recipe is there");
    let logging = recipe.replace("\n[", "\n[logging.").replace("schema = 1", "[logging]\nschema = 1");
    let file = "kind = \"file\"\npath = \"all.log\"";
    let logging = logging.replace("kind = \"stream\"\ntarget = \"stderr\"", file);
    let place = place("\"levels\"", &logging.replace("\"noshow\", prefix", "\"at 4\", prefix"));
    let ran = place.stratd(&["run", "stratd.toml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let text = fs::read_to_string(place.path().join("all.log")).expect("a log");
    assert!(text.contains("changed: at 30\n") && text.contains("changed: at 50\n"), "{text}");
    assert!(!text.contains("at 40"), "{text}");
    // every record passed the filter
    assert!(text.lines().all(|line| line.starts_with("changed: ")), "{text}");
}

#[test]
fn what_a_part_refuses_is_told_with_its_place() {
    let refused = |table: &str| {
        let place = place("", &format!("[logging.filters.f]\nkind = \"plugin\"\n{table}\n"));
        let ran = place.stratd(&["check", "stratd.toml"]);
        assert_eq!(ran.code, 78, "{ran:#?}");
        ran.err
    };
    let part = "plugin = \"filter\"\nname = \"noshow\"";
    let empty = refused(&format!("{part}\noptions = {{ word = \"\" }}"));
    assert!(empty.contains("stratd.toml:") && empty.contains("logging.filters.f.kind: "), "{empty}");
    assert!(empty.contains("word is empty, which every message holds (expected a word)"), "{empty}");
    assert!(refused(part).contains("missing field `word`"), "{}", refused(part));
    let unknown = refused("plugin = \"filter\"\nname = \"nobody\"");
    assert!(unknown.contains("no filter \"nobody\"") && unknown.contains("filter noshow"), "{unknown}");
    let nowhere = refused("plugin = \"nowhere\"\nname = \"x\"");
    assert!(nowhere.contains("find"), "{nowhere}");
    let key = refused(&format!("{part}\ncolour = 1"));
    assert!(key.contains("unknown key colour (accepted: kind, plugin, name, options)"), "{key}");
}
