//! `[logging]`: what its schema says here is little, because the pipeline's own check says all.

use std::path::Path;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use stratd_logging::Config;

use super::{
    Draft, Flags, Problem, ProblemKind, RunConfig, Validator, nearest,
    origin::{Finding, Spot},
    pointer, resolve_paths,
    secrets::{Expanded, has_credentials},
};
use crate::logging::{PLUGIN_KIND, kinds, problem_of_handler, table_of};

/// Where it stands.
const AT: &str = "/logging";
/// The key that says that a table changes levels only.
const INCREMENTAL_AT: &str = "/logging/incremental";

/// What is said of handlers.
const HANDLERS: &str = "Where records go, by name. `kind` is `stream`, `file`, `memory`, `syslog`, `journald`, `socket`, `datagram`, `http`, `smtp`, `command`, `null`, `plugin` (with `plugin`, `name` and `options`: a handler that a plugin offers), or `console`: the lines on standard error that a run without this table has. Each takes `level`, `formatter` and `filters` besides its own keys.

`stream`: `target` (`stderr`, `stdout` or `fd:N`), `terminator`. \
`memory`: `target`, `capacity`, `flush_level` (`ERROR`), `flush_on_close` (true). \
`socket` and `datagram`: `address` (`host:port` or a path), `codec` (`pickle`, `json` or `cbor`).

`file`: `path`, `mode` (`a` or `w`), `delay`, `watch`, `create_folders`, `permissions`, `owner`, `group`, `rotate`. A relative `path` starts in the folder of the configuration file.

