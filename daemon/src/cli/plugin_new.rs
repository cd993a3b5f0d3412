//! `stratd plugin new`: a folder with a strategy that builds, passes its test, and can be changed into another.
//!
//! The files are templates, in which a few words between `@` stand for what differs. The folder must not exist, and
//! one that could not be completed is taken away again.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};

const PREFIX: &str = "strategy-";
/// As the manifest of a plugin: what the host accepts.
const NAME_BYTES_MAX: usize = 64;
/// Where the SDK and the crate for tests lie in the source of stratd.
const SDK: (&str, &str) = ("plugin-api", "crates/testkit");
/// Where the package puts as much of the source as a plugin needs.
const INSTALLED_SDK: &str = "/usr/share/stratd/sdk";

const MANIFEST: &str = include_str!("plugin_new/Cargo.toml.in");
const SOURCE: &str = include_str!("plugin_new/lib.rs.in");
const README: &str = include_str!("plugin_new/README.md.in");
const IGNORED: &str = "/target\n/runs\n";

/// Makes the crate in the current folder.
pub(super) fn main(name: &str, sdk: Option<&Path>) -> Result<ExitCode> {
    let names = Names::new(name)?;
    let installed = || Some(Path::new(INSTALLED_SDK)).filter(|folder| folder.is_dir());
    let sdk = sdk.or_else(installed).map(Sdk::find).transpose()?;
    let folder = PathBuf::from(&names.package);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(
            "creating {}: it exists (accepted: a name of which there is no folder here)",
            folder.display()
        ),
        other => other.with_context(|| format!("creating {}", folder.display()))?,
    }
    if let Err(error) = write(&folder, &names, sdk.as_ref()) {
        // only what was just made here
        let _ = fs::remove_dir_all(&folder);
        return Err(error);
    }
    let (folder, library) = (folder.display(), names.library());
    writeln!(
        io::stdout(),
        "created {folder}, with a strategy that you can change\n\n  \
         cd {folder}\n  cargo test\n  cargo build --release\n  \
         stratd plugin inspect target/release/{library}"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The words that follow from the name.
struct Names {
    /// `strategy-mean-reversion`
    package: String,
    /// `MeanReversion`
    type_name: String,
}

impl Names {
    fn new(name: &str) -> Result<Self> {
        let short = name.strip_prefix(PREFIX).unwrap_or(name);
        let is_letter = |c: char| c.is_ascii_lowercase();
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let package = format!("{PREFIX}{short}");
        if !short.starts_with(is_letter) || !short.split('-').all(is_part) || package.len() > NAME_BYTES_MAX {
            bail!(
                "the name `{}` (accepted: words of a-z 0-9 joined by -, the first with a letter in front, \
                 at most {} bytes)",
                name.escape_default(),
                NAME_BYTES_MAX - PREFIX.len()
            );
        }
        let camel: String = short.split('-').map(capitalized).collect();
        // such a type cannot have the name of one that the template imports, nor be `Self`
        let type_name = match camel.strip_suffix("Strategy") {
            Some(rest) if !rest.is_empty() => camel,
            _ => format!("{camel}Strategy"),
        };
        Ok(Self { package, type_name })
    }

    fn short(&self) -> &str {
        self.package.strip_prefix(PREFIX).unwrap_or(&self.package)
    }

    fn library(&self) -> String {
        format!("lib{}.so", self.package.replace('-', "_"))
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// The source of stratd.
struct Sdk(PathBuf);

impl Sdk {
    fn find(path: &Path) -> Result<Self> {
        let root =
            path.canonicalize().with_context(|| format!("looking for the SDK in {}", path.display()))?;
        let (sdk, testkit) = SDK;
        for part in [sdk, testkit] {
            if !root.join(part).join("Cargo.toml").is_file() {
                bail!(
                    "{} has no {part}/Cargo.toml (accepted: the folder with the source of stratd)",
                    root.display()
                );
            }
        }
        if root.to_str().is_none_or(|text| text.contains(['"', '\\', '\n'])) {
            bail!("{} cannot be written into a manifest (accepted: a path without quotes)", root.display());
        }
        Ok(Self(root))
    }
}

fn write(folder: &Path, names: &Names, sdk: Option<&Sdk>) -> Result<()> {
    let (sdk_line, testkit_line) = dependencies(sdk);
    let fill = |template: &str| {
        template
            .replace("@PACKAGE@", &names.package)
            .replace("@SHORT@", names.short())
            .replace("@TYPE@", &names.type_name)
            .replace("@LIBRARY@", &names.library())
            .replace("@SDK@", &sdk_line)
            .replace("@TESTKIT@", &testkit_line)
    };
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    fs::create_dir(folder.join("src")).with_context(|| format!("creating {}/src", folder.display()))?;
    put("Cargo.toml", &fill(MANIFEST))?;
    put("src/lib.rs", &fill(SOURCE))?;
    put("README.md", &fill(README))?;
    put(".gitignore", IGNORED)?;
    // the versions that the SDK was built and tested with, which are there already; cargo drops what is not needed
    let locked = sdk.map(|sdk| sdk.0.join("Cargo.lock")).filter(|lock| lock.is_file());
    if let Some(lock) = locked {
        let to = folder.join("Cargo.lock");
        fs::copy(&lock, &to).with_context(|| format!("copying {} to {}", lock.display(), to.display()))?;
    }
    Ok(())
}

/// The lines of the manifest that lead to the SDK and to the crate for tests.
fn dependencies(sdk: Option<&Sdk>) -> (String, String) {
    let (sdk_folder, testkit_folder) = SDK;
    match sdk {
        Some(Sdk(root)) => {
            let line = |name: &str, folder: &str| {
                format!("{name} = {{ path = \"{}\" }}", root.join(folder).display())
            };
            (line("stratd-plugin-api", sdk_folder), line("stratd-testkit", testkit_folder))
        }
        None => {
            let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
            let line = |name: &str| format!("{name} = {{ git = \"{repository}\", tag = \"v{version}\" }}");
            (line("stratd-plugin-api"), line("stratd-testkit"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str) -> String {
        match Names::new(name) {
            Ok(names) => format!("{} {} {}", names.package, names.type_name, names.library()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn everything_follows_from_the_name() {
        assert_eq!(
            names("mean-reversion"),
            "strategy-mean-reversion MeanReversionStrategy libstrategy_mean_reversion.so"
        );
        assert_eq!(names("strategy-x2"), "strategy-x2 X2Strategy libstrategy_x2.so");
        // neither `Self` nor the trait's own name
        assert_eq!(names("self"), "strategy-self SelfStrategy libstrategy_self.so");
        assert_eq!(names("strategy"), "strategy-strategy StrategyStrategy libstrategy_strategy.so");
        assert_eq!(names("my-strategy"), "strategy-my-strategy MyStrategy libstrategy_my_strategy.so");
    }

    #[test]
    fn names_that_no_plugin_may_have_are_refused() {
        let long = "a".repeat(NAME_BYTES_MAX - PREFIX.len() + 1);
        for bad in ["", "-", "2x", "a--b", "a-", "-a", "Ab", "a b", "a/b", "../a", "ä", "strategy-", &long] {
            let told = names(bad);
            assert!(told.starts_with("the name `"), "{bad}: {told}");
            assert!(told.ends_with("at most 55 bytes)"), "{bad}: {told}");
        }
        assert!(names(&long[1..]).starts_with("strategy-aaaa"));
    }

    #[test]
    fn templates_have_no_word_left() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new");
        fs::create_dir(&root).unwrap();
        write(&root, &Names::new("x").unwrap(), None).unwrap();
        for name in ["Cargo.toml", "src/lib.rs", "README.md"] {
            let text = fs::read_to_string(root.join(name)).unwrap();
            let is_word = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(!text.split('@').skip(1).any(is_word), "{name}: {text}");
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let line = format!(
            "stratd-plugin-api = {{ git = \"{}\", tag = \"v{}\" }}",
            env!("CARGO_PKG_REPOSITORY"),
            env!("CARGO_PKG_VERSION")
        );
        assert!(manifest.contains(&line), "{manifest}");
    }
}
