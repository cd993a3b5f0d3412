//! The ticks: made here, checked against their known hash, kept in the target folder.
//!
//! 40 bytes each, little-endian, as `plugins/faulty/exchange-ticks` reads them. The price is a lazy walk of -1, 0 or +1 cents
//! around 100.00, the gaps are 1 to 2000 microseconds, the generator is SplitMix64 from 7. A shorter file is the
//! beginning of a longer one.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

pub(crate) const RECORD: usize = 40;
/// Hashes of the first so many ticks, as others know them who measured on these ticks.
const KNOWN: [(usize, u64); 2] = [(1_000_000, 0xa558_f979_3778_02b7), (5_000_000, 0xf92f_0831_b7c8_2fd5)];

const SEED: u64 = 7;
const START_NS: u64 = 1_735_689_600_000_000_000;

/// The file of `count` ticks in `folder`; made if it is not there whole.
pub(crate) fn file(folder: &Path, count: usize) -> io::Result<PathBuf> {
    let path = folder.join(format!("ticks-{count}.bin"));
    let bytes = (count * RECORD) as u64;
    if fs::metadata(&path).is_ok_and(|found| found.len() == bytes) {
        return Ok(path);
    }
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".ticks-{count}.{}.tmp", std::process::id()));
    make(&unfinished, count)?;
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

fn make(path: &Path, count: usize) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let (mut random, mut ts, mut price) = (SEED, START_NS, 10_000i64);
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for id in 0..count as u64 {
        let bits = next(&mut random);
        ts += 1_000 * (1 + (bits & 0xffff) % 2_000);
        price = (price + i64::from((bits >> 16) as u16 % 3) - 1).clamp(1_000, 100_000);
        let quantity = 1 + u32::from((bits >> 32) as u16) % 100;
        let words = [ts, price.cast_unsigned(), u64::from(quantity), id, bits >> 63];
        for word in words {
            out.write_all(&word.to_le_bytes())?;
            hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3);
        }
        let made = id as usize + 1;
        if let Some((_, known)) = KNOWN.iter().find(|(count, _)| *count == made) {
            assert_eq!(hash, *known, "the first {made} ticks are those that others measured on");
        }
    }
    out.flush()
}

/// SplitMix64.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
