//! Tables and lists of one look.

use comfy_table::{Cell, CellAlignment, Table, presets};

/// Where the values of a list start.
const LABEL_WIDTH: usize = 14;

/// A table of text columns, then of figures.
pub(super) struct Grid {
    table: Table,
    texts: usize,
}

impl Grid {
    /// The first `texts` columns are flush left.
    pub(super) fn new(header: &[&str], texts: usize) -> Self {
        let mut table = Table::new();
        table.load_style(presets::ASCII_BORDERS_ONLY_CONDENSED);
        let mut grid = Self { table, texts };
        let header = header.iter().map(|text| (*text).to_owned());
        let cells = grid.cells(header);
        grid.table.set_header(cells);
        grid
    }

    pub(super) fn add<const N: usize>(&mut self, row: [String; N]) {
        let cells = self.cells(row.into_iter());
        self.table.add_row(cells);
    }

    pub(super) fn text(&self) -> String {
        format!("{}\n", self.table)
    }

    fn cells(&self, texts: impl Iterator<Item = String>) -> Vec<Cell> {
        let aligned = |(column, text)| {
            let cell = Cell::new(text);
            if column < self.texts { cell } else { cell.set_alignment(CellAlignment::Right) }
        };
        texts.enumerate().map(aligned).collect()
    }
}

/// One line of a list; nothing for a value that is not there.
pub(super) fn line(label: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{label:<LABEL_WIDTH$}{value}\n") }
}
