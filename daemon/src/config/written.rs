//! What was written: files layered one over another, and changes through the control socket; without flags, and with
//! secrets by their names only. This is what a generation is, and what is stored of it.
//!
//! Tables merge key by key; `[[exchange]]` and `[[strategy]]` merge by the names of their entries, so that a layer may
//! change one key of one strategy; every other value takes the place of the one before. An entry without a counterpart
//! comes last. Two entries of one name in one file stay two, and are a problem of that file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    PluginKind, Position, Problem, ProblemKind,
    difference::differences,
    document::{Document, Lines, Texts},
    layers::{self, Layer, Unreadable},
    origin::{Origin, Origins, SourceFile},
    pointer,
    run_config::default_name,
};

/// What was written, merged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) table: Map<String, Value>,
    pub(crate) texts: Texts,
    pub(crate) origins: Origins,
    /// Tells whether files have changed since they were read; empty if there is none.
    pub(crate) digest: String,
}

impl Written {
    /// Reads a file and what is layered over it.
    ///
    /// # Errors
    /// A file cannot be read, or is not TOML.
    pub(crate) fn read(file: &Path, folders: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let layers = layers::read(file, folders).map_err(|unreadable| {
            let problem = |Unreadable { path, why }| syntax(&path, None, why, "a readable TOML file");
            unreadable.into_iter().map(problem).collect::<Vec<_>>()
        })?;
        Self::of_layers(&layers)
    }

