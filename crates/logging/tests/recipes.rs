//! The recipes of Python's logging cookbook: each configuration in `configs/logging`, and what it prints.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use stratd_logging::{Adapter, Config, Event, Kinds, Level, Logging, LoggingOptions, NameFilter, Value, log};

fn text_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/logging").join(name);
    std::fs::read_to_string(&path).expect("the recipe is there")
}

struct Recipe {
    folder: tempfile::TempDir,
    logging: Logging,
}

impl Recipe {
    /// The recipe, with files in a folder of the test and the console in the file `console`.
    fn new(name: &str) -> Self {
        let text = text_of(name);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let text = text.replace("/var/log/stratd", &folder.path().to_string_lossy());
        let file = |stream: &str| format!("kind = \"file\"\npath = \"{}/{stream}\"", folder.path().display());
        let text = text
            .replace("kind = \"stream\"\ntarget = \"stderr\"", &file("console"))
            .replace("kind = \"stream\"\ntarget = \"stdout\"", &file("stdout"));
        let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
        let logging = Logging::with_options(&options);
        logging.apply(Config::parse(&text).expect("the recipe is good")).expect("its files can be opened");
        Self { folder, logging }
    }

    fn log(&self, logger: &str, level: i32, text: &str) {
        self.logging.logger(logger).expect("the logger can be made").log(Level::new(level), text);
    }

    fn lines(&self, file: &str) -> Vec<String> {
        self.logging.flush();
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn five_levels(&self, logger: &str) {
        for (level, word) in [(10, "debug"), (20, "info"), (30, "warn"), (40, "error"), (50, "critical")] {
            self.log(logger, level, &format!("{word} message"));
        }
    }
}

/// True for a time as `asctime` tells it: `2005-03-23 23:47:11,663`.
fn is_time(text: &str) -> bool {
    let shape = "0000-00-00 00:00:00,000";
    let is_same = |(c, shape): (char, char)| if shape == '0' { c.is_ascii_digit() } else { c == shape };
    text.len() == shape.len() && text.chars().zip(shape.chars()).all(is_same)
}

#[test]
fn every_recipe_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/logging");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // parts of plugins are made by the daemon; here anything stands in for them
        let mut kinds = Kinds::default();
        kinds.add_filter("plugin", |_| Ok(Box::new(NameFilter::new(""))));
        if let Err(error) = Config::parse_with(&std::fs::read_to_string(&path).unwrap(), &kinds) {
            panic!("{}: {error}", path.display());
        }
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn recipe_1_records_of_several_modules_arrive_through_propagation() {
    let recipe = Recipe::new("01-several-modules.toml");
    let (main, module) = ("spam_application", "spam_application.auxiliary");
    let class = "spam_application.auxiliary.Auxiliary";
    let said = [
        (main, "creating an instance of auxiliary_module.Auxiliary"),
        (class, "creating an instance of Auxiliary"),
        (main, "created an instance of auxiliary_module.Auxiliary"),
        (main, "calling auxiliary_module.Auxiliary.do_something"),
        (class, "doing something"),
        (class, "done doing something"),
        (main, "finished auxiliary_module.Auxiliary.do_something"),
        (main, "calling auxiliary_module.some_function()"),
        (module, "received a call to 'some_function'"),
        (main, "done with auxiliary_module.some_function()"),
    ];
    said.iter().for_each(|(logger, text)| recipe.log(logger, 20, text));
    let lines = recipe.lines("spam.log");
    assert_eq!(lines.len(), said.len());
    for (line, (logger, text)) in lines.iter().zip(said) {
        let (time, rest) = line.split_at(23);
        assert!(is_time(time) && rest == format!(" - {logger} - INFO - {text}"), "{line}");
    }
    assert!(recipe.lines("console").is_empty());
}

#[test]
fn recipe_2_records_of_two_threads_are_whole_lines_in_the_order_of_each() {
    let recipe = Recipe::new("02-threads.toml");
    let speak = |name: &str, text: &'static str| {
        let logger = recipe.logging.logger("root").unwrap();
        let say = move || (0..50).for_each(|index| log!(logger, Level::DEBUG, "{text} {index}"));
        std::thread::Builder::new().name(name.to_owned()).spawn(say).unwrap()
    };
    let threads = [speak("Thread-1", "Hi from myfunc"), speak("MainThread", "Hello from main")];
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let lines = recipe.lines("console");
    assert_eq!(lines.len(), 100);
    for words in ["Thread-1 Hi from myfunc", "MainThread Hello from main"] {
        let said: Vec<&String> = lines.iter().filter(|line| line.contains(words)).collect();
        let whole = |(index, line): (usize, &&String)| {
            let time = line.strip_suffix(&format!(" {words} {index}"));
            time.is_some_and(|time| time.len() == 6 && time.trim().parse::<u32>().is_ok())
        };
        assert!(said.len() == 50 && said.iter().enumerate().all(whole), "{said:#?}");
    }
}

