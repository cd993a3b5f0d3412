//! Archives plugins of this version of the ABI: `tests/golden/abi/VERSION`, which is loaded and traded by a test for ever.
//!
//! A file of the archive is never made again: that binaries of yesterday run in the daemon of tomorrow can only be shown
//! with binaries of yesterday. So a version that is there is left alone, and a new version of `stratd-abi` gets a folder
//! of its own. `--again` replaces an archive before its version is released, and at no other time.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::plugins::C_HEADERS;
use crate::workspace::{Workspace, run as run_command, stdout};
use crate::{TaskResult, plugins, usage_error};

/// Every kind of plugin, through both doors. What is not here has no part of the interface to itself.
const ARCHIVED: [&str; 7] = [
    "libexchange_csv.so",
    "libexchange_synthetic.so",
    "libexchange_synthetic_ws.so",
    "liblog_filter.so",
    "libstrategy_c_momentum.so",
    "libstrategy_ema_cross.so",
    "libstrategy_market_maker.so",
];
/// Of those that only tests use: every type of order, and every question to the host.
const ARCHIVED_FAULTY: [&str; 1] = ["libstrategy_all_orders.so"];
/// The strategy in C by the other compiler.
const BY_CLANG: &str = "libstrategy_c_momentum_clang.so";
/// The archive of a version lies in the history of the sources for ever.
const BYTES_MAX: u64 = 8 * 1024 * 1024;
/// What the archive says of itself.
const MANIFEST: &str = "archive.toml";

/// The task `abi-archive [--again]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let mut is_again = false;
    for argument in arguments {
        match argument.as_str() {
            "--again" => is_again = true,
            other => return Ok(usage_error("abi-archive", other)),
        }
    }
    let version = version(workspace)?;
    let folder = workspace.root().join("tests/golden/abi").join(&version);
    if folder.exists() && !is_again {
        bail!(
            "{} is there (accepted: a version of stratd-abi that is not archived; --again for one that was never released)",
            folder.display()
        );
    }
    require_clang(workspace)?;
    let built = plugins::build(workspace, true)?;
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    for name in ARCHIVED {
        archive(workspace, &built.join(name), &folder.join(name))?;
    }
    for name in ARCHIVED_FAULTY {
        archive(workspace, &built.join("faulty").join(name), &folder.join(name))?;
    }
    let by_clang = folder.join(BY_CLANG);
    let mut clang = workspace.command("clang");
    clang.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]);
    clang.arg(format!("-I{C_HEADERS}")).arg("plugins/c/strategy.c").arg("-o").arg(&by_clang);
    run_command(&mut clang)?;
    strip(workspace, &by_clang)?;
    let mut names: Vec<&str> = ARCHIVED.into_iter().chain(ARCHIVED_FAULTY).chain([BY_CLANG]).collect();
    names.sort_unstable();
    let bytes = write_manifest(workspace, &folder, &version, &names)?;
    if bytes > BYTES_MAX {
        bail!("{}: {bytes} bytes (accepted: at most {BYTES_MAX})", folder.display());
    }
    println!("{} plugins in {}, {bytes} bytes", names.len(), folder.display());
    println!("what they trade: UPDATE_EXPECT=1 cargo test -p stratd-tests --test equality archive");
    Ok(ExitCode::SUCCESS)
}

/// Asks before the long build, not after it.
fn require_clang(workspace: &Workspace) -> Result<()> {
    let asked = workspace.command("clang").arg("--version").output();
    let is_there = asked.is_ok_and(|output| output.status.success());
    if !is_there {
        bail!(
            "there is no clang, and the archive has a plugin made by it (on Debian: apt-get install clang)"
        );
    }
    Ok(())
}

/// Copies a library without what only debuggers read.
fn archive(workspace: &Workspace, from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    strip(workspace, to)
}

fn strip(workspace: &Workspace, library: &Path) -> Result<()> {
    run_command(workspace.command("strip").arg("--strip-unneeded").arg(library))
}

/// The version of the package `stratd-abi`.
fn version(workspace: &Workspace) -> Result<String> {
    let manifest = workspace.root().join("plugin-api/abi/Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    plugins::value_of(&text, "[package]", "version")
        .map(|version| version.trim_matches('"').to_owned())
        .with_context(|| format!("{}: no version", manifest.display()))
}

/// Says where the files come from and what they are; how many bytes they have together.
fn write_manifest(workspace: &Workspace, folder: &Path, version: &str, names: &[&str]) -> Result<u64> {
    let said = |program: &str, arguments: &[&str]| -> Result<String> {
        let text = stdout(workspace.command(program).args(arguments))?;
        let text = text.with_context(|| format!("{program} failed"))?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let (rustc, gcc) = (said("rustc", &["--version"])?, said("gcc", &["--version"])?);
    let clang = said("clang", &["--version"])?;
    let mut text = format!(
        "# Plugins of stratd-abi {version}, made by `cargo xtask abi-archive` from the sources of this project, without debug\n\
         # information. They are loaded and traded by `cargo test -p stratd-tests --test equality archive` and\n\
         # `--test abi_archive`, and are never made again.\n\n\
         version = {version:?}\ncommit = {:?}\ntarget = {:?}\nlibc = {:?}\n",
        said("git", &["rev-parse", "HEAD"])?,
        said("gcc", &["-dumpmachine"])?,
        said("ldd", &["--version"])?,
    );
    let mut sum = 0;
    for name in names {
        let path: PathBuf = folder.join(name);
        let bytes = fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?.len();
        sum += bytes;
        let path = path.display().to_string();
        let sha256 = said("sha256sum", &["--", &path])?;
        let sha256 = sha256.split_whitespace().next().unwrap_or_default();
        let compiler = match *name {
            BY_CLANG => &clang,
            "libstrategy_c_momentum.so" => &gcc,
            _ => &rustc,
        };
        let _ = write!(
            text,
            "\n[[plugin]]\nfile = {name:?}\nbytes = {bytes}\nsha256 = {sha256:?}\ncompiler = {compiler:?}\n"
        );
    }
    fs::write(folder.join(MANIFEST), text).with_context(|| format!("writing {MANIFEST}"))?;
    Ok(sum)
}
