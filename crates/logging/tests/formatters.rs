//! What formatters make of records, as they are configured.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::process::Command;

use stratd_logging::{
    Config, Event, Formatter, FormatterOptions, Level, Logging, LoggingOptions, Record, Value, Zone,
};

fn lines_of(formatter: &str, log: impl FnOnce(&Logging)) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("out");
    let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    let text = format!(
        "[formatters.f]\n{formatter}\n[handlers.h]\nkind = \"file\"\npath = {path:?}\nformatter = \"f\"\n\
         [root]\nlevel = 1\nhandlers = [\"h\"]"
    );
    logging.apply(Config::parse(&text).expect("the configuration is good")).expect("it can be applied");
    log(&logging);
    logging.flush();
    std::fs::read_to_string(path).expect("it was written")
}

#[test]
fn a_line_of_json_has_no_key_twice_and_renamed_fields_are_counted() {
    let text = lines_of("layout = \"json\"", |logging| {
        let fields = [
            ("time", Value::from("noon")),
            ("line", Value::from(7)),
            ("x_line", Value::from(8)),
            ("level", Value::from("low")),
            ("order_id", Value::from(17)),
        ];
        let event = Event::new(Level::INFO, format_args!("hello"));
        logging.logger("a").unwrap().emit(&Event { fields: &fields, ..event });
        logging.flush();
        assert_eq!(logging.renamed_fields(), 3);
        // it counts on when another configuration takes over
        logging.apply(Config::parse("").unwrap()).unwrap();
        assert_eq!(logging.renamed_fields(), 3);
    });
    let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(line.len(), text.matches("\":").count(), "a key is there twice: {text}");
    assert_eq!(
        (&line["level"], &line["message"], &line["order_id"]),
        (&"INFO".into(), &"hello".into(), &17.into())
    );
    assert_eq!((&line["x_time"], &line["x_x_line"], &line["x_line"]), (&"noon".into(), &7.into(), &8.into()));
}

#[test]
fn a_line_of_logfmt_has_no_key_twice() {
    let text = lines_of("layout = \"logfmt\"", |logging| {
        let fields = [("time", Value::from("noon")), ("logger", Value::from("b"))];
        let event = Event::new(Level::INFO, format_args!("hello"));
        logging.logger("a").unwrap().emit(&Event { fields: &fields, ..event });
    });
    assert!(text.ends_with(" level=INFO logger=a message=hello x_time=noon x_logger=b\n"), "{text}");
}

#[test]
fn errors_are_appended_or_on_one_line_or_left_out() {
    let cases = [
        ("", "m\nE: x\n  at y\nstack\n"),
        ("exc = \"append\"", "m\nE: x\n  at y\nstack\n"),
        ("exc = \"one_line\"", "m\\nE: x\\n  at y\\nstack\n"),
        ("exc = \"omit\"", "m\n"),
    ];
    for (exc, expected) in cases {
        let text = lines_of(&format!("format = \"%(message)s\"\n{exc}"), |logging| {
            let event = Event::new(Level::ERROR, format_args!("m"));
            let (exc_text, stack_info) = (Some("E: x\n  at y"), Some("stack"));
            logging.logger("a").unwrap().emit(&Event { exc_text, stack_info, ..event });
        });
        assert_eq!(text, expected, "{exc}");
    }
}

#[test]
fn color_is_for_all_or_none_or_terminals() {
    let colored = |formatter: &str| {
        lines_of(&format!("format = \"%(message)s\"\n{formatter}"), |logging| {
            logging.logger("a").unwrap().log(Level::ERROR, "m");
        })
    };
    assert_eq!(colored("color = true"), "\x1b[31mm\x1b[0m\n");
    assert_eq!(colored("color = false"), "m\n");
    // a file is no terminal
    assert_eq!(colored("color = \"auto\""), "m\n");
    let error = Config::parse("[formatters.f]\ncolor = \"always\"").unwrap_err().to_string();
    assert!(error.contains("line 2: formatters.f.color: found \"always\" (accepted: true, false, \"auto\")"));
}

/// Not a test by itself: the child of the next one. A terminal echoes what is written to its other end.
#[test]
fn child_that_writes_to_a_terminal() {
    if std::env::var_os("STRATD_LOGGING_TERMINAL").is_none() {
        return;
    }
    let mut terminal = std::fs::File::options().read(true).write(true).open("/dev/ptmx").unwrap();
    let text = format!(
        "[formatters.f]\nformat = \"<%(message)s>\"\ncolor = \"auto\"\n[handlers.h]\nkind = \"stream\"\n\
         target = \"fd:{}\"\nformatter = \"f\"\n[root]\nhandlers = [\"h\"]",
        terminal.as_raw_fd()
    );
    let logging = Logging::new();
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    logging.logger("a").unwrap().log(Level::ERROR, "hello");
    logging.flush();
    let mut echo = [0; 200];
    let count = terminal.read(&mut echo).unwrap();
    let mut out = std::io::stdout();
    out.write_all(b"echo:").unwrap();
    out.write_all(&echo[..count]).unwrap();
    out.flush().unwrap();
}

