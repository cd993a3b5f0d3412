//! Filters and handlers of plugins in a daemon whose configuration changes.

use stratd_control::{LogHandler, LogTree, Request};

use crate::desk::{Desk, text_of};

/// Everything through a filter that numbers what it sees.
const NUMBERED: &str = r#"
[logging.filters.count]
kind = "plugin"
plugin = "faulty"
name = "count"
options = { at = 0 }

[logging.formatters.whole]
format = "%(message)s|%(fields_logfmt)s"

[logging.handlers.all]
kind = "file"
path = "all.log"
formatter = "whole"
filters = ["count"]

[logging.root]
level = "INFO"
handlers = ["all"]
"#;

/// A daemon that finds the plugin `faulty` of the log.
fn started(logging: &str) -> Desk {
    let mut desk = Desk::new(logging);
    desk.put("log_faulty");
    desk.start(&[]);
    let client = desk.client();
    desk.running().wait_until("answer", || client.send(&Request::status()).is_ok());
    desk
}

/// The numbers of the records, in the order of the file; each has one.
fn numbers(desk: &Desk) -> Vec<u64> {
    let text = text_of(&desk.path("all.log"));
    // the last line may be on its way
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let number = |line: &str| line.rsplit("seen=").next().and_then(|number| number.parse().ok());
    whole.lines().map(|line| number(line).unwrap_or_else(|| panic!("no number in `{line}`"))).collect()
}

fn hang_up(desk: &mut Desk, logging: &str, times: usize) {
    desk.configure(logging);
    desk.running().signal("HUP");
    let path = desk.path("all.log");
    let is_applied = || text_of(&path).matches("SIGHUP: applied [logging]").count() == times;
    desk.running().wait_until(&format!("{times} configurations"), is_applied);
}

#[test]
fn a_filter_of_a_plugin_is_kept_on_sighup_if_its_table_is_unchanged_and_made_anew_if_not() {
    let mut desk = started(NUMBERED);
    desk.wait_for("all.log", "listens at");
    // a logger is new, the table of the filter is the same
    hang_up(&mut desk, &format!("{NUMBERED}\n[logging.loggers.x]\nlevel = \"ERROR\"\n"), 1);
    let kept = numbers(&desk);
    assert!(kept.iter().zip(1..).all(|(number, expected)| *number == expected), "one filter: {kept:?}");
    // its own options change: another one, which begins to count anew
    hang_up(&mut desk, &NUMBERED.replace("at = 0", "at = 999999"), 2);
    let path = desk.path("all.log");
    let anew = numbers(&desk);
    let begins: Vec<usize> = (0..anew.len()).filter(|&index| anew[index] == 1).collect();
    assert_eq!(begins.len(), 2, "{anew:?}\n{}", text_of(&path));
    assert!(begins[1] >= kept.len(), "it was made when its options changed: {anew:?}");
    assert!(anew[begins[1]..].iter().zip(1..).all(|(number, expected)| *number == expected), "{anew:?}");
    desk.end();
}

#[test]
fn what_a_handler_of_a_plugin_loses_is_counted_and_told_on_demand() {
    let mut desk = started(
        r#"
[logging.handlers.own]
kind = "plugin"
plugin = "faulty"
name = "append"
options = { path = "own.log", fault = "panic", at = 3 }

[logging.handlers.all]
kind = "file"
path = "all.log"

[logging.root]
level = "INFO"
handlers = ["own", "all"]
"#,
    );
    let client = desk.client();
    let own = || -> LogHandler {
        let tree: LogTree = client.send(&Request::log_tree()).and_then(|a| a.read()).expect("a tree");
        tree.handlers.into_iter().find(|handler| handler.name == "own").expect("the handler")
    };
    desk.running().wait_until("several errors", || own().errors > 5);
    let LogHandler { kind, written, last_error, .. } = own();
    assert_eq!((kind.as_str(), written), ("plugin", 2));
    let last = last_error.expect("the last failure");
    assert!(last.contains("it panicked before and is not called any more"), "{last}");
    assert_eq!(text_of(&desk.path("own.log")).lines().count(), 2);
    desk.wait_for("all.log", "as configured, at call 3");
    desk.end();
}
