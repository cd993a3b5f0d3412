//! Scenarios of kind `steps`: calls of the logging package one after the other, and what each of them returns and prints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use stratd_logging::{
    Adapter, Config, Entry, Error, Event, FilterId, FormatterOptions, Handler, Level, Logging,
    LoggingOptions, MemoryOptions, NullHandler, Record, Result, Style, Value,
};

use crate::{Failure, document, expectation, formatter, tag_of};

type Events = Arc<Mutex<Vec<Json>>>;

/// Keeps what it gets, with its tag, in the one list of the row.
pub(crate) struct Sink {
    pub(crate) tag: String,
    pub(crate) events: Events,
    pub(crate) is_bad: bool,
}

impl Handler for Sink {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        if self.is_bad {
            return Err(std::io::Error::other("sink broken").into());
        }
        self.events.lock().expect("no holder of this lock panics").push(json!([self.tag, entry.text]));
        Ok(())
    }

    fn on_error(&mut self, error: &Error) {
        self.events
            .lock()
            .expect("no holder of this lock panics")
            .push(json!([self.tag, { "handle_error": error.to_string() }]));
    }
}

/// Rows whose configuration CPython takes, ignoring a key that it does not know, and we refuse.
const STRICTER: [&str; 2] = ["scn-0237", "scn-0238"];

struct World {
    logging: Logging,
    events: Events,
    stderr: Events,
    filters: BTreeMap<String, FilterId>,
    /// handlers whose format was refused when it was loaded
    refused: BTreeSet<String>,
    extra_fields: Vec<String>,
    /// a configuration was refused: the old tree is whole
    is_old_tree: bool,
    /// the row is one of [`STRICTER`]
    is_stricter: bool,
    /// a basicConfig was refused
    is_basic_refused: bool,
    prefixes: Vec<String>,
}

pub(crate) fn run(row: &Json) -> Result<(), Failure> {
    let options = LoggingOptions { reports_failures: false, last_resort: false, ..LoggingOptions::default() };
    let mut world = World {
        logging: Logging::with_options(&options),
        events: Events::default(),
        stderr: Events::default(),
        filters: BTreeMap::new(),
        refused: BTreeSet::new(),
        extra_fields: extra_fields(row),
        is_old_tree: false,
        is_stricter: row["id"].as_str().is_some_and(|id| STRICTER.contains(&id)),
        is_basic_refused: false,
        prefixes: Vec::new(),
    };
    let last = Sink { tag: String::new(), events: Arc::clone(&world.stderr), is_bad: false };
    world.logging.set_last_resort(Some(Box::new(last)));
    let leaks = tag_of(row, &["quirk_record_mutation"]).is_some();
    let steps = row["input"]["steps"].as_array().into_iter().flatten();
    let expected = expectation(row)["steps"].as_array().into_iter().flatten();
    for (index, (step, expected)) in steps.zip(expected).enumerate() {
        world
            .step(step, expected, leaks)
            .map_err(|text| Failure::Wrong(format!("step {index} {step}: {text}")))?;
    }
    world.logging.shutdown(Duration::from_secs(5));
    Ok(())
}

/// The keys that any step of a row gives a record: they count as declared.
fn extra_fields(row: &Json) -> Vec<String> {
    let mut keys = BTreeSet::new();
    let mut add =
        |object: &Json| keys.extend(object.as_object().into_iter().flatten().map(|(key, _)| key.clone()));
    for step in row["input"]["steps"].as_array().into_iter().flatten() {
        add(&step["extra"]);
        step["context"].as_array().into_iter().flatten().for_each(&mut add);
        add(&step["spec"]["fields"]);
        let filters = step["doc"]["filters"].as_object().into_iter().flatten();
        filters.for_each(|(_, filter)| add(&filter["fields"]));
        if step["op"] == "handle" {
            add(&step["attrs"]);
        }
    }
    keys.into_iter().collect()
}

impl World {
    fn step(&mut self, step: &Json, expected: &Json, leaks: bool) -> Result<(), String> {
        let outcome = self.perform(step);
        self.logging.flush();
        let out = std::mem::take(&mut *self.events.lock().expect("no holder of this lock panics"));
        let last: Vec<Json> =
            std::mem::take(&mut *self.stderr.lock().expect("no holder of this lock panics"));
        let stderr: String =
            last.iter().map(|event| format!("{}\n", event[1].as_str().unwrap_or_default())).collect();
        let expected = self.ours(step, expected, &outcome)?;
        match (&outcome, &expected["error"]) {
            (Err(error), Json::Null) => return Err(format!("refused: {error}")),
            (Ok(_), Json::Object(error)) => return Err(format!("expected {error:?}")),
            _ => {}
        }
        if let Ok(value) = &outcome
            && *value != expected["ret"]
        {
            return Err(format!("returned {value}, expected {}", expected["ret"]));
        }
        let expected_out = expected["out"].as_array().cloned().unwrap_or_default();
        self.compare_out(&out, &expected_out, leaks)?;
        let expected_stderr = expected["stderr"].as_str().unwrap_or_default();
        if stderr != expected_stderr {
            return Err(format!("last resort {stderr:?}, expected {expected_stderr:?}"));
        }
        Ok(())
    }

