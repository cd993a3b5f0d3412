//! `tea pack` and `tea unpack`: a file in less room, and the same file again, bit by bit.
//!
//! What is written is the seekable format of zstd: frames that are independent of each other, and behind them a table of
//! their sizes, in a frame that others skip. So `zstd -d` reads it, and so does every library that seeks. Another frame
//! to be skipped, in front of the table, has the length and the SHA-256 of the file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::fresh;
use crate::output::Output;

/// What a frame holds; who seeks decompresses as much.
const FRAME_BYTES: usize = 1 << 20;
/// A table of more frames is refused: that would be 4 TiB.
const FRAMES_MAX: u32 = 1 << 22;
const SKIPPABLE: u32 = 0x184d_2a50;
const SKIPPABLE_TABLE: u32 = 0x184d_2a5e;
const TABLE_MAGIC: u32 = 0x8f92_eab1;
/// What our own frame begins with.
const SUM_MARK: [u8; 4] = *b"tea1";
/// Mark, length, SHA-256.
const SUM_BYTES: u32 = 4 + 8 + 32;
const SKIPPABLE_HEADER: u64 = 8;
/// Number of frames, flags, magic.
const FOOTER_BYTES: u32 = 9;
const ENTRY_BYTES: u32 = 8;

#[derive(Debug, Args)]
pub(crate) struct Pack {
    file: PathBuf,
    /// Otherwise FILE.zst
    to: Option<PathBuf>,
    /// From 1, the fastest, to 19
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(i32).range(1..=19))]
    level: i32,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Unpack {
    file: PathBuf,
    /// Otherwise FILE without .zst
    to: Option<PathBuf>,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

/// The sizes of a frame, packed and unpacked.
type Entry = (u32, u32);

/// What the end of a packed file says.
struct Sum {
    length: u64,
    sha256: Vec<u8>,
}

impl Pack {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        // whatever the items are, the header must be one: anything else is not for this program
        teafile::Reader::open(&self.file)?;
        let to = self.to.clone().unwrap_or_else(|| {
            let mut name = self.file.as_os_str().to_owned();
            name.push(".zst");
            name.into()
        });
        let (length, packed) = fresh::make(&to, self.force, |part| {
            pack(&self.file, part, self.level).with_context(|| format!("packing {}", self.file.display()))
        })?;
        if output.json {
            output.object(&json!({ "file": to.to_string_lossy(), "bytes": length, "packed": packed }))?;
        } else {
            writeln!(output, "{length} bytes became {packed} in {}", to.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns how many bytes were read and written.
fn pack(from: &Path, to: &Path, level: i32) -> Result<(u64, u64)> {
    let mut file = File::open(from)?;
    let mut out = BufWriter::new(File::create_new(to)?);
    let mut compressor = Compressor::new(level)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    let mut hasher = Sha256::new();
    let mut entries: Vec<Entry> = Vec::new();
    let (mut length, mut packed) = (0, 0);
    let mut block = Vec::with_capacity(FRAME_BYTES);
    loop {
        block.clear();
        (&mut file).take(FRAME_BYTES as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            break;
        }
        if u32::try_from(entries.len()).is_ok_and(|count| count >= FRAMES_MAX - 1) {
            bail!("it has more than {FRAMES_MAX} blocks of {FRAME_BYTES} bytes");
        }
        hasher.update(&block);
        let frame = compressor.compress(&block)?;
        out.write_all(&frame)?;
        entries.push((u32::try_from(frame.len())?, u32::try_from(block.len())?));
        length += block.len() as u64;
        packed += frame.len() as u64;
    }
    for number in [SKIPPABLE, SUM_BYTES] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(&SUM_MARK)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&hasher.finalize())?;
    entries.push((SUM_BYTES + 8, 0));
    let count = u32::try_from(entries.len())?;
    for number in [SKIPPABLE_TABLE, count * ENTRY_BYTES + FOOTER_BYTES] {
        out.write_all(&number.to_le_bytes())?;
    }
    for (packed, unpacked) in &entries {
        out.write_all(&packed.to_le_bytes())?;
        out.write_all(&unpacked.to_le_bytes())?;
    }
    out.write_all(&count.to_le_bytes())?;
    out.write_all(&[0])?;
    out.write_all(&TABLE_MAGIC.to_le_bytes())?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    let table = u64::from(count * ENTRY_BYTES + FOOTER_BYTES) + SKIPPABLE_HEADER;
    Ok((length, packed + u64::from(SUM_BYTES) + SKIPPABLE_HEADER + table))
}

impl Unpack {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let to = match &self.to {
            Some(to) => to.clone(),
            None if self.file.extension().is_some_and(|extension| extension == "zst") => {
                self.file.with_extension("")
            }
            None => bail!("{}: where to? (expected NAME.zst, or a second name)", self.file.display()),
        };
        let length = fresh::make(&to, self.force, |part| {
            unpack(&self.file, part).with_context(|| format!("unpacking {}", self.file.display()))
        })?;
        if output.json {
            output.object(&json!({ "file": to.to_string_lossy(), "bytes": length }))?;
        } else {
            writeln!(output, "{length} bytes in {}, the same as were packed", to.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn unpack(from: &Path, to: &Path) -> Result<u64> {
    let mut file = BufReader::new(File::open(from)?);
    let (entries, sum) = read_end(&mut file)?;
    let mut out = BufWriter::new(File::create_new(to)?);
    let mut decompressor = Decompressor::new()?;
    let mut hasher = Sha256::new();
    let mut length = 0;
    file.seek(SeekFrom::Start(0))?;
    let mut frame = Vec::new();
    for (packed, unpacked) in entries {
        frame.clear();
        file.by_ref().take(packed.into()).read_to_end(&mut frame)?;
        let block = decompressor.decompress(&frame, unpacked as usize).context("a frame is damaged")?;
        if block.len() != unpacked as usize {
            bail!("a frame has {} bytes and not {unpacked}", block.len());
        }
        hasher.update(&block);
        out.write_all(&block)?;
        length += block.len() as u64;
    }
    if length != sum.length || hasher.finalize().as_slice() != sum.sha256 {
        bail!("what came out is not what was packed: its SHA-256 differs (expected a file without damage)");
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(length)
}

/// Reads the table, and our own frame in front of it.
fn read_end(file: &mut BufReader<File>) -> Result<(Vec<Entry>, Sum)> {
    let refused =
        "its end is not that of a packed file (expected one that tea pack wrote; zstd -d reads others)";
    let size = file.get_ref().metadata()?.len();
    let footer = size.checked_sub(FOOTER_BYTES.into()).context(refused)?;
    file.seek(SeekFrom::Start(footer))?;
    let count = number(file)?;
    let mut flags = [0];
    file.read_exact(&mut flags)?;
    if number(file)? != TABLE_MAGIC || flags != [0] || count == 0 || count > FRAMES_MAX {
        bail!(refused);
    }
    let table = u64::from(count) * u64::from(ENTRY_BYTES);
    let entries_start = footer.checked_sub(table).context(refused)?;
    let sum_start =
        entries_start.checked_sub(2 * SKIPPABLE_HEADER + u64::from(SUM_BYTES)).context(refused)?;
    file.seek(SeekFrom::Start(entries_start))?;
    let mut entries = Vec::with_capacity(count as usize);
    for _ in 0..count {
        entries.push((number(file)?, number(file)?));
    }
    file.seek(SeekFrom::Start(sum_start))?;
    let sum_head = (number(file)?, number(file)?);
    let mut sum = vec![0; SUM_BYTES as usize];
    file.read_exact(&mut sum)?;
    let table_head = (number(file)?, number(file)?);
    let (mark, rest) = sum.split_at_checked(SUM_MARK.len()).context(refused)?;
    let (length, sha256) = rest.split_first_chunk().context(refused)?;
    let last = entries.pop();
    let frames: u64 = entries.iter().map(|(packed, _)| u64::from(*packed)).sum();
    let is_ours = mark == SUM_MARK
        && sum_head == (SKIPPABLE, SUM_BYTES)
        && table_head == (SKIPPABLE_TABLE, count * ENTRY_BYTES + FOOTER_BYTES)
        && last == Some((SUM_BYTES + 8, 0))
        && frames + 2 * SKIPPABLE_HEADER + u64::from(SUM_BYTES) + table + u64::from(FOOTER_BYTES) == size
        && entries.iter().all(|(_, unpacked)| *unpacked as usize <= FRAME_BYTES);
    if !is_ours {
        bail!(refused);
    }
    Ok((entries, Sum { length: u64::from_le_bytes(*length), sha256: sha256.to_vec() }))
}

fn number(file: &mut impl Read) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
