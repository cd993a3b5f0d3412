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

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use serde_json::json;

    use super::*;

    /// A folder with these files; a file without a text is a link to `/dev/null`.
    fn place(files: &[(&str, Option<&str>)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text {
                Some(text) => fs::write(path, text).unwrap(),
                None => symlink("/dev/null", path).unwrap(),
            }
        }
        place
    }

    fn read(place: &tempfile::TempDir, folders: &[&str]) -> Result<Written, Vec<String>> {
        let folders: Vec<_> = folders.iter().map(|folder| place.path().join(folder)).collect();
        let problems = |problems: Vec<Problem>| -> Vec<String> {
            let root = format!("{}/", place.path().display());
            problems.iter().map(|problem| problem.to_string().replace(&root, "")).collect()
        };
        Written::read(&place.path().join("stratd.toml"), &folders).map_err(problems)
    }

    const MAIN: &str = "verbose = true\nplugin_dirs = [\"a\"]\n[[strategy]]\nplugin = \"strategy-x\"\nconfig = { fast = 1, slow = 2 }\n";

    #[test]
    fn layers_merge_in_the_order_of_their_names() {
        let place = place(&[
            ("stratd.toml", Some(MAIN)),
            (
                "vendor/10-a.toml",
                Some("plugin_dirs = [\"b\"]\n[state]\ndir = \"vendor\"\nsave_interval = \"1s\"\n"),
            ),
            ("vendor/30-c.toml", Some("verbose = \"never read\"")),
            ("vendor/40-d.toml", Some("verbose = \"never read\"")),
            (
                "admin/20-b.toml",
                Some(
                    "[[strategy]]\nname = \"x\"\nconfig.fast = 7\n[[strategy]]\nname = \"y\"\nplugin = \"x\"\n[state]\ndir = \"admin\"\n",
                ),
            ),
            ("admin/30-c.toml", Some("")),
            ("admin/40-d.toml", None),
            ("admin/.50.toml", Some("not TOML")),
            ("admin/60.toml~", Some("not TOML")),
        ]);
        let written = read(&place, &["vendor", "admin"]).unwrap();
        assert_eq!(
            Value::Object(written.table.clone()),
            json!({
                "verbose": true,
                "plugin_dirs": ["b"],
                "strategy": [
                    { "plugin": "strategy-x", "config": { "fast": 7, "slow": 2 }, "name": "x" },
                    { "name": "y", "plugin": "x" },
                ],
                "state": { "dir": "admin", "save_interval": "1s" },
            })
        );
        let source = |pointer| {
            let words = written.origins.words(pointer).unwrap();
            words.rsplit_once('/').map(|(_, name)| name.to_owned()).unwrap_or(words)
        };
        assert_eq!(source("/strategy/0/config/slow"), "stratd.toml:5");
        assert_eq!(source("/strategy/0/config/fast"), "20-b.toml:3");
        assert_eq!(source("/strategy/1/plugin"), "20-b.toml:6");
        assert_eq!(source("/state/save_interval"), "10-a.toml:4");
        // a relative path starts in the folder of its file
        assert_eq!(written.origins.folder_of("/plugin_dirs/0"), Some(place.path().join("vendor").as_path()));
        assert_eq!(written.origins.folder_of("/state/dir"), Some(place.path().join("admin").as_path()));
        let again = Written::from_json(&written.to_json().unwrap()).unwrap();
        assert_eq!(again, written, "what is stored is what was written");
    }

    #[test]
    fn conf_d_beside_the_file_counts_unasked_and_every_file_tells_its_mistakes() {
        let place = place(&[
            ("stratd.toml", Some(MAIN)),
            ("conf.d/a.toml", Some("verbose = ")),
            ("conf.d/b.toml", Some("x = 1\nx = 2")),
        ]);
        let problems = read(&place, &[]).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("conf.d/a.toml:1:"), "{problems:?}");
        assert!(problems[1].starts_with("conf.d/b.toml:2:1: duplicate key"), "{problems:?}");
        let before = Written::read(&place.path().join("conf.d/b.toml"), &[]);
        assert!(before.is_err(), "a file of another name has no drop-ins, and its own mistakes");
        fs::remove_dir_all(place.path().join("conf.d")).unwrap();
        let (first, second) = (read(&place, &[]).unwrap(), read(&place, &[]).unwrap());
        assert_eq!(first.digest, second.digest);
        fs::write(place.path().join("stratd.toml"), format!("{MAIN}# a remark")).unwrap();
        assert_ne!(read(&place, &[]).unwrap().digest, first.digest);
    }

    #[test]
    fn two_entries_of_one_name_in_one_file_stay_two() {
        let place = place(&[
            ("stratd.toml", Some("")),
            ("conf.d/a.toml", Some("[[strategy]]\nplugin = \"x\"\n[[strategy]]\nplugin = \"x\"\n")),
        ]);
        assert_eq!(read(&place, &[]).unwrap().table["strategy"].as_array().unwrap().len(), 2);
    }
}
