//! What the unit of systemd hands over in the environment.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::PathBuf,
};

/// The folder that `STATE_DIRECTORY`, `RUNTIME_DIRECTORY` and their like name: the first one, if the unit has several.
pub(crate) fn directory(variable: &str) -> Option<PathBuf> {
    first(&env::var_os(variable)?)
}

/// systemd separates several folders by colons.
fn first(folders: &OsString) -> Option<PathBuf> {
    let first = folders.as_bytes().split(|byte| *byte == b':').next()?;
    (!first.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(first)))
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn the_first_of_several_folders_is_ours() {
        for (variable, expected) in [
            ("/var/lib/stratd", Some("/var/lib/stratd")),
            ("/var/lib/stratd:/var/lib/stratd/staged", Some("/var/lib/stratd")),
            ("", None),
            (":/var/lib/stratd", None),
        ] {
            assert_eq!(first(&variable.into()), expected.map(Into::into), "{variable}");
        }
    }
}