`syslog`: `address` (`host:port` or a path), `transport` (`unix`, `unix_stream`, `udp`, `tcp` or `tls`), `format`, `framing`, `facility`, `app_name`, `bom`, `sd`. `format` is `rfc5424` for a network and `rfc3164` for a path, whose listener understands nothing else; `python` is for the receivers of Python. `bom` and `sd` are of RFC 5424. \
`journald`: `socket`, `identifier`, `facility` (`user`), `field_prefix` (`F_`). \
`http`: `url = \"https://host/path\"`, or `host`, `url` and `secure`; `method` (`get`, `post_form`, `post_json` or `post_ndjson`), `user`, `password`. \
`smtp`: `host`, `from`, `to`, `subject`, `user`, `password`, `secure` (STARTTLS). \
Whatever goes over TLS takes `ca_file` (otherwise the system's roots of trust count), `cert_file` and `key_file`, `server_name`.

`command` runs a program for each record, one at a time and without a shell: `argv`, whose elements may hold fields in the `style` of the handler; without a field the record's text goes to standard input. `timeout` (`\"30s\"`) kills it with its process group, `env` is all of its environment besides `PATH` and `LANG`.

Those with a peer take `queue = { capacity = 10000, overflow = \"drop_oldest\" }`. A full queue drops the oldest record or, with `drop_newest`, the one that comes. `block` makes every handler wait for room, for `wait` (`\"1s\"`, at most `\"10s\"`), and drops what comes from then on until something is delivered. `drop_below` with `level` (`\"WARNING\"`) drops records below that level and keeps graver ones, as long as there are others to drop. `http` and `smtp` take `batch = { max_records = 100, max_age = \"5s\" }`, for mails also with `header`, `footer` and `terminator`, and `rate = { count = 6, per = \"1h\" }`.

In every text of this table but `format` and `argv`, where `${name}` is a field, `${NAME}` stands for a variable of the environment, which must be set; `$${` is `${` itself.";

/// The schema: enough for paths to be found, and for the reference.
pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    let table = |description: &str, accepted: &str| json_schema!({ "type": "object", "description": description, "x-accepted": accepted });
    let text = |description: &str, accepted: &str| json_schema!({ "description": description, "x-accepted": accepted });
    json_schema!({
        "type": "object",
        "x-accepted": "a table",
        "properties": {
            "schema": text("The version of this table.", "1"),
            "levels": table(
                "Names of levels beside those of Python. `TRACE` is 5 unless it is set here.",
                "names with their numbers, as `NOTICE = 25`"
            ),
            "formatters": table(
                "How a record becomes text, by name: `format`, `datefmt`, `style` (`%`, `{` or `$`), `layout` (`text`, `json` or `logfmt`), `utc` or `tz` (`\"Europe/Berlin\"`), `defaults`, `extra_fields`, `missing`, `exc` (`append`, `one_line`, `quoted` or `omit`), `color` (true, false, or `\"auto\"` for terminals only).",
                "tables, as `[logging.formatters.brief]`"
            ),
            "filters": table(
                "Filters by name, for `filters` of handlers and loggers.\n\nBy `kind`, with their keys: `name` (`name`), `level_min` and `level_max` (`level`), `level_range` (`min`, `max`), `level_in` (`levels`), `contains` (`value`), `regex` (`pattern`), `equals` (`field`, `value`), `has` (`field`), `every` and `first` (`n`), `rate_limit` (`n`, `per = \"1s\"`), `const` (`value`), and those that change a record: `add_fields` (`fields`), `prefix` (`prefix`), `set_level` (`level`), `mark` (`stop`, `prefix`). `contains`, `regex`, `equals` and `has` take `negate`. `kind = \"plugin\"` with `plugin`, `name` and `options` is one that a plugin offers, as it is for formatters.",
                "tables with a `kind`, as `[logging.filters.only-orders]`"
            ),
            "handlers": {
                "type": "object",
                "description": HANDLERS,
                "x-accepted": "tables with a `kind`, as `[logging.handlers.file]`",
                "additionalProperties": { "properties": {
                    "path": { "format": "path" },
                    "ca_file": { "format": "path" },
                    "cert_file": { "format": "path" },
                    "key_file": { "format": "path" }
                } }
            },
            "receivers": table(
                "Where records of other programs come in, by name. `kind` is `socket` (Python's `SocketHandler`, port 9020), `datagram` (its `DatagramHandler`, port 9021), `json_lines` or `syslog` (port 514). `address` is 127.0.0.1 unless it is set, or the path of a socket (`owner`, `group`, `permissions`); `codec` is `pickle`, `json` or `cbor`; `transport` of syslog is `udp`, `tcp`, `unix` or `unix_stream`. `logger` takes every record, whatever it says; `max_frame`, `max_connections` and `idle_timeout` are limits.\n\nLevels of loggers are not asked for a received record; filters and levels of handlers are.",
                "tables with a `kind`, as `[logging.receivers.fleet]`"
            ),
            "loggers": table(
                "Loggers by name: `level`, `handlers`, `filters`, `propagate`, `disabled`. Strategies log on `strategy.INSTANCE`, exchanges on `exchange.INSTANCE`.",
                "tables, as `[logging.loggers.\"strategy.momentum\"]`"
            ),
            "root": table("The logger above all others. Its level is `WARNING` unless it is set.", "as a logger"),
            "context": table("Fields that every record gets.", "names with their values"),
            "disable": text("Every logger is silent up to this level.", "the name or the number of a level"),
            "overflow": table(
                "What becomes of a record that finds the ring of its thread full. In a backtest its thread waits; by the clock it is lost, counted, and told of in the log.",
                "`policy` = `block`, `drop_newest` or `drop_below`, with `wait` and `level`"
            ),
            "flight_recorder": table(
                "Keeps the last records of every level of each instance of a plugin in memory, also those whose level is off, and hands what the handlers do not have to them with a record of ERROR, a fault or a crash of the plugin, or on `stratctl log flight --dump`. Each carries the field `flight` with the reason. Not kept without this table, because a record whose level is off then costs as much as one that is on.",
                "`records` (200), `bytes` (65536) of each instance, and `below` ([\"strategy\", \"exchange\"])"
            ),
            "capture_stderr": text(
                "Whether what libraries and plugins of this process write to standard error becomes records of the logger `host.stderr`, of level WARNING. Handlers on standard error go on writing to the original one.",
                "true or false"
            ),
            "last_resort": text(
                "Whether records of WARNING and above that reach no handler go to standard error.",
                "true or false"
            ),
            "disable_existing_loggers": text(
                "Whether loggers that are not named here are silenced when this table is applied.",
                "true or false"
            ),
            "level": text("The short form, with the words of `basicConfig`: the level of the root. `filemode`, `stream`, `style`, `datefmt`, `utc`, `tz` and `force` belong to it, too.", "the name or the number of a level"),
            "file": {
                "description": "The short form: a file for all records.",
                "format": "path",
                "x-accepted": "a path"
            },
            "format": text("The short form: how records become text.", "a format string")
        }
    })
}

