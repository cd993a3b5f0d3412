//! Tests of tidiness: rules about the tree that the compiler and clippy cannot see.
//!
//! A rule is a function from text to problems, so that it is tried on a bad example too, and every problem starts
//! with `file:line`.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, Target, TargetKind};
use stratd::{
    check::check,
    config::{Draft, Flags},
    plugins::{PluginSettings, Plugins},
};

/// Who may know whom, in normal dependencies: everything may know the contract, only the shell knows everything,
/// leaves know nobody. Packages are listed before they exist, so that a new edge is a decision and not an accident.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("stratd-abi", &[]),
    ("stratd-logging", &[]),
    ("stratd-control", &[]),
    ("teafile-derive", &[]),
    ("teafile", &["teafile-derive"]),
    ("stratd-plugin-api", &["stratd-abi"]),
    ("stratd-orderbook", &["stratd-plugin-api"]),
    ("stratd-engine", &["stratd-plugin-api", "stratd-orderbook"]),
    ("stratd-simulation", &["stratd-plugin-api", "stratd-orderbook"]),
    ("stratd-testkit", &["stratd-plugin-api", "stratd-engine", "stratd-simulation"]),
    ("stratd-synthetic", &["stratd-plugin-api", "stratd-orderbook", "stratd-simulation"]),
    ("stratctl", &["stratd-control", "teafile"]),
    (
        // the shell: all libraries but testkit; plugins reach it as files only
        "stratd",
        &[
            "stratd-abi",
            "stratd-plugin-api",
            "stratd-engine",
            "stratd-orderbook",
            "stratd-simulation",
            "stratd-synthetic",
            "stratd-logging",
            "stratd-control",
            "teafile",
        ],
    ),
];
/// What any package below `plugins/` may know.
const PLUGINS_MAY_KNOW: &[&str] = &["stratd-plugin-api", "stratd-orderbook", "stratd-simulation", "teafile"];
/// Packages that may know anything, because nothing that is shipped is built from them.
const MAY_KNOW_ALL: &[&str] = &["stratd-tests", "xtask"];

/// Crates that others program against.
const DOCUMENTED: &[&str] = &[
    "stratd-abi",
    "stratd-plugin-api",
    "stratd-orderbook",
    "stratd-testkit",
    "stratd-logging",
    "stratd-control",
    "teafile",
];

/// Packages that deny unsafe code instead of forbidding it, because one of their modules needs it.
const MAY_ALLOW_UNSAFE: &[&str] = &["stratd-plugin-api", "stratd", "teafile", "stratd-logging"];
/// The places where unsafe code is: the two sides of the plugin boundary, one file of system calls each, and plugins
/// that misbehave on purpose. Tests and benchmarks are free: counting allocators, mapped input, raw calls.
const UNSAFE_PLACES: &[&str] = &[
    "plugin-api/src/export/",
    "plugin-api/src/macros.rs",
    "daemon/src/host/",
    "crates/teafile/src/sys.rs",
    "crates/logging/src/sys.rs",
    "plugins/faulty/",
];

/// Words that may not stay. They are put together here so that this file passes its own test.
const LEFTOVERS: &[&str] = &[
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("#[ig", "nore"),
    concat!("#[should_", "panic"),
];
/// A folder of ours that is no part of a clone.
const OUTSIDE: &str = concat!("../", "shared");

/// What runs in the daemon, and what prints past its log.
const IN_THE_DAEMON: &[&str] = &[
    "daemon/src/",
    "crates/engine/src/",
    "crates/orderbook/src/",
    "crates/simulation/src/",
    "crates/logging/src/",
    "crates/control/src/",
    "crates/teafile/src/",
    "plugin-api/src/",
];
const PRINTING: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!"];

const CODE_LINES_MAX: usize = 800;
/// Larger files are data.
const SOURCE_BYTES_MAX: u64 = 1 << 20;

#[test]
fn packages_know_only_whom_they_may() {
    let metadata = metadata();
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    report(metadata.packages.iter().flat_map(|package| {
        let manifest = manifest(package);
        let edges: Vec<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .map(|dependency| dependency.name.as_str())
            .filter(|name| ours.contains(name))
            .collect();
        let forbidden = forbidden_edges(&package.name, manifest.path.starts_with("plugins/"), &edges);
        let problem = |(key, what): (&str, String)| manifest.problem(manifest.line_of(key), &what);
        forbidden.into_iter().map(problem).collect::<Vec<_>>()
    }));
}

