//! Why a plugin was not taken.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// The steps of loading, in order. A refusal names the step that refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// From a name to a file.
    Find,
    /// Reading the file once.
    Read,
    /// Who may write the file, its checksum and its signature.
    Trust,
    /// Bounds and kind of the ELF file.
    Elf,
    /// Writing the private copy.
    Stage,
    /// Starting the throw-away process that opens the copy first.
    Probe,
    /// `dlopen`; runs the library's constructors.
    Open,
    /// The exported function.
    Symbol,
    /// Rust plugins: every type of the contract, compared field by field.
    Layout,
    /// Sizes and ABI numbers of the records and tables.
    Abi,
    /// What the manifest says.
    Manifest,
    /// A panic must be catchable.
    PanicMode,
    /// No other file may carry the same plugin name.
    Name,
    /// The configuration as such.
    Config,
    /// The plugin's own verdict on its configuration.
    Create,
    /// The plugin's own verdict on a saved state.
    Restore,
    /// The end of an instance.
    Destroy,
}

impl Step {
    /// The step in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Read => "read",
            Self::Trust => "trust",
            Self::Elf => "elf",
            Self::Stage => "stage",
            Self::Probe => "probe",
            Self::Open => "open",
            Self::Symbol => "symbol",
            Self::Layout => "layout",
            Self::Abi => "abi",
            Self::Manifest => "manifest",
            Self::PanicMode => "panic mode",
            Self::Name => "name",
            Self::Config => "config",
            Self::Create => "create",
            Self::Restore => "restore",
            Self::Destroy => "destroy",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which plugin a message is about: as much as is known so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The file that the user named or that was found.
    pub file: PathBuf,
    /// SHA-256 of its content, hexadecimal.
    pub hash: Option<String>,
    /// The GNU build id, or the one of the manifest.
    pub build_id: Option<String>,
    /// The plugin's name.
    pub name: Option<String>,
    /// The plugin's version.
    pub version: Option<String>,
}

/// Enough of a hash to tell two builds apart in a log line; the full one is in the JSON forms.
const SHORT_HASH: usize = 12;

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name} {} from ", self.version.as_deref().unwrap_or("(no version)"))?;
        }
        write!(f, "{}", self.file.display())?;
        let mut opening = " (";
        for (label, value) in [("build", &self.build_id), ("sha-256", &self.hash)] {
            if let Some(value) = value {
                write!(f, "{opening}{label} {}", value.get(..SHORT_HASH).unwrap_or(value))?;
                opening = ", ";
            }
        }
        f.write_str(if opening == ", " { ")" } else { "" })
    }
}

/// A plugin was not taken; whatever ran before goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which plugin.
    // boxed: a refusal is rare, and the `Result`s that carry one should stay small
    pub plugin: Box<Identity>,
    /// Where.
    pub step: Step,
    /// What was found.
    pub found: String,
    /// What would have been accepted.
    pub accepted: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.step == Step::Find { "finding" } else { "loading" };
        write!(f, "{verb} {}: {}: {} (accepted: {})", self.plugin, self.step, self.found, self.accepted)
    }
}

impl std::error::Error for Refusal {}

/// Hears each step before it is taken, and what is known of the plugin by then.
pub type Observer<'a> = dyn FnMut(Step, &Identity) + Send + 'a;

/// A refusal before it is known which plugin it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) step: Step,
    pub(super) found: String,
    pub(super) accepted: String,
}

impl Problem {
    pub(super) fn new(step: Step, found: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { step, found: found.into(), accepted: accepted.into() }
    }

    pub(super) fn of(self, plugin: &Identity) -> Refusal {
        Refusal {
            plugin: Box::new(plugin.clone()),
            step: self.step,
            found: self.found,
            accepted: self.accepted,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn one_line_says_all_that_is_known() {
        let mut plugin = Identity { file: "plugins/libx.so".into(), ..Identity::default() };
        let problem = Problem::new(Step::Abi, "abi number 2", "1");
        expect!["loading plugins/libx.so: abi: abi number 2 (accepted: 1)"]
            .assert_eq(&problem.clone().of(&plugin).to_string());
        plugin.hash = Some("0123456789abcdef".to_owned());
        expect!["loading plugins/libx.so (sha-256 0123456789ab): abi: abi number 2 (accepted: 1)"]
            .assert_eq(&problem.clone().of(&plugin).to_string());
        plugin.build_id = Some("77".to_owned());
        plugin.name = Some("strategy-x".to_owned());
        plugin.version = Some("1.2.3".to_owned());
        expect!["loading strategy-x 1.2.3 from plugins/libx.so (build 77, sha-256 0123456789ab): abi: abi number 2 (accepted: 1)"]
            .assert_eq(&problem.of(&plugin).to_string());
    }
}