/// What the pipeline says of the table.
pub(super) fn findings(value: &Value) -> Vec<Finding> {
    // of another type the schema speaks
    let Some(Value::Object(logging)) = value.get("logging") else { return Vec::new() };
    let expanded = Expanded::of_credentials(AT, &Value::Object(logging.clone()));
    let with_secrets = expanded.value.as_object().unwrap_or(logging);
    let table = match table_of(with_secrets) {
        Ok(table) => table,
        Err(error) => return vec![Finding::conflict(AT, error.to_string(), "a TOML table")],
    };
    let problems = match Config::check_table(&table, &kinds()) {
        Ok(config) => config.missing_programs(),
        Err(problems) => problems,
    };
    let scrubbed = problems.iter().map(|(path, text)| finding(value, path, &expanded.scrubbed(text)));
    let mut findings: Vec<_> = scrubbed.collect();
    // a check on an administrator's terminal has no credentials; a run that needs one does not begin without
    findings.extend(expanded.findings.into_iter().filter(|_| has_credentials()));
    findings.extend(own_kind_findings(logging));
    if logging.contains_key("incremental") {
        let found = "a file holds a whole configuration";
        findings.push(Finding::conflict(INCREMENTAL_AT, found, "`stratctl log set`"));
    }
    findings
}

/// A handler of the daemon's own kind takes no keys of its own; one of a plugin is made to see whether it can be.
fn own_kind_findings(logging: &Map<String, Value>) -> Vec<Finding> {
    const KEYS: [&str; 5] = ["kind", "level", "formatter", "filters", "encoding"];
    let handlers = logging.get("handlers").and_then(Value::as_object);
    let mut findings = Vec::new();
    for (name, handler) in handlers.into_iter().flatten() {
        if handler["kind"] == PLUGIN_KIND
            && let Ok(table) = toml::Table::try_from(handler)
            && let Some(problem) = problem_of_handler(&table)
        {
            let at = pointer::child(&pointer::child(&format!("{AT}/handlers"), name), "kind");
            findings.push(Finding::conflict(at, problem, ""));
        }
    }
    let own = handlers.into_iter().flatten().filter(|(_, handler)| handler["kind"] == "console");
    for (name, handler) in own {
        let at = pointer::child(&format!("{AT}/handlers"), name);
        for key in handler.as_object().into_iter().flat_map(Map::keys) {
            if !KEYS.contains(&key.as_str()) {
                findings.push(unknown_key(&at, key, &KEYS.join(", ")));
            }
        }
    }
    findings
}

/// A problem of the pipeline as one of the configuration.
fn finding(root: &Value, path: &str, text: &str) -> Finding {
    let segments = segments(path);
    let mut at = AT.to_owned();
    for segment in &segments {
        at = pointer::child(&at, segment);
    }
    let (text, accepted) = match text.strip_suffix(')').and_then(|text| text.rsplit_once(" (accepted: ")) {
        Some((text, accepted)) => (text, accepted),
        None => (text, ""),
    };
    let last = segments.last().map(String::as_str).unwrap_or_default();
    let parent = pointer::parent(&at).unwrap_or_default().to_owned();
    if text == "unknown key" {
        return unknown_key(&parent, last, accepted);
    }
    if text == "is missing" {
        return Finding {
            pointer: parent,
            spot: Spot::Key,
            kind: ProblemKind::MissingKey,
            found: last.to_owned(),
            accepted: accepted.to_owned(),
            hint: None,
        };
    }
    match text.strip_prefix("found ") {
        // a value that is a table is not printed
        Some(found) if root.pointer(&at).is_some() => Finding {
            pointer: at,
            spot: Spot::Value,
            kind: ProblemKind::Value,
            found: found.to_owned(),
            accepted: accepted.to_owned(),
            hint: None,
        },
        _ => Finding::conflict(at, text, accepted),
    }
}