#[test]
fn a_new_edge_and_an_unknown_package_are_found() {
    assert!(forbidden_edges("stratd-engine", false, &["stratd-orderbook"]).is_empty());
    assert!(forbidden_edges("strategy-x", true, &["stratd-plugin-api", "teafile"]).is_empty());
    assert!(forbidden_edges("xtask", false, &["stratd"]).is_empty());
    assert_eq!(forbidden_edges("stratd-orderbook", false, &["stratd-engine"]).len(), 1);
    assert_eq!(forbidden_edges("strategy-x", true, &["stratd-engine"]).len(), 1);
    assert_eq!(forbidden_edges("stratd", false, &["strategy-x"]).len(), 1);
    assert_eq!(forbidden_edges("stratd-new", false, &[]).len(), 1);
}

#[test]
fn packages_inherit_the_lints_of_the_workspace() {
    let bare = manifests().into_iter().filter(|manifest| !inherits_lints(&manifest.text));
    report(bare.map(|manifest| manifest.problem(1, "expected a section [lints] with workspace = true")));
}

#[test]
fn versions_are_named_in_the_workspace_only() {
    report(manifests().iter().flat_map(|manifest| {
        version_literals(&manifest.text)
            .into_iter()
            .map(|line| manifest.problem(line, "a version (expected it in [workspace.dependencies])"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn a_version_in_a_member_is_found() {
    let none: &[usize] = &[];
    assert_eq!(version_literals("[package]\nversion = \"1\"\n[dependencies]\na.workspace = true\n"), none);
    assert_eq!(
        version_literals("[dependencies]\na = { workspace = true, features = [\"version\"] }\n"),
        none
    );
    assert_eq!(version_literals("[dependencies]\na = { path = \"../a\" }\n# b = \"1\"\n"), none);
    assert_eq!(version_literals("[dependencies]\na = \"1\"\n"), [2]);
    assert_eq!(version_literals("[dependencies]\na.version = \"1\"\n"), [2]);
    assert_eq!(version_literals("[dev-dependencies]\na = { version = \"1\" }\n"), [2]);
    assert_eq!(version_literals("[target.'cfg(unix)'.dependencies]\na = { version=\"1\" }\n"), [2]);
    assert_eq!(version_literals("[build-dependencies.a]\nversion = \"1\"\nfeatures = []\n"), [2]);
}

#[test]
fn public_crates_demand_documentation() {
    let metadata = metadata();
    let public = metadata.packages.iter().filter(|package| DOCUMENTED.contains(&package.name.as_str()));
    let undocumented = public
        .flat_map(|package| roots(package, |kind| *kind != TargetKind::Bin))
        .filter(|root| !root.has_lint(&["warn", "deny", "forbid"], "missing_docs"));
    report(undocumented.map(|root| root.problem(1, "a public crate (expected #![warn(missing_docs)])")));
}

#[test]
fn crates_forbid_unsafe_code() {
    report(metadata().packages.iter().flat_map(|package| {
        let levels: &[&str] =
            if MAY_ALLOW_UNSAFE.contains(&package.name.as_str()) { &["forbid", "deny"] } else { &["forbid"] };
        let expected = format!("expected #![{}(unsafe_code)]", levels.join("|"));
        let open = roots(package, |_| true)
            .into_iter()
            .filter(|root| !may_be_unsafe(&root.path) && !root.has_lint(levels, "unsafe_code"));
        open.map(|root| root.problem(1, &expected)).collect::<Vec<_>>()
    }));
}

#[test]
fn unsafe_code_is_in_its_places() {
    let safe = sources().into_iter().filter(|source| source.is("rs") && !may_be_unsafe(&source.path));
    report(safe.flat_map(|source| source.problems(is_unsafe_code, "unsafe code outside of UNSAFE_PLACES")));
}

#[test]
fn unsafe_code_is_told_from_types_and_comments() {
    assert!(is_unsafe_code("    let a = unsafe { *p };"));
    assert!(is_unsafe_code("#[unsafe(no_mangle)]"));
    assert!(is_unsafe_code("unsafe extern \"C\" fn create(host: *const HostV1) -> i64 {"));
    assert!(!is_unsafe_code("    pub destroy: unsafe extern \"C\" fn(instance: *mut c_void),"));
    assert!(!is_unsafe_code("#![forbid(unsafe_code)] // no unsafe here"));
    assert!(may_be_unsafe("daemon/src/host/library.rs") && may_be_unsafe("crates/orderbook/benches/book.rs"));
    assert!(!may_be_unsafe("daemon/src/runtime/inbox.rs") && !may_be_unsafe("plugin-api/src/context.rs"));
}

#[test]
fn files_are_short_enough_to_read() {
    let code = sources().into_iter().filter(|source| source.is("rs") || source.is("c"));
    report(code.filter_map(|source| {
        let lines = code_lines(&source.text);
        let what = format!("{lines} lines of code (expected at most {CODE_LINES_MAX})");
        (lines > CODE_LINES_MAX).then(|| source.problem(1, &what))
    }));
}

#[test]
fn comments_and_tests_do_not_count_as_code() {
    let rust = "//! doc\n\nuse a;\n// why\nfn b() {}\n#[cfg(test)]\nmod tests {\n    use c;\n}\n";
    assert_eq!(code_lines(rust), 2);
    assert_eq!(code_lines("/* head\n * more\n */\nint a;\nint b;\n"), 2);
}

#[test]
fn nothing_unfinished_is_left() {
    report(sources().iter().flat_map(|source| {
        LEFTOVERS
            .iter()
            .flat_map(move |word| source.problems(|line| has_word(line, word), &format!("'{word}' was left")))
    }));
}

/// Whether a line of code prints; examples of the documentation may.
fn prints(line: &str) -> bool {
    !line.trim_start().starts_with("//") && PRINTING.iter().any(|word| has_word(line, word))
}

#[test]
fn only_whole_words_count() {
    assert!(has_word(concat!("/* XX", "X: why */"), concat!("XX", "X")));
    assert!(!has_word("mktemp -d /tmp/stratd.XXXXXX", concat!("XX", "X")));
    assert!(has_word(concat!("#[ig", "nore = \"slow\"]"), concat!("#[ig", "nore")));
}

#[test]
fn what_runs_in_the_daemon_says_what_it_says_to_the_log() {
    let sources = sources().into_iter().filter(|source| {
        let path = source.path.as_str();
        let is_ours = IN_THE_DAEMON.iter().any(|folder| path.starts_with(folder));
        // command lines talk to a person, and tests to whoever runs them
        is_ours
            && source.is("rs")
            && !path.contains("/cli/")
            && !path.contains("/bin/")
            && !path.contains("/tests")
            && !path.ends_with("tests.rs")
    });
    report(sources.flat_map(|source| source.problems(prints, "prints (expected a record of the log)")));
}

#[test]
fn a_line_that_prints_is_found() {
    assert!(prints("    eprintln!(\"x\");") && prints("let x = dbg!(y);") && prints("print!(\"x\")"));
    assert!(!prints("/// eprintln!(\"x\");") && !prints("//! println!") && !prints("pprint!(x)"));
}

#[test]
fn nothing_needs_a_folder_outside_of_a_clone() {
    let shipped = sources().into_iter().filter(|source| !source.path.starts_with(".ci/"));
    let names = |line: &str| line.contains(OUTSIDE);
    report(shipped.flat_map(|source| source.problems(names, "names a folder that a clone does not have")));
}

#[test]
fn every_file_in_configs_loads() {
    let plugins = Plugins::new(PluginSettings {
        directories: vec![stratd_tests::plugins().to_owned()],
        ..PluginSettings::default()
    })
    .expect("plugins can be staged");
    let sources = sources();
    let configs = sources.iter().filter(|source| source.path.starts_with("configs/") && source.is("toml"));
    // the recipes are trees of logging alone, and loaded by a test of that crate
    let configs = configs.filter(|source| !source.path.starts_with("configs/logging/"));
    let mut count = 0;
    report(configs.flat_map(|source| {
        count += 1;
        let draft = Draft::read(Some(&root().join(&source.path)), &Flags::default());
        let problems = draft.and_then(|draft| check(&draft, &plugins)).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.to_string()).collect::<Vec<_>>()
    }));
    assert!(count >= 4, "there are examples");
}

// The rules.

/// The edges that `package` may not have, by the key of the manifest that makes them.
fn forbidden_edges<'a>(package: &str, is_plugin: bool, edges: &[&'a str]) -> Vec<(&'a str, String)> {
    if MAY_KNOW_ALL.contains(&package) {
        return Vec::new();
    }
    let row = MAY_KNOW.iter().find(|(name, _)| *name == package).map(|(_, known)| *known);
    let Some(known) = (if is_plugin { Some(PLUGINS_MAY_KNOW) } else { row }) else {
        return vec![("name", format!("{package} has no row in MAY_KNOW of {}", file!()))];
    };
    let forbidden = edges.iter().filter(|edge| !known.contains(edge));
    forbidden
        .map(|edge| (*edge, format!("{package} may not know {edge} (expected only {known:?})")))
        .collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let section = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    section.take_while(|line| !line.starts_with('[')).any(|line| line == "workspace = true")
}

/// The lines that name the version of a dependency; a dependency by path alone names none.
fn version_literals(manifest: &str) -> Vec<usize> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (number, line) in numbered(manifest) {
        let line = line.replace(' ', "");
        if line.starts_with('[') {
            section = line;
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let is_list = section.ends_with("dependencies]");
        let is_of_one = section.contains("dependencies.");
        let names_version = key == "version" && is_of_one
            || is_list && key.ends_with(".version")
            || is_list && value.starts_with('"') && !key.contains('.')
            || is_list && value.contains("version=\"") && !value.contains("path=\"");
        if names_version {
            found.push(number);
        }
    }
    found
}

fn may_be_unsafe(path: &str) -> bool {
    let is_test = path.split('/').any(|folder| folder == "tests" || folder == "benches");
    is_test || UNSAFE_PLACES.iter().any(|place| path.starts_with(place))
}

/// The type of a function pointer is no unsafe code; its call is.
fn is_unsafe_code(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or(line).replace("unsafe extern \"C\" fn(", "");
    // a word of a page's security policy
    let code = code.replace("'unsafe-inline'", "");
    has_word(&code, "unsafe")
}

/// Lines that are neither blank, nor comment, nor the tests at the end of the file.
fn code_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod "));
    let is_comment = |line: &str| ["//", "/*", "*"].iter().any(|mark| line.starts_with(mark));
    lines[..tests.unwrap_or(lines.len())].iter().filter(|line| !line.is_empty() && !is_comment(line)).count()
}

/// Whether `word` stands in the line without a letter or digit next to it.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let joins_left = word.starts_with(is_part) && line[..at].ends_with(is_part);
        let joins_right = word.ends_with(is_part) && line[at + word.len()..].starts_with(is_part);
        !joins_left && !joins_right
    })
}

