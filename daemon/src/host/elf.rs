//! Is this a complete ELF library for this machine? Looked at before `dlopen` gets to see it.
//!
//! `dlopen` of a half-written file can kill the process with SIGBUS: it maps segments that the file does not have.
//! So every segment and section must lie inside the file. A mix of old and new bytes of one length passes.
//!
//! No input panics: each number read is looked up with its bounds, and sums are checked.

mod dynamic;

use super::refusal::{Problem, Step};
pub(super) use dynamic::Dynamic;

/// `e_machine` of this host.
const MACHINE: u16 = if cfg!(target_arch = "x86_64") {
    62
} else if cfg!(target_arch = "aarch64") {
    183
} else {
    0
};

const HEADER_SIZE: usize = 64;
const SEGMENT_SIZE: u16 = 56;
const SECTION_SIZE: u16 = 64;
const TYPE_SHARED: u16 = 3;
const SEGMENT_LOAD: u32 = 1;
const SEGMENT_DYNAMIC: u32 = 2;
const SEGMENT_NOTE: u32 = 4;
const SEGMENT_GNU_STACK: u32 = 0x6474_e551;
const FLAG_EXECUTE: u32 = 1;
const SECTION_NO_BITS: u32 = 8;
const NOTE_BUILD_ID: u32 = 3;
/// A build id is 20 bytes (SHA-1) or less; a longer note is not one.
const BUILD_ID_BYTES_MAX: usize = 64;

/// What the host wants to know of a library before it opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Elf {
    /// The GNU build id in hexadecimal, if the linker wrote one.
    pub(super) build_id: Option<String>,
    pub(super) dynamic: Dynamic,
}

/// Checks `bytes`, the whole file.
pub(super) fn check(bytes: &[u8]) -> Result<Elf, Problem> {
    let file = File { bytes };
    file.header()?;
    file.sections()?;
    let segments = file.segments()?;
    file.stack(&segments)?;
    let build_id = segments.iter().filter(|s| s.kind == SEGMENT_NOTE).find_map(|s| file.build_id(s));
    let dynamic = dynamic::read(&file, &segments);
    Ok(Elf { build_id, dynamic })
}

fn refuse<T>(found: impl Into<String>, accepted: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::new(Step::Elf, found, accepted))
}

struct File<'a> {
    bytes: &'a [u8],
}

/// A program header.
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    /// Where it is mapped, relative to the library.
    address: u64,
    size: u64,
}

