//! TeaFiles as the recorder needs them: a description, and rows as bytes.
use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::forms::{Form, Value};

pub(crate) struct TeaWriter {
    file: File,
    path: PathBuf,
}

pub(crate) struct Opened {
    pub(crate) writer: TeaWriter,
    pub(crate) last: Option<Vec<u8>>,
    pub(crate) removed: u64,
}

impl TeaWriter {
    pub(crate) fn create(path: &Path, form: &Form) -> Result<Self> {
        let mut file = OpenOptions::new().create_new(true).read(true).write(true).open(path)
            .with_context(|| format!("creating {}", path.display()))?;
        file.write_all(&header(form))?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn open_or_create(path: &Path, form: &Form) -> Result<Opened> {
        if !path.exists() {
            return Ok(Opened { writer: Self::create(path, form)?, last: None, removed: 0 });
        }
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let start = item_start(&mut file)?;
        let len = file.metadata()?.len();
        let removed = (len - start) % form.size as u64;
        file.set_len(len - removed)?;
        let end = file.seek(SeekFrom::End(0))?;
        let mut last = None;
        if end > start {
            let mut bytes = vec![0; form.size];
            file.seek(SeekFrom::Start(end - form.size as u64))?;
            file.read_exact(&mut bytes)?;
            last = Some(bytes);
        }
        Ok(Opened { writer: Self { file, path: path.to_owned() }, last, removed })
    }

    pub(crate) fn write(&mut self, rows: &[u8]) -> Result<()> {
        self.file.write_all(rows).with_context(|| format!("writing {}", self.path.display()))
    }

    pub(crate) fn sync(&mut self) -> Result<()> {
        self.file.sync_data().with_context(|| format!("syncing {}", self.path.display()))
    }
}

pub(crate) struct TeaReader {
    file: File,
}

impl TeaReader {
    pub(crate) fn open(path: &Path, form: &Form) -> Result<Self> {
        let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let start = item_start(&mut file)?;
        file.seek(SeekFrom::Start(start))?;
        let _ = form;
        Ok(Self { file })
    }

    /// Reads whole rows into the buffer; how many bytes.
    pub(crate) fn read(&mut self, rows: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < rows.len() {
            match self.file.read(&mut rows[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }
}

fn item_start(file: &mut File) -> Result<u64> {
    let mut head = [0; 32];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut head)?;
    if head[..8] != 0x0d0e_0a04_0208_0500_u64.to_le_bytes() {
        bail!("no tea file");
    }
    Ok(u64::from_le_bytes(head[8..16].try_into()?))
}

fn header(form: &Form) -> Vec<u8> {
    use super::output_row::Form as Kind;
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend((text.len() as i32).to_le_bytes());
        out.extend(text.as_bytes());
    };
    let mut sections: Vec<(i32, Vec<u8>)> = Vec::new();
    let mut item = Vec::new();
    item.extend((form.size as i32).to_le_bytes());
    text(&mut item, form.name);
    item.extend((form.columns.len() as i32).to_le_bytes());
    for column in &form.columns {
        let code = match column.form { Kind::I64 => 4, Kind::U8 => 5, Kind::U16 => 6, Kind::U32 => 7, Kind::U64 => 8i32 };
        item.extend(code.to_le_bytes());
        item.extend((column.offset as i32).to_le_bytes());
        text(&mut item, column.name);
    }
    sections.push((0x0a, item));
    if !form.content.is_empty() {
        let mut content = Vec::new();
        text(&mut content, &form.content);
        sections.push((0x80, content));
    }
    if !form.values.is_empty() {
        let mut values = Vec::new();
        values.extend((form.values.len() as i32).to_le_bytes());
        for (name, value) in &form.values {
            text(&mut values, name);
            match value {
                Value::Number(number) => { values.extend(1i32.to_le_bytes()); values.extend(number.to_le_bytes()); }
                Value::Text(words) => { values.extend(3i32.to_le_bytes()); text(&mut values, words); }
            }
        }
        sections.push((0x81, values));
    }
    if let Some(time) = form.time {
        let mut section = Vec::new();
        section.extend(719_162i64.to_le_bytes());
        section.extend(86_400_000_000_000i64.to_le_bytes());
        section.extend(1i32.to_le_bytes());
        let offset = form.columns.iter().find(|column| column.name == time).map_or(0, |column| column.offset);
        section.extend((offset as i32).to_le_bytes());
        sections.push((0x40, section));
    }
    let mut body = Vec::new();
    for (id, payload) in &sections {
        body.extend(id.to_le_bytes());
        body.extend((payload.len() as i32).to_le_bytes());
        body.extend(payload);
    }
    let start = (32 + body.len()).next_multiple_of(8);
    let mut all = Vec::new();
    all.extend(0x0d0e_0a04_0208_0500_u64.to_le_bytes());
    all.extend((start as i64).to_le_bytes());
    all.extend(0i64.to_le_bytes());
    all.extend((sections.len() as i64).to_le_bytes());
    all.extend(body);
    all.resize(start, 0);
    all
}
