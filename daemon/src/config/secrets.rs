//! Secrets by their names: `${NAME}` is a variable of the environment, `${credential:NAME}` a credential of systemd.
//!
//! They stand in the texts of the `config` of exchanges and strategies, and credentials in `[logging]` as well, whose own
//! variables the log reads by itself. `$${` is `${` itself.
//!
//! Invariant: a configuration holds references. What they stand for is read when an instance is made or told its
//! configuration, goes to the plugin and nowhere else: not into a message (what a plugin says of its configuration is
//! freed of it), a generation, `state.db`, the results, or the environment of a child.
//!
//! Limits: a value has at most [`VALUE_BYTES_MAX`].

use std::{
    collections::BTreeSet,
    env,
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
};

use serde_json::Value;

use super::{
    ProblemKind,
    origin::{Finding, Spot},
    pointer,
    shown::{HIDDEN, is_secret},
};

/// A secret above this is none.
const VALUE_BYTES_MAX: u64 = 64 * 1024;
/// What begins a reference.
const OPEN: &str = "${";
/// What begins one to a credential.
const OPEN_CREDENTIAL: &str = "${credential:";
/// What begins the name of a credential.
const CREDENTIAL: &str = "credential:";
/// Where systemd puts the credentials of a service.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// Shorter ones occur in innocent texts.
const SCRUBBED_BYTES_MIN: usize = 4;

/// A configuration with what its references stand for.
pub(crate) struct Expanded {
    pub(crate) value: Value,
    /// The places of the texts that had a reference, with what could not be read there.
    pub(crate) findings: Vec<Finding>,
    /// The places of the texts that had a reference, relative to the value.
    pub(crate) places: BTreeSet<String>,
    /// What references stand for, with the reference.
    secrets: Vec<(String, String)>,
}

impl Expanded {
    /// Reads what the references in `value` stand for; it stands at `at` in the configuration.
    pub(crate) fn of(at: &str, value: &Value) -> Self {
        Self::with(at, value, (OPEN, &look_up))
    }

    /// As [`Expanded::of`], for credentials alone: what else looks like a reference stays.
    pub(crate) fn of_credentials(at: &str, value: &Value) -> Self {
        // the log looks for references in what it gets
        Self::with(at, value, (OPEN_CREDENTIAL, &|name| Ok(look_up(name)?.replace(OPEN, "$${"))))
    }

    fn with(at: &str, value: &Value, rule: Rule<'_>) -> Self {
        let mut expanded =
            Self { value: value.clone(), findings: Vec::new(), places: BTreeSet::new(), secrets: Vec::new() };
        let mut value = std::mem::take(&mut expanded.value);
        expanded.visit(at, "", &mut value, rule);
        expanded.value = value;
        expanded
    }

