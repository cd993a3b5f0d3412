//! Every command of the pages is run as it stands there, and answers as it stands there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{Ran, workspace};

/// Runs the `sh` blocks below a heading, one after the other in a new folder with `tea` and `configs`, and compares with
/// the `text` blocks behind them. A line of only `…` stands for any lines; `cargo` builds what is built here already.
fn follow(page: &str, heading: &str) {
    let text = fs::read_to_string(workspace().join(page)).unwrap();
    let (_, section) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    symlink(workspace().canonicalize().unwrap().join("configs"), folder.path().join("configs")).unwrap();
    let mut answer: Option<String> = None;
    let mut ran = 0;
    for block in section.split("```").skip(1).step_by(2) {
        let (kind, content) = block.split_once('\n').unwrap();
        match kind {
            "sh" => {
                let mut out = String::new();
                for line in content.lines().filter(|line| !line.starts_with("cargo ") && !line.is_empty()) {
                    let done = run(folder.path(), line);
                    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{line}");
                    out.push_str(&done.out);
                    ran += 1;
                }
                answer = Some(out);
            }
            "text" => same(&answer.take().unwrap(), content),
            _ => {}
        }
    }
    assert!(ran > 3, "{page} has {ran} commands below {heading}");
}

fn run(folder: &Path, line: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_tea"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    Command::new("sh").args(["-c", line]).env("PATH", path).current_dir(folder).output().unwrap().into()
}

#[track_caller]
fn same(found: &str, expected: &str) {
    let mut rest: &str = found;
    for (index, part) in expected.split("…\n").enumerate() {
        match rest.find(part) {
            Some(0) => rest = &rest[part.len()..],
            Some(at) if index > 0 => rest = &rest[at + part.len()..],
            _ => panic!("found\n{found}\n(expected\n{expected})"),
        }
    }
    assert!(rest.is_empty() || expected.ends_with("…\n"), "found\n{found}\n(expected\n{expected})");
}

#[test]
fn the_readme_is_followed() {
    follow("README.md", "## TeaFiles");
}

#[test]
fn the_guide_is_followed() {
    follow("docs/teafile.md", "## tea");
}

#[test]
#[cfg(feature = "arrow")]
fn the_guide_to_parquet_is_followed() {
    follow("docs/teafile.md", "## Parquet and Arrow");
}
