//! The C header and the layout of every type, generated from the Rust source and compared with the files.
//!
//! `UPDATE_EXPECT=1 cargo test -p stratd-abi` rewrites `include/stratd/plugin.h` between its two marks and
//! `tests/header/layout.txt`. Once V1 is frozen, a difference in either means that a published type changed.

mod c;
mod measured;
mod source;

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use expect_test::expect_file;

const FIRST_MARK: &str = "// ---- generated from the Rust types; do not edit ----\n";
const LAST_MARK: &str = "// ---- end of the generated part ----\n";

#[test]
fn every_field_was_measured() {
    let measured: Vec<(String, Vec<String>)> = measured::structs()
        .into_iter()
        .map(|s| (s.name.to_owned(), s.fields.iter().map(|(name, _)| (*name).to_owned()).collect()))
        .collect();
    let written: Vec<(String, Vec<String>)> = source::read()
        .structs()
        .map(|s| (s.name.clone(), s.fields.iter().map(|f| f.name.clone()).collect()))
        .collect();
    assert_eq!(measured, written);
}

#[test]
fn the_header_is_that_of_the_types() {
    let header = include_str!("../../include/stratd/plugin.h");
    let (head, rest) = header.split_once(FIRST_MARK).expect("the header has its first mark");
    let (_, tail) = rest.split_once(LAST_MARK).expect("the header has its last mark");
    let generated = c::header(&source::read(), &measured::structs());
    expect_file!["../../include/stratd/plugin.h"]
        .assert_eq(&format!("{head}{FIRST_MARK}{generated}{LAST_MARK}{tail}"));
}

#[test]
fn the_layout_is_the_golden_one() {
    let source = source::read();
    let mut text = String::new();
    for (item, layout) in source.structs().zip(measured::structs()) {
        text.push_str(&format!("{}: {} bytes, aligned to {}\n", layout.name, layout.size, layout.align));
        for (field, (_, offset)) in item.fields.iter().zip(&layout.fields) {
            text.push_str(&format!("{offset:6} {}: {}\n", field.name, field.rust_type));
        }
    }
    for constant in source.constants() {
        text.push_str(&format!("{}: {} = {}\n", constant.path, constant.rust_type, constant.value));
    }
    expect_file!["layout.txt"].assert_eq(&text);
}

#[test]
fn the_header_compiles_without_a_warning() {
    // the assertions about sizes and offsets are in the header, so that compiling it checks them
    let compilers = [("gcc", "-std=c11", "c"), ("g++", "-std=c++17", "c++"), ("clang", "-std=c11", "c")];
    for (compiler, standard, language) in compilers {
        let mut command = Command::new(compiler);
        command.args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]);
        command
            .arg("-I")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"))
            .args(["-x", language, "-"]);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            // gcc is needed for the C strategy anyway; the others are used where they are
            Err(error) => {
                assert_ne!(compiler, "gcc", "{error}");
                println!("the header was not compiled with {compiler}: {error}");
                continue;
            }
        };
        let mut program = child.stdin.take().expect("piped");
        program.write_all(b"#include <stratd/plugin.h>\n").expect("the compiler reads");
        drop(program);
        let output = child.wait_with_output().expect("the compiler ends");
        assert!(output.status.success(), "{compiler}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
