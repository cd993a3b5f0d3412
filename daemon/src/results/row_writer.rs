//! The thread of one file of rows: it makes the text of full blocks and hands it to the system while the run goes on.
//!
//! The event loop would wait for that as long as for the order itself. There are [`BLOCKS_MAX`] blocks of a file at most;
//! the loop waits where all of them are full, so that a disk that is slower than the run slows it down, as if the loop
//! wrote itself. After an error nothing further is written, and the next block, or the end of the writing, tells it. A
//! file that never fills a block has no thread.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Builder, JoinHandle},
};

use super::{printer::Printer, row_file::Block, rows::Noted};

/// One that is filled, one that waits, one that is written.
const BLOCKS_MAX: usize = 3;

/// The way to the thread.
pub(super) struct RowWriter<R> {
    full: SyncSender<Block<R>>,
    emptied: Receiver<Block<R>>,
    /// How many blocks there are, that of the file included.
    blocks: usize,
    thread: JoinHandle<io::Result<Printer>>,
}

impl<R: Noted> RowWriter<R> {
    /// Starts the thread; the file comes back when the writing ends.
    pub(super) fn start(printer: Printer) -> io::Result<Self> {
        let (full, to_write) = sync_channel(BLOCKS_MAX);
        let (back, emptied) = sync_channel(BLOCKS_MAX);
        let work = move || print_all(printer, &to_write, &back);
        let thread = Builder::new().name("results".to_owned()).spawn(work)?;
        Ok(Self { full, emptied, blocks: 1, thread })
    }

    /// Takes a full block and gives an empty one, or waits for it. `None`: the writing failed, and its end tells why.
    pub(super) fn exchange(&mut self, block: Block<R>) -> Option<Block<R>> {
        self.full.send(block).ok()?;
        if self.blocks < BLOCKS_MAX {
            self.blocks += 1;
            return Some(Block::default());
        }
        self.emptied.recv().ok()
    }

    /// Waits until everything is written; the file is at its end.
    pub(super) fn end(self) -> io::Result<Printer> {
        drop(self.full);
        let panicked = |_| Err(io::Error::other("the thread that writes it panicked"));
        self.thread.join().unwrap_or_else(panicked)
    }
}

fn print_all<R: Noted>(
    mut printer: Printer,
    blocks: &Receiver<Block<R>>,
    emptied: &SyncSender<Block<R>>,
) -> io::Result<Printer> {
    for mut block in blocks {
        printer.print(&mut block)?;
        // nobody takes it where the file ends
        let _ = emptied.send(block);
    }
    Ok(printer)
}

#[cfg(test)]
mod tests {
    use std::{fs, fs::File, sync::Arc};

    use super::{
        super::{row::Row, row_text::Texts, rows::Cells},
        *,
    };

    /// A row with a number.
    struct Number(u64);

    impl Noted for Number {
        fn names(&self) -> usize {
            0
        }

        fn write(&self, row: &mut Row, _: &mut Texts, _: &mut Cells) {
            row.integer(self.0);
        }
    }

    /// A block of so many numbers; the first one has the names.
    fn block(numbers: std::ops::Range<u64>) -> Block<Number> {
        let names = if numbers.start == 0 { vec![Arc::default()] } else { Vec::new() };
        Block { rows: numbers.map(Number).collect(), names }
    }

    #[test]
    fn blocks_are_written_in_their_order_and_the_file_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let mut writer = RowWriter::start(Printer::create(&path, &["number"]).unwrap()).unwrap();
        for hundred in 0..50 {
            let emptied = writer.exchange(block(hundred * 100..hundred * 100 + 100)).unwrap();
            assert!(emptied.rows.is_empty() && emptied.names.is_empty());
        }
        writer.end().unwrap().print(&mut block(5_000..5_001)).unwrap();
        let expected: String = (0..=5_000).map(|number| format!("{number}\n")).collect();
        assert!(fs::read_to_string(&path).unwrap() == format!("number\n{expected}"));
    }

    #[test]
    fn an_error_ends_the_writing_and_is_told() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let mut writer = RowWriter::start(Printer::of(file)).unwrap();
        let mut blocks = (0..2 * BLOCKS_MAX).map(|_| block(0..1));
        assert!(blocks.any(|block| writer.exchange(block).is_none()));
        assert_eq!(writer.end().map(drop).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