impl File<'_> {
    fn header(&self) -> Result<(), Problem> {
        if self.bytes.get(..4) != Some(b"\x7fELF") {
            let first = self.bytes.get(..4).unwrap_or(self.bytes).escape_ascii();
            return refuse(
                format!("a file of {} bytes that starts with \"{first}\"", self.bytes.len()),
                "an ELF library",
            );
        }
        if self.bytes.len() < HEADER_SIZE {
            return refuse(
                format!("{} bytes, less than the ELF header", self.bytes.len()),
                "the complete file",
            );
        }
        if (self.bytes[4], self.bytes[5]) != (2, 1) {
            return refuse(
                format!("ELF class {} and byte order {}", self.bytes[4], self.bytes[5]),
                "64 bit (2) and little endian (1)",
            );
        }
        let machine = self.u16(18)?;
        if machine != MACHINE {
            return refuse(
                format!("machine {}", machine_name(machine)),
                format!("{}, that of this host", machine_name(MACHINE)),
            );
        }
        let kind = self.u16(16)?;
        if kind != TYPE_SHARED {
            return refuse(format!("ELF type {}", type_name(kind)), "a shared library (type 3)");
        }
        Ok(())
    }

    /// Sections are not needed at run time, but they and their table are what a linker writes last:
    /// a file that was cut short has lost some of them.
    fn sections(&self) -> Result<(), Problem> {
        let (offset, entry_size, mut count) = (self.u64(40)?, self.u16(58)?, u64::from(self.u16(60)?));
        if offset == 0 {
            return refuse("no section table", "one: it shows that the file is complete");
        }
        if entry_size != SECTION_SIZE {
            return refuse(format!("section headers of {entry_size} bytes"), format!("{SECTION_SIZE}"));
        }
        if count == 0 {
            // more sections than the header can count: the first one says how many
            count = self.u64(add(offset, 32)?)?;
        }
        let size = count.checked_mul(u64::from(SECTION_SIZE)).ok_or_else(overflow)?;
        self.inside("the section table", offset, size)?;
        for index in 0..count {
            let at = add(offset, index * u64::from(SECTION_SIZE))?;
            if self.u32(add(at, 4)?)? != SECTION_NO_BITS {
                let (start, size) = (self.u64(add(at, 24)?)?, self.u64(add(at, 32)?)?);
                // the entry 0 of a table with extended counts keeps the count where others keep their size
                if index > 0 {
                    self.inside(&format!("section {index}"), start, size)?;
                }
            }
        }
        Ok(())
    }

    fn segments(&self) -> Result<Vec<Segment>, Problem> {
        let (offset, entry_size, count) = (self.u64(32)?, self.u16(54)?, self.u16(56)?);
        if entry_size != SEGMENT_SIZE {
            return refuse(format!("program headers of {entry_size} bytes"), format!("{SEGMENT_SIZE}"));
        }
        if count == u16::MAX {
            return refuse("65535 or more segments", "fewer");
        }
        self.inside("the program headers", offset, u64::from(count) * u64::from(SEGMENT_SIZE))?;
        let mut segments = Vec::with_capacity(usize::from(count));
        for index in 0..u64::from(count) {
            let at = add(offset, index * u64::from(SEGMENT_SIZE))?;
            let segment = Segment {
                kind: self.u32(at)?,
                flags: self.u32(add(at, 4)?)?,
                offset: self.u64(add(at, 8)?)?,
                address: self.u64(add(at, 16)?)?,
                size: self.u64(add(at, 32)?)?,
            };
            self.inside(&format!("segment {index}"), segment.offset, segment.size)?;
            let memory = self.u64(add(at, 40)?)?;
            if segment.kind == SEGMENT_LOAD && segment.size > memory {
                return refuse(
                    format!("segment {index} has {} bytes in the file and {memory} in memory", segment.size),
                    "at least as many in memory",
                );
            }
            segments.push(segment);
        }
        for (kind, name) in [(SEGMENT_LOAD, "LOAD"), (SEGMENT_DYNAMIC, "DYNAMIC")] {
            if !segments.iter().any(|s| s.kind == kind) {
                return refuse(format!("no segment of type {name}"), "at least one: it is a library");
            }
        }
        Ok(segments)
    }

    /// A library that asks for an executable stack gets one for every thread of the process.
    fn stack(&self, segments: &[Segment]) -> Result<(), Problem> {
        let accepted = "a stack that is not executable (link with -z noexecstack)";
        match segments.iter().find(|s| s.kind == SEGMENT_GNU_STACK) {
            None => refuse("no GNU_STACK segment, which asks for an executable stack", accepted),
            Some(stack) if stack.flags & FLAG_EXECUTE != 0 => {
                refuse("a GNU_STACK segment that asks for an executable stack", accepted)
            }
            Some(_) => Ok(()),
        }
    }

    /// The build id, if `notes` has one. Damaged notes are none: nothing but messages depends on them.
    fn build_id(&self, notes: &Segment) -> Option<String> {
        let mut at = notes.offset;
        let end = notes.offset.checked_add(notes.size)?;
        while at.checked_add(12)? <= end {
            let (name_size, id_size) = (self.u32(at).ok()?, self.u32(at + 4).ok()?);
            let kind = self.u32(at + 8).ok()?;
            let name = at + 12;
            let id = name.checked_add(u64::from(name_size.checked_next_multiple_of(4)?))?;
            at = id.checked_add(u64::from(id_size.checked_next_multiple_of(4)?))?;
            if kind == NOTE_BUILD_ID && self.slice(name, u64::from(name_size))? == b"GNU\0" {
                let id = self.slice(id, u64::from(id_size))?;
                return (id.len() <= BUILD_ID_BYTES_MAX).then(|| super::hexadecimal(id));
            }
        }
        None
    }

    fn inside(&self, what: &str, offset: u64, size: u64) -> Result<(), Problem> {
        let end = add(offset, size)?;
        if end > self.bytes.len() as u64 {
            return refuse(
                format!("{what} ends at byte {end}, the file at {}", self.bytes.len()),
                "the complete file",
            );
        }
        Ok(())
    }

    fn slice(&self, offset: u64, size: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)
    }

    fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N], Problem> {
        let found = self.slice(offset, N as u64).and_then(|bytes| bytes.try_into().ok());
        match found {
            Some(bytes) => Ok(bytes),
            None => refuse(
                format!("a header at byte {offset}, the file ends at {}", self.bytes.len()),
                "the complete file",
            ),
        }
    }

    fn u16(&self, offset: u64) -> Result<u16, Problem> {
        Ok(u16::from_le_bytes(self.array(offset)?))
    }

    fn u32(&self, offset: u64) -> Result<u32, Problem> {
        Ok(u32::from_le_bytes(self.array(offset)?))
    }

    fn u64(&self, offset: u64) -> Result<u64, Problem> {
        Ok(u64::from_le_bytes(self.array(offset)?))
    }
}

fn add(a: u64, b: u64) -> Result<u64, Problem> {
    a.checked_add(b).ok_or_else(overflow)
}

fn overflow() -> Problem {
    Problem::new(Step::Elf, "a header whose sizes are beyond 64 bits", "the complete file")
}

fn machine_name(machine: u16) -> String {
    let name = match machine {
        3 => "x86",
        40 => "arm",
        62 => "x86-64",
        183 => "aarch64",
        243 => "risc-v",
        _ => return format!("{machine}"),
    };
    format!("{name} ({machine})")
}

