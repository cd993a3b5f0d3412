//! `tea completions`, and the pages for `man`, both made of the command line itself.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: Shell,
}

/// Writes FOLDER/man1/*.1 and FOLDER/completions/*: who makes a package calls it.
#[derive(Debug, Args)]
pub(crate) struct Pages {
    folder: PathBuf,
}

/// The shells, and how they want the file to be called.
const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "tea.bash"), (Shell::Zsh, "_tea"), (Shell::Fish, "tea.fish")];

impl Completions {
    pub(crate) fn run(&self, mut program: Command, output: &mut Output) -> Result<ExitCode> {
        // into memory: the function panics where a pipe is closed
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "tea", &mut script);
        output.write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Pages {
    pub(crate) fn run(&self, program: &Command) -> Result<ExitCode> {
        let [pages, completions] = ["man1", "completions"].map(|name| self.folder.join(name));
        for folder in [&pages, &completions] {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        for (shell, name) in SHELLS {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut program.clone(), "tea", &mut script);
            fs::write(completions.join(name), script)?;
        }
        let mut built = program.clone().disable_help_subcommand(true);
        built.build();
        page(&built, "tea", &pages)?;
        for command in built.get_subcommands().filter(|command| !command.is_hide_set()) {
            page(command, &format!("tea-{}", command.get_name()), &pages)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn page(command: &Command, name: &str, folder: &Path) -> Result<()> {
    let command = command.clone().name(name.to_owned()).display_name(name.to_owned());
    let mut text = Vec::new();
    Man::new(command)
        .title(name.to_uppercase())
        .section("1")
        .source("tea")
        .manual("tea")
        .render(&mut text)?;
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, text).with_context(|| path.display().to_string())
}
