//! A configuration against its schema, where no daemon can be asked.
//!
//! The schema is that of the daemon of the same version (`docs/stratd.schema.json`). It knows the daemon's own keys; of
//! the configuration of a plugin it knows that it is a table. The daemon says more, and more kindly.

use jsonschema::ValidationError;
use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

/// All problems, one a line, each with its place.
pub(crate) fn problems(name: &str, text: &str) -> Vec<String> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let told = errors.iter().map(|error| {
            let at = place(text, error.span().unwrap_or_default().start);
            format!("{name}:{at}: {}", error.message().replace('\n', "; "))
        });
        return told.collect();
    }
    let mut places = Vec::new();
    let value = Value::Object(table_of("", table.get_ref(), &mut places));
    let schema: Value = match serde_json::from_str(stratd_control::CONFIG_SCHEMA) {
        Ok(schema) => schema,
        Err(error) => return vec![format!("the schema of this program is damaged: {error}")],
    };
    let validator = match jsonschema::options().build(&schema) {
        Ok(validator) => validator,
        Err(error) => return vec![format!("the schema of this program is damaged: {error}")],
    };
    let mut found: Vec<(usize, String)> = validator
        .iter_errors(&value)
        .map(|error: ValidationError<'_>| {
            let pointer = error.instance_path().as_str();
            let start = start_of(&places, pointer);
            let key = pointer.trim_start_matches('/').replace('/', ".");
            let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
            (start, format!("{name}:{}: {key}{error}", place(text, start)))
        })
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, text)| text).collect()
}

/// Where a value, or what holds it, was written.
fn start_of(places: &[(String, usize)], pointer: &str) -> usize {
    let mut pointer = pointer;
    loop {
        if let Some((_, start)) = places.iter().find(|(known, _)| known == pointer) {
            return *start;
        }
        match pointer.rsplit_once('/') {
            Some((parent, _)) => pointer = parent,
            None => return 0,
        }
    }
}

fn table_of(at: &str, table: &DeTable<'_>, places: &mut Vec<(String, usize)>) -> Map<String, Value> {
    let entries = table.iter().map(|(key, value)| {
        let at = format!("{at}/{}", key.get_ref().replace('~', "~0").replace('/', "~1"));
        places.push((at.clone(), key.span().start));
        (key.get_ref().to_string(), value_of(&at, value.get_ref(), places))
    });
    entries.collect()
}

fn value_of(at: &str, value: &DeValue<'_>, places: &mut Vec<(String, usize)>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Number(number.into()),
            Err(_) => Value::String(integer.to_string()),
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>().ok().and_then(Number::from_f64) {
            Some(number) => Value::Number(number),
            None => Value::String(float.as_str().to_owned()),
        },
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
        DeValue::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                let at = format!("{at}/{index}");
                places.push((at.clone(), item.span().start));
                value_of(&at, item.get_ref(), places)
            });
            Value::Array(items.collect())
        }
        DeValue::Table(table) => Value::Object(table_of(at, table, places)),
    }
}

/// Line and column, both from 1.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::problems;

    #[test]
    fn a_problem_has_its_line() {
        let good = "[[exchange]]\nplugin = \"csv\"\n[[strategy]]\nplugin = \"x\"\nconfig = { fast = 1 }\n";
        assert_eq!(problems("a.toml", good), Vec::<String>::new());
        let bad = format!("verbse = true\n{good}allow_shutdown = 7\n");
        let found = problems("a.toml", &bad);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a.toml:1:1: ") && found[0].contains("verbse"), "{found:?}");
        assert!(found[1].starts_with("a.toml:7:1: strategy.0.allow_shutdown: 7 is not"), "{found:?}");
        let broken = problems("a.toml", "a = \nb = 2\n");
        assert!(broken[0].starts_with("a.toml:1:"), "{broken:?}");
    }
}
