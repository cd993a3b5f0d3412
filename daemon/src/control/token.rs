//! The token of a listener: read from a file, compared in constant time, never shown.

use std::{
    fmt, fs,
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use nix::libc;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A shorter token could be guessed.
const CHARACTERS_MIN: usize = 32;
/// A longer one is a mistake, as the name of another file would be.
const CHARACTERS_MAX: usize = 1024;
/// Permission bits of others.
const OF_OTHERS: u32 = 0o007;

/// Its hash: the token itself is not kept, and all hashes have one length, so that a comparison tells nothing of it.
#[derive(Clone)]
pub(super) struct Token([u8; 32]);

impl Token {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let attempt = || format!("control.tcp.token_file {}", path.display());
        // a FIFO would be waited for
        let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
        let file = file.with_context(attempt)?;
        let about = file.metadata().with_context(attempt)?;
        if !about.is_file() {
            bail!("{}: it is no file (accepted: a file with the token)", attempt());
        }
        if about.mode() & OF_OTHERS != 0 {
            bail!(
                "{}: its mode is {:03o} (accepted: one that lets others do nothing, as 640)",
                attempt(),
                about.mode() & 0o777
            );
        }
        let mut text = String::new();
        file.take(CHARACTERS_MAX as u64 + 2).read_to_string(&mut text).with_context(attempt)?;
        Self::parse(text.trim_end_matches(['\r', '\n'])).with_context(attempt)
    }

    fn parse(text: &str) -> Result<Self> {
        if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            // nothing of what is there is told
            bail!("it has a character that no header takes (accepted: visible ASCII characters in one line)");
        }
        if !(CHARACTERS_MIN..=CHARACTERS_MAX).contains(&text.len()) {
            let found =
                if text.len() > CHARACTERS_MAX { "too many".to_owned() } else { text.len().to_string() };
            bail!(
                "it holds {found} characters (accepted: {CHARACTERS_MIN} to {CHARACTERS_MAX}, as of `openssl rand -hex 32`)"
            );
        }
        Ok(Self::of(text))
    }

    fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether it is that one.
    pub(super) fn is(&self, text: &str) -> bool {
        self.0.ct_eq(&Self::of(text).0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use expect_test::{Expect, expect};

    use super::*;

    const GOOD: &str = "0123456789abcdef0123456789abcdef";

    fn check(text: &str, mode: u32, expected: Expect) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let shown = match Token::read(&path) {
            Ok(token) => format!("{token:?} {}", token.is(GOOD)),
            Err(error) => format!("{error:#}").replace(&folder.path().display().to_string(), "DIR"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_token_is_one_line_that_others_cannot_read() {
        check(GOOD, 0o640, expect!["Token true"]);
        check(&format!("{GOOD}\r\n"), 0o400, expect!["Token true"]);
        check(&format!("{GOOD}0"), 0o400, expect!["Token false"]);
        check(
            GOOD,
            0o644,
            expect![
                "control.tcp.token_file DIR/token: its mode is 644 (accepted: one that lets others do nothing, as 640)"
            ],
        );
        check(
            "short",
            0o600,
            expect![
                "control.tcp.token_file DIR/token: it holds 5 characters (accepted: 32 to 1024, as of `openssl rand -hex 32`)"
            ],
        );
        check(
            &"x".repeat(2000),
            0o600,
            expect![
                "control.tcp.token_file DIR/token: it holds too many characters (accepted: 32 to 1024, as of `openssl rand -hex 32`)"
            ],
        );
        check(
            &format!("{GOOD}\n{GOOD}"),
            0o600,
            expect![
                "control.tcp.token_file DIR/token: it has a character that no header takes (accepted: visible ASCII characters in one line)"
            ],
        );
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let error = Token::read(folder.path()).unwrap_err();
        assert!(
            format!("{error:#}").ends_with("it is no file (accepted: a file with the token)"),
            "{error:#}"
        );
        let error = Token::read(&folder.path().join("none")).unwrap_err();
        assert!(format!("{error:#}").ends_with("No such file or directory (os error 2)"), "{error:#}");
    }
}
