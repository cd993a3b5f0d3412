//! The beginning of a line, which many records share.
//!
//! Most formats begin with time, level and logger, and a busy log has many records in one millisecond. The text of those
//! first pieces is kept and used again as long as nothing that it shows has changed.

use super::{
    attribute::Attribute,
    segment::{Field, Segment},
};
use crate::{level::Level, record::Record};

/// The text of the first pieces of a format, and what it was made of.
#[derive(Debug, Default)]
pub(super) struct Prefix {
    /// so many pieces are part of it
    pub(super) count: usize,
    /// true if it shows the time
    has_time: bool,
    is_valid: bool,
    level: Level,
    name: String,
    thread: u64,
    process: u32,
    text: String,
}

impl Prefix {
    /// The beginning of a format; of no pieces, if it is not worth being kept.
    pub(super) fn of(segments: &[Segment]) -> Self {
        let count = segments.iter().take_while(|segment| is_shared(segment)).count();
        let begin = segments.get(..count).unwrap_or_default();
        if !begin.iter().any(|segment| matches!(segment, Segment::Field(..))) {
            return Self::default();
        }
        Self { count, has_time: begin.iter().any(Segment::uses_time), ..Self::default() }
    }

    /// The text for this record, if it is that of the last one. Called for every record, with whether its time is shown
    /// differently from the last one's.
    #[inline]
    pub(super) fn get(&mut self, record: &Record<'_>, is_other_time: bool) -> Option<&str> {
        if is_other_time && self.has_time {
            self.is_valid = false;
        }
        // a level with a name of its own is rare
        let is_same = self.is_valid
            && record.level_name.is_none()
            && record.level == self.level
            && record.thread == self.thread
            && record.process == self.process
            && *record.name == *self.name;
        is_same.then_some(&self.text)
    }

    /// Keeps the text that was made for this record.
    pub(super) fn keep(&mut self, record: &Record<'_>, text: &str) {
        self.is_valid = record.level_name.is_none();
        if !self.is_valid {
            return;
        }
        (self.level, self.thread, self.process) = (record.level, record.thread, record.process);
        self.name.clear();
        self.name.push_str(&record.name);
        self.text.clear();
        self.text.push_str(text);
    }
}

/// True for a piece whose text [`Prefix::get`] knows to be the same.
fn is_shared(segment: &Segment) -> bool {
    match segment {
        Segment::Literal(_) => true,
        Segment::Field(Field::Attribute(attribute), _) => matches!(
            attribute,
            Attribute::Name
                | Attribute::LevelName
                | Attribute::LevelNumber
                | Attribute::AscTime
                | Attribute::Thread
                | Attribute::Process
        ),
        Segment::Field(Field::Extra(..), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Formatter, FormatterOptions, Level, Record};

    /// Formats each record with one formatter for all, and with one of its own; they must agree.
    fn check(format: &str, records: &[Record<'_>]) {
        let options = FormatterOptions { format: Some(format.into()), ..FormatterOptions::default() };
        let mut shared = Formatter::new(&options).unwrap();
        for record in records {
            let (mut line, mut expected) = (String::from("before "), String::from("before "));
            shared.format(record, &mut line).unwrap();
            Formatter::new(&options).unwrap().format(record, &mut expected).unwrap();
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn a_line_is_the_same_whatever_lines_came_before() {
        let mut records = Vec::new();
        for bits in 0..64_u8 {
            let one = |bit: u8| bits & (1 << bit) != 0;
            let mut record = Record::new(if one(0) { "a.b" } else { "a.c" }, Level::INFO, format!("{bits}"));
            record.level = if one(1) { Level::ERROR } else { Level::new(21) };
            record.level_name = one(2).then(|| "OWN".into());
            record.created_ns = 1_677_903_920_999_000_000 + i64::from(bits % 8) * 333_333;
            record.thread = u64::from(one(3));
            record.process = u32::from(one(4));
            // each twice: the second one finds the beginning of the first
            records.extend([record.clone(), record]);
        }
        for format in [
            "%(asctime)s %(levelname)-8s %(name)s %(message)s",
            "%(levelno)d %(thread)d/%(process)d %(message)s %(asctime)s",
            "%(name)s: %(message)s",
            "%(message)s",
            "literal %(asctime)s",
        ] {
            check(format, &records);
        }
    }

    #[test]
    fn a_record_that_cannot_be_formatted_leaves_nothing_behind() {
        let options = FormatterOptions {
            format: Some("%(name)s %(quantity)d".into()),
            extra_fields: vec!["quantity".into()],
            ..FormatterOptions::default()
        };
        let mut formatter = Formatter::new(&options).unwrap();
        let mut line = String::new();
        for name in ["a", "a", "b"] {
            assert!(formatter.format(&Record::new(name, Level::INFO, ""), &mut line).is_err());
            let mut record = Record::new(name, Level::INFO, "");
            record.fields.add("quantity", crate::Value::from(5));
            formatter.format(&record, &mut line).unwrap();
        }
        assert_eq!(line, "a 5a 5b 5");
    }
}
