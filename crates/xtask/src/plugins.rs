//! Builds every plugin once, in the release profile, into `TARGET/plugins` (for `asan`: unoptimized, see there).
//!
//! The plugins are a cargo invocation of their own, because it turns on their feature `export`: with that feature in
//! the graph of the whole workspace, two plugins in one test program would define the same symbols.
//! The command has always the same form, so that cargo finds earlier results again.
//! A plugin is put in place by renaming, so that a daemon that watches the folder never sees half a file, and it is
//! left alone if nothing changed.
//!
//! Plugins for tests of the host (all below `plugins/faulty`) go to `TARGET/plugins/faulty`, where only tests look.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, usage_error};

/// The folder below `plugins` whose packages are for tests: they misbehave, or count what the host does.
const FAULTY: &str = "faulty";
const C_SOURCE: &str = "plugins/c/strategy.c";
/// The header of the plugin interface, for `gcc -I` in the root of the workspace.
pub(crate) const C_HEADERS: &str = "plugin-api/abi/include";
const C_LIBRARY: &str = "libstrategy_c_momentum.so";

/// The task `plugins [--faulty]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let mut with_faulty = false;
    for argument in arguments {
        match argument.as_str() {
            "--faulty" => with_faulty = true,
            other => return Ok(usage_error("plugins", other)),
        }
    }
    build(workspace, with_faulty)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds all plugins and returns the folder they are in.
pub(crate) fn build(workspace: &Workspace, with_faulty: bool) -> Result<PathBuf> {
    let mut packages = Vec::new();
    find(&workspace.root().join("plugins"), false, &mut packages)?;
    packages.retain(|package| with_faulty || !package.is_faulty);
    packages.sort_by(|left, right| left.name.cmp(&right.name));
    if packages.is_empty() {
        bail!("no package in 'plugins' has a feature 'export'");
    }
    require_gcc(workspace)?;
    let is_optimized = workspace.optimizes_plugins();
    run_command(workspace.cargo(&[]).args(cargo_arguments(&packages, is_optimized)))?;

    let built = if is_optimized { workspace.release() } else { workspace.debug() };
    let folder = workspace.plugins();
    let mut installed = Vec::new();
    for package in &packages {
        let library = package.library();
        let place = if package.is_faulty { folder.join(FAULTY) } else { folder.clone() };
        install(&built.join(&library), &place.join(&library))?;
        installed.push(place.join(library));
    }
    installed.push(build_c(workspace, &built, &folder)?);
    remove_others(&folder, &installed)?;
    if with_faulty {
        remove_others(&folder.join(FAULTY), &installed)?;
    }
    eprintln!("{} plugins in {}", installed.len(), folder.display());
    Ok(folder)
}

struct Package {
    name: String,
    is_faulty: bool,
}

impl Package {
    fn library(&self) -> String {
        format!("lib{}.so", self.name.replace('-', "_"))
    }
}

/// The packages below `folder` that can be exported. Those for tests may lie in each other: a further build of a plugin
/// is a package inside of the plugin's own.
fn find(folder: &Path, is_faulty: bool, packages: &mut Vec<Package>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        let is_faulty = is_faulty || entry.file_name() == FAULTY;
        if is_faulty && entry.file_type()?.is_dir() {
            find(&entry.path(), is_faulty, packages)?;
        }
        let manifest = entry.path().join("Cargo.toml");
        let text = match fs::read_to_string(&manifest) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("reading {}", manifest.display()));
            }
        };
        if value_of(&text, "[features]", "export").is_none() {
            continue;
        }
        let name = value_of(&text, "[package]", "name")
            .with_context(|| format!("{}: no package name", manifest.display()))?;
        packages.push(Package { name: name.trim_matches('"').to_owned(), is_faulty });
    }
    Ok(())
}

/// The right side of `key = …` in one section of a manifest.
/// Our manifests have one key per line, so this needs no TOML parser in the first thing that a fresh clone compiles.
pub(crate) fn value_of<'a>(manifest: &'a str, section: &str, key: &str) -> Option<&'a str> {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != section)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(left, _)| left.trim() == key)
        .map(|(_, right)| right.trim())
}

fn cargo_arguments(packages: &[Package], is_optimized: bool) -> Vec<String> {
    let mut arguments = vec!["build".to_owned()];
    if is_optimized {
        arguments.push("--release".to_owned());
    }
    for package in packages {
        arguments.extend(["-p".to_owned(), package.name.clone()]);
    }
    let features: Vec<String> = packages.iter().map(|package| format!("{}/export", package.name)).collect();
    arguments.extend(["--features".to_owned(), features.join(",")]);
    arguments
}

/// Asks before the long build, not after it.
fn require_gcc(workspace: &Workspace) -> Result<()> {
    match workspace.command("gcc").arg("--version").output() {
        Err(error) if is_absent(&error) => {
            bail!("there is no gcc, and {C_SOURCE} needs one (on Debian: apt-get install gcc libc6-dev)")
        }
        other => other.map(|_| ()).context("asking gcc for its version"),
    }
}

/// Compiles the strategy in C against the shipped header, warnings as errors.
fn build_c(workspace: &Workspace, built: &Path, folder: &Path) -> Result<PathBuf> {
    let built = built.join(C_LIBRARY);
    let mut gcc = workspace.command("gcc");
    gcc.args(["-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]);
    gcc.arg(format!("-I{C_HEADERS}")).arg(C_SOURCE).arg("-o").arg(&built);
    run_command(&mut gcc)?;
    let place = folder.join(C_LIBRARY);
    install(&built, &place)?;
    Ok(place)
}

/// Puts a copy of `from` at `to` in one step; the same content is left untouched.
fn install(from: &Path, to: &Path) -> Result<()> {
    let doing = || format!("copying {} to {}", from.display(), to.display());
    let content = fs::read(from).with_context(doing)?;
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let folder = to.parent().with_context(doing)?;
    fs::create_dir_all(folder).with_context(doing)?;
    // a hidden name without .so, so that nobody takes the unfinished file for a plugin
    let name = to.file_name().with_context(doing)?.display().to_string();
    let unfinished = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    fs::write(&unfinished, content).with_context(doing)?;
    fs::rename(&unfinished, to).with_context(doing)
}

/// Removes libraries that no longer belong to a plugin of ours; a stale one would still be offered by name.
fn remove_others(folder: &Path, installed: &[PathBuf]) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        let is_library = path.extension().is_some_and(|extension| extension == "so");
        if is_library && !installed.contains(&path) {
            eprintln!("removing {}, which is no plugin of this workspace any more", path.display());
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::{Package, cargo_arguments, value_of};

    const MANIFEST: &str = "[package]\nname = \"strategy-x\"\n\n[features]\n# why\nexport = []\n\n[dependencies]\nexported = \"1\"\n";

    #[test]
    fn a_manifest_is_read_by_section() {
        assert_eq!(value_of(MANIFEST, "[package]", "name"), Some("\"strategy-x\""));
        assert_eq!(value_of(MANIFEST, "[features]", "export"), Some("[]"));
        assert_eq!(value_of(MANIFEST, "[dependencies]", "export"), None);
        assert_eq!(value_of(MANIFEST, "[lib]", "name"), None);
    }

    #[test]
    fn the_build_command_has_one_form() {
        let package = |name: &str| Package { name: name.to_owned(), is_faulty: false };
        let arguments = cargo_arguments(&[package("exchange-csv"), package("strategy-ema-cross")], true);
        assert_eq!(
            arguments.join(" "),
            "build --release -p exchange-csv -p strategy-ema-cross \
             --features exchange-csv/export,strategy-ema-cross/export"
        );
    }
}
