//! May this file's code run here? Asked before anything of it does.
//!
//! - The file, its directory, and for a link the target and its directory may be writable only by root, the user of
//!   this process, and the configured groups.
//! - `NAME.so.sha256` beside it, if there, must have its checksum: the defence against a writer that pauses longer than
//!   the watcher waits.
//! - `NAME.so.minisig` beside it must be a signature by a configured key, if there or required.
//!
//! Limits: the directories above are the administrator's matter, as are access control lists that give rights to users
//! by name. A signature says who made a file, not that it is the latest.

mod sidecar;
mod writers;

use std::path::Path;

use minisign_verify::PublicKey;
use nix::unistd::Group;
use serde::{Deserialize, Serialize};

use super::{
    refusal::{Problem, Step},
    stage::Content,
};
pub(super) use writers::Ownership;
use writers::Writers;

/// More than anybody can look after.
const GROUPS_MAX: usize = 64;
const KEYS_MAX: usize = 64;

/// Whose files are taken.
#[derive(Clone, Default)]
pub struct TrustPolicy {
    groups: Vec<u32>,
    keys: Vec<Key>,
    requires_signature: bool,
}

/// A policy as it is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustOptions {
    /// Groups that may write plugins, by name or number.
    pub groups: Vec<String>,
    /// Refuse files without a signature.
    pub require_signature: bool,
    /// Public keys of minisign, the line that starts with `RW`.
    pub keys: Vec<String>,
}

/// A public key with its text.
#[derive(Clone)]
struct Key {
    text: String,
    key: PublicKey,
}

/// What speaks for a file beyond that nobody else could write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// A checksum beside it says the same.
    pub is_checksum_confirmed: bool,
    /// The public key of whoever signed it.
    pub signed_by: Option<String>,
    /// What the signer says of it, e.g. when it was signed.
    pub trusted_comment: Option<String>,
}

impl TrustPolicy {
    /// A policy of groups and keys. The default one has neither.
    ///
    /// # Errors
    /// All that is wrong with the options, one text each.
    pub fn new(options: &TrustOptions) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut policy = Self { requires_signature: options.require_signature, ..Self::default() };
        for (what, count, limit) in
            [("groups", options.groups.len(), GROUPS_MAX), ("keys", options.keys.len(), KEYS_MAX)]
        {
            if count > limit {
                wrong.push(format!("{count} {what} (expected at most {limit})"));
            }
        }
        for group in options.groups.iter().take(GROUPS_MAX) {
            match group_id(group) {
                Ok(id) => policy.groups.push(id),
                Err(problem) => wrong.push(problem),
            }
        }
        for text in options.keys.iter().take(KEYS_MAX) {
            match PublicKey::from_base64(text.trim()) {
                Ok(key) => policy.keys.push(Key { text: text.trim().to_owned(), key }),
                Err(error) => wrong.push(format!(
                    "key \"{}\": {error} (expected the second line of a public key file of minisign)",
                    text.escape_default()
                )),
            }
        }
        if options.require_signature && options.keys.is_empty() {
            wrong.push("signatures are required and there is no key (expected at least one)".to_owned());
        }
        if wrong.is_empty() { Ok(policy) } else { Err(wrong) }
    }

    /// Judges a file that was read.
    pub(super) fn check(&self, file: &Path, content: &Content) -> Result<Trust, Problem> {
        let paths = writers::paths_of(file)?;
        Writers::new(&self.groups).check(&paths, content.ownership)?;
        let mut trust = Trust::default();
        for path in &paths {
            trust.is_checksum_confirmed |= sidecar::check_checksum(path, &content.hash)?;
            if let Some((key, comment)) = sidecar::check_signature(path, &content.bytes, &self.keys)? {
                trust.signed_by = Some(key);
                trust.trusted_comment = Some(comment);
            }
        }
        if self.requires_signature && trust.signed_by.is_none() {
            let found = "no signature, and the configuration requires one";
            let accepted = format!("{} by one of the configured keys", sidecar::signature_of(file).display());
            return Err(Problem::new(Step::Trust, found, accepted));
        }
        Ok(trust)
    }
}

impl std::fmt::Debug for TrustPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustPolicy")
            .field("groups", &self.groups)
            .field("keys", &self.keys.iter().map(|key| key.text.as_str()).collect::<Vec<_>>())
            .field("requires_signature", &self.requires_signature)
            .finish()
    }
}

