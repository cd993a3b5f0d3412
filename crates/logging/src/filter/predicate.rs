//! Filters described by a small table: levels, texts, fields, rates, and additions.

use regex::Regex;

use super::Filter;
use crate::{level::Level, record::Record, value::Value};

/// What a test of a record looks at: an attribute or a field, by its name.
#[derive(Clone, Debug)]
pub struct Operand(String);

impl Operand {
    /// The attribute or field of this name.
    ///
    /// ```
    /// use stratd_logging::Operand;
    /// let _ = Operand::new("message");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    fn value<'r>(&self, record: &'r Record<'_>) -> Option<Value<'r>> {
        match self.0.as_str() {
            "msg" => Some(Value::from(&*record.message)),
            name => crate::format::attribute_value(name, record).or_else(|| record.fields.get(name)),
        }
    }

    /// Runs `test` on the value as a text; a field that is not there reads `None`.
    fn with_text<R>(&self, record: &Record<'_>, test: impl FnOnce(&str) -> R) -> R {
        match self.value(record) {
            Some(Value::Text(text)) => test(&text),
            Some(value) => test(&crate::format::text_of(&value)),
            None => test("None"),
        }
    }
}

/// A filter described by a table.
#[derive(Clone, Debug)]
pub enum Predicate {
    /// At most this level.
    LevelMax(Level),
    /// At least this level.
    LevelMin(Level),
    /// From one level to another, both included.
    LevelRange(Level, Level),
    /// One of these levels.
    LevelIn(Vec<Level>),
    /// The text holds this one; the opposite, if the flag is set.
    Contains(Operand, String, bool),
    /// The pattern is found in the text; the opposite, if the flag is set.
    Regex(Operand, Regex, bool),
    /// The value is this one; the opposite, if the flag is set.
    Equals(Operand, Value<'static>, bool),
    /// The record has it; the opposite, if the flag is set.
    Has(Operand, bool),
    /// The first of each `n` records.
    Every {
        /// How many records it takes for one.
        n: u64,
        /// Records seen.
        seen: u64,
    },
    /// The first `n` records.
    First {
        /// How many.
        n: u64,
        /// Records seen.
        seen: u64,
    },
    /// At most `n` records in each interval of this many nanoseconds, by the records' own times. The first record after
    /// a silence says in the field `suppressed` how many were held back.
    RateLimit {
        /// How many.
        n: u64,
        /// Length of the interval in nanoseconds.
        interval_ns: i64,
        /// When the interval began.
        since_ns: i64,
        /// Records of this interval.
        seen: u64,
        /// Records held back since the last that passed.
        suppressed: u64,
    },
    /// All or none.
    Const(bool),
    /// Sets fields.
    AddFields(Vec<(String, Value<'static>)>),
    /// Puts a text before the message.
    Prefix(String),
    /// Gives the record another level.
    SetLevel(Level),
    /// Drops records whose message holds the first text, puts the second one before the others'.
    Mark(String, String),
}

impl Filter for Predicate {
    fn accepts(&mut self, record: &mut Record<'_>) -> bool {
        match self {
            Self::LevelMax(level) => record.level <= *level,
            Self::LevelMin(level) => record.level >= *level,
            Self::LevelRange(min, max) => (*min..=*max).contains(&record.level),
            Self::LevelIn(levels) => levels.contains(&record.level),
            Self::Contains(operand, text, negate) => {
                operand.with_text(record, |value| value.contains(text.as_str())) != *negate
            }
            Self::Regex(operand, pattern, negate) => {
                operand.with_text(record, |value| pattern.is_match(value)) != *negate
            }
            Self::Equals(operand, expected, negate) => {
                let is_equal = match operand.value(record) {
                    Some(value) => is_equal(&value, expected),
                    None => *expected == Value::Null,
                };
                is_equal != *negate
            }
            Self::Has(operand, negate) => operand.value(record).is_some() != *negate,
            Self::Every { n, seen } => {
                *seen += 1;
                (*seen - 1).is_multiple_of((*n).max(1))
            }
            Self::First { n, seen } => {
                *seen = seen.saturating_add(1);
                *seen <= *n
            }
            Self::RateLimit { .. } => self.accepts_rate(record),
            Self::Const(value) => *value,
            Self::AddFields(fields) => {
                for (key, value) in fields {
                    record.fields.add(key.clone(), value.clone());
                }
                true
            }
            Self::Prefix(prefix) => {
                record.message.to_mut().insert_str(0, prefix);
                true
            }
            Self::SetLevel(level) => {
                record.level = *level;
                record.level_name = None;
                true
            }
            Self::Mark(stop, prefix) => {
                if record.message.contains(stop.as_str()) {
                    return false;
                }
                record.message.to_mut().insert_str(0, prefix);
                true
            }
        }
    }

    fn changes_records(&self) -> bool {
        matches!(
            self,
            Self::AddFields(_)
                | Self::Prefix(_)
                | Self::SetLevel(_)
                | Self::Mark(..)
                | Self::RateLimit { .. }
        )
    }
}

impl Predicate {
    fn accepts_rate(&mut self, record: &mut Record<'_>) -> bool {
        let Self::RateLimit { n, interval_ns, since_ns, seen, suppressed } = self else { return true };
        let age = record.created_ns.saturating_sub(*since_ns);
        // a clock that was set back begins a new interval
        if age >= *interval_ns || age < 0 {
            (*since_ns, *seen) = (record.created_ns, 0);
        }
        *seen += 1;
        if *seen > *n {
            *suppressed += 1;
            return false;
        }
        if *suppressed > 0 {
            record.fields.add("suppressed", Value::from(*suppressed));
            *suppressed = 0;
        }
        true
    }
}

/// As Python compares: a number is equal to a number, whatever its type.
#[expect(clippy::cast_precision_loss, reason = "Python compares an int with a float by value")]
fn is_equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    let number = |value: &Value<'_>| match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Null | Value::Text(_) | Value::Json(_) => None,
    };
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left == right,
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.total_cmp(&right).is_eq(),
            _ => left == right,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Predicate};
    use crate::{level::Level, record::Record, value::Value};

    #[test]
    fn a_rate_limit_lets_n_records_pass_in_each_interval_and_tells_how_many_it_held_back() {
        let mut limit = Predicate::RateLimit { n: 2, interval_ns: 100, since_ns: 0, seen: 0, suppressed: 0 };
        let mut at = |ns| {
            let mut record = Record::new("a", Level::INFO, "");
            record.created_ns = ns;
            (limit.accepts(&mut record), record.fields.get("suppressed").map(Value::into_owned))
        };
        assert_eq!(
            (at(1000), at(1001), at(1002), at(1099)),
            ((true, None), (true, None), (false, None), (false, None))
        );
        assert_eq!(at(1100), (true, Some(Value::from(2))));
        assert_eq!(at(5), (true, None), "a clock set back begins anew");
    }
}