    /// As [`Written::read`] with the content of one file at hand, over which nothing is layered.
    ///
    /// # Errors
    /// It is not TOML.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        Self::of_layers(&[Layer { path: path.to_owned(), bytes: bytes.to_vec() }])
    }

    fn of_layers(layers: &[Layer]) -> Result<Self, Vec<Problem>> {
        let mut written = Self { digest: layers::digest(layers), ..Self::default() };
        let mut problems = Vec::new();
        for Layer { path, bytes } in layers {
            match parse(path, bytes) {
                Ok(document) => written.lay(SourceFile::new(path), &document),
                Err(of_file) => problems.extend(of_file),
            }
        }
        if problems.is_empty() { Ok(written) } else { Err(problems) }
    }

    /// Puts a whole table in the place of what is there: what is equal keeps its origin, what differs has this one.
    pub(super) fn take_table(&mut self, table: Map<String, Value>, origin: &Origin) {
        let (old, new) = (Value::Object(std::mem::take(&mut self.table)), Value::Object(table));
        let differences = differences(&old, &new);
        // digits that JSON lost count as long as the number stays where it is
        self.texts
            .retain(|known, _| old.pointer(known).is_some() && old.pointer(known) == new.pointer(known));
        let lists = [PluginKind::Exchange, PluginKind::Strategy];
        for kind in lists.into_iter().filter(|kind| old.get(kind.name()) != new.get(kind.name())) {
            // numbers of entries may have changed: the list speaks for all of it
            self.origins.say(&format!("/{kind}"), origin.clone());
        }
        for difference in differences {
            match difference.after {
                Some(_) => self.origins.say(&difference.pointer, origin.clone()),
                None => self.origins.forget(&difference.pointer),
            }
        }
        if let Value::Object(table) = new {
            self.table = table;
        }
    }

    /// Lays a document over what is there.
    fn lay(&mut self, file: SourceFile, document: &Document) {
        self.origins.files.push(file);
        let mut root = Value::Object(std::mem::take(&mut self.table));
        self.merge_table(&mut root, "", &document.table, "", document);
        if let Value::Object(table) = root {
            self.table = table;
        }
    }

    /// Merges the table that stands at `from` in the document into the one at `at`.
    fn merge_table(
        &mut self,
        target: &mut Value,
        at: &str,
        layer: &Map<String, Value>,
        from: &str,
        document: &Document,
    ) {
        let Value::Object(table) = target else { return };
        for (key, value) in layer {
            let (at_key, from_key) = (pointer::child(at, key), pointer::child(from, key));
            let kind = [PluginKind::Exchange, PluginKind::Strategy];
            let kind = kind.into_iter().find(|kind| at.is_empty() && kind.name() == key);
            match (table.get_mut(key), value, kind) {
                (Some(known @ Value::Object(_)), Value::Object(layer), _) => {
                    self.merge_table(known, &at_key, layer, &from_key, document);
                }
                (Some(Value::Array(known)), Value::Array(layer), Some(kind)) => {
                    self.merge_entries(known, layer, kind, document);
                }
                _ => {
                    self.move_in(&at_key, &from_key, document);
                    table.insert(key.clone(), value.clone());
                }
            }
        }
    }

    /// Merges the entries of `[[exchange]]` or `[[strategy]]`.
    fn merge_entries(
        &mut self,
        known: &mut Vec<Value>,
        layer: &[Value],
        kind: PluginKind,
        document: &Document,
    ) {
        let count = known.len();
        for (index, entry) in layer.iter().enumerate() {
            let from = format!("/{kind}/{index}");
            let name = entry_name(kind, entry);
            let same =
                known.iter().take(count).position(|known| name.is_some() && entry_name(kind, known) == name);
            match (same.and_then(|at| Some((at, known.get_mut(at)?))), entry) {
                (Some((at, known @ Value::Object(_))), Value::Object(layer)) => {
                    self.merge_table(known, &format!("/{kind}/{at}"), layer, &from, document);
                }
                _ => {
                    self.move_in(&format!("/{kind}/{}", known.len()), &from, document);
                    known.push(entry.clone());
                }
            }
        }
    }

    /// The value at `at` is that of the document's `from`, with all that is in it.
    fn move_in(&mut self, at: &str, from: &str, document: &Document) {
        self.origins.forget(at);
        self.texts.retain(|known, _| !pointer::is_within(known, at));
        let file = self.origins.files.len().saturating_sub(1);
        let inside = |known: &str| Some(format!("{at}{}", known.strip_prefix(from)?));
        for (known, place) in document.places.iter().filter(|(known, _)| pointer::is_within(known, from)) {
            if let Some(pointer) = inside(known) {
                self.origins.by_pointer.insert(pointer, Origin::File(file, *place));
            }
        }
        for (known, text) in document.texts.iter().filter(|(known, _)| pointer::is_within(known, from)) {
            if let Some(pointer) = inside(known) {
                self.texts.insert(pointer, text.clone());
            }
        }
    }
}

/// The name of an entry: its own, or that of its plugin.
pub(super) fn entry_name(kind: PluginKind, entry: &Value) -> Option<String> {
    match entry.get("name") {
        Some(name) => name.as_str().map(str::to_owned),
        None => entry.get("plugin").and_then(Value::as_str).map(|plugin| default_name(kind, plugin)),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Document, Vec<Problem>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        let position = Lines::new(valid).position(valid.len());
        vec![syntax(path, Some(position), "not UTF-8".to_owned(), "UTF-8 text")]
    })?;
    Document::parse(text).map_err(|errors| {
        let problems = errors.into_iter();
        problems.map(|error| syntax(path, Some(error.position), error.found, &error.accepted)).collect()
    })
}

fn syntax(path: &Path, position: Option<Position>, found: String, accepted: &str) -> Problem {
    Problem {
        file: path.display().to_string(),
        position,
        key: String::new(),
        pointer: String::new(),
        kind: ProblemKind::Syntax,
        found,
        accepted: accepted.to_owned(),
        hint: None,
    }
}

impl Written {
    /// As it is stored: secrets are references.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub(crate) fn to_json(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|error| format!("writing the configuration: {error}"))
    }

    /// What was stored.
    ///
    /// # Errors
    /// It is no stored configuration.
    pub(crate) fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("reading a stored configuration: {error}"))
    }
}
