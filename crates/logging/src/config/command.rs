//! `kind = "command"`

use super::{delivery::read_queue, formatter::read_zone, section::Section};
use crate::{
    format::{FormatterOptions, Style},
    handler::{COMMAND_TIMEOUT, CommandHandler, CommandOptions},
};

/// Reads a command handler, and compiles its arguments to see what is wrong with them.
pub(super) fn read(section: &Section<'_>) -> Option<CommandOptions> {
    let argv = section.required("argv", section.texts("argv"));
    let format = FormatterOptions {
        style: section.parsed("style", Style::parse).unwrap_or_default(),
        date_format: section.text("datefmt").map(str::to_owned),
        zone: read_zone(section),
        extra_fields: section.texts("extra_fields").unwrap_or_default(),
        missing: section.text("missing").map(str::to_owned),
        ..FormatterOptions::default()
    };
    let timeout = section.duration("timeout").unwrap_or(COMMAND_TIMEOUT);
    if timeout.is_zero() {
        section.problem("timeout", "found no time at all (accepted: a time span like \"30s\")");
    }
    let environment = section.table("env").map(|table| {
        let variables = table.iter().filter_map(|(name, value)| {
            let text = value.as_str().map(|text| (name.clone(), text.to_owned()));
            if text.is_none() {
                section.problem("env", format!("{name} is no text (accepted: NAME = \"text\")"));
            }
            text
        });
        variables.collect()
    });
    let queue = read_queue(section);
    let environment = environment.unwrap_or_default();
    let options = CommandOptions { argv: argv?, format, environment, timeout, queue };
    if let Err(error) = CommandHandler::check(&options) {
        section.problem("argv", error.to_string());
    }
    Some(options)
}