    fn visit(&mut self, at: &str, inner: &str, value: &mut Value, rule: Rule<'_>) {
        // one that is written out is nobody's to read either
        if let Value::String(text) = value
            && is_secret(pointer::last_key(inner), &Value::String(text.clone()))
        {
            self.secrets.push((text.clone(), HIDDEN.to_owned()));
        }
        match value {
            Value::String(text) if text.contains(rule.0) => {
                self.places.insert(inner.to_owned());
                match expand(text, rule) {
                    Ok((expanded, secrets)) => {
                        self.secrets.extend(secrets);
                        *text = expanded;
                    }
                    Err((found, accepted)) => self.findings.push(Finding {
                        pointer: format!("{at}{inner}"),
                        spot: Spot::Value,
                        kind: ProblemKind::Conflict,
                        found,
                        accepted,
                        hint: None,
                    }),
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.visit(at, &pointer::child(inner, &index.to_string()), item, rule);
                }
            }
            Value::Object(table) => {
                for (key, value) in table {
                    self.visit(at, &pointer::child(inner, key), value, rule);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A message without what the references stand for.
    pub(crate) fn scrubbed(&self, text: &str) -> String {
        // one that looks like a reference would be looked for in what others became
        let is_scrubbed = |secret: &str| secret.len() >= SCRUBBED_BYTES_MIN && !secret.contains(OPEN);
        let secrets = self.secrets.iter().filter(|(secret, _)| is_scrubbed(secret));
        secrets.fold(text.to_owned(), |text, (secret, reference)| text.replace(secret.as_str(), reference))
    }

    /// The first reference that could not be read, in words.
    pub(crate) fn refusal(&self) -> Option<(String, String)> {
        let finding = self.findings.first()?;
        Some((format!("{}: {}", finding.pointer, finding.found), finding.accepted.clone()))
    }
}

/// The text, and what references stood for.
type Text = (String, Vec<(String, String)>);

/// What begins a reference, and what its name stands for.
type Rule<'a> = (&'a str, &'a dyn Fn(&str) -> Result<String, String>);

fn expand(text: &str, (open, look_up): Rule<'_>) -> Result<Text, (String, String)> {
    let (mut out, mut secrets, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find(open) {
        let before = rest.get(..at).unwrap_or_default();
        let after = rest.get(at + OPEN.len()..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            // whoever reads on takes the escape away itself
            out.push_str(before);
            out.push_str(if open == OPEN { OPEN } else { "$${" });
            rest = after;
            continue;
        }
        out.push_str(before);
        let end = after.find('}').filter(|end| is_name(after.get(..*end).unwrap_or_default()));
        let Some(end) = end else {
            let accepted =
                "${NAME} for a variable, ${credential:NAME} for a credential, $${ for the characters";
            // not the text: a secret may be in it
            return Err(("found \"${\" without a name".to_owned(), accepted.to_owned()));
        };
        let name = after.get(..end).unwrap_or_default();
        let secret = look_up(name).map_err(|why| {
            let accepted = if name.starts_with(CREDENTIAL) {
                "one that LoadCredential= or LoadCredentialEncrypted= of the unit names"
            } else {
                "a variable that is set"
            };
            (why, accepted.to_owned())
        })?;
        out.push_str(&secret);
        secrets.push((secret, format!("${{{name}}}")));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok((out, secrets))
}

/// A credential's name is that of a file, so it must not lead out of its folder.
fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.strip_prefix(CREDENTIAL) {
        Some(file) => {
            !file.is_empty()
                && !file.starts_with('.')
                && file.chars().all(|c| is_word(c) || matches!(c, '.' | '-' | '@' | ':'))
        }
        None => name.chars().all(is_word) && name.chars().next().is_some_and(|first| !first.is_ascii_digit()),
    }
}

/// Whether this process was given credentials: a check on an administrator's terminal was not.
pub(crate) fn has_credentials() -> bool {
    env::var_os(CREDENTIALS_VARIABLE).is_some_and(|folder| !folder.is_empty())
}

fn look_up(name: &str) -> Result<String, String> {
    let Some(credential) = name.strip_prefix(CREDENTIAL) else {
        return env::var(name).map_err(|error| match error {
            env::VarError::NotPresent => format!("the variable {name} is not set"),
            env::VarError::NotUnicode(_) => format!("the variable {name} is not UTF-8"),
        });
    };
    let Some(folder) = env::var_os(CREDENTIALS_VARIABLE).filter(|folder| !folder.is_empty()) else {
        return Err(format!(
            "there is no credential {credential}: {CREDENTIALS_VARIABLE} is not set, systemd gave none"
        ));
    };
    let path = PathBuf::from(folder).join(credential);
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(VALUE_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 > VALUE_BYTES_MAX => {
            return Err(format!("the credential {credential} is longer than {VALUE_BYTES_MAX} bytes"));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!("there is no credential {credential}"));
        }
        Err(error) => return Err(format!("reading the credential {credential}: {error}")),
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("the credential {credential} is not UTF-8"))?;
    // an editor ends the last line of a file
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(name: &str) -> Result<String, String> {
        match name {
            "KEY" => Ok("s3cret".to_owned()),
            "TRICK" => Ok("${KEY}".to_owned()),
            "credential:api.key" => Ok("c0ffee".to_owned()),
            _ => Err(format!("no {name}")),
        }
    }

    #[test]
    fn references_stand_for_secrets_and_messages_for_references() {
        let value = json!({ "a": "x${KEY}y", "b": ["${credential:api.key}", 7, "$${KEY}"], "c": { "d": "${TRICK}" } });
        let expanded = Expanded::with("/exchange/0/config", &value, (OPEN, &known));
        assert_eq!(
            expanded.value,
            json!({ "a": "xs3crety", "b": ["c0ffee", 7, "${KEY}"], "c": { "d": "${KEY}" } })
        );
        assert!(expanded.findings.is_empty());
        assert_eq!(expanded.places.iter().collect::<Vec<_>>(), ["/a", "/b/0", "/b/2", "/c/d"]);
        assert_eq!(
            expanded.scrubbed("login with xs3crety and c0ffee failed"),
            "login with x${KEY}y and ${credential:api.key} failed"
        );
    }

    #[test]
    fn a_secret_that_is_written_out_is_in_no_message() {
        let value = json!({ "token": "n0thing", "keys": { "Access-Key": ["0pen"] }, "symbol": "AAPL" });
        let expanded = Expanded::with("/exchange/0/config", &value, (OPEN, &known));
        assert_eq!(expanded.scrubbed("AAPL: n0thing and 0pen are wrong"), "AAPL: *** and *** are wrong");
        assert_eq!(expanded.value, value);
    }

    #[test]
    fn of_a_log_credentials_alone_are_read() {
        let value = json!({ "a": "${credential:api.key} ${KEY} $${credential:api.key} ${" });
        let expanded = Expanded::with("/logging", &value, (OPEN_CREDENTIAL, &known));
        assert_eq!(expanded.value["a"], "c0ffee ${KEY} $${credential:api.key} ${");
    }

    #[test]
    fn what_stands_for_nothing_is_found_at_its_place() {
        for (text, found) in [
            ("${NOBODY}", "no NOBODY"),
            ("${credential:gone}", "no credential:gone"),
            ("${", "without a name"),
            ("${}", "without a name"),
            ("${1A}", "without a name"),
            ("${credential:../state.db}", "without a name"),
            ("${credential:.hidden}", "without a name"),
            ("${credential:}", "without a name"),
        ] {
            let expanded = Expanded::with("/exchange/0/config", &json!({ "key": text }), (OPEN, &known));
            let [finding] = expanded.findings.as_slice() else { panic!("{text}: {:?}", expanded.findings) };
            assert!(finding.found.contains(found), "{text}: {}", finding.found);
            assert_eq!(finding.pointer, "/exchange/0/config/key");
            assert_eq!(expanded.value["key"], text);
        }
    }
}