fn type_name(kind: u16) -> String {
    let name = match kind {
        1 => "object file",
        2 => "program",
        4 => "core dump",
        _ => return format!("{kind}"),
    };
    format!("{kind} ({name})")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    /// A small library: header, 4 segments (LOAD, DYNAMIC, NOTE, GNU_STACK), note, 2 sections.
    fn library() -> Vec<u8> {
        let mut file = vec![0; 0x200];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7fELF\x02\x01\x01");
        put(16, &3u16.to_le_bytes());
        put(18, &MACHINE.to_le_bytes());
        put(32, &64u64.to_le_bytes());
        put(40, &0x180u64.to_le_bytes());
        put(54, &56u16.to_le_bytes());
        put(56, &4u16.to_le_bytes());
        put(58, &64u16.to_le_bytes());
        put(60, &2u16.to_le_bytes());
        let note = [4u32.to_le_bytes(), 3u32.to_le_bytes(), 3u32.to_le_bytes(), *b"GNU\0", [0xab, 1, 2, 0]];
        put(0x130, note.as_flattened());
        let segments =
            [(1u32, 5u32, 0u64, 0x200u64), (2, 6, 0x100, 16), (4, 4, 0x130, 20), (0x6474_e551, 6, 0, 0)];
        for (index, (kind, flags, offset, size)) in segments.into_iter().enumerate() {
            let at = 64 + 56 * index;
            put(at, &kind.to_le_bytes());
            put(at + 4, &flags.to_le_bytes());
            put(at + 8, &offset.to_le_bytes());
            put(at + 32, &size.to_le_bytes());
            put(at + 40, &size.to_le_bytes());
        }
        put(0x180 + 64 + 24, &0x130u64.to_le_bytes());
        put(0x180 + 64 + 32, &20u64.to_le_bytes());
        file
    }

    fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut file = library();
        change(&mut file);
        file
    }

    fn refused(file: &[u8], expected: Expect) {
        let problem = check(file).expect_err("the file is bad");
        assert_eq!(problem.step, Step::Elf);
        expected.assert_eq(&format!("{} (accepted: {})", problem.found, problem.accepted));
    }

    #[test]
    fn a_complete_library_passes_with_its_build_id() {
        assert_eq!(check(&library()), Ok(Elf { build_id: Some("ab0102".to_owned()), ..Elf::default() }));
    }

    #[test]
    fn this_program_is_complete_too() {
        let file = std::fs::read("/proc/self/exe").unwrap();
        // a test program is position independent, which makes it a shared object to ELF
        assert!(check(&file).is_ok());
    }

    #[test]
    fn other_files_are_refused_with_what_they_are() {
        refused(b"", expect![[r#"a file of 0 bytes that starts with "" (accepted: an ELF library)"#]]);
        refused(
            b"#!/bin/sh\n",
            expect![[r##"a file of 10 bytes that starts with "#!/b" (accepted: an ELF library)"##]],
        );
        refused(b"\x7fELF\x02", expect!["5 bytes, less than the ELF header (accepted: the complete file)"]);
        refused(
            &changed(|f| f[4] = 1),
            expect!["ELF class 1 and byte order 1 (accepted: 64 bit (2) and little endian (1))"],
        );
        refused(
            &changed(|f| f[16] = 2),
            expect!["ELF type 2 (program) (accepted: a shared library (type 3))"],
        );
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn another_machine_is_refused() {
        refused(
            &changed(|f| f[18] = 183),
            expect!["machine aarch64 (183) (accepted: x86-64 (62), that of this host)"],
        );
    }

    #[test]
    fn an_executable_stack_is_refused() {
        refused(
            &changed(|f| f[64 + 3 * 56 + 4] = 7),
            expect![
                "a GNU_STACK segment that asks for an executable stack (accepted: a stack that is not executable (link with -z noexecstack))"
            ],
        );
        refused(
            &changed(|f| f[64 + 3 * 56] = 0),
            expect![
                "no GNU_STACK segment, which asks for an executable stack (accepted: a stack that is not executable (link with -z noexecstack))"
            ],
        );
    }

    #[test]
    fn every_truncation_is_refused() {
        let file = library();
        for length in 0..file.len() {
            assert!(check(&file[..length]).is_err(), "{length} of {} bytes", file.len());
        }
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        for at in [32, 40, 64 + 8, 64 + 32, 0x180 + 64 + 24, 0x180 + 64 + 32] {
            assert!(check(&changed(|f| f[at..at + 8].fill(0xff))).is_err(), "at {at}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = check(&bytes);
        }

        #[test]
        fn no_mutation_panics(changes in proptest::collection::vec((0usize..0x200, any::<u8>()), 1..40), length in 0usize..=0x200) {
            let mut file = library();
            for (at, byte) in changes {
                file[at] = byte;
            }
            file.truncate(length);
            let _ = check(&file);
        }
    }
}
