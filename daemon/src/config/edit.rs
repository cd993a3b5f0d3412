//! Parts of a configuration by their paths, and edits of them: `strategy/momentum/config/fast`.
//!
//! The segments of a path are keys; an entry of `exchange` or `strategy` is named by its name or its number, one of any
//! other list by its number. An edit makes the tables on its way, as TOML does, and says of what it wrote that it came
//! from there.

use serde_json::{Map, Value};

use super::{
    PluginKind,
    origin::Origin,
    pointer,
    shown::with_secrets_of,
    written::{Written, entry_name},
};

/// A path has at most so many segments.
const SEGMENTS_MAX: usize = 32;

/// What is done at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// The value takes the place of what is there.
    Put(Value),
    /// A JSON merge patch (RFC 7396): `null` takes a key away.
    Patch(Value),
    /// What is there goes.
    Delete,
}

/// An edit that cannot be done, or a path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoSuchPath {
    pub(crate) found: String,
    pub(crate) accepted: String,
}

impl Written {
    /// The pointer of the value at a path.
    ///
    /// # Errors
    /// There is none; the text says up to where there is.
    pub(crate) fn find(&self, path: &[String]) -> Result<String, NoSuchPath> {
        let (pointer, rest) = self.walk(path)?;
        match rest.first() {
            None => Ok(pointer),
            Some(missing) => {
                let root = Value::Object(self.table.clone());
                let keys = match root.pointer(&pointer) {
                    Some(Value::Object(table)) => table.keys().cloned().collect::<Vec<_>>().join(", "),
                    Some(Value::Array(list)) => names(&pointer, list).join(", "),
                    _ => "a value without keys".to_owned(),
                };
                let at = pointer::dotted(&root, &pointer);
                let at = if at.is_empty() { "the configuration".to_owned() } else { at };
                Err(NoSuchPath { found: format!("{at} has no {missing}"), accepted: keys })
            }
        }
    }

    /// Edits a part; who asks is told to be the origin of what is written.
    ///
    /// # Errors
    /// The path leads through a value that is no table.
    pub(crate) fn edit(&mut self, path: &[String], edit: Edit, who: &str) -> Result<(), NoSuchPath> {
        let origin = Origin::Change(who.to_owned());
        match edit {
            Edit::Put(value) => self.put(path, value, &origin),
            Edit::Patch(patch) => self.patch(path, patch, &origin),
            Edit::Delete => self.delete(path),
        }
    }

    /// Takes a whole other configuration, whose secrets may be hidden.
    pub(crate) fn replaced(&self, mut table: Map<String, Value>, who: &str) -> Self {
        for (key, value) in &mut table {
            if let Some(old) = self.table.get(key) {
                with_secrets_of(value, old);
            }
        }
        let mut written = self.clone();
        written.take_table(table, &Origin::Change(who.to_owned()));
        written
    }