#[test]
fn recipe_5_a_new_configuration_acts_at_once_and_a_bad_one_not_at_all() {
    let recipe = Recipe::new("03-several-handlers.toml");
    recipe.log("simpleExample", 10, "before");
    let console = recipe.folder.path().join("console");
    let text = text_of("05-configuration-server.toml")
        .replace("kind = \"stream\"\ntarget = \"stdout\"", &format!("kind = \"file\"\npath = {console:?}"));
    let bad = text.replace("propagate = false", "propagate = 3");
    let refusal = Config::parse(&bad).unwrap_err().to_string();
    let line = bad.lines().position(|line| line == "propagate = 3").unwrap() + 1;
    let expected = format!("line {line}: loggers.simpleExample.propagate: found 3 (accepted: true or false)");
    assert!(refusal.contains(&expected), "{refusal}");
    recipe.log("simpleExample", 10, "still before");
    recipe.logging.apply(Config::parse(&text).unwrap()).unwrap();
    recipe.five_levels("simpleExample");
    let lines = recipe.lines("console");
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[0].ends_with(" - simpleExample - DEBUG - debug message"), "{lines:?}");
}

#[test]
fn recipe_3_five_lines_in_the_file_and_two_on_the_console() {
    let recipe = Recipe::new("03-several-handlers.toml");
    recipe.five_levels("simple_example");
    assert_eq!(recipe.lines("spam.log").len(), 5);
    assert_eq!(recipe.lines("console"), ["error message", "critical message"]);
}

#[test]
fn recipe_4_the_console_shows_what_matters_and_the_file_everything() {
    let recipe = Recipe::new("04-several-destinations.toml");
    recipe.log("root", 20, "Jackdaws love my big sphinx of quartz.");
    recipe.log("myapp.area1", 10, "Quick zephyrs blow, vexing daft Jim.");
    recipe.log("myapp.area1", 20, "How quickly daft jumping zebras vex.");
    recipe.log("myapp.area2", 30, "Jail zesty vixen who grabbed pay from quack.");
    recipe.log("myapp.area2", 40, "The five boxing wizards jump quickly.");
    let console = [
        "root        : INFO     Jackdaws love my big sphinx of quartz.",
        "myapp.area1 : INFO     How quickly daft jumping zebras vex.",
        "myapp.area2 : WARNING  Jail zesty vixen who grabbed pay from quack.",
        "myapp.area2 : ERROR    The five boxing wizards jump quickly.",
    ];
    assert_eq!(recipe.lines("console"), console);
    let file = recipe.lines("myapp.log");
    assert_eq!(file.len(), 5);
    assert_eq!(file[1].get(11..), Some(" myapp.area1  DEBUG    Quick zephyrs blow, vexing daft Jim."));
}

#[test]
fn recipe_7_a_filter_adds_context() {
    let recipe = Recipe::new("07-context.toml");
    recipe.log("a.b.c", 10, "A debug message");
    let lines = recipe.lines("console");
    let expected = " a.b.c DEBUG    IP: 123.231.231.123 User: fred     A debug message";
    assert!(lines.len() == 1 && is_time(&lines[0][..23]) && lines[0][23..] == *expected, "{lines:?}");
}

#[test]
fn recipe_7_an_adapter_puts_its_context_before_the_message() {
    let recipe = Recipe::new("07-adapter.toml");
    let mut adapter = Adapter::new(recipe.logging.logger("connections").unwrap());
    adapter.set("connid", Value::from("some_conn_id"));
    adapter.set_prefix("connid");
    adapter.log(Level::INFO, "message");
    let calls = AtomicI64::new(0);
    adapter.set_computed("connid", move || Value::from(calls.fetch_add(1, Ordering::Relaxed)));
    adapter.log(Level::INFO, "message");
    adapter.log(Level::INFO, "message");
    assert_eq!(recipe.lines("console"), ["[some_conn_id] message", "[0] message", "[1] message"]);
}

#[test]
fn recipe_9_six_files_of_twenty_bytes() {
    let recipe = Recipe::new("09-rotation.toml");
    (0..20).for_each(|index| recipe.log("MyLogger", 10, &format!("i = {index}")));
    assert_eq!(recipe.lines("rotating.out"), ["i = 19"]);
    assert_eq!(recipe.lines("rotating.out.1"), ["i = 17", "i = 18"]);
    for number in 1..=5 {
        assert!(!recipe.lines(&format!("rotating.out.{number}")).is_empty());
    }
    assert!(recipe.lines("rotating.out.6").is_empty());
}

#[test]
fn recipe_14_a_word_drops_a_record_and_others_are_marked() {
    let recipe = Recipe::new("14-filter-with-parameter.toml");
    recipe.log("root", 10, "hello");
    recipe.log("root", 10, "hello - noshow");
    assert_eq!(recipe.lines("console"), ["changed: hello"]);
}

