//! `${NAME}` in the values of a configuration: the variable of the environment.
//!
//! - It stands for a variable in every text, at any place of it and as often as one likes. `$${` is `${` itself; any other
//!   `$` is just that.
//! - It never does in formats, where `${name}` is a field: the values of `format` and `argv`, whatever the style. A
//!   secret for a program goes through its environment: `env = { TOKEN = "${TOKEN}" }`.
//! - A variable that is not set, or holds no UTF-8, is a problem of the configuration. One that is set to nothing counts as
//!   that.
//! - What a variable holds is not looked at again: a `${` in it is text.

use toml::{Table, Value};

use super::section::{Problems, join};

/// The keys whose values are formats.
const FORMATS: [&str; 2] = ["format", "argv"];
/// The longest text after its variables were filled in, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The table with its variables filled in.
pub(super) fn expand(
    table: &Table,
    problems: &Problems,
    lookup: &dyn Fn(&str) -> Result<String, String>,
) -> Table {
    let mut table = table.clone();
    expand_table(&mut table, "", &mut |path, text| match fill(text, lookup) {
        Ok(filled) => *text = filled,
        Err(problem) => problems.add(path, problem),
    });
    table
}

/// A variable of this process.
pub(super) fn of_process(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => {
            format!(
                "variable {name} is not set (accepted: one that is; \"$${{\" for the characters themselves)"
            )
        }
        std::env::VarError::NotUnicode(_) => format!("variable {name} holds no UTF-8"),
    })
}

fn expand_table(table: &mut Table, path: &str, fill: &mut dyn FnMut(&str, &mut String)) {
    for (key, value) in table.iter_mut() {
        if !FORMATS.contains(&key.as_str()) {
            expand_value(value, &join(path, key), fill);
        }
    }
}

fn expand_value(value: &mut Value, path: &str, fill: &mut dyn FnMut(&str, &mut String)) {
    match value {
        Value::String(text) => fill(path, text),
        Value::Array(items) => items.iter_mut().for_each(|item| expand_value(item, path, fill)),
        Value::Table(table) => expand_table(table, path, fill),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

fn fill(text: &str, lookup: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        let after = after.get(2..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let name = after.split_once('}').map(|(name, behind)| {
            rest = behind;
            name
        });
        let name = name.filter(|name| is_name(name)).ok_or_else(|| {
            format!("found \"${{\" in {text:?} (accepted: ${{NAME}} for a variable, \"$${{\" for the characters themselves)")
        })?;
        out.push_str(&lookup(name)?);
        if out.len() > TEXT_BYTES_MAX {
            return Err(format!("more than {TEXT_BYTES_MAX} bytes with variable {name} (accepted: fewer)"));
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(name: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_start) && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Problems, expand, fill};

    fn lookup(name: &str) -> Result<String, String> {
        match name {
            "HOST" => Ok("db1".to_owned()),
            "EMPTY" => Ok(String::new()),
            "TRICK" => Ok("${HOST}".to_owned()),
            "LONG" => Ok("x".repeat(40_000)),
            _ => Err(format!("variable {name} is not set")),
        }
    }

    #[test]
    fn variables_are_filled_in_and_doubled_marks_are_not() {
        let cases = [
            ("${HOST}:514", Ok("db1:514")),
            ("a${EMPTY}b${HOST}", Ok("abdb1")),
            ("$${HOST} ${HOST}", Ok("${HOST} db1")),
            ("$HOST costs 5$", Ok("$HOST costs 5$")),
            ("${TRICK}", Ok("${HOST}")),
            ("${NOBODY}", Err("NOBODY is not set")),
            ("${HOST", Err("accepted: ${NAME}")),
            ("${}", Err("accepted: ${NAME}")),
            ("${env:HOST}", Err("accepted: ${NAME}")),
            ("${LONG}${LONG}", Err("65536 bytes")),
        ];
        for (text, expected) in cases {
            match (fill(text, &lookup), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
                (Err(got), Err(expected)) => assert!(got.contains(expected), "{text}: {got}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn formats_are_left_alone_and_problems_name_their_key() {
        let text = "[formatters.f]\nstyle = \"$\"\nformat = \"${message}\"\n[handlers.\"a.b\"]\n\
                    argv = [\"${message}\"]\nto = [\"${HOST}\", \"${NOBODY}\"]\nn = 1";
        let problems = Problems::default();
        let table = expand(&toml::from_str(text).unwrap(), &problems, &lookup);
        assert_eq!(table["formatters"]["f"]["format"].as_str(), Some("${message}"));
        assert_eq!(table["handlers"]["a.b"]["argv"][0].as_str(), Some("${message}"));
        assert_eq!(table["handlers"]["a.b"]["to"][0].as_str(), Some("db1"));
        let problems = problems.take();
        assert_eq!(problems[0].0, "handlers.\"a.b\".to");
        assert_eq!(problems.len(), 1);
    }
}
