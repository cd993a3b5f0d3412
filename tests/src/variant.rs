//! Plugins that are built wrongly: against another contract, or with other compiler flags.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::build::{cargo, run, target, workspace, write};

/// A replacement in a file of the workspace: path, text that occurs once, text instead.
pub type Edit = (&'static str, &'static str, &'static str);

/// The faulty strategy, built in a copy of the workspace that has only the SDK and itself.
pub struct Variant {
    /// Told apart from other variants and from the real one.
    pub name: &'static str,
    /// Made in the copy before building.
    pub edits: &'static [Edit],
    /// Further arguments of the compiler for the plugin's own crate.
    pub rustc: &'static [&'static str],
}

/// What the copy consists of.
const COPIED: [&str; 3] = ["plugin-api", "plugins/faulty", "Cargo.lock"];

impl Variant {
    /// Builds it and returns the library, whose plugin is called `strategy-NAME`.
    ///
    /// The target directory is that of the tests, so that everything from crates.io is already there. For the same
    /// reason the copied SDK has a folder of its own name: cargo tells packages apart by name and path *in the
    /// workspace*, so two SDKs at `plugin-api` would be taken for one.
    ///
    /// # Panics
    /// It cannot be built.
    #[must_use]
    pub fn build(&self) -> PathBuf {
        let copy = target().join("variants").join(self.name);
        for part in COPIED {
            self.copy(&workspace().join(part), Path::new(part), &copy);
        }
        write(&copy.join("Cargo.toml"), &self.workspace_manifest());
        let package = format!("strategy-{}", self.name);
        let features = format!("{package}/export");
        let mut build = cargo(&["rustc", "--quiet", "--release", "--offline", "--package", &package]);
        build.args(["--lib", "--features", &features, "--"]).args(self.rustc);
        build.current_dir(&copy);
        run(build);
        target().join("release").join(format!("lib{}.so", package.replace('-', "_")))
    }

    /// The workspace's own manifest with the members that are there.
    fn workspace_manifest(&self) -> String {
        let text = read(&workspace().join("Cargo.toml"));
        let (head, rest) = text.split_once("members = [").expect("the workspace lists its members");
        let (_, tail) = rest.split_once(']').expect("the list ends");
        let manifest =
            format!("{head}members = [\"plugin-api\", \"plugin-api/abi\", \"plugins/faulty\"]{tail}");
        manifest.replace("\"plugin-api", &format!("\"{}", self.sdk()))
    }

    /// The folder of the SDK in the copy.
    fn sdk(&self) -> String {
        format!("plugin-api-{}", self.name)
    }

    fn copy(&self, from: &Path, part: &Path, copy: &Path) {
        if !from.is_dir() {
            let place = match part.strip_prefix("plugin-api") {
                Ok(inside) => copy.join(self.sdk()).join(inside),
                Err(_) => copy.join(part),
            };
            write(&place, &self.edited(part, read(from)));
            return;
        }
        let entries = fs::read_dir(from).unwrap_or_else(|e| panic!("listing {}: {e}", from.display()));
        for entry in entries {
            let entry = entry.unwrap_or_else(|e| panic!("listing {}: {e}", from.display()));
            let part = part.join(entry.file_name());
            let is_source = entry.path().is_dir()
                || part.extension().is_some_and(|e| e == "rs" || e == "toml" || e == "md");
            if is_source {
                self.copy(&entry.path(), &part, copy);
            }
        }
    }

    fn edited(&self, part: &Path, mut text: String) -> String {
        if part == Path::new("plugins/faulty/Cargo.toml") {
            text = text.replace("\"strategy-faulty\"", &format!("\"strategy-{}\"", self.name));
        }
        for (path, from, to) in self.edits {
            if part == Path::new(path) {
                assert_eq!(text.matches(from).count(), 1, "{path} has `{from}` once");
                text = text.replace(from, to);
            }
        }
        text
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("reading {}: {e}", path.display()))
}
