//! A table for people and a flat object for programs.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

/// What was measured.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<String>,
    measures: Vec<(String, f64)>,
}

impl Report {
    /// A line of the table; with a goal and what is compared with it.
    pub(crate) fn row(&mut self, name: &str, value: f64, unit: &str, goal: Option<(&str, f64)>) {
        let beside = goal.map_or(String::new(), |(goal, ratio)| format!("{ratio:>9.2}  {goal}"));
        self.rows.push(format!("{name:<46}{value:>10.2} {unit:<10}{beside}"));
    }

    pub(crate) fn measure(&mut self, name: &str, value: f64) {
        self.measures.push((name.to_owned(), value));
    }

    pub(crate) fn print(&self) {
        println!("{:<46}{:>10} {:<10}{:>9}  goal", "", "median", "", "ratio");
        for row in &self.rows {
            println!("{row}");
        }
    }

    /// Writes `bench/NAME.json` in the target folder.
    pub(crate) fn write(&self, name: &str) -> io::Result<PathBuf> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")),
            PathBuf::from,
        );
        let folder = target.join("bench");
        fs::create_dir_all(&folder)?;
        let mut json = String::from("{\n");
        for (index, (name, value)) in self.measures.iter().enumerate() {
            let comma = if index + 1 == self.measures.len() { "" } else { "," };
            // writing to a String cannot fail
            let _ = writeln!(json, "  \"{name}\": {value}{comma}");
        }
        json.push_str("}\n");
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, json)?;
        Ok(path)
    }
}