    fn compare_out(&self, out: &[Json], expected: &[Json], leaks: bool) -> Result<(), String> {
        let is_same = |(ours, theirs): (&Json, &Json)| {
            if ours[0] != theirs[0] {
                return false;
            }
            match (&ours[1], &theirs[1]) {
                // what an error says is ours to choose
                (Json::Object(_), Json::Object(_)) => true,
                // CPython lets a change of one handler's filter show in the next handler; we do not
                (Json::String(ours), Json::String(theirs)) if leaks && ours != theirs => {
                    self.prefixes.iter().all(|prefix| !ours.contains(prefix.as_str()))
                }
                (ours, theirs) => ours == theirs,
            }
        };
        if out.len() == expected.len() && out.iter().zip(expected).all(is_same) {
            return Ok(());
        }
        Err(format!("got {}, expected {}", json!(out), json!(expected)))
    }

    /// What we expect where SCHEMA.md decides differently from CPython.
    fn ours(&mut self, step: &Json, expected: &Json, outcome: &Result<Json, String>) -> Result<Json, String> {
        let mut ours = expected.clone();
        let op = step["op"].as_str().unwrap_or_default();
        let clashes =
            expected["error"]["message"].as_str().is_some_and(|text| text.contains("Attempt to overwrite"));
        if clashes {
            if self.logging.renamed_fields() == 0 {
                return Err("the counter of renamed fields did not rise".to_owned());
            }
            return Ok(json!({ "out": [["h", step["msg"]]] }));
        }
        let level = step["level"].as_str().unwrap_or_default();
        if op == "set_level"
            && level == level.to_lowercase()
            && self.logging.level_names().parse(level).is_ok()
        {
            return Ok(json!({}));
        }
        if op == "dict_config" && outcome.is_err() && (self.is_stricter || !expected["error"].is_null()) {
            self.is_old_tree = true;
            return Ok(json!({ "error": {} }));
        }
        if op == "basic_config" && outcome.is_err() && !expected["error"].is_null() {
            self.is_basic_refused = true;
            return Ok(expected.clone());
        }
        if self.is_basic_refused && op == "log" && expected["stderr"].is_null() {
            let level = level_of(&self.logging, &step["level"]);
            let root = self.logging.effective_level("root").map_err(|error| error.to_string())?;
            if level >= root.max(Level::WARNING) && !self.logging.has_handlers("root").unwrap_or(true) {
                // CPython has set up half of it; we have nothing, and the last resort
                return Ok(json!({ "stderr": format!("{}\n", step["msg"].as_str().unwrap_or_default()) }));
            }
        }
        if self.is_old_tree && op == "handlers" {
            return Ok(json!({ "ret": ["old"] }));
        }
        if let (true, "log", Some(text)) = (self.is_old_tree, op, expected["stderr"].as_str()) {
            let (logger, level) = (step["logger"].as_str(), step["level"].as_str());
            let line =
                format!("{}:{}:{}", logger.unwrap_or_default(), level.unwrap_or_default(), text.trim_end());
            return Ok(json!({ "out": [["old", line]] }));
        }
        // handlers that a load error kept out say nothing, where CPython's report an error for each record
        if let Some(out) = ours["out"].as_array_mut() {
            out.retain(|event| !event[0].as_str().is_some_and(|tag| self.refused.contains(tag)));
        }
        Ok(ours)
    }

