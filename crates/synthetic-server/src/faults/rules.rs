//! Rules of faults, from a file, an option or a request.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

use super::{MILLION, Stream};
use crate::{
    json::Object,
    words::{list, value, word},
};

/// Most rules at once.
const RULES_MAX: usize = 100;
/// Most numbers of one rule.
const NUMBERS_MAX: usize = 10_000;
/// Longest delay.
const DELAY_MS_MAX: u64 = 60_000;

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Drop,
    Delay,
    Duplicate,
    Reorder,
    Disconnect,
    Reject,
    AcceptThenSilence,
}

const KINDS: &[(&str, Kind)] = &[
    ("drop", Kind::Drop),
    ("delay", Kind::Delay),
    ("duplicate", Kind::Duplicate),
    ("reorder", Kind::Reorder),
    ("disconnect", Kind::Disconnect),
    ("reject", Kind::Reject),
    ("accept_then_silence", Kind::AcceptThenSilence),
];

impl Kind {
    /// Hits messages of the server; otherwise requests.
    pub(crate) fn hits_messages(self) -> bool {
        !matches!(self, Self::Reject | Self::AcceptThenSilence)
    }

    pub(crate) fn name(self) -> &'static str {
        word(KINDS, self)
    }
}

/// Which streams a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Market,
    Orders,
    Both,
}

const SCOPES: &[(&str, Scope)] =
    &[("market", Scope::Market), ("orders", Scope::Orders), ("both", Scope::Both)];

impl Scope {
    pub(crate) fn covers(self, stream: Stream) -> bool {
        match stream {
            Stream::Market => self != Self::Orders,
            Stream::Orders | Stream::Requests => self != Self::Market,
        }
    }
}

/// A rule, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    pub(crate) scope: Scope,
    /// How many of a million messages.
    pub(crate) ppm: u64,
    /// Numbers of messages, ascending.
    pub(crate) at: Vec<u64>,
    pub(crate) delay: Duration,
    /// Only this account.
    pub(crate) account: Option<String>,
}

impl Rule {
    pub(crate) fn json(&self) -> String {
        let object = Object::new().text("kind", self.kind.name()).text("scope", word(SCOPES, self.scope));
        let object = if self.at.is_empty() {
            object.raw("ppm", self.ppm)
        } else {
            object.list("at", self.at.iter().map(u64::to_string))
        };
        let object =
            if self.delay.is_zero() { object } else { object.raw("delay_ms", self.delay.as_millis()) };
        match &self.account {
            Some(account) => object.text("account", account).end(),
            None => object.end(),
        }
    }
}

/// The keys of a rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleKeys {
    kind: String,
    scope: Option<String>,
    ppm: Option<u64>,
    at: Option<Vec<u64>>,
    delay_ms: Option<u64>,
    account: Option<String>,
}

impl RuleKeys {
    fn checked(self) -> Result<Rule> {
        let kind = value(KINDS, &self.kind)
            .ok_or_else(|| anyhow!("kind is {:?} (accepted: {})", self.kind, list(KINDS)))?;
        let scope = match &self.scope {
            None if kind.hits_messages() => Scope::Both,
            None => Scope::Orders,
            Some(text) => value(SCOPES, text)
                .ok_or_else(|| anyhow!("scope is {text:?} (accepted: {})", list(SCOPES)))?,
        };
        if !kind.hits_messages() && scope == Scope::Market {
            bail!("scope is \"market\" of kind {:?} (accepted: \"orders\")", kind.name());
        }
        let (ppm, at) = match (self.ppm, self.at) {
            (Some(ppm), None) if (1..=MILLION).contains(&ppm) => (ppm, Vec::new()),
            (Some(ppm), None) => bail!("ppm is {ppm} (accepted: 1 to {MILLION})"),
            (None, Some(mut at)) if (1..=NUMBERS_MAX).contains(&at.len()) && !at.contains(&0) => {
                at.sort_unstable();
                (0, at)
            }
            (None, Some(at)) => {
                let count = at.len();
                bail!("at has {count} numbers, perhaps a 0 (accepted: 1 to {NUMBERS_MAX} numbers from 1)")
            }
            (Some(_), Some(_)) | (None, None) => {
                bail!("a rule with both of ppm and at or neither (accepted: one of them)")
            }
        };
        let delay_ms = match (kind == Kind::Delay, self.delay_ms) {
            (true, Some(ms)) if (1..=DELAY_MS_MAX).contains(&ms) => ms,
            (false, None) => 0,
            (true, found) => {
                let found = found.map_or("missing".to_owned(), |ms| ms.to_string());
                bail!("delay_ms is {found} (accepted: 1 to {DELAY_MS_MAX})")
            }
            (false, Some(_)) => bail!("delay_ms of kind {:?} (accepted: of \"delay\" only)", kind.name()),
        };
        Ok(Rule { kind, scope, ppm, at, delay: Duration::from_millis(delay_ms), account: self.account })
    }
}

