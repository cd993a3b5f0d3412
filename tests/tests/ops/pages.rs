//! The examples of the pages, run as they stand.
//!
//! A block `sh` is run by `bash` in the folder of the daemon, and prints what the block `text` behind it says. A block
//! `toml` belongs to the daemon's configuration. `/run/stratd/control.sock` is the daemon's socket, and the port of a
//! listener is one that was free. In what is printed, times and numbers of a kind may differ: hexadecimal tags, and how
//! long events waited.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use stratd_tests::{stratctl, workspace};

use crate::desk::Desk;

#[test]
fn the_examples_of_the_control_page_do_what_they_say() {
    let page = fs::read_to_string(workspace().join("docs/control.md")).expect("the page");
    let blocks = blocks(&page);
    let config: String = blocks.iter().filter(|block| block.kind == "toml").map(|block| block.text).collect();
    let mut desk = Desk::prepare(&config.replace("127.0.0.1:9443", "127.0.0.1:0"));
    let secret = desk.path("control.token");
    fs::write(&secret, format!("{}\n", "5eed".repeat(16))).expect("a token");
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    desk.run();
    desk.running().wait_for_log("listens at tcp 127.0.0.1:");
    let log = desk.running().log();
    let port = log.split("listens at tcp 127.0.0.1:").nth(1).expect("a port");
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    let scripts = |script: &str| {
        let script = script.replace("127.0.0.1:9443", &format!("127.0.0.1:{port}"));
        script.replace("/run/stratd/control.sock", &desk.socket().display().to_string())
    };
    assert!(run_page(&desk, ("docs/control.md", &blocks), scripts).is_none_or(|ran| ran >= 6));
    desk.end();
}

#[test]
fn the_examples_of_the_page_on_changes_do_what_they_say() {
    let page = fs::read_to_string(workspace().join("docs/configuration-changes.md")).expect("the page");
    let desk = Desk::start("");
    let ran = run_page(&desk, ("docs/configuration-changes.md", &blocks(&page)), str::to_owned);
    assert!(ran.is_none_or(|ran| ran >= 8), "{ran:?}");
    desk.end();
}

#[test]
fn the_examples_of_the_page_on_stratctl_do_what_they_say() {
    let page = fs::read_to_string(workspace().join("docs/stratctl.md")).expect("the page");
    let desk = Desk::start("");
    let ran = run_page(&desk, ("docs/stratctl.md", &blocks(&page)), str::to_owned);
    assert!(ran.is_none_or(|ran| ran >= 2), "{ran:?}");
    assert!(desk.path(".local/share/bash-completion/completions/stratctl").exists());
    desk.end();
}

/// Runs all examples of a page; how many. None: there is no curl.
fn run_page(
    desk: &Desk,
    (name, blocks): (&str, &[Block<'_>]),
    script: impl Fn(&str) -> String,
) -> Option<usize> {
    let mut ran = 0;
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.kind == "sh") {
        let said = run(desk, &script(block.text))?;
        // what shows nothing prints nothing
        let expected = blocks.get(at + 1).filter(|next| next.kind == "text").map_or("", |next| next.text);
        assert_eq!(without_pauses(&said), without_pauses(expected), "line {} of {name}", block.line);
        ran += 1;
    }
    Some(ran)
}

/// A text in which all pauses are equal: they are never twice the same.
fn without_pauses(text: &str) -> String {
    let mut parts = text.split(" us").peekable();
    let mut masked = String::new();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            masked.push_str(part);
            break;
        }
        masked.push_str(part.trim_end_matches(|c: char| c.is_ascii_digit()));
        masked.push_str("N us");
    }
    masked
}

/// What a script prints; None if there is no curl.
fn run(desk: &Desk, script: &str) -> Option<String> {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("left out: curl is not installed");
        return None;
    }
    let programs = stratctl().parent().map(Path::to_owned).expect("a program lies in a folder");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path))).expect("a path");
    let mut bash = Command::new("bash");
    bash.args(["-o", "pipefail", "-c", script]).current_dir(desk.place.path()).env("PATH", path);
    bash.env("STRATD_SOCKET", desk.socket()).env("HOME", desk.place.path()).stdin(Stdio::null());
    let output = bash.output().expect("bash");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{out}\n{err}");
    let line_end = if out.ends_with('\n') || out.is_empty() { "" } else { "\n" };
    Some(format!("{out}{line_end}"))
}

struct Block<'a> {
    kind: &'a str,
    text: &'a str,
    line: usize,
}

/// The fenced blocks of a page.
fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find("\n```") {
        let open = &rest[start + 4..];
        let Some((kind, body)) = open.split_once('\n') else { break };
        let Some(end) = body.find("```") else { break };
        let line = page[..page.len() - body.len()].lines().count();
        blocks.push(Block { kind, text: &body[..end], line });
        rest = &body[end + 3..];
    }
    blocks
}
