//! TeaFiles as the recorder needs them: made by a [`Form`], written and read as rows of bytes, always little-endian.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use teafile::{
    AppendOptions, ByteOrder, CreateOptions, Description, FieldType, ItemDescription, Reader, TimeOrder,
    TimeScale, Writer,
};

use super::{
    columns::Form as Kind,
    forms::{Form, Value},
};

/// Files of one name: what cannot be continued is left alone, and the next one has the next number.
const NUMBERS_MAX: u32 = 1_000;

/// A file that is written to.
pub(crate) struct TeaWriter {
    writer: Writer,
    size: usize,
}

/// A file that was made or continued.
pub(crate) struct Opened {
    pub(crate) writer: TeaWriter,
    pub(crate) path: PathBuf,
    /// Bytes that were cut off its end, because they were no whole item.
    pub(crate) removed: u64,
    /// Why files of this name were left alone.
    pub(crate) left: Vec<String>,
    /// It was made, and is to be synced before items follow.
    pub(crate) is_new: bool,
}

impl TeaWriter {
    /// Makes a file that is not there yet. Whether time goes backwards in it does not matter.
    ///
    /// # Errors
    /// It is there, or cannot be written.
    pub(crate) fn create(path: &Path, form: &Form) -> Result<Self> {
        Self::create_with(CreateOptions::default().time_order(TimeOrder::Count), path, form)
    }

    fn create_with(options: CreateOptions, path: &Path, form: &Form) -> Result<Self> {
        let options = options.byte_order(ByteOrder::Little);
        let writer = options.create(path, &description(form)?).with_context(|| path.display().to_string())?;
        Ok(Self { writer, size: form.size })
    }

    /// Continues a file that [`TeaWriter::create`] made; how many rows it has.
    ///
    /// # Errors
    /// It is not there any more, or cannot be written.
    pub(crate) fn append(path: &Path, form: &Form) -> Result<(Self, u64)> {
        let options = AppendOptions::default().time_order(TimeOrder::Count);
        let writer = options.append(path).with_context(|| path.display().to_string())?;
        let rows = writer.item_count();
        Ok((Self { writer, size: form.size }, rows))
    }

    /// Continues the file `STEM.tea`, or makes it, which the caller syncs; where time goes backwards it stands still. A file of that name that cannot be continued stays as it is, and the next
    /// one is `STEM-2.tea`.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub(crate) fn open_or_create(stem: &Path, form: &Form) -> Result<Opened> {
        let mut left = Vec::new();
        for number in 1..=NUMBERS_MAX {
            let end = if number == 1 { ".tea".to_owned() } else { format!("-{number}.tea") };
            let path = PathBuf::from(format!("{}{end}", stem.display()));
            if !path.exists() {
                let options = CreateOptions::default().time_order(TimeOrder::Clamp).synced_by_caller();
                let writer = Self::create_with(options, &path, form)?;
                return Ok(Opened { writer, path, removed: 0, left, is_new: true });
            }
            match AppendOptions::default().time_order(TimeOrder::Clamp).append(&path) {
                Ok(writer) if is_of(writer.header(), form) => {
                    let removed = writer.repaired().map_or(0, |repaired| repaired.bytes);
                    let writer = Self { writer, size: form.size };
                    return Ok(Opened { writer, path, removed, left, is_new: false });
                }
                Ok(_) => left.push(format!("{}: it has other fields", path.display())),
                Err(error) if error.kind() == teafile::ErrorKind::Io => {
                    return Err(error).with_context(|| path.display().to_string());
                }
                Err(error) => left.push(error.to_string()),
            }
        }
        bail!("{}: {NUMBERS_MAX} files of this name cannot be continued", stem.display())
    }

    /// Hands rows to the system.
    ///
    /// # Errors
    /// The disk is full or fails: the file has whole rows only.
    pub(crate) fn write(&mut self, rows: &[u8]) -> Result<()> {
        for row in rows.chunks_exact(self.size) {
            self.writer.write_bytes(row)?;
        }
        self.writer.flush()?;
        Ok(())
    }

    /// Waits until what was written survives a loss of power.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn sync(&mut self) -> Result<()> {
        Ok(self.writer.sync()?)
    }

    /// How many rows the file has.
    pub(crate) fn rows(&self) -> u64 {
        self.writer.item_count()
    }

    /// How often time went backwards.
    pub(crate) fn backwards(&self) -> u64 {
        self.writer.time_violations()
    }
}

/// A file that is read from its first row to its last.
pub(crate) struct TeaReader {
    file: File,
    at: u64,
}

impl TeaReader {
    /// Opens a file of this form.
    ///
    /// # Errors
    /// It is not there, is no TeaFile, or has other fields.
    pub(crate) fn open(path: &Path, form: &Form) -> Result<Self> {
        let what = || format!("opening {}", path.display());
        let reader = Reader::open(path).with_context(what)?;
        if !is_of(reader.header(), form) {
            let names: Vec<_> = form.columns.iter().map(|column| column.name).collect();
            bail!("{}: other fields than a recording has (accepted: {})", path.display(), names.join(", "));
        }
        let at = reader.header().item_start();
        Ok(Self { file: File::open(path).with_context(what)?, at })
    }

    /// Reads into the whole buffer, less at the end of the file; how many bytes.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn read(&mut self, rows: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while let Some(rest) = rows.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, self.at) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.at += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(filled)
    }
}

fn description(form: &Form) -> Result<Description> {
    let mut item = ItemDescription::builder(form.name);
    for column in &form.columns {
        item = item.field_at(column.name, field_type(column.form), u32::try_from(column.offset)?);
    }
    let item = item.size(u32::try_from(form.size)?).build()?;
    let mut description = Description::of_items(item).time_scale(TimeScale::UNIX_NANOS);
    description = match form.time {
        Some(time) => description.time_fields(&[time])?,
        None => description.without_time(),
    };
    if !form.content.is_empty() {
        description = description.content(&form.content);
    }
    for (name, value) in &form.values {
        description = match value {
            Value::Number(number) => description.name_value(name, *number),
            Value::Text(text) => description.name_value(name, text.as_str()),
        };
    }
    Ok(description)
}

const fn field_type(form: Kind) -> FieldType {
    match form {
        Kind::U8 => FieldType::UInt8,
        Kind::U16 => FieldType::UInt16,
        Kind::U32 => FieldType::UInt32,
        Kind::U64 => FieldType::UInt64,
        Kind::I64 => FieldType::Int64,
    }
}

/// Whether a file has the items of a form.
fn is_of(header: &teafile::Header, form: &Form) -> bool {
    let Some(item) = header.description().item() else { return false };
    let columns =
        form.columns.iter().map(|column| (column.name, column.offset as u64, field_type(column.form)));
    let fields =
        item.fields().iter().map(|field| (field.name(), u64::from(field.offset()), field.field_type()));
    header.byte_order() == ByteOrder::Little && item.size() == form.size && columns.eq(fields)
}