// The tree.

/// A text file of ours; the path is relative to the root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// `None` if it is no text.
    fn read(path: &Path) -> Option<Self> {
        let text = String::from_utf8(fs::read(path).ok()?).ok()?;
        let path = path.strip_prefix(root()).unwrap_or(path);
        Some(Self { path: path.display().to_string(), text })
    }

    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Whether this root of a crate sets `lint` to one of `levels`.
    fn has_lint(&self, levels: &[&str], lint: &str) -> bool {
        let sets = |line: &str| levels.iter().any(|level| line.starts_with(&format!("#![{level}(")));
        self.text.lines().any(|line| sets(line) && has_word(line, lint))
    }

    /// Where a key of a manifest is written.
    fn line_of(&self, key: &str) -> usize {
        let is_key =
            |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
        numbered(&self.text).find(|(_, line)| is_key(line)).map_or(1, |(number, _)| number)
    }

    fn problem(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    fn problems(&self, is_bad: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
        let bad = numbered(&self.text).filter(|(_, line)| is_bad(line));
        bad.map(|(number, _)| self.problem(number, what)).collect()
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is a folder of the workspace")
}

/// Every text file of the tree that is neither built, nor hidden, nor data.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if fs::metadata(&path).is_ok_and(|file| file.len() <= SOURCE_BYTES_MAX) {
                found.extend(Source::read(&path));
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(found.iter().any(|source| source.path == file!()), "the walk has missed {}", file!());
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    // cargo marks its target folders, wherever they are
    if folder.join("CACHEDIR.TAG").exists() {
        return Vec::new();
    }
    let is_ours = |name: &str| {
        !matches!(name, "target" | "runs" | "Cargo.lock")
            && (!name.starts_with('.') || matches!(name, ".cargo" | ".ci" | ".gitignore"))
    };
    fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("listing {}: {error}", folder.display()))
        .map(|entry| entry.expect("the folder can be listed to its end").path())
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_ours))
        .collect()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo describes its workspace without a network")
}

fn manifests() -> Vec<Source> {
    metadata().packages.iter().map(manifest).collect()
}

fn manifest(package: &Package) -> Source {
    Source::read(package.manifest_path.as_std_path()).expect("cargo has read this manifest")
}

/// The roots of what a package ships: its library and programs of the wanted kinds.
fn roots(package: &Package, is_wanted: impl Fn(&TargetKind) -> bool) -> Vec<Source> {
    use TargetKind::{Bin, CDyLib, Lib, ProcMacro, RLib};
    let is_shipped = |kind: &TargetKind| matches!(kind, Bin | CDyLib | Lib | ProcMacro | RLib);
    let wanted = |target: &&Target| target.kind.iter().any(|kind| is_shipped(kind) && is_wanted(kind));
    let read =
        |target: &Target| Source::read(target.src_path.as_std_path()).expect("cargo has found this file");
    package.targets.iter().filter(wanted).map(read).collect()
}

fn report(problems: impl IntoIterator<Item = String>) {
    let problems: Vec<String> = problems.into_iter().collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