fn unknown_key(table: &str, key: &str, accepted: &str) -> Finding {
    Finding {
        pointer: pointer::child(table, key),
        spot: Spot::Key,
        kind: ProblemKind::UnknownKey,
        found: key.to_owned(),
        accepted: accepted.to_owned(),
        hint: nearest(key, accepted.split(", ")),
    }
}

/// The keys of a dotted path; one in quotes may hold dots.
fn segments(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in path.chars() {
        match c {
            '\\' if is_quoted && !is_escaped => {
                is_escaped = true;
                continue;
            }
            '"' if !is_escaped => is_quoted = !is_quoted,
            '.' if !is_quoted => keys.push(String::new()),
            c => keys.iter_mut().next_back().into_iter().for_each(|key| key.push(c)),
        }
        is_escaped = false;
    }
    keys
}

/// Reads `[logging]` of a file again: None if there is none in it. What else is wrong with the file is no matter here.
///
/// # Errors
/// All problems of the table, or why the file cannot be read.
pub(crate) fn read_logging(file: &Path, flags: &Flags) -> Result<Option<Map<String, Value>>, Vec<Problem>> {
    checked(&Draft::read(Some(file), flags)?, false)
}

/// Reads a text that is a configuration with a table `[logging]`, or that table alone. `name` is what problems call it,
/// and relative paths start in its folder. With `is_patch` it is as if the table said `incremental = true`.
///
/// # Errors
/// All problems of the table.
pub(crate) fn parse_logging(
    name: &Path,
    text: &str,
    is_patch: bool,
) -> Result<Map<String, Value>, Vec<Problem>> {
    let mut draft = Draft::parse_logging(name, text.as_bytes())?;
    let mut refused = Vec::new();
    if is_patch && let Some(Value::Object(logging)) = draft.value.pointer_mut(AT) {
        let said = logging.insert("incremental".to_owned(), Value::Bool(true));
        if let Some(said) = said.filter(|said| *said != Value::Bool(true)) {
            refused.push(Finding::conflict(
                INCREMENTAL_AT,
                format!("found {said}"),
                "true, or `stratctl log apply`",
            ));
        }
    }
    if let Some(Value::Object(logging)) = draft.value.pointer(AT)
        && logging.get("incremental") == Some(&Value::Bool(true))
    {
        refused.extend(patch_findings(logging));
    }
    let checked = checked(&draft, true);
    if refused.is_empty() {
        return Ok(checked?.unwrap_or_default());
    }
    let mut problems = located(&draft, refused);
    problems.extend(checked.err().unwrap_or_default());
    problems.sort_by_key(|problem| draft.origins.rank(problem));
    Err(problems)
}

/// What an incremental table cannot do, besides what the pipeline says of it.
fn patch_findings(logging: &Map<String, Value>) -> Vec<Finding> {
    const WHAT: &str = "disable, handlers, loggers, root";
    let mut findings = Vec::new();
    if logging.contains_key("levels") {
        let text = "no key of an incremental configuration";
        findings.push(Finding::conflict(format!("{AT}/levels"), text, WHAT));
    }
    let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    let says_nothing = |(key, value): (&String, &Value)| match key.as_str() {
        "incremental" | "schema" => true,
        "handlers" | "loggers" => is_empty(value),
        _ => false,
    };
    if logging.iter().all(says_nothing) {
        findings.push(Finding::conflict(AT, "changes nothing", WHAT));
    }
    findings
}

/// Problems that showed when a table was applied, by the places of its keys: the file is read again for them. What has no
/// place there any more is told without.
pub(crate) fn locate_in_file(file: &Path, flags: &Flags, problems: &[(String, String)]) -> Vec<Problem> {
    match Draft::read(Some(file), flags) {
        Ok(draft) => locate(&draft, problems),
        Err(problems) => problems,
    }
}