    /// As far as the path leads, and what is left of it.
    fn walk<'a>(&self, path: &'a [String]) -> Result<(String, &'a [String]), NoSuchPath> {
        if path.len() > SEGMENTS_MAX {
            let found = format!("a path of {} segments", path.len());
            return Err(NoSuchPath { found, accepted: format!("at most {SEGMENTS_MAX}") });
        }
        let root = Value::Object(self.table.clone());
        let (mut at, mut value) = (String::new(), &root);
        for (index, segment) in path.iter().enumerate() {
            let rest = path.get(index..).unwrap_or_default();
            let next = match value {
                Value::Object(table) => table.get(segment).map(|value| (pointer::child(&at, segment), value)),
                Value::Array(list) => {
                    let found = position(&at, list, segment);
                    found.and_then(|found| Some((format!("{at}/{found}"), list.get(found)?)))
                }
                _ => None,
            };
            match next {
                Some((pointer, inner)) => (at, value) = (pointer, inner),
                None => return Ok((at, rest)),
            }
        }
        Ok((at, &[]))
    }

    fn put(&mut self, path: &[String], mut value: Value, origin: &Origin) -> Result<(), NoSuchPath> {
        if path.is_empty() {
            let Value::Object(table) = value else {
                return Err(NoSuchPath {
                    found: "no table".to_owned(),
                    accepted: "a whole configuration".to_owned(),
                });
            };
            *self = self.replaced(table, origin_words(origin));
            return Ok(());
        }
        let (at, rest) = self.walk(path)?;
        let mut root = Value::Object(std::mem::take(&mut self.table));
        let put = put_below(&mut root, &at, rest, &mut value);
        if let Value::Object(table) = root {
            self.table = table;
        }
        let pointer = put?;
        self.texts.retain(|known, _| !pointer::is_within(known, &pointer));
        self.origins.say(&pointer, origin.clone());
        Ok(())
    }

    fn patch(&mut self, path: &[String], patch: Value, origin: &Origin) -> Result<(), NoSuchPath> {
        let Value::Object(patch) = patch else { return self.put(path, patch, origin) };
        for (key, value) in patch {
            let inner: Vec<String> = path.iter().cloned().chain([key]).collect();
            let is_there = self.find(&inner).is_ok();
            match value {
                Value::Null if is_there => self.delete(&inner)?,
                Value::Null => {}
                Value::Object(_) => {
                    // RFC 7396: a table takes the place of what is none
                    let pointer = self.find(&inner).ok();
                    let root = Value::Object(self.table.clone());
                    // and the entries of a list that has names are keys
                    let is_table = pointer.map(|pointer| {
                        let is_list = kind_of(&pointer).is_some();
                        root.pointer(&pointer)
                            .is_some_and(|value| value.is_object() || value.is_array() && is_list)
                    });
                    if is_table != Some(true) {
                        self.put(&inner, Value::Object(Map::new()), origin)?;
                    }
                    self.patch(&inner, value, origin)?;
                }
                value => self.put(&inner, value, origin)?,
            }
        }
        Ok(())
    }

    fn delete(&mut self, path: &[String]) -> Result<(), NoSuchPath> {
        let pointer = self.find(path)?;
        let Some((parent, key)) = pointer.rsplit_once('/') else {
            return Err(NoSuchPath {
                found: "nothing would be left".to_owned(),
                accepted: "the path of a key".to_owned(),
            });
        };
        let mut root = Value::Object(std::mem::take(&mut self.table));
        match root.pointer_mut(parent) {
            Some(Value::Object(table)) => {
                table.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
                self.origins.forget(&pointer);
                self.texts.retain(|known, _| !pointer::is_within(known, &pointer));
            }
            Some(Value::Array(list)) => {
                if let Ok(index) = key.parse::<usize>()
                    && index < list.len()
                {
                    list.remove(index);
                    self.move_up(parent, index);
                }
            }
            _ => {}
        }
        if let Value::Object(table) = root {
            self.table = table;
        }
        Ok(())
    }

    /// An entry of a list has gone: those behind it have one number less.
    fn move_up(&mut self, list: &str, gone: usize) {
        let moved = |known: &str| -> Option<Option<String>> {
            let rest = known.strip_prefix(list)?.strip_prefix('/')?;
            let (number, inner) = rest.split_once('/').map_or((rest, ""), |(number, inner)| (number, inner));
            let number: usize = number.parse().ok()?;
            let inner = if inner.is_empty() { String::new() } else { format!("/{inner}") };
            match number.cmp(&gone) {
                std::cmp::Ordering::Less => None,
                std::cmp::Ordering::Equal => Some(None),
                std::cmp::Ordering::Greater => Some(Some(format!("{list}/{}{inner}", number - 1))),
            }
        };
        let renumber = |known: String| match moved(&known) {
            None => Some(known),
            Some(to) => to,
        };
        let origins = std::mem::take(&mut self.origins.by_pointer).into_iter();
        self.origins.by_pointer =
            origins.filter_map(|(known, origin)| Some((renumber(known)?, origin))).collect();
        let texts = std::mem::take(&mut self.texts).into_iter();
        self.texts = texts.filter_map(|(known, text)| Some((renumber(known)?, text))).collect();
    }
}

fn origin_words(origin: &Origin) -> &str {
    match origin {
        Origin::Change(who) => who,
        Origin::File(..) | Origin::Flag(_) => "",
    }
}

