//! What a strategy in Rust says, in every way that the SDK has.

use crate::said::{LOGGING, line, said};

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