fn group_id(group: &str) -> Result<u32, String> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid.as_raw()),
        Ok(None) => Err(format!(
            "group \"{}\": this system has none of this name (expected a name or a number)",
            group.escape_default()
        )),
        Err(error) => Err(format!("group \"{}\": looking it up: {error}", group.escape_default())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use expect_test::expect;

    use super::*;
    use crate::host::stage;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const OTHER_KEY: &str = "RWSmKaOrT6m3TGwjwBovgOmlhSbyBUw3hyhnSOYruHXbJa36xHr8rq2M";
    /// Of the four bytes `test`.
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1633700835\tfile:test\tprehashed
wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==
";

    fn policy(require_signature: bool, keys: &[&str]) -> TrustPolicy {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        TrustPolicy::new(&TrustOptions { require_signature, keys, ..TrustOptions::default() }).unwrap()
    }

    /// Judges a file with these bytes and sidecars.
    fn check(policy: &TrustPolicy, bytes: &str, sidecars: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.so");
        fs::write(&file, bytes).unwrap();
        for (extension, text) in sidecars {
            fs::write(folder.path().join(format!("x.so.{extension}")), text).unwrap();
        }
        let text = match policy.check(&file, &stage::read(&file).unwrap()) {
            Ok(trust) => format!("{trust:?}"),
            Err(problem) => {
                assert_eq!(problem.step, Step::Trust);
                format!("{} (accepted: {})", problem.found, problem.accepted)
            }
        };
        text.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn all_that_is_wrong_with_a_policy_is_told_together() {
        let wrong = TrustPolicy::new(&TrustOptions {
            groups: vec!["nobody-has-this".to_owned(), "0".to_owned()],
            require_signature: true,
            keys: vec!["RWnonsense".to_owned()],
        });
        expect![[r#"
            group "nobody-has-this": this system has none of this name (expected a name or a number)
            key "RWnonsense": Invalid encoding in minisign data (expected the second line of a public key file of minisign)"#]]
        .assert_eq(&wrong.unwrap_err().join("\n"));
        let wrong = TrustPolicy::new(&TrustOptions { require_signature: true, ..TrustOptions::default() });
        expect!["signatures are required and there is no key (expected at least one)"]
            .assert_eq(&wrong.unwrap_err().join("\n"));
    }

    #[test]
    fn a_checksum_beside_the_file_must_be_its_own() {
        let default = TrustPolicy::default();
        let right = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let confirmed = r"Trust { is_checksum_confirmed: true, signed_by: None, trusted_comment: None }";
        for text in [
            right.to_owned(),
            right.to_uppercase() + "\n",
            format!("{right}  x.so\n"),
            format!("{right} *target/release/x.so\n"),
            format!("{}  y.so\n{right}  x.so\n", "0".repeat(64)),
        ] {
            assert_eq!(check(&default, "test", &[("sha256", &text)]), confirmed, "{text}");
        }
        expect!["a file with SHA-256 8f4375ec65c2c4092a1cc21e76712472eae0de999384e8327c495957121db9c2 (accepted: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, as x.so.sha256 says)"].assert_eq(&check(&default, "best", &[("sha256", right)]));
        expect!["x.so.sha256 without a checksum of x.so (accepted: 64 hexadecimal digits, or what `sha256sum` prints)"].assert_eq(&check(&default, "test", &[("sha256", &format!("{right}  y.so"))]));
        expect!["x.so.sha256 without a checksum of x.so (accepted: 64 hexadecimal digits, or what `sha256sum` prints)"].assert_eq(&check(&default, "test", &[("sha256", "soon")]));
        expect!["x.so.sha256 without a checksum of x.so (accepted: 64 hexadecimal digits, or what `sha256sum` prints)"].assert_eq(&check(&default, "test", &[("sha256", "")]));
        expect!["x.so.sha256: more than 65536 bytes (accepted: a text file that can be read)"]
            .assert_eq(&check(&default, "test", &[("sha256", &" ".repeat(70_000))]));
    }

    #[test]
    fn a_signature_is_verified_if_it_is_there_or_required() {
        let signed = [("minisig", SIGNATURE)];
        expect![[r#"Trust { is_checksum_confirmed: false, signed_by: Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"), trusted_comment: Some("timestamp:1633700835\tfile:test\tprehashed") }"#]].assert_eq(&check(&policy(true, &[OTHER_KEY, KEY]), "test", &signed));
        expect!["x.so.minisig does not fit the file and any of 1 keys (accepted: a signature of this file by one of the configured keys)"].assert_eq(&check(&policy(false, &[KEY]), "best", &signed));
        expect!["x.so.minisig does not fit the file and any of 1 keys (accepted: a signature of this file by one of the configured keys)"].assert_eq(&check(&policy(false, &[OTHER_KEY]), "test", &signed));
        expect!["x.so.minisig: Invalid encoding in minisign data (accepted: a signature of this file by one of the configured keys)"].assert_eq(&check(&policy(false, &[KEY]), "test", &[("minisig", "soon")]));
        expect!["no signature, and the configuration requires one (accepted: x.so.minisig by one of the configured keys)"].assert_eq(&check(&policy(true, &[KEY]), "test", &[]));
        let nothing = "Trust { is_checksum_confirmed: false, signed_by: None, trusted_comment: None }";
        assert_eq!(check(&policy(false, &[KEY]), "test", &[]), nothing);
        assert_eq!(check(&TrustPolicy::default(), "best", &signed), nothing, "nobody could verify it");
    }
}