    /// Performs a step and says what it returns.
    fn perform(&mut self, step: &Json) -> Result<Json, String> {
        let text = |key: &str| step[key].as_str().unwrap_or_default();
        let (logger, handler) = (text("logger"), text("handler"));
        if self.refused.contains(handler) {
            return Ok(Json::Null);
        }
        let level = || self.level(&step["level"]);
        let done = match text("op") {
            "log" | "adapter_log" => self.log(step).map(|()| Json::Null),
            "handle" => self.handle(step).map(|()| Json::Null),
            "new_handler" => return self.new_handler(step),
            "new_filter" => {
                let filter = document::predicate(&step["spec"])?;
                self.prefixes.extend(step["spec"]["prefix"].as_str().map(str::to_owned));
                self.filters.insert(text("id").to_owned(), self.logging.add_filter(filter));
                Ok(Json::Null)
            }
            "dict_config" => self.dict_config(&step["doc"]).map(|()| Json::Null),
            "basic_config" => self.basic_config(&step["kw"]).map(|()| Json::Null),
            "memory_handler" => self.memory_handler(step).map(|()| Json::Null),
            "null_handler" => {
                self.logging.add_handler(text("id"), Box::new(NullHandler)).map(|()| Json::Null)
            }
            "set_level" => self.logging.set_level(logger, level()?).map(|()| Json::Null),
            "set_propagate" => self.logging.set_propagate(logger, step["value"] == true).map(|()| Json::Null),
            "set_disabled" => self.logging.set_disabled(logger, step["value"] == true).map(|()| Json::Null),
            "disable" => {
                self.logging.disable(level()?);
                Ok(Json::Null)
            }
            "flush_handler" => self.logging.flush_handler(handler).map(|()| Json::Null),
            "close_handler" => self.logging.close_handler(handler).map(|()| Json::Null),
            "set_target" => self.logging.set_target(handler, step["target"].as_str()).map(|()| Json::Null),
            "buffered" => {
                let status = self.logging.handlers().into_iter().find(|status| status.name == handler);
                Ok(json!(status.map(|status| status.queued)))
            }
            "add_handler" => self.logging.attach(logger, handler).map(|()| Json::Null),
            "remove_handler" => self.logging.detach(logger, handler).map(|()| Json::Null),
            "handler_level" => self.logging.set_handler_level(handler, level()?).map(|()| Json::Null),
            "handler_format" => {
                self.logging.set_formatter(handler, &self.options(step)?).map(|()| Json::Null)
            }
            "add_filter" | "remove_filter" => self.change_filter(step).map(|()| Json::Null),
            "add_level_name" => self.logging.add_level_name(level()?, text("name")).map(|()| Json::Null),
            "shutdown" => {
                self.logging.shutdown(Duration::from_secs(5));
                Ok(Json::Null)
            }
            "raise_exceptions" => Ok(Json::Null),
            "last_resort_off" => {
                self.logging.set_last_resort(None);
                Ok(Json::Null)
            }
            _ => return self.ask(step),
        };
        done.map_err(|error| error.to_string())
    }

    /// The steps that only ask.
    fn ask(&self, step: &Json) -> Result<Json, String> {
        let text = |key: &str| step[key].as_str().unwrap_or_default();
        let (logging, logger) = (&self.logging, text("logger"));
        let answer = match text("op") {
            "effective_level" => logging.effective_level(logger).map(|level| json!(level.get())),
            "level" => logging.level(logger).map(|level| json!(level.get())),
            "enabled_for" => {
                let level = self.level(&step["level"])?;
                logging.logger(logger).map(|logger| json!(logger.is_enabled(level)))
            }
            "has_handlers" => logging.has_handlers(logger).map(|flag| json!(flag)),
            "parent" => logging.logger(logger).and_then(|_| logging.parent(logger)).map(|name| json!(name)),
            "same_logger" => {
                let ids = [text("a"), text("b")].map(|name| logging.logger(name).map(|logger| logger.id()));
                Ok(json!(matches!(ids, [Ok(a), Ok(b)] if a == b)))
            }
            "child" => {
                let child = logging.logger(logger).and_then(|logger| logger.child(text("suffix")));
                child.map(|child| json!(child.name()))
            }
            "children" => logging.children(logger).map(|names| json!(names)),
            "get_logger" => logging.logger(logger).map(|logger| json!(logger.name())),
            "is_disabled" => logging.is_disabled(logger).map(|flag| json!(flag)),
            "handlers" => logging.handlers_of(logger).map(|names| json!(names)),
            "level_name" => Ok(match &step["level"] {
                Json::String(name) => match logging.level_names().parse(name) {
                    Ok(level) => json!(level.get()),
                    Err(_) => json!(format!("Level {name}")),
                },
                level => json!(logging.level_names().name(level_of(logging, level))),
            }),
            "level_names" => {
                let names = logging.level_names();
                let names: BTreeMap<&str, i32> =
                    names.iter().map(|(name, level)| (name, level.get())).collect();
                Ok(json!(names))
            }
            other => return Err(format!("no step {other:?}")),
        };
        answer.map_err(|error| error.to_string())
    }

    fn level(&self, json: &Json) -> Result<Level, String> {
        match json {
            Json::String(name) => self.logging.level_names().parse(name).map_err(|error| error.to_string()),
            Json::Number(number) => {
                let number = number.as_i64().and_then(|number| i32::try_from(number).ok());
                number.map(Level::new).ok_or_else(|| "no whole number".to_owned())
            }
            other => Err(format!("{other} is no level")),
        }
    }

