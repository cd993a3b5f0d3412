//! Which files a configuration is made of, and in which order: layered as systemd layers its drop-ins.
//!
//! The file of the command line comes first. Over it, in the order of their names, come the files `*.toml` of folders:
//! those of `--conf-dir`, or, for a file that is named `stratd.toml`, the vendor's ([`VENDOR_FOLDER`]) and then `conf.d`
//! beside it. Of two files with one name, that of the later folder counts and the other is not read; one that is empty,
//! or a link to `/dev/null`, stands for nothing and so masks the vendor's. Names that begin with a dot do not count.
//!
//! Limits: [`FILE_BYTES_MAX`] for each file, [`FILES_MAX`] files; beyond either the configuration is refused.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// A file above this is no configuration.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;
/// More files than an administrator looks after.
pub(super) const FILES_MAX: usize = 256;
/// The name of the file that takes drop-ins unasked.
const LAYERED_NAME: &str = "stratd.toml";
/// What packages lay over it.
pub(super) const VENDOR_FOLDER: &str = "/usr/lib/stratd/conf.d";
/// What an administrator lays over it, beside it.
const ADMIN_FOLDER: &str = "conf.d";

/// A file as it was read.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// A file that cannot be a layer.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) why: String,
}

/// Reads the file and what is layered over it; every file that cannot be read is named.
pub(super) fn read(file: &Path, folders: &[PathBuf]) -> Result<Vec<Layer>, Vec<Unreadable>> {
    let (mut layers, mut unreadable) = (Vec::new(), Vec::new());
    let mut take = |read: Result<Layer, Unreadable>, is_drop_in: bool| match read {
        // what is empty masks, and says nothing
        Ok(layer) if is_drop_in && layer.bytes.is_empty() => {}
        Ok(layer) => layers.push(layer),
        Err(why) => unreadable.push(why),
    };
    take(read_file(file.to_owned()), false);
    match drop_ins(&folders_of(file, folders)) {
        Ok(paths) => paths.into_iter().for_each(|path| take(read_file(path), true)),
        Err(why) => unreadable.push(why),
    }
    if unreadable.is_empty() { Ok(layers) } else { Err(unreadable) }
}

/// Tells whether files have changed: a number for their names and contents.
pub(super) fn digest(layers: &[Layer]) -> String {
    let mut hash = Sha256::new();
    for layer in layers {
        for part in [layer.path.as_os_str().as_encoded_bytes(), &layer.bytes] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn folders_of(file: &Path, asked: &[PathBuf]) -> Vec<PathBuf> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    if file.file_name().is_none_or(|name| name != LAYERED_NAME) {
        return Vec::new();
    }
    vec![PathBuf::from(VENDOR_FOLDER), file.with_file_name(ADMIN_FOLDER)]
}

/// The files of the folders in the order of their names; of one name, that of the last folder. A folder that is not
/// there has none.
fn drop_ins(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Unreadable> {
    let mut by_name = BTreeMap::new();
    for folder in folders {
        let unreadable =
            |error: io::Error| Unreadable { path: folder.clone(), why: format!("listing: {error}") };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && path.extension().is_some_and(|end| end == "toml") {
                by_name.insert(path.file_name().map(ToOwned::to_owned), path);
            }
            if by_name.len() > FILES_MAX {
                let why = format!("more than {FILES_MAX} files are layered");
                return Err(Unreadable { path: folder.clone(), why });
            }
        }
    }
    Ok(by_name.into_values().collect())
}

fn read_file(path: PathBuf) -> Result<Layer, Unreadable> {
    let mut bytes = Vec::new();
    // one more than allowed: the path may be a device without end, or a pipe, whose length cannot be asked
    let read = File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 > FILE_BYTES_MAX => {
            Err(Unreadable { path, why: format!("longer than {FILE_BYTES_MAX} bytes") })
        }
        Ok(_) => Ok(Layer { path, bytes }),
        Err(error) => Err(Unreadable { path, why: format!("reading: {error}") }),
    }
}
