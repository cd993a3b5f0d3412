//! A text that may hold fields, and need not: an argument of a program.

use super::{
    formatter::Formatter,
    options::{ExceptionText, FormatterOptions, Style},
};
use crate::{error::Result, record::Record};

/// A compiled text.
#[derive(Debug)]
pub(crate) enum Template {
    Literal(String),
    Fields(Box<Formatter>),
}

impl Template {
    /// Compiles a text by the rules of a formatter, but for the one that asks for a field. Errors and stacks are not
    /// appended.
    pub(crate) fn new(text: &str, options: &FormatterOptions) -> Result<Self> {
        let (marks, doubled): (&[char], &[&str]) = match options.style {
            Style::Percent => (&['%'], &["%%"]),
            Style::Brace => (&['{', '}'], &["{{", "}}"]),
            Style::Dollar => (&['$'], &["$$"]),
        };
        let rest = doubled.iter().fold(text.to_owned(), |rest, doubled| rest.replace(doubled, ""));
        if !rest.contains(marks) {
            let single =
                |text: String, doubled: &&str| text.replace(doubled, doubled.get(..1).unwrap_or_default());
            return Ok(Self::Literal(doubled.iter().fold(text.to_owned(), single)));
        }
        let options = FormatterOptions {
            format: Some(text.to_owned()),
            exception: ExceptionText::Omit,
            ..options.clone()
        };
        Ok(Self::Fields(Box::new(Formatter::new(&options)?)))
    }

    /// True if its text depends on the record.
    pub(crate) fn has_fields(&self) -> bool {
        matches!(self, Self::Fields(_))
    }

    /// Appends its text.
    pub(crate) fn write(&mut self, record: &Record<'_>, out: &mut String) -> Result<()> {
        match self {
            Self::Literal(text) => {
                out.push_str(text);
                Ok(())
            }
            Self::Fields(formatter) => formatter.format(record, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FormatterOptions, Style, Template};
    use crate::{Level, Record};

    #[test]
    fn a_text_without_a_field_is_itself_and_doubled_marks_are_single() {
        let cases = [
            (Style::Percent, "-s150", "-s150"),
            (Style::Percent, "+%%H {x} $y", "+%H {x} $y"),
            (Style::Percent, "<%(message)s>", "<hello>"),
            (Style::Brace, "{{}} %d", "{} %d"),
            (Style::Brace, "{levelname}", "INFO"),
            (Style::Dollar, "$$HOME", "$HOME"),
            (Style::Dollar, "${name}!", "a!"),
        ];
        for (style, text, expected) in cases {
            let options = FormatterOptions { style, ..FormatterOptions::default() };
            let mut record = Record::new("a", Level::INFO, "hello");
            record.exc_text = Some("not in here".into());
            let mut out = String::new();
            Template::new(text, &options).unwrap().write(&record, &mut out).unwrap();
            assert_eq!(out, expected);
        }
        assert!(Template::new("%(nobody)s", &FormatterOptions::default()).is_err());
        assert!(Template::new("100%", &FormatterOptions::default()).is_err());
    }
}
