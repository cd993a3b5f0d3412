//! The files beside a plugin: its checksum, its signature.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use minisign_verify::Signature;

use super::Key;
use crate::host::refusal::{Problem, Step};

/// A list of checksums of a thousand files is smaller, and a signature by far.
const SIDECAR_BYTES_MAX: u64 = 64 * 1024;
const CHECKSUM: &str = ".sha256";
const SIGNATURE: &str = ".minisig";
/// SHA-256 in hexadecimal.
const HASH_DIGITS: usize = 64;

/// The path of the signature beside a file.
pub(super) fn signature_of(file: &Path) -> PathBuf {
    beside(file, SIGNATURE)
}

/// Compares the checksum beside `file`, if there is one; whether there is.
pub(super) fn check_checksum(file: &Path, hash: &str) -> Result<bool, Problem> {
    let sidecar = beside(file, CHECKSUM);
    let Some(text) = read(&sidecar)? else { return Ok(false) };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let Some(expected) = checksum_for(&text, &name) else {
        return Err(Problem::new(
            Step::Trust,
            format!("{} without a checksum of {name}", sidecar.display()),
            "64 hexadecimal digits, or what `sha256sum` prints",
        ));
    };
    if !expected.eq_ignore_ascii_case(hash) {
        return Err(Problem::new(
            Step::Trust,
            format!("a file with SHA-256 {hash}"),
            format!("{}, as {} says", expected.to_ascii_lowercase(), sidecar.display()),
        ));
    }
    Ok(true)
}

/// Verifies the signature beside `file`, if there is one and a key to do it: the key, and the signer's comment.
pub(super) fn check_signature(
    file: &Path,
    bytes: &[u8],
    keys: &[Key],
) -> Result<Option<(String, String)>, Problem> {
    let sidecar = signature_of(file);
    if keys.is_empty() {
        return Ok(None);
    }
    let Some(text) = read(&sidecar)? else { return Ok(None) };
    let refuse = |found: String| {
        Err(Problem::new(Step::Trust, found, "a signature of this file by one of the configured keys"))
    };
    let signature = match Signature::decode(&text) {
        Ok(signature) => signature,
        Err(error) => return refuse(format!("{}: {error}", sidecar.display())),
    };
    // both forms of minisign sign the whole content; the older one is no weaker
    match keys.iter().find(|key| key.key.verify(bytes, &signature, true).is_ok()) {
        Some(key) => Ok(Some((key.text.clone(), signature.trusted_comment().to_owned()))),
        None => refuse(format!("{} does not fit the file and any of {} keys", sidecar.display(), keys.len())),
    }
}

fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(extension);
    path.into()
}

/// The text of a sidecar; `None` if there is none.
fn read(sidecar: &Path) -> Result<Option<String>, Problem> {
    let problem = |found: String| {
        Problem::new(Step::Trust, format!("{}: {found}", sidecar.display()), "a text file that can be read")
    };
    // opening a pipe without a writer would block for ever
    let opened = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(sidecar);
    let file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(problem(e.to_string())),
    };
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Err(problem("a directory or special file".to_owned()));
    }
    let mut text = String::new();
    file.take(SIDECAR_BYTES_MAX + 1).read_to_string(&mut text).map_err(|e| problem(e.to_string()))?;
    if text.len() as u64 > SIDECAR_BYTES_MAX {
        return Err(problem(format!("more than {SIDECAR_BYTES_MAX} bytes")));
    }
    Ok(Some(text))
}

/// The checksum of a file in a text: a bare one, or that of the line with its name.
fn checksum_for<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let is_hash = |word: &str| word.len() == HASH_DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let text = text.trim();
    if is_hash(text) {
        return Some(text);
    }
    text.lines().find_map(|line| {
        // `HEX  NAME`, or `HEX *NAME` for what was read as binary
        let (hash, rest) = line.trim().split_once(' ')?;
        let path = rest.strip_prefix(['*', ' ']).unwrap_or(rest);
        let is_named = Path::new(path).file_name().is_some_and(|file| file == name);
        (is_hash(hash) && is_named).then_some(hash)
    })
}
