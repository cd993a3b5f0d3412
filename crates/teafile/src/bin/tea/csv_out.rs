//! `tea to-csv`: a file as a table, exactly: what is read back is the same.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use teafile::Reader;

use crate::columns::{Columns, Shown};
use crate::csv_cells::separator;
use crate::fresh;
use crate::output::Output;
use crate::select::Selection;

#[derive(Debug, Args)]
pub(crate) struct ToCsv {
    file: PathBuf,
    /// Where it goes; to standard output if there is none
    table: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    shown: Shown,
    /// What stands between cells
    #[arg(long, default_value = ",", value_parser = separator)]
    separator: u8,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

impl ToCsv {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let Some(path) = &self.table else {
            self.write(output)?;
            return Ok(ExitCode::SUCCESS);
        };
        let count = fresh::make(path, self.force, |part| {
            let file = File::create_new(part).with_context(|| part.display().to_string())?;
            self.write(file)
        })?;
        if output.json {
            output.object(&json!({ "file": path.to_string_lossy(), "rows": count }))?;
        } else {
            writeln!(output, "{count} rows in {}", path.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn write(&self, to: impl Write) -> Result<u64> {
        let mut file = Reader::open(&self.file)?;
        let columns = Columns::new(file.description(), &self.shown)?;
        let indices = self.selection.indices(&mut file)?;
        let mut table = csv::WriterBuilder::new().delimiter(self.separator).from_writer(to);
        table.write_record(columns.labels()).map_err(plain)?;
        file.seek_item(indices.start);
        while file.position() < indices.end
            && let Some(row) = file.read_row()?
        {
            table.write_record(columns.exact(&row)).map_err(plain)?;
        }
        table.flush()?;
        Ok(file.position() - indices.start)
    }
}

/// The error of the system, which says whether nobody reads any more.
fn plain(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => anyhow::anyhow!("writing a row: {other:?}"),
    }
}
