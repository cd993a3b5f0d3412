//! A backtest with a strategy that talks, and the lines that arrive.

use std::{fs, path::Path};

use stratd_tests::{Place, plugin};

const ROWS: &str = "date,open,high,low,close,volume\n2020-01-02,10,11,9,10,100\n2020-01-03,10,11,9,10,100\n2020-01-06,10,11,9,10,100\n";

/// Everything of a record that a plugin can decide.
pub(crate) const LOGGING: &str = r#"
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
pub(crate) fn said(say: &str, logging: &str) -> Vec<String> {
    let place = place(say, logging);
    run(&place);
    own_lines(&place)
}

/// The folder of a backtest whose strategy says this.
pub(crate) fn place(say: &str, logging: &str) -> Place {
    place_of(&plugin("strategy_talker"), &format!("config = {{ say = [{say}] }}"), logging)
}

/// The folder of a backtest with that strategy, which is called `talk`.
pub(crate) fn place_of(strategy: &Path, more: &str, logging: &str) -> Place {
    let run = format!(
        "trading_type = \"backtest\"\n[[exchange]]\nplugin = \"csv\"\nconfig = {{ file = \"AAPL.csv\", symbol = \"AAPL\" }}\n\
         [[strategy]]\nplugin = \"{}\"\nname = \"talk\"\n{more}\n",
        strategy.display()
    );
    Place::new(&[("stratd.toml", &format!("{run}{logging}")), ("AAPL.csv", ROWS)])
}

/// Runs the backtest, which must succeed.
#[track_caller]
pub(crate) fn run(place: &Place) {
    let ran = place.stratd(&["run", "stratd.toml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// The text of a file that the backtest wrote.
#[track_caller]
pub(crate) fn text_of(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The lines of the strategy.
#[track_caller]
pub(crate) fn own_lines(place: &Place) -> Vec<String> {
    let text = text_of(place, "all.log");
    let own = text.lines().filter(|line| line.contains("|strategy.talk") || !line.contains('|'));
    own.map(str::to_owned).collect()
}

/// The line with that message.
#[track_caller]
pub(crate) fn line<'a>(lines: &'a [String], message: &str) -> &'a str {
    let found = lines.iter().find(|line| line.split('|').nth(2) == Some(message));
    found.unwrap_or_else(|| panic!("no line `{message}` in {lines:#?}"))
}
