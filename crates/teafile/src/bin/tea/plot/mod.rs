//! `tea plot`: a column as a line, in the terminal, as SVG, or as PNG.
//!
//! Items are put into as many buckets as the picture is wide, each of which keeps its first, least, greatest and last
//! value: a peak of one item among millions is seen, and the memory is that of the picture.

mod axis;
mod braille;
mod buckets;
mod layout;
mod png;
mod svg;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use teafile::{Field, FieldType, Reader, TimeScale};

use crate::columns::{field, real};
use crate::fresh;
use crate::output::Output;
use crate::select::Selection;
use buckets::Buckets;
use layout::Layout;

#[derive(Debug, Args)]
pub(crate) struct Plot {
    file: PathBuf,
    /// The column
    column: String,
    #[command(flatten)]
    selection: Selection,
    /// Writes SVG into this file, in place of the terminal
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Writes PNG into this file, in place of the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "svg")]
    png: Option<PathBuf>,
    /// Characters, or pixels of a file
    #[arg(long, value_parser = clap::value_parser!(u16).range(20..=8_000))]
    width: Option<u16>,
    /// Lines, or pixels of a file
    #[arg(long, value_parser = clap::value_parser!(u16).range(4..=8_000))]
    height: Option<u16>,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

/// What is drawn.
pub(crate) struct Picture {
    title: String,
    buckets: Buckets,
    /// What the horizontal axis counts: ticks of this scale, or items.
    scale: Option<TimeScale>,
}

impl Plot {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let file = self.svg.as_ref().or(self.png.as_ref());
        let (width, height) = if file.is_some() { (900, 360) } else { (80, 20) };
        let (width, height) = (self.width.unwrap_or(width), self.height.unwrap_or(height));
        let columns = if file.is_some() { layout::columns(width) } else { braille::columns(width) };
        let picture = self.picture(columns)?;
        if let Some(path) = file {
            let layout = Layout::new(&picture, width, height);
            let bytes =
                if self.svg.is_some() { svg::draw(&layout).into_bytes() } else { png::draw(&layout)? };
            fresh::make(path, self.force, |part| {
                std::fs::write(part, bytes).with_context(|| format!("writing {}", path.display()))
            })?;
        }
        let (least, greatest) = picture.buckets.values();
        let name = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        match (file, output.json) {
            (_, true) => output.object(&json!({
                "title": picture.title,
                "svg": name(&self.svg),
                "png": name(&self.png),
                "items": picture.buckets.count(),
                "min": real(least),
                "max": real(greatest),
            }))?,
            (Some(path), false) => {
                writeln!(output, "{} items in {}", picture.buckets.count(), path.display())?;
            }
            (None, false) => output.write_all(braille::draw(&picture, width, height).as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Reads the column into so many buckets.
    fn picture(&self, columns: usize) -> Result<Picture> {
        let mut file = Reader::open(&self.file)?;
        let column = field(file.description(), &self.column)?;
        if matches!(column.field_type(), FieldType::NetDecimal | FieldType::Opaque(_)) {
            bail!("{}: '{}' is no number (expected one)", self.file.display(), self.column);
        }
        let indices = self.selection.indices(&mut file)?;
        let Some(last) = indices.end.checked_sub(1).filter(|last| *last >= indices.start) else {
            bail!("{}: there is no item to draw (expected one at least)", self.file.display());
        };
        let times = file.description().event_time().cloned();
        let (from, to) = match &times {
            Some(field) => (place(&mut file, indices.start, field)?, place(&mut file, last, field)?),
            None => (count(indices.start), count(last)),
        };
        let mut buckets = Buckets::new(columns, from, to);
        file.seek_item(indices.start);
        loop {
            let index = file.position();
            if index >= indices.end {
                break;
            }
            let Some(row) = file.read_row()? else { break };
            let at = match &times {
                Some(field) => row.value(field).as_f64(),
                None => Some(count(index)),
            };
            if let (Some(at), Some(value)) = (at, row.value(&column).as_f64()) {
                buckets.add(at, value);
            }
        }
        if buckets.count() == 0 {
            bail!("{}: '{}' has no number (expected one at least)", self.file.display(), self.column);
        }
        let name = self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy();
        let scale = times.and(file.description().scale());
        Ok(Picture { title: format!("{} of {name}", self.column), buckets, scale })
    }
}

/// Where an item is on the horizontal axis.
fn place(file: &mut Reader, index: u64, field: &Field) -> Result<f64> {
    Ok(file.row(index)?.value(field).as_f64().unwrap_or_default())
}

#[expect(clippy::cast_precision_loss, reason = "a picture has fewer places than a double")]
fn count(index: u64) -> f64 {
    index as f64
}