/// Puts a value below what is there; its pointer. Tables on the way are made, and an entry of a list comes last.
fn put_below(root: &mut Value, at: &str, rest: &[String], value: &mut Value) -> Result<String, NoSuchPath> {
    let no_table = |at: &str| NoSuchPath {
        found: format!("{at} holds no keys"),
        accepted: "the path of a key of a table".to_owned(),
    };
    let Some(place) = root.pointer_mut(at) else { return Err(no_table(at)) };
    let Some((key, below)) = rest.split_first() else {
        with_secrets_of(value, place);
        *place = value.take();
        return Ok(at.to_owned());
    };
    match place {
        Value::Object(table) => {
            let pointer = pointer::child(at, key);
            let kind = [PluginKind::Exchange, PluginKind::Strategy].into_iter();
            let is_list =
                at.is_empty() && kind.into_iter().any(|kind| kind.name() == key) && !below.is_empty();
            let made = if is_list { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
            table.entry(key.clone()).or_insert(made);
            put_below(root, &pointer, below, value)
        }
        Value::Array(list) if kind_of(at).is_some() => {
            let pointer = format!("{at}/{}", list.len());
            let mut entry = Map::new();
            entry.insert("name".to_owned(), Value::String(key.clone()));
            list.push(Value::Object(entry));
            match (below.is_empty(), value) {
                // an entry that is put under a name has that name
                (true, Value::Object(table)) => {
                    table.entry("name".to_owned()).or_insert_with(|| Value::String(key.clone()));
                    if let Some(place) = root.pointer_mut(&pointer) {
                        *place = Value::Object(std::mem::take(table));
                    }
                    Ok(pointer)
                }
                (_, value) => put_below(root, &pointer, below, value),
            }
        }
        _ => Err(no_table(at)),
    }
}

fn kind_of(at: &str) -> Option<PluginKind> {
    [PluginKind::Exchange, PluginKind::Strategy].into_iter().find(|kind| at == format!("/{kind}"))
}

/// The names of the entries of a list, or their numbers.
fn names(at: &str, list: &[Value]) -> Vec<String> {
    let name = |(index, entry): (usize, &Value)| {
        kind_of(at).and_then(|kind| entry_name(kind, entry)).unwrap_or_else(|| index.to_string())
    };
    list.iter().enumerate().map(name).collect()
}

fn position(at: &str, list: &[Value], segment: &str) -> Option<usize> {
    let named = kind_of(at)
        .and_then(|kind| list.iter().position(|entry| entry_name(kind, entry).as_deref() == Some(segment)));
    named.or_else(|| segment.parse().ok().filter(|index| *index < list.len()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    const TEXT: &str = "verbose = true\n[[exchange]]\nplugin = \"csv\"\n[[strategy]]\nplugin = \"x\"\nconfig = { fast = 1, api_key = \"k\", big = 1234567890123456.78 }\n[[strategy]]\nname = \"y\"\nplugin = \"x\"\n";

    fn written() -> Written {
        Written::parse(Path::new("etc/run.toml"), TEXT.as_bytes()).unwrap()
    }

    fn path(text: &str) -> Vec<String> {
        text.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn a_part_is_found_by_names_and_numbers() {
        let written = written();
        assert_eq!(written.find(&path("strategy/x/config/fast")).unwrap(), "/strategy/0/config/fast");
        assert_eq!(written.find(&path("strategy/1/plugin")).unwrap(), "/strategy/1/plugin");
        assert_eq!(written.find(&[]).unwrap(), "");
        let missing = written.find(&path("strategy/z")).unwrap_err();
        assert_eq!((missing.found.as_str(), missing.accepted.as_str()), ("strategy has no z", "x, y"));
        assert!(written.find(&path("verbose/x")).unwrap_err().accepted.contains("without keys"));
        assert!(written.find(&vec!["a".to_owned(); 33]).is_err());
    }

    #[test]
    fn an_edit_changes_one_part_and_says_who_did() {
        let mut written = written();
        written.edit(&path("strategy/x/config/fast"), Edit::Put(json!(2)), "uid 7").unwrap();
        assert_eq!(written.table["strategy"][0]["config"]["fast"], 2);
        assert_eq!(written.origins.words("/strategy/0/config/fast").unwrap(), "uid 7");
        assert_eq!(written.origins.words("/strategy/0/config/big").unwrap(), "etc/run.toml:6");
        assert_eq!(written.texts.len(), 1, "the digits of the other number");
        // what was hidden stays, what is new is taken
        let shown = json!({ "plugin": "x", "config": { "fast": 3, "api_key": "***" } });
        written.edit(&path("strategy/x"), Edit::Put(shown), "uid 7").unwrap();
        assert_eq!(written.table["strategy"][0]["config"], json!({ "fast": 3, "api_key": "k" }));
        assert!(written.texts.is_empty());
        written.edit(&path("strategy/new"), Edit::Put(json!({ "plugin": "x" })), "uid 7").unwrap();
        assert_eq!(written.table["strategy"][2], json!({ "plugin": "x", "name": "new" }));
        written.edit(&path("risk/strategy/x/max_open_orders"), Edit::Put(json!(5)), "uid 7").unwrap();
        assert_eq!(written.table["risk"]["strategy"]["x"]["max_open_orders"], 5);
        assert!(written.edit(&path("verbose/x"), Edit::Put(json!(5)), "uid 7").is_err());
    }

    #[test]
    fn a_patch_merges_and_null_takes_away() {
        let mut written = written();
        let patch = json!({ "verbose": null, "nobody": null, "strategy": { "y": { "config": { "slow": 9 } } }, "state": { "dir": "s" } });
        written.edit(&[], Edit::Patch(patch), "uid 7").unwrap();
        assert_eq!(written.table.get("verbose"), None);
        assert_eq!(
            written.table["strategy"][1],
            json!({ "name": "y", "plugin": "x", "config": { "slow": 9 } })
        );
        assert_eq!(written.table["state"], json!({ "dir": "s" }));
    }

    #[test]
    fn what_is_deleted_leaves_its_number_to_the_next() {
        let mut written = written();
        written.edit(&path("strategy/x"), Edit::Delete, "uid 7").unwrap();
        assert_eq!(written.table["strategy"], json!([{ "name": "y", "plugin": "x" }]));
        assert_eq!(written.origins.words("/strategy/0/plugin").unwrap(), "etc/run.toml:9");
        assert!(written.texts.is_empty());
        assert!(written.edit(&path("strategy/x"), Edit::Delete, "uid 7").is_err());
        assert!(written.edit(&[], Edit::Delete, "uid 7").is_err());
    }
}