#[test]
fn recipe_15_an_error_takes_one_line() {
    let recipe = Recipe::new("15-one-line-exceptions.toml");
    let text = "Traceback (most recent call last):\n  File \"logtest7.py\", line 30, in main\n    x = 1 / 0\n\
                ZeroDivisionError: integer division or modulo by zero";
    let said = "ZeroDivisionError: integer division or modulo by zero";
    recipe.log("root", 20, "Sample message");
    let logger = recipe.logging.logger("root").unwrap();
    logger.emit(&Event { exc_text: Some(text), ..Event::new(Level::ERROR, format_args!("{said}")) });
    let lines = recipe.lines("output.txt");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let expected = [
        "|INFO|Sample message|".to_owned(),
        format!(
            r"|ERROR|{said}|'Traceback (most recent call last):\n  File {:?}, line 30, in main\n    x = 1 / 0\n{said}'|",
            "logtest7.py"
        ),
    ];
    for (line, expected) in lines.iter().zip(expected) {
        let (time, rest) = line.split_at("28/01/2015 07:21:23".len());
        let digits = time.char_indices().filter(|(_, c)| c.is_ascii_digit()).count();
        let marks: String = time.chars().filter(|c| !c.is_ascii_digit()).collect();
        assert_eq!((digits, marks.as_str(), rest), (14, "// ::", expected.as_str()), "{line}");
    }
}

#[test]
fn recipe_17_nothing_is_printed_until_something_goes_wrong() {
    let recipe = Recipe::new("17-buffer.toml");
    for (level, name) in [(10, "DEBUG"), (20, "INFO"), (30, "WARNING")] {
        recipe.log("root", level, &format!("Actually logged at {name}"));
    }
    assert!(recipe.lines("console").is_empty());
    recipe.log("root", 40, "Actually logged at ERROR");
    assert_eq!(recipe.lines("console").len(), 4);
    recipe.log("root", 50, "Actually logged at CRITICAL");
    assert_eq!(recipe.lines("console").len(), 5);
    recipe.log("root", 10, "forgotten");
    recipe.logging.shutdown(Duration::from_secs(10));
    assert_eq!(recipe.lines("console").len(), 5);
}

#[test]
fn recipe_18_one_record_in_two_zones() {
    // the zone of a process is read once: the test runs itself where it is five and a half hours later
    const CHILD: &str = "STRATD_TEST_TWO_ZONES";
    if std::env::var_os(CHILD).is_none() {
        let name = "recipe_18_one_record_in_two_zones";
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", name]).env(CHILD, "1").env("TZ", "IST-5:30").output().unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let recipe = Recipe::new("18-utc.toml");
    recipe.log("root", 20, "The local time is now");
    // the minutes of the day, and the rest of the line
    let of_day = |file: &str| {
        let lines = recipe.lines(file);
        assert!(lines.len() == 1 && is_time(&lines[0][..23]), "{lines:?}");
        let number = |from: usize| lines[0][from..from + 2].parse::<i32>().unwrap();
        (number(11) * 60 + number(14), lines[0][16..].to_owned())
    };
    let ((utc, same), (local, rest)) = (of_day("console"), of_day("stdout"));
    assert_eq!((local - utc).rem_euclid(24 * 60), 5 * 60 + 30);
    assert_eq!(same, rest);
    assert!(rest.ends_with(" The local time is now"), "{rest}");
}

#[test]
fn recipe_12_fields_follow_the_message_as_json() {
    let recipe = Recipe::new("12-structured.toml");
    let logger = recipe.logging.logger("root").unwrap();
    log!(logger, Level::INFO, ["foo" => "bar", "bar" => "baz", "num" => 123, "fnum" => 123.456], "message 1");
    log!(logger, Level::INFO, ["set_value" => Value::Json("[1, 2, 3]".into()), "snowman" => "\u{2603}"], "message 1");
    let lines = recipe.lines("console");
    assert_eq!(lines[0], r#"message 1 >>> {"foo": "bar", "bar": "baz", "num": 123, "fnum": 123.456}"#);
    // as JSON has it: the character itself, or its escape
    let (text, json) = lines[1].split_once(" >>> ").unwrap();
    let read: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        (text, read),
        ("message 1", serde_json::json!({"set_value": [1, 2, 3], "snowman": "\u{2603}"}))
    );
}

#[test]
fn recipe_19_a_level_and_a_handler_for_a_while() {
    let recipe = Recipe::new("19-temporary.toml");
    let say = |level: i32, number: u32| recipe.log("foo", level, &format!("{number}"));
    say(20, 1);
    say(10, 2);
    let scope = recipe.logging.scoped("foo", Some(Level::DEBUG), None).unwrap();
    say(10, 3);
    drop(scope);
    say(10, 4);
    let scope = recipe.logging.scoped("foo", Some(Level::DEBUG), Some("second")).unwrap();
    say(10, 5);
    drop(scope);
    say(20, 6);
    say(10, 7);
    assert_eq!(recipe.lines("console"), ["1", "3", "5", "6"]);
    assert_eq!(recipe.lines("stdout"), ["5"]);
}
