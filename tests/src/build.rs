//! Plugins, programs and C libraries that tests load and run.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package `tests` lies in the workspace").to_owned()
}

/// The target directory that this test was built into.
#[must_use]
pub fn target() -> PathBuf {
    let program = env::current_exe().expect("a test program has a path");
    // TARGET/PROFILE/deps/PROGRAM
    program.ancestors().nth(3).expect("cargo puts tests three folders deep").to_owned()
}

/// The folder with the built plugins: `STRATD_PLUGINS`, or what `cargo xtask plugins --faulty` makes.
///
/// # Panics
/// They cannot be built.
#[must_use]
pub fn plugins() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        if let Some(folder) = env::var_os("STRATD_PLUGINS") {
            return folder.into();
        }
        run(cargo(&["run", "--quiet", "--package", "xtask", "--", "plugins", "--faulty"]));
        target().join("plugins")
    })
}

/// A built plugin by the name of its library, e.g. `strategy_ema_cross`.
///
/// # Panics
/// There is none, or it cannot be built.
#[must_use]
pub fn plugin(library: &str) -> PathBuf {
    let file = format!("lib{library}.so");
    let folder = plugins();
    // plugins that misbehave lie apart, where no user finds them
    let found =
        [folder.join(&file), folder.join("faulty").join(&file)].into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("there is no {file} in {}", folder.display()))
}

/// The daemon's program: `STRATD_BIN`, or built.
///
/// # Panics
/// It cannot be built.
#[must_use]
pub fn stratd() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(program) = env::var_os("STRATD_BIN") {
            return program.into();
        }
        run(cargo(&["build", "--quiet", "--package", "stratd", "--bin", "stratd"]));
        target().join("debug").join("stratd")
    })
}

/// The program `stratctl`: `STRATCTL_BIN`, or built.
///
/// # Panics
/// It cannot be built.
#[must_use]
pub fn stratctl() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(program) = env::var_os("STRATCTL_BIN") {
            return program.into();
        }
        run(cargo(&["build", "--quiet", "--package", "stratctl", "--bin", "stratctl"]));
        target().join("debug").join("stratctl")
    })
}

/// The synthetic venue as a server, `stratd-synthetic`: `STRATD_SYNTHETIC_BIN`, or built.
///
/// # Panics
/// It cannot be built.
#[must_use]
pub fn synthetic() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(program) = env::var_os("STRATD_SYNTHETIC_BIN") {
            return program.into();
        }
        run(cargo(&["build", "--quiet", "--package", "stratd-synthetic", "--bin", "stratd-synthetic"]));
        target().join("debug").join("stratd-synthetic")
    })
}

/// Compiles a C file of the workspace to `lib{name}.so` in `folder`, with warnings as errors.
///
/// # Panics
/// It cannot be compiled.
#[must_use]
pub fn c_library(source: &str, name: &str, options: &[&str], folder: &Path) -> PathBuf {
    let library = folder.join(format!("lib{name}.so"));
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"])
        .arg("-Iplugin-api/abi/include")
        .args(options)
        .arg(source)
        .arg("-o")
        .arg(&library)
        .current_dir(workspace());
    run(gcc);
    library
}

/// Cargo as it was called for the tests, into the same target directory; in the workspace, unless it is sent elsewhere.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(workspace()).env("CARGO_TARGET_DIR", target());
    // set by cargo for the test that runs; a build script that reads one of them would see another package's
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a command that must succeed.
pub(crate) fn run(mut command: Command) {
    let output = command.output().unwrap_or_else(|e| panic!("starting {command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Writes a file unless it has this content already: cargo looks at the time of the last change.
pub(crate) fn write(path: &Path, content: &str) {
    if fs::read_to_string(path).is_ok_and(|present| present == content) {
        return;
    }
    let folder = path.parent().expect("a file has a folder");
    fs::create_dir_all(folder).unwrap_or_else(|e| panic!("creating {}: {e}", folder.display()));
    fs::write(path, content).unwrap_or_else(|e| panic!("writing {}: {e}", path.display()));
}
