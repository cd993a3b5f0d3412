//! `[logging.formatters.NAME]`

use super::section::Section;
use crate::format::{ExceptionText, Formatter, FormatterOptions, Layout, Style, Zone};

/// Reads a formatter, and compiles it to see what is wrong with it.
pub(super) fn read(section: &Section<'_>) -> FormatterOptions {
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

/// What a formatter and the short form have in common.
pub(super) fn read_text(section: &Section<'_>, options: &mut FormatterOptions) {
    options.format = section.text("format").map(str::to_owned);
    options.date_format = section.text("datefmt").map(str::to_owned);
    options.style = section.parsed("style", Style::parse).unwrap_or_default();
    options.zone = read_zone(section);
}

/// `utc = true` or `tz = "Europe/Berlin"`
pub(super) fn read_zone(section: &Section<'_>) -> Zone {
    let zone = section.parsed("tz", Zone::parse);
    match (section.flag("utc"), zone) {
        (Some(_), Some(_)) => {
            section.problem("utc", "tz says that already (accepted: one of them)");
            Zone::Utc
        }
        (Some(true), None) => Zone::Utc,
        (_, zone) => zone.unwrap_or_default(),
    }
}