/// Rules as the JSON list of FAULTS.
pub(crate) fn parse_list(text: &str) -> Result<Vec<Rule>> {
    let list: Vec<RuleKeys> = serde_json::from_str(text).context("rules are no list of rules")?;
    check_all(list, "rule")
}

/// A file of rules: `seed`, and tables `[[fault]]`.
pub(crate) fn parse_file(path: &Path) -> Result<(Option<u64>, Vec<Rule>)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct FileKeys {
        seed: Option<u64>,
        #[serde(default)]
        fault: Vec<RuleKeys>,
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let file: FileKeys = toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let rules = check_all(file.fault, "fault").with_context(|| format!("reading {}", path.display()))?;
    Ok((file.seed, rules))
}

/// One rule as `KIND:SCOPE:PPM` or `delay:SCOPE:PPM:MS`.
pub(crate) fn parse_option(text: &str) -> Result<Rule> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |name: &str, text: &str| {
        text.parse::<u64>().map_err(|_| anyhow!("{name} is {text:?} (accepted: a whole number)"))
    };
    let (kind, scope, ppm, delay_ms) = match parts.as_slice() {
        [kind, scope, ppm] => (kind, scope, ppm, None),
        [kind, scope, ppm, ms] => (kind, scope, ppm, Some(number("MS", ms)?)),
        _ => bail!("found {text:?} (accepted: KIND:SCOPE:PPM, delay:SCOPE:PPM:MS)"),
    };
    let keys = RuleKeys {
        kind: (*kind).to_owned(),
        scope: Some((*scope).to_owned()),
        ppm: Some(number("PPM", ppm)?),
        at: None,
        delay_ms,
        account: None,
    };
    keys.checked()
}

fn check_all(list: Vec<RuleKeys>, what: &str) -> Result<Vec<Rule>> {
    if list.len() > RULES_MAX {
        bail!("{} rules (accepted: at most {RULES_MAX})", list.len());
    }
    let checked = list.into_iter().enumerate();
    checked.map(|(at, keys)| keys.checked().with_context(|| format!("{what} {}", at + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_and_wrong_ones_say_what_is_accepted() {
        let rule = parse_option("delay:market:1000:50").unwrap();
        assert_eq!(parse_list(&format!("[{}]", rule.json())).unwrap(), [rule]);
        let cases = [
            ("dropp:market:1", "accepted: \"drop\", \"delay\""),
            ("drop:markets:1", "accepted: \"market\", \"orders\", \"both\""),
            ("drop:market:0", "accepted: 1 to 1000000"),
            ("drop:market:x", "accepted: a whole number"),
            ("drop:market:1:5", "accepted: of \"delay\" only"),
            ("delay:market:1", "delay_ms is missing"),
            ("reject:market:1", "accepted: \"orders\""),
            ("drop", "accepted: KIND:SCOPE:PPM"),
        ];
        for (text, part) in cases {
            let error = format!("{:#}", parse_option(text).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        }
        let error = format!("{:#}", parse_list(r#"[{"kind":"drop","at":[0]}]"#).unwrap_err());
        assert!(error.contains("rule 1") && error.contains("numbers from 1"), "{error}");
    }
}
