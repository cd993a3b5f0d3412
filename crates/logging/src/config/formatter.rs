//! `[logging.formatters.NAME]`

use super::{kinds::Kinds, section::Section};
use crate::format::{ExceptionText, Formatter, FormatterOptions, Layout, Style, Zone};

/// Reads a formatter, and compiles it to see what is wrong with it.
pub(super) fn read(section: &Section<'_>, kinds: &Kinds) -> FormatterOptions {
    if let Some(kind) = section.text("kind") {
        return read_kind(kind, section, kinds);
    }
    let mut options = FormatterOptions {
        layout: section
            .choice("layout", &[("text", Layout::Text), ("json", Layout::Json), ("logfmt", Layout::Logfmt)])
            .unwrap_or_default(),
        exception: section
            .choice(
                "exc",
                &[
                    ("append", ExceptionText::Append),
                    ("one_line", ExceptionText::OneLine),
                    ("omit", ExceptionText::Omit),
                ],
            )
            .unwrap_or_default(),
        defaults: section.fields("defaults").unwrap_or_default(),
        extra_fields: section.texts("extra_fields").unwrap_or_default(),
        missing: section.text("missing").map(str::to_owned),
        has_color: section.flag("color").unwrap_or(false),
        ..FormatterOptions::default()
    };
    read_text(section, &mut options);
    if let Some(format) = section.text("time_format") {
        format.clone_into(&mut options.time_format);
    }
    if let Some(format) = section.text("msec_format") {
        options.msec_format = (!format.is_empty()).then(|| format.to_owned());
    }
    section.finish();
    if let Err(error) = Formatter::new(&options) {
        section.problem("format", error.to_string());
    }
    options
}

/// Reads a formatter of a kind that the program brought along.
fn read_kind(kind: &str, section: &Section<'_>, kinds: &Kinds) -> FormatterOptions {
    let mut options = FormatterOptions::default();
    match kinds.formatter(kind).map(|make| make(section.rest())) {
        Some(Ok(renderer)) => options.renderer = Some(renderer),
        Some(Err(error)) => section.problem("kind", error.to_string()),
        None => {
            section.rest();
            let known = kinds.formatter_names();
            section.problem("kind", format!("no formatter {kind:?} (accepted: {known})"));
        }
    }
    options
}

/// What a formatter and the short form have in common.
pub(super) fn read_text(section: &Section<'_>, options: &mut FormatterOptions) {
    options.format = section.text("format").map(str::to_owned);
    options.date_format = section.text("datefmt").map(str::to_owned);
    options.style = section.parsed("style", Style::parse).unwrap_or_default();
    options.zone = if section.flag("utc") == Some(true) { Zone::Utc } else { Zone::Local };
}
