//! What a library says to the dynamic linker: which others it needs, and whether it may be closed.
//!
//! Told in messages only, so damaged records are none.

use super::{File, SEGMENT_DYNAMIC, SEGMENT_LOAD, Segment};

const NEEDED: u64 = 1;
const STRING_TABLE: u64 = 5;
const FLAGS_1: u64 = 0x6fff_fffb;
const FLAG_NO_DELETE: u64 = 8;
const ENTRY_SIZE: u64 = 16;
/// A Rust library has about 30 entries and needs 3 libraries; what is beyond is not read.
const ENTRIES_MAX: u64 = 4096;
const NEEDED_MAX: usize = 64;
const NAME_BYTES_MAX: u64 = 256;

/// The part that is worth knowing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::host) struct Dynamic {
    /// The libraries that it needs.
    pub(in crate::host) needed: Vec<String>,
    /// It asks never to be unmapped.
    pub(in crate::host) is_no_delete: bool,
}

pub(super) fn read(file: &File<'_>, segments: &[Segment]) -> Dynamic {
    let mut found = Dynamic::default();
    let (mut names, mut strings) = (Vec::new(), None);
    for (tag, value) in entries(file, segments) {
        match tag {
            NEEDED if names.len() < NEEDED_MAX => names.push(value),
            STRING_TABLE => strings = offset_of(segments, value),
            FLAGS_1 => found.is_no_delete = value & FLAG_NO_DELETE != 0,
            _ => {}
        }
    }
    let Some(strings) = strings else { return found };
    found.needed = names.into_iter().filter_map(|name| text(file, strings.checked_add(name)?)).collect();
    found
}

fn entries(file: &File<'_>, segments: &[Segment]) -> Vec<(u64, u64)> {
    let Some(dynamic) = segments.iter().find(|s| s.kind == SEGMENT_DYNAMIC) else { return Vec::new() };
    let count = (dynamic.size / ENTRY_SIZE).min(ENTRIES_MAX);
    (0..count)
        .map_while(|index| {
            let at = dynamic.offset.checked_add(index * ENTRY_SIZE)?;
            let entry = (file.u64(at).ok()?, file.u64(at.checked_add(8)?).ok()?);
            // tag 0 ends the list
            (entry.0 != 0).then_some(entry)
        })
        .collect()
}

/// Where in the file an address is.
fn offset_of(segments: &[Segment], address: u64) -> Option<u64> {
    let holds = |s: &&Segment| {
        s.kind == SEGMENT_LOAD && address.checked_sub(s.address).is_some_and(|inside| inside < s.size)
    };
    let segment = segments.iter().find(holds)?;
    segment.offset.checked_add(address - segment.address)
}

fn text(file: &File<'_>, at: u64) -> Option<String> {
    let rest = (file.bytes.len() as u64).checked_sub(at)?;
    let bytes = file.slice(at, rest.min(NAME_BYTES_MAX))?;
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use crate::host::elf::check;

    #[test]
    fn this_program_needs_the_system_library() {
        let file = std::fs::read("/proc/self/exe").unwrap();
        let dynamic = check(&file).unwrap().dynamic;
        assert!(dynamic.needed.iter().any(|name| name.starts_with("libc.so")), "{dynamic:?}");
        assert!(!dynamic.is_no_delete);
    }
}
