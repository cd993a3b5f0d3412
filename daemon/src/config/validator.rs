//! The one validator: of the daemon's own configuration and of every plugin's.
//!
//! It finds all problems of a value in one pass and says each with what is there and what would do.

use std::collections::BTreeSet;

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    ProblemKind,
    describe::describe,
    nearest,
    origin::{Finding, Spot},
    pointer, schema,
    shown::is_secret_key,
};

/// A compiled JSON schema.
pub(crate) struct Validator {
    root: Value,
    compiled: jsonschema::Validator,
}

impl Validator {
    /// Compiles a schema. References to other documents are not followed: nothing is fetched.
    ///
    /// # Errors
    /// It is no JSON schema; the text says where.
    pub(crate) fn new(root: Value) -> Result<Self, String> {
        let compiled = jsonschema::options().build(&root).map_err(|error| {
            let at = error.instance_path().as_str();
            if at.is_empty() { error.to_string() } else { format!("{at}: {error}") }
        })?;
        Ok(Self { root, compiled })
    }

    /// As [`Validator::new`], from the text of a plugin's manifest. A key that the schema does not name is refused
    /// unless the schema says `additionalProperties`: a mistyped key must not be ignored silently.
    pub(crate) fn of_plugin(text: &str) -> Result<Self, String> {
        let mut root: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        if let Value::Object(node) = &mut root {
            // with any of these, keys may be named elsewhere
            let elsewhere = [
                "$ref",
                "$dynamicRef",
                "allOf",
                "anyOf",
                "oneOf",
                "if",
                "not",
                "dependentSchemas",
                "patternProperties",
                "additionalProperties",
                "unevaluatedProperties",
            ];
            if node.contains_key("properties") && !elsewhere.iter().any(|keyword| node.contains_key(*keyword))
            {
                node.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Self::new(root)
    }

    /// The schema itself.
    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// The keys of the configuration.
    pub(crate) fn keys(&self) -> Vec<&str> {
        schema::keys(&self.root, &self.root)
    }

    /// All problems of `value`, which stands at `at` in the configuration.
    pub(crate) fn findings(&self, at: &str, value: &Value) -> Vec<Finding> {
        let mut report = Report { root: &self.root, at, findings: Vec::new(), refused: BTreeSet::new() };
        for error in self.compiled.iter_errors(value) {
            report.add(&error);
        }
        report.findings
    }
}

struct Report<'a> {
    root: &'a Value,
    at: &'a str,
    findings: Vec<Finding>,
    /// Values that were refused already: one problem a value is enough, it says all that is accepted.
    refused: BTreeSet<String>,
}

impl Report<'_> {
    fn add(&mut self, error: &ValidationError<'_>) {
        let node = schema::node_of_keyword(self.root, error.schema_path().as_str());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                for key in unexpected {
                    self.add_unknown(error, node, key);
                }
            }
            ValidationErrorKind::Required { property } => self.add_missing(error, node, property),
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::OneOfMultipleValid { context } => match self.meant(error, node, context) {
                Some(errors) => errors.iter().for_each(|inner| self.add(inner)),
                None if self.add_tag(error, node) => {}
                None => self.add_value(error, node),
            },
            _ => self.add_value(error, node),
        }
    }

    fn pointer(&self, error: &ValidationError<'_>) -> String {
        format!("{}{}", self.at, error.instance_path().as_str())
    }

    fn add_unknown(&mut self, error: &ValidationError<'_>, node: &Value, key: &str) {
        let keys = schema::keys(self.root, node);
        let mut in_tables = keys.iter().filter_map(|table| {
            let inside = schema::keys(self.root, schema::property(node, table)?);
            inside.contains(&key).then(|| format!("{table}.{key}"))
        });
        let hint = in_tables.next_back().or_else(|| nearest(key, keys.iter().copied()));
        let accepted: Vec<_> = keys.iter().map(|key| pointer::quoted_key(key)).collect();
        self.findings.push(Finding {
            pointer: pointer::child(&self.pointer(error), key),
            spot: Spot::Key,
            kind: ProblemKind::UnknownKey,
            found: key.to_owned(),
            accepted: if keys.is_empty() { "no keys".to_owned() } else { accepted.join(", ") },
            hint,
        });
    }

    fn add_missing(&mut self, error: &ValidationError<'_>, node: &Value, property: &Value) {
        let key = schema::value_word(property);
        let accepted = schema::property(node, &key).map(|node| describe(self.root, node));
        self.findings.push(Finding {
            pointer: self.pointer(error),
            spot: Spot::Key,
            kind: ProblemKind::MissingKey,
            found: key,
            accepted: accepted.unwrap_or_default(),
            hint: None,
        });
    }

    fn add_value(&mut self, error: &ValidationError<'_>, node: &Value) {
        let pointer = self.pointer(error);
        if !self.refused.insert(pointer.clone()) {
            return;
        }
        let value = error.instance();
        let described = describe(self.root, node);
        // keywords that no description covers
        let accepted = match error.kind() {
            ValidationErrorKind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
            ValidationErrorKind::UniqueItems => "a list without repetitions".to_owned(),
            _ if described.is_empty() => error.masked_with("this").to_string(),
            _ => described,
        };
        let hint = value.as_str().zip(schema::values(self.root, node));
        let hint =
            hint.and_then(|(word, values)| nearest(word, values.into_iter().filter_map(Value::as_str)));
        // whatever part of the schema was broken, and whatever the key is called
        let place = error.instance_path().as_str();
        let is_secret = schema::is_secret(node)
            || schema::marks_secret(self.root, place)
            || is_secret_key(pointer::last_key(place));
        self.findings.push(Finding {
            pointer,
            spot: Spot::Value,
            kind: ProblemKind::Value,
            found: if is_secret { "a secret value".to_owned() } else { shown(value) },
            accepted,
            hint: hint.filter(|_| !is_secret),
        });
    }

    /// Of several alternatives none is meant, because a tag is missing or has a value that is in none of them.
    fn add_tag(&mut self, error: &ValidationError<'_>, node: &Value) -> bool {
        let Some(table) = error.instance().as_object() else { return false };
        let alternatives = schema::alternatives(node).map(Vec::as_slice).unwrap_or_default();
        for (key, values) in tags(self.root, alternatives) {
            let value = table.get(key);
            if value.is_some_and(|value| values.contains(&value)) {
                continue;
            }
            let hint = value.and_then(Value::as_str);
            let hint = hint.and_then(|word| nearest(word, values.iter().filter_map(|value| value.as_str())));
            let at = self.pointer(error);
            self.findings.push(Finding {
                pointer: if value.is_some() { pointer::child(&at, key) } else { at },
                spot: if value.is_some() { Spot::Value } else { Spot::Key },
                kind: if value.is_some() { ProblemKind::Value } else { ProblemKind::MissingKey },
                found: value.map_or_else(|| key.to_owned(), shown),
                accepted: values.into_iter().map(schema::value_word).collect::<Vec<_>>().join(", "),
                hint,
            });
            return true;
        }
        false
    }

    /// Of several alternatives, the errors of the one that was meant; `None` if that is not clear.
    fn meant<'e>(
        &self,
        error: &ValidationError<'_>,
        node: &Value,
        context: &'e [Vec<ValidationError<'static>>],
    ) -> Option<&'e [ValidationError<'static>]> {
        let here = error.instance_path().as_str();
        let alternatives = schema::alternatives(node)?;
        let mut meant = alternatives.iter().zip(context).filter(|(branch, errors)| {
            let contradicts = |inner: &ValidationError<'_>| match inner.kind() {
                ValidationErrorKind::Constant { .. } | ValidationErrorKind::Enum { .. } => true,
                ValidationErrorKind::Type { .. } => inner.instance_path().as_str() == here,
                // `{ a = … }` where the alternative is `{ b = … }`
                ValidationErrorKind::Required { .. } => {
                    schema::keys(self.root, schema::target(self.root, branch)).len() == 1
                        && inner.instance_path().as_str() == here
                }
                _ => false,
            };
            !schema::is_null(branch) && !errors.is_empty() && !errors.iter().any(contradicts)
        });
        let (_, errors) = meant.next()?;
        meant.next().is_none().then_some(errors.as_slice())
    }
}

/// The keys for which every alternative has values of its own, with all those values: tags such as `kind` in `{ kind = "fixed" }`.
fn tags<'a>(root: &'a Value, alternatives: &'a [Value]) -> Vec<(&'a str, Vec<&'a Value>)> {
    let tables =
        alternatives.iter().map(|branch| schema::target(root, branch)).filter(|node| !schema::is_null(node));
    let first = tables.clone().next().map(|node| schema::keys(root, node)).unwrap_or_default();
    let values = |node: &'a Value, key: &str| schema::values(root, schema::property(node, key)?);
    let tags = first.into_iter().filter_map(|key| {
        let all: Option<Vec<_>> = tables.clone().map(|node| values(node, key)).collect();
        Some((key, all?.concat()))
    });
    tags.collect()
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    /// Longer texts are cut.
    const CHARS_MAX: usize = 60;
    match value {
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a table".to_owned(),
        Value::String(text) if text.chars().count() > CHARS_MAX => {
            let start: String = text.chars().take(CHARS_MAX).collect();
            format!("{start:?}…")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