    fn options(&self, step: &Json) -> Result<FormatterOptions, String> {
        let style = Style::parse(step["style"].as_str().unwrap_or("%")).map_err(|error| error.to_string())?;
        Ok(FormatterOptions {
            format: step["fmt"].as_str().map(str::to_owned),
            style,
            extra_fields: self.extra_fields.clone(),
            ..FormatterOptions::default()
        })
    }

    fn new_handler(&mut self, step: &Json) -> Result<Json, String> {
        let id = step["id"].as_str().unwrap_or_default();
        let sink =
            Sink { tag: id.to_owned(), events: Arc::clone(&self.events), is_bad: step["class"] == "bad" };
        let to_text = |error: Error| error.to_string();
        self.logging.add_handler(id, Box::new(sink)).map_err(to_text)?;
        if !step["level"].is_null() {
            self.logging.set_handler_level(id, self.level(&step["level"])?).map_err(to_text)?;
        }
        if step["fmt"].is_string() && self.logging.set_formatter(id, &self.options(step)?).is_err() {
            // a load error here, an error for each record there
            self.logging.remove_handler(id).map_err(to_text)?;
            self.refused.insert(id.to_owned());
        }
        Ok(Json::Null)
    }

    fn memory_handler(&self, step: &Json) -> Result<()> {
        let options = MemoryOptions {
            capacity: usize::try_from(step["capacity"].as_u64().unwrap_or(0)).unwrap_or(0),
            flush_level: match &step["flushLevel"] {
                Json::Null => Level::ERROR,
                level => level_of(&self.logging, level),
            },
            target: step["target"].as_str().map(str::to_owned),
            flush_on_close: step["flushOnClose"] != false,
        };
        self.logging.add_memory_handler(step["id"].as_str().unwrap_or_default(), &options)
    }

    fn change_filter(&self, step: &Json) -> Result<()> {
        let text = |key: &str| step[key].as_str();
        let Some(&filter) = self.filters.get(text("filter").unwrap_or_default()) else { return Ok(()) };
        match (text("logger"), text("handler").unwrap_or_default(), text("op") == Some("add_filter")) {
            (Some(logger), _, true) => self.logging.attach_filter(logger, filter),
            (Some(logger), _, false) => self.logging.detach_filter(logger, filter),
            (None, handler, true) => self.logging.attach_handler_filter(handler, filter),
            (None, handler, false) => self.logging.detach_handler_filter(handler, filter),
        }
    }

    fn log(&self, step: &Json) -> Result<()> {
        let logger = self.logging.logger(step["logger"].as_str().unwrap_or_default())?;
        let level = level_of(&self.logging, &step["level"]);
        let message = document::merge(step["msg"].as_str().unwrap_or_default(), &step["args"]);
        let fields = formatter::fields(&step["extra"]);
        let fields: Vec<(&str, Value<'_>)> = fields.iter().collect();
        let message = format_args!("{message}");
        let event = Event { fields: &fields, ..Event::new(level, message) };
        if step["op"] == "log" {
            logger.emit(&event);
            return Ok(());
        }
        let mut adapter = Adapter::new(logger);
        let merges = step["merge_extra"] == true;
        for context in step["context"].as_array().into_iter().flatten() {
            let mut outer = Adapter::wrap(&adapter);
            for (key, value) in formatter::fields(context).iter() {
                outer.set(key, value.into_owned());
            }
            outer.set_merges_fields(merges);
            adapter = outer;
        }
        adapter.emit(&event);
        Ok(())
    }

    fn handle(&self, step: &Json) -> Result<()> {
        let attributes = &step["attrs"];
        let text = |key: &str| attributes[key].as_str().unwrap_or_default().to_owned();
        let mut record = Record::new(text("name"), level_of(&self.logging, &attributes["levelno"]), "");
        record.level_name = attributes["levelname"].as_str().map(|name| name.to_owned().into());
        record.message = document::merge(&text("msg"), &attributes["args"]).into();
        self.logging.logger(step["logger"].as_str().unwrap_or_default())?.handle(&record);
        Ok(())
    }

    fn dict_config(&self, doc: &Json) -> Result<()> {
        let kinds = document::kinds(&self.events);
        let table = document::dict_config(doc, &self.extra_fields)?;
        self.logging.apply(Config::from_table(&table, &kinds)?)
    }

    fn basic_config(&self, keywords: &Json) -> Result<()> {
        let table = document::basic_config(keywords)?;
        self.logging.basic_config(Config::basic(&table)?, keywords["force"] == true).map(|_| ())
    }
}

fn level_of(logging: &Logging, json: &Json) -> Level {
    match json {
        Json::String(name) => logging.level_names().parse(name).unwrap_or_default(),
        number => Level::new(i32::try_from(number.as_i64().unwrap_or(0)).unwrap_or(0)),
    }
}
