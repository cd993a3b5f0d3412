//! `tea merge`: files of equal fields as one, in the order of their event times.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use teafile::{CreateOptions, Description, FieldType, MergedRows, Reader, TimeOrder, Value};

use crate::copy::{Scales, part};
use crate::fresh;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The file to make; scale and texts are those of the first one that is merged
    to: PathBuf,
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Adds a field with the number of the file that an item is from, and a name-value for each file's name
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

impl Merge {
    /// The memory that it takes depends on the number of files, not on their size.
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let files = self.files.iter().map(Reader::open).collect::<Result<Vec<_>, _>>()?;
        let of: Vec<Description> = files.iter().map(|file| file.description().clone()).collect();
        let first = of.first().context("nothing to merge (expected one file at least)")?;
        for (description, path) in of.iter().zip(&self.files) {
            if kinds(description) != kinds(first) {
                bail!("{}: its fields are not those of the first file (expected equal ones)", path.display());
            }
        }
        let description = self.description(first)?;
        let scale = first.scale();
        let scales: Vec<Scales> = of.iter().map(|one| Scales::new(one, scale, false)).collect();
        let mut rows = MergedRows::new(files)?;
        let count = fresh::make(&self.to, self.force, |part| {
            // each file is in order, or the whole is not what it is called
            let options = CreateOptions::default().time_order(TimeOrder::Refuse);
            let mut writer = options.create(part, &description)?;
            let mut count = 0_u64;
            while let Some((number, row)) = rows.next_row()? {
                let (Some(of), Some(scales)) = (of.get(number), scales.get(number)) else { break };
                let mut values =
                    of.fields().iter().map(|field| scales.value(&row, field)).collect::<Result<Vec<_>>>()?;
                if self.source.is_some() {
                    values.push(Value::UInt(number as u64));
                }
                writer.write(&values).with_context(|| self.named(number))?;
                count += 1;
            }
            writer.sync()?;
            writer.close()?;
            Ok(count)
        })?;
        if output.json {
            let file = self.to.to_string_lossy();
            output.object(&json!({ "file": file, "files": self.files.len(), "items": count }))?;
        } else {
            writeln!(output, "{count} items of {} files in {}", self.files.len(), self.to.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn named(&self, number: usize) -> String {
        self.files.get(number).map_or_else(String::new, |path| path.display().to_string())
    }

    fn description(&self, first: &Description) -> Result<Description> {
        let Some(source) = &self.source else { return Ok(first.clone()) };
        let mut description = part(first, first.fields(), Some(source))?;
        for (number, path) in self.files.iter().enumerate() {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            description = description.name_value(&format!("{source} {number}"), name.as_ref());
        }
        Ok(description)
    }
}

/// What must be equal of files that are merged.
fn kinds(description: &Description) -> Vec<(&str, FieldType, bool, bool)> {
    description
        .fields()
        .iter()
        .map(|field| (field.name(), field.field_type(), field.is_time(), field.is_event_time()))
        .collect()
}
