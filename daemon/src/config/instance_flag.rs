//! `[NAME=]PLUGIN[,KEY=VALUE]…`: a strategy or exchange on the command line.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::{
    ProblemKind,
    document::{Texts, parse_value},
    origin::{Finding, Spot},
    pointer,
};

/// An instance as a flag describes it.
#[derive(Debug)]
pub(crate) struct InstanceFlag {
    pub(crate) name: Option<String>,
    pub(crate) plugin: String,
    pub(crate) config: Map<String, Value>,
}

impl InstanceFlag {
    /// Reads a flag whose entry will stand at `at`; what cannot be read becomes findings.
    pub(crate) fn parse(text: &str, at: &str, texts: &mut Texts, findings: &mut Vec<Finding>) -> Self {
        let mut parts = split(text).into_iter();
        let first = parts.next().unwrap_or_default();
        let (name, plugin) = match first.split_once('=') {
            Some((name, plugin)) => (Some(name.trim().to_owned()), plugin.trim().to_owned()),
            None => (None, first.trim().to_owned()),
        };
        let at = pointer::child(at, "config");
        let mut config = Map::new();
        for part in parts {
            if let Err(finding) = assign(&mut config, &at, part, texts) {
                findings.push(finding);
            }
        }
        Self { name, plugin, config }
    }
}

/// Splits at commas; a value that starts with a quote, `[` or `{` keeps those inside it.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0u32, None);
    // whether the next character starts a value, and whether the value has a syntax of its own
    let (mut is_value_start, mut is_structured) = (false, false);
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some('"'), _) if is_escaped => is_escaped = false,
            (Some('"'), '\\') => is_escaped = true,
            (Some(open), _) => {
                if c == open {
                    quote = None;
                }
            }
            (None, ',') if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
                (is_value_start, is_structured) = (false, false);
            }
            (None, '=') if !is_structured => is_value_start = true,
            (None, '"' | '\'') if is_value_start || depth > 0 => (quote, is_structured) = (Some(c), true),
            (None, '[' | '{') if is_value_start || depth > 0 => (depth, is_structured) = (depth + 1, true),
            (None, ']' | '}') if depth > 0 => depth -= 1,
            (None, _) => {}
        }
        if c != '=' && !c.is_whitespace() {
            is_value_start = false;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Puts one `key=value` into the configuration.
fn assign(config: &mut Map<String, Value>, at: &str, part: &str, texts: &mut Texts) -> Result<(), Finding> {
    let refuse = |pointer: String, kind, found: String, accepted: &str| Finding {
        pointer,
        spot: Spot::Value,
        kind,
        found,
        accepted: accepted.to_owned(),
        hint: None,
    };
    let Some((key, text)) = part.split_once('=') else {
        let found = format!("{:?} has no value", part.trim());
        return Err(refuse(at.to_owned(), ProblemKind::Syntax, found, "key=value"));
    };
    let Some(path) = key_path(key.trim()) else {
        let found = format!("{:?} is no key", key.trim());
        return Err(refuse(
            at.to_owned(),
            ProblemKind::Syntax,
            found,
            "a TOML key, such as fast or limits.day",
        ));
    };
    let pointer = path.iter().fold(at.to_owned(), |pointer, key| pointer::child(&pointer, key));
    let text = text.trim();
    let value = match parse_value(&pointer, text, texts) {
        Ok(value) => value,
        // `["a"` is a list gone wrong rather than a text
        Err(message) if text.starts_with(['[', '{', '"', '\'']) => {
            return Err(refuse(pointer, ProblemKind::Value, format!("{text} ({message})"), "a TOML value"));
        }
        Err(_) => Value::String(text.to_owned()),
    };
    insert(config, &path, value)
        .map_err(|found| refuse(pointer, ProblemKind::Conflict, found.to_owned(), "each key once"))
}

/// The keys of a dotted key.
fn key_path(key: &str) -> Option<Vec<String>> {
    // a line break or a comment would make it more, or less, than one key
    if key.contains(['\n', '\r', '#']) {
        return None;
    }
    let document = format!("{key} = 0");
    let table = DeTable::parse(&document).ok()?;
    let mut path = Vec::new();
    let mut table = table.get_ref();
    loop {
        let (key, value) = table.iter().next()?;
        path.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(path),
        }
    }
}

