//! Makes the text of rows and writes it.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use super::{
    row::Row,
    row_file::Block,
    row_text::Texts,
    rows::{Cells, Noted},
};

/// Beyond so much text is handed to the system, and at the end of a block.
const TEXT_MAX: usize = 128 * 1024;

/// A file, and what its rows have in common. The text of the header waits for the first rows.
pub(super) struct Printer {
    file: File,
    row: Row,
    texts: Texts,
    /// By the place of their names.
    cells: Vec<Cells>,
}

impl Printer {
    /// Creates the file with its header.
    pub(super) fn create(path: &Path, header: &[&str]) -> io::Result<Self> {
        let mut row = Row::default();
        for name in header {
            row.text(name);
        }
        row.end();
        Ok(Self { row, ..Self::of(File::create(path)?) })
    }

    /// One that goes on with a file.
    pub(super) fn of(file: File) -> Self {
        Self { file, row: Row::default(), texts: Texts::default(), cells: Vec::new() }
    }

    /// Hands the rows of a block to the system, and empties it.
    pub(super) fn print<R: Noted>(&mut self, block: &mut Block<R>) -> io::Result<()> {
        self.cells.extend(block.names.drain(..).map(Cells::new));
        for noted in block.rows.drain(..) {
            // the names of a row come with it, or came before
            let Some(cells) = self.cells.get_mut(noted.names()) else { continue };
            noted.write(&mut self.row, &mut self.texts, cells);
            self.row.end();
            if self.row.len() >= TEXT_MAX {
                self.write()?;
            }
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all(self.row.written())?;
        self.row.clear();
        Ok(())
    }
}