#[test]
fn a_terminal_gets_colours_unless_its_user_says_no() {
    let run = |no_color: &str, term: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_writes_to_a_terminal", "--nocapture"])
            .env("STRATD_LOGGING_TERMINAL", "1")
            .env("NO_COLOR", no_color)
            .env("TERM", term)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("echo:") && text.contains("<hello>"), "{text}");
        // the terminal shows an escape as two characters
        text.contains("^[[31m")
    };
    assert!(run("", "xterm"));
    assert!(!run("1", "xterm"));
    assert!(!run("", "dumb"));
}

/// Seconds around changes of the clock, and far from them.
fn seconds() -> impl Iterator<Item = i64> {
    let around = [1_445_126_400, 1_459_040_400, 1_699_167_600, 1_710_054_000, 954_032_400];
    let near = around.into_iter().flat_map(|at| (-4..4).map(move |step| at + step * 1800));
    near.chain((0..200).map(|step| -500_000_000 + step * 15_485_863))
}

fn text_in(zone: Zone) -> String {
    let options = FormatterOptions {
        format: Some("%(asctime)s".into()),
        date_format: Some("%Y-%m-%d %H:%M:%S %Z %z %j %a".into()),
        zone,
        ..FormatterOptions::default()
    };
    let mut formatter = Formatter::new(&options).expect("the format is good");
    let mut text = String::new();
    for second in seconds() {
        let mut record = Record::new("a", Level::INFO, "");
        record.created_ns = second * 1_000_000_000;
        formatter.format(&record, &mut text).expect("every second is in a year");
        text.push('\n');
    }
    text
}

/// Not a test by itself: the child of the next one, whose zone is the one it was started in.
#[test]
fn child_that_tells_the_local_time() {
    if let Ok(path) = std::env::var("STRATD_LOGGING_ZONE_OUT") {
        std::fs::write(path, text_in(Zone::Local)).unwrap();
    }
}

#[test]
fn a_zone_by_name_is_the_local_zone_of_a_process_there() {
    let folder = tempfile::tempdir().unwrap();
    for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"] {
        let path = folder.path().join("out");
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_tells_the_local_time"])
            .env("STRATD_LOGGING_ZONE_OUT", &path)
            .env("TZ", zone)
            .output()
            .unwrap()
            .status;
        assert!(status.success());
        let expected = std::fs::read_to_string(&path).unwrap();
        let ours = text_in(Zone::parse(zone).unwrap());
        for (ours, expected) in ours.lines().zip(expected.lines()) {
            assert_eq!(ours, expected, "{zone}");
        }
        assert_eq!(ours.lines().count(), expected.lines().count());
    }
}

#[test]
fn zones_are_configured_by_name() {
    let text = lines_of("format = \"%(asctime)s\"\ndatefmt = \"%z\"\ntz = \"Asia/Tokyo\"", |logging| {
        logging.logger("a").unwrap().log(Level::INFO, "");
    });
    assert_eq!(text, "+0900\n");
    let error = Config::parse("[formatters.f]\ntz = \"Europe/Atlantis\"").unwrap_err().to_string();
    assert!(error.contains("line 2: formatters.f.tz: found \"Europe/Atlantis\""), "{error}");
    let error = Config::parse("[formatters.f]\ntz = \"UTC\"\nutc = true").unwrap_err().to_string();
    assert!(error.contains("line 3: formatters.f.utc: tz says that already"), "{error}");
}

#[test]
fn variables_of_the_environment_are_filled_in_outside_of_formats() {
    let folder = tempfile::tempdir().unwrap();
    // the one variable that every process has
    let value = std::env::var("PATH").unwrap();
    let text = format!(
        "[formatters.f]\nstyle = \"$\"\nformat = \"${{message}} ${{host}}\"\ndefaults = {{ host = \"${{PATH}}\" }}\n\
         [handlers.h]\nkind = \"file\"\npath = \"{}/a-$${{x}}.log\"\nformatter = \"f\"\n\
         [root]\nlevel = 10\nhandlers = [\"h\"]",
        folder.path().display()
    );
    let logging = Logging::new();
    logging.apply(Config::parse(&text).unwrap()).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    logging.flush();
    let written = std::fs::read_to_string(folder.path().join("a-${x}.log")).unwrap();
    assert_eq!(written, format!("hello {value}\n"));
    let bad = "[handlers.h]\nkind = \"file\"\npath = \"/x/${STRATD_NO_SUCH_VARIABLE}\"";
    let error = Config::parse(bad).unwrap_err().to_string();
    assert!(
        error.contains("line 3: handlers.h.path: variable STRATD_NO_SUCH_VARIABLE is not set"),
        "{error}"
    );
}