fn insert(config: &mut Map<String, Value>, path: &[String], value: Value) -> Result<(), &'static str> {
    let Some((last, tables)) = path.split_last() else { return Ok(()) };
    let mut table = config;
    for key in tables {
        let inner = table.entry(key).or_insert_with(|| Value::Object(Map::new()));
        table = inner.as_object_mut().ok_or("is a value already, no table")?;
    }
    match table.insert(last.clone(), value) {
        None => Ok(()),
        Some(_) => Err("is given twice"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (InstanceFlag, Vec<Finding>) {
        let mut findings = Vec::new();
        (InstanceFlag::parse(text, "", &mut Texts::new(), &mut findings), findings)
    }

    fn check(text: &str, expect: Expect) {
        let (flag, findings) = read(text);
        let name = flag.name.map(|name| format!("{name} = ")).unwrap_or_default();
        let mut shown = format!("{name}{} {}", flag.plugin, Value::Object(flag.config));
        for finding in findings {
            shown.push_str(&format!(" | {}: {} ({})", finding.pointer, finding.found, finding.accepted));
        }
        expect.assert_eq(&shown);
    }

    #[test]
    fn values_are_toml_or_text() {
        check("ema-cross", expect!["ema-cross {}"]);
        check("ema-cross,fast=5, slow = 20", expect![[r#"ema-cross {"fast":5,"slow":20}"#]]);
        check("slow-one=ema-cross,slow=200", expect![[r#"slow-one = ema-cross {"slow":200}"#]]);
        check("csv,file=prices.csv", expect![[r#"csv {"file":"prices.csv"}"#]]);
        check("csv,file=a=b.csv", expect![[r#"csv {"file":"a=b.csv"}"#]]);
        check("csv,file=", expect![[r#"csv {"file":""}"#]]);
        check(
            "csv,from=2013-03-01,x=1.50,y=inf,z=true",
            expect![[r#"csv {"from":"2013-03-01","x":1.5,"y":"inf","z":true}"#]],
        );
        check(
            "csv,name='true',other=it's,last=1",
            expect![[r#"csv {"name":"true","other":"it's","last":1}"#]],
        );
    }

    #[test]
    fn commas_inside_values_do_not_split() {
        check(r#"csv,files=["a,1","b"],x=1"#, expect![[r#"csv {"files":["a,1","b"],"x":1}"#]]);
        check(
            r#"csv,columns={ price = "p,\"q", n = [1, 2] },x=1"#,
            expect![[r#"csv {"columns":{"price":"p,\"q","n":[1,2]},"x":1}"#]],
        );
        check("csv,file='a,b.csv',x=1", expect![[r#"csv {"file":"a,b.csv","x":1}"#]]);
    }

    #[test]
    fn dotted_keys_make_tables() {
        check("x,a.b=1,a.c=two,\"d e\".f=3", expect![[r#"x {"a":{"b":1,"c":"two"},"d e":{"f":3}}"#]]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        check("x,fast", expect![[r#"x {} | /config: "fast" has no value (key=value)"#]]);
        check("x,", expect![[r#"x {} | /config: "" has no value (key=value)"#]]);
        check("x,=1", expect![[r#"x {} | /config: "" is no key (a TOML key, such as fast or limits.day)"#]]);
        check(
            "x,a b=1",
            expect![[r#"x {} | /config: "a b" is no key (a TOML key, such as fast or limits.day)"#]],
        );
        check("x,a=1,a=2", expect![[r#"x {"a":2} | /config/a: is given twice (each key once)"#]]);
        check(
            "x,a=1,a.b=2",
            expect![[r#"x {"a":1} | /config/a/b: is a value already, no table (each key once)"#]],
        );
        check(
            "x,l=[1,2",
            expect![[r#"x {} | /config/l: [1,2 (unclosed array, expected `]`) (a TOML value)"#]],
        );
        check(
            "x,l=\"a\"b",
            expect![[r#"x {} | /config/l: "a"b (unexpected content, expected nothing) (a TOML value)"#]],
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-c=,.'\"\\[\\]{}\\\\# \n0-9é]{0,40}") {
            read(&text);
        }
    }
}
