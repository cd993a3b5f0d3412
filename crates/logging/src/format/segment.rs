//! A compiled format: literals, and fields with what is done to them.

use super::{
    attribute::Attribute,
    brace::{self, Conversion},
    brace_spec::BraceSpec,
    dollar,
    options::{FormatterOptions, Style},
    percent::{self, PercentSpec},
    text::{write_repr, write_str},
};
use crate::{
    error::{Error, ErrorKind, Result},
    record::Record,
    value::Value,
};

/// One piece of a compiled format.
#[derive(Debug)]
pub(super) enum Segment {
    Literal(String),
    Field(Field, Directive),
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Field {
    Attribute(Attribute),
    /// a field of the record, or else this
    Extra(String, Option<Value<'static>>),
}

/// What is done to a value.
#[derive(Debug)]
pub(super) enum Directive {
    /// printed as `str` prints it
    Plain,
    Percent(PercentSpec),
    Brace(Conversion, Option<BraceSpec>),
}

/// Room for digits and converted texts, kept so that a record costs no allocation.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    first: String,
    digits: [String; 2],
}

impl Scratch {
    /// Room for one text.
    pub(super) fn text(&mut self) -> &mut String {
        &mut self.first
    }
}

/// Compiles a format string.
pub(super) fn compile(options: &FormatterOptions) -> Result<Vec<Segment>> {
    let default = match options.style {
        Style::Percent => "%(message)s",
        Style::Brace => "{message}",
        Style::Dollar => "${message}",
    };
    let format = options.format.as_deref().filter(|format| !format.is_empty()).unwrap_or(default);
    let mut segments = Vec::new();
    match options.style {
        Style::Percent => {
            for piece in percent::parse(format)? {
                segments.push(match piece {
                    percent::Piece::Literal(text) => Segment::Literal(text.to_owned()),
                    percent::Piece::Field(key, spec) => {
                        Segment::Field(field(key, options)?, percent_directive(spec))
                    }
                });
            }
        }
        Style::Brace => {
            for piece in brace::parse(format)? {
                segments.push(match piece {
                    brace::Piece::Literal(text) => Segment::Literal(text.to_owned()),
                    brace::Piece::Field(key, Conversion::None | Conversion::Str, None) => {
                        Segment::Field(field(key, options)?, Directive::Plain)
                    }
                    brace::Piece::Field(key, conversion, spec) => {
                        Segment::Field(field(key, options)?, Directive::Brace(conversion, spec))
                    }
                });
            }
        }
        Style::Dollar => {
            for piece in dollar::parse(format)? {
                segments.push(match piece {
                    dollar::Piece::Literal(text) => Segment::Literal(text.to_owned()),
                    dollar::Piece::Field(key) => Segment::Field(field(key, options)?, Directive::Plain),
                });
            }
        }
    }
    for segment in &segments {
        check(segment).map_err(|error| Error::format(format!("format {format:?}: {error}")))?;
    }
    Ok(segments)
}

fn percent_directive(spec: PercentSpec) -> Directive {
    let is_plain = spec.conversion == b's' && spec.width == 0 && spec.precision.is_none();
    if is_plain { Directive::Plain } else { Directive::Percent(spec) }
}

fn field(key: &str, options: &FormatterOptions) -> Result<Field> {
    if let Some(attribute) = Attribute::parse(key) {
        return Ok(Field::Attribute(attribute));
    }
    let default =
        options.defaults.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let default = default.or_else(|| options.missing.clone().map(Value::from));
    if default.is_none() && !options.extra_fields.iter().any(|known| known == key) {
        return Err(Error::format(format!(
            "unknown field {key:?} (accepted: a standard attribute, a key of defaults or of extra_fields; \
             or set missing = \"-\")"
        )));
    }
    Ok(Field::Extra(key.to_owned(), default))
}

/// Tries a conversion on a value of the type that the attribute always has; on one of each type if it may be any.
fn check(segment: &Segment) -> Result<()> {
    let Segment::Field(field, directive) = segment else { return Ok(()) };
    let mut scratch = Scratch::default();
    let mut run = |value: &Value<'_>| directive.apply(&mut String::new(), value, &mut scratch);
    match field {
        Field::Attribute(attribute) => run(&attribute.sample()),
        Field::Extra(..) => {
            let values = [Value::from("x"), Value::Int(1), Value::Float(0.5)];
            let mut last = Ok(());
            for value in &values {
                last = run(value);
                if last.is_ok() {
                    break;
                }
            }
            last
        }
    }
}

impl Segment {
    /// Appends its text.
    pub(super) fn write(
        &self,
        out: &mut String,
        record: &Record<'_>,
        asctime: &str,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let (field, directive) = match self {
            Self::Literal(text) => {
                out.push_str(text);
                return Ok(());
            }
            Self::Field(field, directive) => (field, directive),
        };
        match field {
            Field::Attribute(attribute) => match (attribute.text(record, asctime), directive) {
                (Some(text), Directive::Plain) => {
                    out.push_str(text);
                    Ok(())
                }
                _ => directive.apply(out, &attribute.value(record, asctime), scratch),
            },
            Field::Extra(key, default) => {
                let value = record.fields.get(key).or_else(|| default.as_ref().map(Value::borrowed));
                let value = value.ok_or_else(|| {
                    Error::new(ErrorKind::Record, format!("the record has no field {key:?}"))
                })?;
                directive.apply(out, &value, scratch)
            }
        }
    }

    /// True if the text of the time is needed.
    pub(super) fn uses_time(&self) -> bool {
        matches!(self, Self::Field(Field::Attribute(Attribute::AscTime), _))
    }
}

impl Directive {
    fn apply(&self, out: &mut String, value: &Value<'_>, scratch: &mut Scratch) -> Result<()> {
        match self {
            Self::Plain => {
                write_str(out, value);
                Ok(())
            }
            Self::Percent(spec) => percent::apply(out, spec, value, &mut scratch.first),
            Self::Brace(conversion, spec) => {
                let Scratch { first, digits } = scratch;
                first.clear();
                match conversion {
                    Conversion::None => {}
                    Conversion::Str => write_str(first, value),
                    Conversion::Repr => write_repr(first, value, false),
                    Conversion::Ascii => write_repr(first, value, true),
                }
                match (conversion, spec) {
                    (Conversion::None, Some(spec)) => spec.apply(out, value, digits),
                    (_, Some(spec)) => spec.apply(out, &Value::from(first.as_str()), digits),
                    (_, None) => {
                        out.push_str(first);
                        Ok(())
                    }
                }
            }
        }
    }
}
