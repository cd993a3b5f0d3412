//! `[logging.formatters.NAME]`

use toml::Value;

use super::{
    kinds::Kinds,
    section::{Section, describe},
};
use crate::format::{ExceptionText, Formatter, FormatterOptions, Layout, Style, Zone};

/// A formatter as configured.
#[derive(Clone, Debug)]
pub(crate) struct FormatterSpec {
    pub(crate) name: String,
    pub(crate) options: FormatterOptions,
    /// in colour for handlers that write to a terminal
    pub(crate) is_colored_for_terminals: bool,
}

/// Reads a formatter, and compiles it to see what is wrong with it.
pub(super) fn read(name: &str, section: &Section<'_>, kinds: &Kinds) -> FormatterSpec {
    if let Some(kind) = section.text("kind") {
        let options = read_kind(kind, section, kinds);
        return FormatterSpec { name: name.to_owned(), options, is_colored_for_terminals: false };
    }
    let (has_color, is_colored_for_terminals) = read_color(section);
    let mut options = FormatterOptions {
        has_color,
        layout: section
            .choice("layout", &[("text", Layout::Text), ("json", Layout::Json), ("logfmt", Layout::Logfmt)])
            .unwrap_or_default(),
        exception: section
            .choice(
                "exc",
                &[
                    ("append", ExceptionText::Append),
                    ("one_line", ExceptionText::OneLine),
                    ("quoted", ExceptionText::Quoted),
                    ("omit", ExceptionText::Omit),
                ],
            )
            .unwrap_or_default(),
        defaults: section.fields("defaults").unwrap_or_default(),
        extra_fields: section.texts("extra_fields").unwrap_or_default(),
        missing: section.text("missing").map(str::to_owned),
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
    FormatterSpec { name: name.to_owned(), options, is_colored_for_terminals }
}

/// `color = true`, or `color = "auto"`.
fn read_color(section: &Section<'_>) -> (bool, bool) {
    match section.value("color") {
        None | Some(Value::Boolean(false)) => (false, false),
        Some(Value::Boolean(true)) => (true, false),
        Some(Value::String(word)) if word == "auto" => (false, true),
        Some(other) => {
            section.problem("color", format!("found {} (accepted: true, false, \"auto\")", describe(other)));
            (false, false)
        }
    }
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
