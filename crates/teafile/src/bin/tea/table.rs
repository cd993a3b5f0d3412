//! Rows below each other, as text in columns or as lines of JSON.

use std::io::{self, Write};

use teafile::Row;

use crate::columns::Columns;
use crate::output::Output;

/// How many rows are looked at before the width of a column is set. A wider one later on is not cut.
const ROWS_MEASURED: usize = 200;

/// Lists items.
pub(crate) struct Listing<'a> {
    columns: &'a Columns,
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(columns: &'a Columns) -> Self {
        Self { columns, waiting: Vec::new(), widths: None }
    }

    pub(crate) fn row(&mut self, row: &Row<'_>, output: &mut Output) -> io::Result<()> {
        if output.json {
            return writeln!(output, "{}", self.columns.json(row));
        }
        let cells = self.columns.shown(row);
        if let Some(widths) = &self.widths {
            return line(&cells, widths, output);
        }
        self.waiting.push(cells);
        if self.waiting.len() >= ROWS_MEASURED { self.flush(output) } else { Ok(()) }
    }

    /// Shows what waits.
    pub(crate) fn flush(&mut self, output: &mut Output) -> io::Result<()> {
        if output.json || self.widths.is_some() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let widths = widths(self.columns.labels(), &waiting);
        line(self.columns.labels(), &widths, output)?;
        for cells in &waiting {
            line(cells, &widths, output)?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

/// A whole table.
pub(crate) fn print(head: &[String], rows: &[Vec<String>], output: &mut Output) -> io::Result<()> {
    let widths = widths(head, rows);
    line(head, &widths, output)?;
    rows.iter().try_for_each(|cells| line(cells, &widths, output))
}

fn widths(head: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let length = |text: &String| text.chars().count();
    let mut widths: Vec<usize> = head.iter().map(length).collect();
    for cells in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(length(cell));
        }
    }
    widths
}

/// The first column stands at the left, as a name or a time does, the others at the right.
fn line(cells: &[String], widths: &[usize], output: &mut Output) -> io::Result<()> {
    let mut text = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let cell = if index == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
        text.push_str(&cell);
    }
    writeln!(output, "{}", text.trim_end())
}
