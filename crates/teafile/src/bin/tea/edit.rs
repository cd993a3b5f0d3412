//! `tea edit`: what a file says about itself, changed in the room that its header has.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use teafile::{HeaderEdit, NamedValue, Reader};

use crate::info;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Edit {
    file: PathBuf,
    /// Another text about the content; "" takes it away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A value for a name: a whole number of 32 bits, any other number, or a text
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// The same, always as a text
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set_text: Vec<(String, String)>,
    /// Takes a name and its values away
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
}

/// The part before the first `=` and that behind it.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as decimals=2".to_owned()),
    }
}

fn value(text: &str) -> NamedValue {
    match (text.parse::<i32>(), text.parse::<f64>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(number)) if number.is_finite() => number.into(),
        _ => text.into(),
    }
}

impl Edit {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        if self.description.is_none()
            && self.set.is_empty()
            && self.set_text.is_empty()
            && self.unset.is_empty()
        {
            bail!("edit what? (expected --description, --set, --set-text, or --unset)");
        }
        let mut edit = HeaderEdit::default();
        if let Some(text) = &self.description {
            edit = edit.content(text);
        }
        for name in &self.unset {
            edit = edit.remove(name);
        }
        for (name, text) in &self.set {
            edit = edit.set(name, value(text));
        }
        for (name, text) in &self.set_text {
            edit = edit.set(name, text.as_str());
        }
        edit.apply(&self.file)?;
        let file = Reader::open(&self.file)?;
        let description = file.description();
        if output.json {
            output.object(&json!({
                "file": self.file.to_string_lossy(),
                "content": description.content_description(),
                "name_values": info::name_values(description),
            }))?;
        } else {
            let content = description.content_description().unwrap_or("no text about the content");
            writeln!(output, "{}: {content}, {}", self.file.display(), description.name_values())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
