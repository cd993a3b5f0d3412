//! Filters, handlers and formatters of plugins: what they do, and what becomes of the log when they fail.

use std::fs;

use stratd_tests::{plugin, workspace};

use crate::said::{place, run, text_of};

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

/// All parts of a plugin at work: the file of its handler, and the reports apart.
fn faulty(filter: &str, handler: &str, formatter: &str) -> String {
    let library = plugin("log_faulty");
    let library = library.display();
    let part = |table: &str, name: &str, options: &str| {
        format!(
            "[logging.{table}]\nkind = \"plugin\"\nplugin = \"{library}\"\nname = \"{name}\"\noptions = {{ {options} }}\n"
        )
    };
    format!(
        "{}{}{}formatter = \"shout\"\n\
         [logging.formatters.whole]\nformat = \"%(levelname)s|%(message)s|%(fields_logfmt)s\"\n\
         [logging.handlers.all]\nkind = \"file\"\npath = \"all.log\"\nformatter = \"whole\"\nfilters = [\"count\"]\n\
         [logging.handlers.reports]\nkind = \"file\"\npath = \"reports.log\"\nformatter = \"whole\"\n\
         [logging.loggers.\"strategy.talk\"]\nlevel = \"INFO\"\nhandlers = [\"all\", \"append\"]\npropagate = false\n\
         [logging.root]\nlevel = \"INFO\"\nhandlers = [\"reports\"]\n",
        part("filters.count", "count", filter),
        part("formatters.shout", "shout", formatter),
        part("handlers.append", "append", &format!("path = \"append.log\"{handler}")),
    )
}

/// What the strategy said with the levels from INFO on, and `the end`.
const SAID: [&str; 6] = ["at 20", "at 25", "at 30", "at 40", "at 50", "the end"];

struct Logged {
    /// Of the file behind the filter.
    all: Vec<String>,
    /// Of the handler of the plugin.
    appended: Vec<String>,
    /// What the log says of itself.
    reports: Vec<String>,
}

#[track_caller]
fn logged(filter: &str, handler: &str, formatter: &str) -> Logged {
    let place = place("\"levels\"", &faulty(filter, handler, formatter));
    run(&place);
    let lines = |name: &str| -> Vec<String> { text_of(&place, name).lines().map(str::to_owned).collect() };
    let reports =
        lines("reports.log").into_iter().filter(|line| line.contains("fails") || line.contains("append"));
    Logged { all: lines("all.log"), appended: lines("append.log"), reports: reports.collect() }
}

/// The number that the filter gave each record; none for those that it did not see.
fn seen(lines: &[String]) -> Vec<Option<u64>> {
    let number = |line: &String| line.rsplit("seen=").next().and_then(|number| number.parse().ok());
    lines.iter().map(number).collect()
}

#[test]
fn a_handler_and_a_formatter_of_a_plugin_are_handed_whole_records() {
    let Logged { all, appended, reports } = logged("", "", "");
    assert_eq!(seen(&all), [1, 2, 3, 4, 5, 6].map(Some), "{all:#?}");
    // instance, time, instrument; the filter of the other handler changed a copy
    assert_eq!(appended.len(), SAID.len(), "{appended:#?}");
    assert_eq!(appended[0], "INFO strategy.talk 3: <<1 AT 20>>");
    assert_eq!(appended[1], "Level 25 strategy.talk 3: <<2 AT 25>>");
    assert_eq!(appended[4], "CRITICAL strategy.talk 3: <<5 AT 50>>");
    assert!(appended[5].ends_with(": <<6 THE END>>"), "{appended:#?}");
    assert_eq!(reports, [""; 0]);
}

#[test]
fn records_pass_a_filter_that_fails_and_it_is_reported_once() {
    let Logged { all, appended, reports } = logged("fault = \"error\", at = 3", "", "");
    assert_eq!(seen(&all), [Some(1), Some(2), None, Some(4), Some(5), Some(6)], "{all:#?}");
    assert_eq!(appended.len(), SAID.len());
    assert_eq!(reports.len(), 1, "{reports:#?}");
    let report = &reports[0];
    assert!(report.starts_with("ERROR|the filter count of "), "{report}");
    assert!(
        report.contains(" fails: as configured, at call 3|") && report.contains("failures=1"),
        "{report}"
    );
    assert!(report.contains("log-faulty"), "{report}");
}

#[test]
fn a_filter_that_panics_is_not_called_any_more() {
    let Logged { all, reports, .. } = logged("fault = \"panic\", at = 3", "", "");
    assert_eq!(seen(&all), [Some(1), Some(2), None, None, None, None], "{all:#?}");
    assert_eq!(reports.len(), 1, "{reports:#?}");
    assert!(
        reports[0].contains("the filter count of ") && reports[0].contains("as configured, at call 3"),
        "{reports:#?}"
    );
}

#[test]
fn a_formatter_that_fails_leaves_the_message() {
    let Logged { appended, reports, .. } = logged("", "", "fault = \"error\", at = 2");
    assert!(appended[0].ends_with(": <<1 AT 20>>"), "{appended:#?}");
    assert!(appended[1].ends_with(": at 25"), "nothing of what it began is left: {appended:#?}");
    assert!(appended[2].ends_with(": <<3 AT 30>>"), "{appended:#?}");
    assert_eq!(reports.len(), 1, "{reports:#?}");
    assert!(reports[0].starts_with("ERROR|the formatter shout of "), "{reports:#?}");
    let Logged { appended, reports, .. } = logged("", "", "fault = \"panic\", at = 2");
    let texts: Vec<&str> =
        appended.iter().filter_map(|line| line.split_once(": ")).map(|(_, text)| text).collect();
    assert_eq!(texts, ["<<1 AT 20>>", "at 25", "at 30", "at 40", "at 50", "the end"]);
    assert_eq!(reports.len(), 1, "{reports:#?}");
}

#[test]
fn a_handler_that_fails_loses_that_record_and_says_so_and_others_have_it() {
    let Logged { all, appended, reports } = logged("", ", fault = \"error\", at = 2", "");
    assert_eq!(all.len(), SAID.len(), "{all:#?}");
    assert_eq!(appended.len(), SAID.len() - 1, "{appended:#?}");
    assert!(!appended.iter().any(|line| line.contains("AT 25")), "{appended:#?}");
    let report = reports.iter().find(|line| line.contains("as configured, at call 2"));
    assert!(report.is_some_and(|line| line.contains("append")), "{reports:#?}");
    let Logged { all, appended, reports } = logged("", ", fault = \"panic\", at = 2", "");
    assert_eq!(all.len(), SAID.len(), "{all:#?}");
    assert_eq!(appended.len(), 1, "it is not called any more: {appended:#?}");
    assert!(reports.iter().any(|line| line.contains("as configured, at call 2")), "{reports:#?}");
}
