//! The functions of the original Python API with their results, one test a line of its acceptance list, named by its number.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails ends the test")]

mod clock;
mod describe;
mod files;
mod golden_rows;
mod operate;

use std::path::PathBuf;

use teafile::{Description, Reader, Writer};

/// A folder with a file in it.
struct Lab {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Lab {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        Self { _folder: folder, path }
    }

    /// A file of these fields, new.
    fn create(&self, names: &str, format: &str) -> Writer {
        teafile::create(&self.path, &Description::new(names, format).unwrap()).unwrap()
    }

    /// A file with a field of whole numbers from 0 on.
    fn numbers(&self, count: i64) {
        let mut file = self.create("A", "q");
        for number in 0..count {
            file.write(&[number.into()]).unwrap();
        }
        file.close().unwrap();
    }

    /// A file with two fields of whole numbers, the second ten times the first.
    fn pairs(&self, count: i64) {
        let mut file = self.create("A B", "qq");
        for number in 0..count {
            file.write(&[number.into(), (number * 10).into()]).unwrap();
        }
        file.close().unwrap();
    }

    fn open(&self) -> Reader {
        Reader::open(&self.path).unwrap()
    }
}

/// All items as one text.
fn texts(items: teafile::Items<'_>) -> Vec<String> {
    items.map(|item| item.unwrap().to_string()).collect()
}

fn next(file: &mut Reader) -> Option<String> {
    file.read().unwrap().map(|item| item.to_string())
}
