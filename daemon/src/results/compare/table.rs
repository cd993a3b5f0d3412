//! The comparison on a terminal.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{ComparedRun, measures};

/// Prints one column for each run; `*` marks the best figure of a line.
///
/// # Errors
/// The terminal cannot be written.
pub fn print_comparison(out: &mut dyn Write, runs: &[ComparedRun]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::ASCII_BORDERS_ONLY_CONDENSED);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    table.set_header([Cell::new("")].into_iter().chain(runs.iter().map(|run| right(run.name.clone()))));
    for measure in measures(runs) {
        let best = measure.best();
        let texts = measure.texts.iter().enumerate();
        let cells = texts
            .map(|(index, text)| right(if best == Some(index) { format!("* {text}") } else { text.clone() }));
        table.add_row([Cell::new(measure.name)].into_iter().chain(cells));
    }
    writeln!(out, "{table}")
}
