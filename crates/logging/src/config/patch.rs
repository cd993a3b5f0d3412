//! An incremental configuration: levels, propagation and `disable`, and nothing else.
//!
//! Python ignores what else such a configuration says. Here it is refused: who writes it expects it to be done.
//! `levels` is the exception: it names levels for the text that it stands in.

use super::{
    Config, LoggerSpec, handler,
    section::{Section, join},
};

const TOP_KEYS: [&str; 6] = ["disable", "handlers", "incremental", "loggers", "root", "schema"];
const LOGGER_KEYS: [&str; 2] = ["level", "propagate"];

/// Reads the keys that an incremental configuration may have.
pub(super) fn read(section: &Section<'_>, config: &mut Config) {
    for (name, section) in section.sections("handlers") {
        refuse_others(&section, &["level"], &[]);
        config.handlers.extend(handler::read_level(name, &section));
    }
    for (name, section) in section.sections("loggers") {
        config.loggers.push((name.to_owned(), read_logger(&section)));
    }
    config.root = section.section("root").map(|section| read_logger(&section));
    refuse_others(section, &TOP_KEYS, &["levels"]);
}

fn read_logger(section: &Section<'_>) -> LoggerSpec {
    refuse_others(section, &LOGGER_KEYS, &[]);
    if section.rest().is_empty() {
        section.add(section.path_here(), format!("says nothing (accepted: {})", LOGGER_KEYS.join(", ")));
    }
    LoggerSpec {
        level: section.level("level"),
        propagate: section.flag("propagate"),
        ..LoggerSpec::default()
    }
}

fn refuse_others(section: &Section<'_>, accepted: &[&str], silent: &[&str]) {
    for key in section.rest().keys().map(String::as_str) {
        if !accepted.contains(&key) && !silent.contains(&key) {
            let text = format!("no key of an incremental configuration (accepted: {})", accepted.join(", "));
            section.add(join(&section.path_here(), key), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Logging};

    fn refusal(text: &str) -> String {
        Config::parse(&format!("incremental = true\n{text}")).unwrap_err().to_string()
    }

    #[test]
    fn what_an_incremental_configuration_does_not_change_is_refused() {
        for (text, key) in [
            ("handlers.x = { level = \"INFO\", bogus = 1 }", "handlers.x.bogus"),
            ("handlers.x = { level = \"INFO\", formatter = \"f\" }", "handlers.x.formatter"),
            ("root.handlers = [\"x\"]", "root.handlers"),
            ("root.filters = []", "root.filters"),
            ("loggers.y.disabled = true", "loggers.y.disabled"),
            ("context = { a = 1 }", "context"),
            ("capture_stderr = true", "capture_stderr"),
            ("receivers = {}", "receivers"),
            ("overflow.policy = \"block\"", "overflow"),
            ("flight_recorder.records = 3", "flight_recorder"),
            ("formatters = {}", "formatters"),
            ("file = \"a.log\"", "file"),
            ("level = \"INFO\"", "level"),
        ] {
            let said = refusal(text);
            let expected = format!("line 2: {key}: no key of an incremental configuration (accepted: ");
            assert!(said.contains(&expected), "{text}: {said}");
        }
        assert!(refusal("loggers.y = {}").contains("loggers.y: says nothing (accepted: level, propagate)"));
        assert!(refusal("handlers.x = {}").contains("handlers.x.level: is missing"));
        let fine = "incremental = true\nschema = 1\ndisable = 10\nlevels.NOTICE = 25\n\
                    handlers.x.level = \"NOTICE\"\nroot.level = 10\nloggers.y.propagate = false";
        assert!(Config::parse(fine).is_ok_and(|config| config.is_incremental()));
    }

    #[test]
    fn an_unknown_handler_is_told_with_those_there_are() {
        let logging = Logging::new();
        logging
            .apply(Config::parse("handlers.b.kind = \"null\"\nhandlers.a.kind = \"null\"").unwrap())
            .unwrap();
        let patch = Config::parse("incremental = true\nhandlers.\"c.d\".level = 10").unwrap();
        let error = logging.apply(patch).unwrap_err();
        let problem = (
            r#"handlers."c.d""#.to_owned(),
            "there is none of this name (accepted: a, b, last_resort)".to_owned(),
        );
        assert_eq!(error.problems(), [problem]);
    }

    #[test]
    fn what_cannot_be_opened_is_told_with_its_key() {
        let text = "handlers.f = { kind = \"file\", path = \"/nonexistent/a\" }\n\
                    handlers.g = { kind = \"file\", path = \"/nonexistent/b\" }";
        let error = Logging::new().apply(Config::parse(text).unwrap()).unwrap_err();
        let keys: Vec<&str> = error.problems().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["handlers.f.path", "handlers.g.path"]);
    }

    #[test]
    fn a_configuration_that_is_refused_leaves_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&old, "").unwrap();
        let file = |name: &str, path: &std::path::Path| {
            format!("handlers.{name} = {{ kind = \"file\", path = {path:?} }}\n")
        };
        let good = file("a", &old) + &file("b", &new);
        let bad = Config::parse(&format!("{good}{}", file("c", "/nonexistent/c".as_ref()))).unwrap();
        let logging = Logging::new();
        logging.apply(bad).unwrap_err();
        assert!(old.exists() && !new.exists());
        logging.apply(Config::parse(&good).unwrap()).unwrap();
        assert!(new.exists());
        logging.apply(Config::parse("").unwrap()).unwrap();
        assert!(new.exists(), "it was in force");
    }
}