/// As [`locate_in_file`], in a text that [`parse_logging`] read.
pub(crate) fn locate_in_text(name: &Path, text: &str, problems: &[(String, String)]) -> Vec<Problem> {
    match Draft::parse_logging(name, text.as_bytes()) {
        Ok(draft) => locate(&draft, problems),
        Err(problems) => problems,
    }
}

fn locate(draft: &Draft, problems: &[(String, String)]) -> Vec<Problem> {
    let findings = problems.iter().map(|(path, text)| finding(&draft.value, path, text));
    located(draft, findings.collect())
}

fn located(draft: &Draft, findings: Vec<Finding>) -> Vec<Problem> {
    let mut problems: Vec<_> =
        findings.into_iter().map(|finding| draft.origins.locate(&draft.value, finding)).collect();
    problems.sort_by_key(|problem| draft.origins.rank(problem));
    problems
}

fn checked(draft: &Draft, may_be_incremental: bool) -> Result<Option<Map<String, Value>>, Vec<Problem>> {
    let mut value = draft.value.clone();
    let mut findings = findings(&value);
    if may_be_incremental {
        findings.retain(|finding| finding.pointer != INCREMENTAL_AT);
    }
    let validator = Validator::new(schemars::schema_for!(RunConfig).to_value());
    match &validator {
        Ok(validator) => {
            findings.extend(validator.findings("", &value));
            findings.extend(resolve_paths(validator.root(), "", &mut value, draft));
        }
        Err(why) => findings.push(Finding::conflict(AT, why.clone(), "")),
    }
    findings.retain(|finding| pointer::is_within(&finding.pointer, AT));
    if findings.is_empty() {
        return Ok(match value.get_mut("logging").map(Value::take) {
            Some(Value::Object(logging)) => Some(logging),
            _ => None,
        });
    }
    Err(located(draft, findings))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stratd.toml");
        std::fs::write(&file, text).unwrap();
        let said = match read_logging(&file, &Flags::default()) {
            Ok(logging) => serde_json::to_string(&logging).unwrap() + "\n",
            Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
        };
        expected.assert_eq(&said.replace(&folder.path().display().to_string(), "DIR"));
    }

    #[test]
    fn a_problem_names_file_line_and_key() {
        check(
            "[logging]\nroots = 1\n\n[logging.handlers.f]\nkind = \"file\"\ncolour = true\n\n[logging.handlers.x]\nlevel = 10\n\n\
             [logging.loggers.\"strategy.ema\"]\nlevel = \"LOUD\"\nhandlers = [\"nobody\"]\npropagate = 3\n",
            expect![[r#"
                DIR/stratd.toml:2:1: logging.roots: unknown key (accepted: capture_stderr, context, datefmt, disable, disable_existing_loggers, encoding, errors, file, filemode, filters, flight_recorder, force, format, formatters, handlers, incremental, last_resort, level, levels, loggers, overflow, receivers, root, schema, stream, style, tz, utc; did you mean root?)
                DIR/stratd.toml:4:19: logging.handlers.f: missing key path
                DIR/stratd.toml:8:19: logging.handlers.x: missing key kind
                DIR/stratd.toml:12:9: logging.loggers."strategy.ema".level: unknown level "LOUD" (accepted: a number or one of NOTSET, TRACE, DEBUG, INFO, WARN, WARNING, ERROR, CRITICAL, FATAL)
                DIR/stratd.toml:13:12: logging.loggers."strategy.ema".handlers: no handler "nobody" (there are: )
                DIR/stratd.toml:14:13: logging.loggers."strategy.ema".propagate: found 3 (accepted: true or false)
            "#]],
        );
    }

    fn check_patch(text: &str, expected: Expect) {
        let said = match parse_logging(Path::new("the text"), text, true) {
            Ok(logging) => serde_json::to_string(&logging).unwrap() + "\n",
            Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
        };
        expected.assert_eq(&said);
    }

    #[test]
    fn a_patch_that_says_what_is_not_done_is_refused() {
        check_patch(
            "root.level = \"DEBUG\"",
            expect![[r#"
            {"root":{"level":"DEBUG"},"incremental":true}
        "#]],
        );
        check_patch(
            "",
            expect![[r#"
            the text:1:1: logging: changes nothing (accepted: disable, handlers, loggers, root)
        "#]],
        );
        check_patch(
            "handlers = {}",
            expect![[r#"
            the text:1:1: logging: changes nothing (accepted: disable, handlers, loggers, root)
        "#]],
        );
        check_patch(
            "incremental = false\nroot.level = 10",
            expect![[r#"
            the text:1:15: logging.incremental: found false (accepted: true, or `stratctl log apply`)
        "#]],
        );
        check_patch(
            "root.level = 10\nlevels.NOTICE = 25",
            expect![[r#"
            the text:2:1: logging.levels: no key of an incremental configuration (accepted: disable, handlers, loggers, root)
        "#]],
        );
        check_patch(
            "handlers.x.level = 10\nhandlers.x.formatter = \"f\"",
            expect![[r#"
            the text:2:24: logging.handlers.x.formatter: no key of an incremental configuration (accepted: level)
        "#]],
        );
        check_patch(
            "root.handlers = []\ncontext.a = 1",
            expect![[r#"
            the text:1:17: logging.root.handlers: no key of an incremental configuration (accepted: level, propagate)
            the text:2:1: logging.context: no key of an incremental configuration (accepted: disable, handlers, incremental, loggers, root, schema)
        "#]],
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_a_problem_of_the_file() {
        check(
            "[logging.handlers.f]\nkind = \"command\"\nargv = [\"/nonexistent/program\"]\n",
            expect![[r#"
            DIR/stratd.toml:3:8: logging.handlers.f.argv: command: there is no program "/nonexistent/program", by its whole path or in /usr/local/bin:/usr/bin:/bin, that may be run (accepted: argv = ["/path/of/program", "argument", "%(message)s"])
        "#]],
        );
    }

    #[test]
    fn a_problem_of_applying_gets_the_place_of_its_key() {
        let text = "[logging.handlers.f]\nkind = \"file\"\npath = \"/nonexistent/a\"\n";
        let problems = [("handlers.f.path".to_owned(), "opening /nonexistent/a: gone".to_owned())];
        let said = locate_in_text(Path::new("a.toml"), text, &problems);
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["a.toml:3:8: logging.handlers.f.path: opening /nonexistent/a: gone"]);
    }

    #[test]
    fn paths_start_in_the_folder_of_the_file() {
        check(
            "[logging]\nfile = \"logs/all\"\n[logging.handlers.f]\nkind = \"file\"\npath = \"a.log\"\n",
            expect![[r#"
                {"file":"DIR/logs/all","handlers":{"f":{"kind":"file","path":"DIR/a.log"}}}
            "#]],
        );
        check(
            "[logging.handlers.f]\nkind = \"file\"\npath = \"${PATH}/a.log\"\n",
            expect![[r#"
                {"handlers":{"f":{"kind":"file","path":"${PATH}/a.log"}}}
            "#]],
        );
        check(
            "[logging.handlers.f]\nkind = \"file\"\npath = \"${NO_SUCH_VARIABLE}/a.log\"\n",
            expect![[r#"
                DIR/stratd.toml:3:8: logging.handlers.f.path: variable NO_SUCH_VARIABLE is not set (accepted: one that is; "$${" for the characters themselves)
            "#]],
        );
    }

    #[test]
    fn other_parts_of_the_file_do_not_count() {
        check(
            "strategies = 1\n",
            expect![[r#"
            null
        "#]],
        );
        check(
            "[logging\n",
            expect![[r#"
            DIR/stratd.toml:1:9: unclosed table (accepted: `]`)
        "#]],
        );
        check(
            "logging = 3\n",
            expect![[r#"
            DIR/stratd.toml:1:11: logging: found 3 (accepted: a table)
        "#]],
        );
    }

    #[test]
    fn the_handler_of_the_daemon_takes_no_keys_of_its_own() {
        check(
            "[logging.handlers.c]\nkind = \"console\"\ntarget = \"stderr\"\n",
            expect![[r#"
            DIR/stratd.toml:3:1: logging.handlers.c.target: unknown key (accepted: kind, level, formatter, filters, encoding)
        "#]],
        );
    }
}
