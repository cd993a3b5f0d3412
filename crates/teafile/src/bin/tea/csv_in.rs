//! `tea from-csv` and `tea append`: rows of a table as items.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use teafile::{AppendOptions, TimeScale, Value, Writer};

use crate::csv_cells::{Kind, Table, is_stdin, separator};
use crate::csv_guess::Guess;
use crate::new_file::{Column, LeftOut, NewFile, Order, Written};
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct FromCsv {
    /// The table, with the names of its columns in the first line; - is standard input
    table: PathBuf,
    /// The file to make
    file: PathBuf,
    /// What columns are, and which are wanted: `date:time,close:f64`; otherwise all cells are looked at
    #[arg(long, value_name = "NAME:TYPE,...", value_delimiter = ',')]
    types: Vec<String>,
    #[command(flatten)]
    made: NewFile,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Debug, Args)]
pub(crate) struct Append {
    file: PathBuf,
    /// A table with a column for each field; - is standard input
    table: PathBuf,
    #[command(flatten)]
    rows: Rows,
}

/// Which rows, and how they are read.
#[derive(Debug, Args)]
struct Rows {
    /// Rows only that have this in a column
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    conditions: Vec<String>,
    /// What stands between cells
    #[arg(long, default_value = ",", value_parser = separator)]
    separator: u8,
    /// What happens if the event time goes backwards
    #[arg(long, value_enum, default_value_t = Order::Refuse)]
    time_order: Order,
}

/// What becomes of the columns of a table.
struct Guessed {
    columns: Vec<Column>,
    /// Those that are text.
    left_out: Vec<LeftOut>,
    /// What holds their times.
    scale: Option<TimeScale>,
}

impl FromCsv {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let Guessed { columns, left_out, scale: guessed } =
            if self.types.is_empty() { self.guess()? } else { self.asked()? };
        let scale = self.made.scale.or(guessed).unwrap_or(TimeScale::JAVA);
        if columns.is_empty() {
            bail!("{}: no column has numbers or times (expected one at least)", self.table.display());
        }
        let done = self.made.make(&self.file, &columns, scale, self.rows.time_order, |writer| {
            self.rows.write(&self.table, &columns, scale, writer)
        })?;
        done.tell(output, &columns, &left_out)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The columns of `--types`; whether the table has them is found out when it is read.
    fn asked(&self) -> Result<Guessed> {
        let columns = self.types.iter().map(|text| column(text)).collect::<Result<_>>()?;
        Ok(Guessed { columns, left_out: Vec::new(), scale: None })
    }

    /// All columns whose cells are numbers or times, the names of the others, and a scale for the times.
    fn guess(&self) -> Result<Guessed> {
        if is_stdin(&self.table) {
            bail!("types can be guessed of files only (expected --types NAME:TYPE,... for standard input)");
        }
        let mut table = Table::open(&self.table, self.rows.separator)?;
        let conditions = self.rows.conditions(&table)?;
        let mut guesses: Vec<Guess> = table.head().iter().map(|name| Guess::new(name)).collect();
        while table.next()? {
            if !conditions.iter().all(|(column, value)| table.cell(*column) == value) {
                continue;
            }
            for (index, guess) in guesses.iter_mut().enumerate() {
                guess.add(table.cell(index));
            }
        }
        let (mut columns, mut left_out) = (Vec::new(), Vec::new());
        for (guess, name) in guesses.iter().zip(table.head()) {
            match guess.kind() {
                Some(kind) => columns.push(Column::new(name, kind)),
                None => left_out.push(LeftOut {
                    name: name.clone(),
                    because: format!("it is text (rows of one of them: --where {name}=…)"),
                }),
            }
        }
        let times = guesses.iter().filter(|guess| guess.kind() == Some(Kind::Time));
        let finest = times.max_by_key(|guess| guess.fraction_digits()).map(Guess::scale);
        Ok(Guessed { columns, left_out, scale: finest })
    }
}

/// Reads `NAME:TYPE`.
fn column(text: &str) -> Result<Column> {
    let parts = text.rsplit_once(':').and_then(|(name, kind)| Some((name, Kind::parse(kind)?)));
    let (name, kind) = parts.with_context(|| {
        format!(
            "--types '{text}' (expected NAME:TYPE, where TYPE is time, i8 to i64, u8 to u64, f32, or f64)"
        )
    })?;
    Ok(Column::new(name, kind))
}

impl Append {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let options = AppendOptions::default().time_order(self.rows.time_order.into());
        let writer = options.append(&self.file)?;
        if let Some(repaired) = writer.repaired() {
            eprintln!(
                "tea: {} bytes of an item were cut off first; they are in {}",
                repaired.bytes,
                repaired.saved_in.display()
            );
        }
        let before = writer.item_count();
        let scale = writer.description().scale().unwrap_or(TimeScale::JAVA);
        let columns: Vec<Column> = writer
            .description()
            .fields()
            .iter()
            .map(|field| {
                let is_tick = field.is_time() && field.field_type() == teafile::FieldType::Int64;
                let kind = if is_tick { Kind::Time } else { Kind::Number(field.field_type()) };
                Column::new(field.name(), kind)
            })
            .collect();
        let done = self.rows.write(&self.table, &columns, scale, writer)?;
        if output.json {
            output.object(&json!({
                "file": self.file.to_string_lossy(),
                "appended": done.items - before,
                "items": done.items,
                "time_violations": done.time_violations,
            }))?;
        } else {
            let file = self.file.display();
            writeln!(output, "{} items added to {file}, which has {}", done.items - before, done.items)?;
            done.tell_violations(output)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Rows {
    fn conditions(&self, table: &Table) -> Result<Vec<(usize, String)>> {
        let condition = |text: &String| {
            let (name, value) =
                text.split_once('=').with_context(|| format!("--where '{text}' (expected COLUMN=VALUE)"))?;
            Ok((table.column(name)?, value.to_owned()))
        };
        self.conditions.iter().map(condition).collect()
    }

    /// Writes the rows and closes the file. A row that cannot be written ends it; those before it are in the file then.
    fn write(
        &self,
        path: &Path,
        columns: &[Column],
        scale: TimeScale,
        mut writer: Writer,
    ) -> Result<Written> {
        let mut table = Table::open(path, self.separator)?;
        let conditions = self.conditions(&table)?;
        let places = columns.iter().map(|column| table.column(&column.name)).collect::<Result<Vec<_>>>()?;
        let mut values: Vec<Value<'static>> = Vec::with_capacity(columns.len());
        while table.next()? {
            if !conditions.iter().all(|(column, value)| table.cell(*column) == value) {
                continue;
            }
            values.clear();
            for (column, place) in columns.iter().zip(&places) {
                values.push(table.read(*place, column.kind, scale)?);
            }
            writer.write(&values).with_context(|| table.place())?;
        }
        Written::of(writer)
    }
}
