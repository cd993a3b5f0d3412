//! The thread of one file of rows: it hands full blocks to the system while the run goes on.
//!
//! A block that is handed over is copied into pages of the kernel, for which the event loop would wait. There are
//! [`BLOCKS_MAX`] blocks of a file at most; the loop waits where all of them are full, so that a disk that is slower than
//! the run slows it down, as if the loop wrote itself. After an error nothing further is written, and the next block, or
//! the end of the writing, tells it. A file that never fills a block has no thread.

use std::{
    fs::File,
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Builder, JoinHandle},
};

/// One that is filled, one that waits, one that is written.
const BLOCKS_MAX: usize = 3;

/// The way to the thread.
pub(super) struct RowWriter {
    full: SyncSender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
    /// How many blocks there are, that of the file included.
    blocks: usize,
    thread: JoinHandle<io::Result<File>>,
}

impl RowWriter {
    /// Starts the thread; the file comes back when the writing ends.
    pub(super) fn start(file: File) -> io::Result<Self> {
        let (full, to_write) = sync_channel(BLOCKS_MAX);
        let (back, emptied) = sync_channel(BLOCKS_MAX);
        let work = move || write_all(file, &to_write, &back);
        let thread = Builder::new().name("results".to_owned()).spawn(work)?;
        Ok(Self { full, emptied, blocks: 1, thread })
    }

    /// Takes a full block and gives one whose content means nothing, or waits for it. `None`: the writing failed, and its end tells why.
    pub(super) fn exchange(&mut self, block: Vec<u8>) -> Option<Vec<u8>> {
        self.full.send(block).ok()?;
        if self.blocks < BLOCKS_MAX {
            self.blocks += 1;
            return Some(Vec::new());
        }
        self.emptied.recv().ok()
    }

    /// Waits until everything is written; the file is at its end.
    pub(super) fn end(self) -> io::Result<File> {
        drop(self.full);
        let panicked = |_| Err(io::Error::other("the thread that writes it panicked"));
        self.thread.join().unwrap_or_else(panicked)
    }
}

fn write_all(mut file: File, blocks: &Receiver<Vec<u8>>, emptied: &SyncSender<Vec<u8>>) -> io::Result<File> {
    for block in blocks {
        file.write_all(&block)?;
        // nobody takes it where the file ends
        let _ = emptied.send(block);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::{fs, iter::repeat_n};

    use super::*;

    #[test]
    fn blocks_are_written_in_their_order_and_the_file_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let mut writer = RowWriter::start(File::create(&path).unwrap()).unwrap();
        let mut expected = Vec::new();
        let mut block = Vec::new();
        for number in 0..50u8 {
            block.extend(repeat_n(number, 1_000));
            expected.extend_from_slice(&block);
            block = writer.exchange(block).unwrap();
            block.clear();
        }
        writer.end().unwrap().write_all(b"end").unwrap();
        expected.extend_from_slice(b"end");
        assert!(fs::read(&path).unwrap() == expected);
    }

    #[test]
    fn an_error_ends_the_writing_and_is_told() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let mut writer = RowWriter::start(file).unwrap();
        let mut blocks = (0..2 * BLOCKS_MAX).map(|_| vec![1]);
        assert!(blocks.any(|block| writer.exchange(block).is_none()));
        assert_eq!(writer.end().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
