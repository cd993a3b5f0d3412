//! The pages for `man` and the completions of shells, made of the command lines and of `docs/configuration.md`:
//! `cargo xtask man` runs this.
//!
//! `pages FOLDER` writes FOLDER/man1/*.1, FOLDER/man5/stratd.toml.5 and FOLDER/completions/*. The same sources give the same
//! bytes, whenever that is.

mod roff;

use std::{env, error::Error, fs, io, path::Path};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// How a shell wants the file of a program to be called.
type FileName = fn(&str) -> String;

/// The shells.
const SHELLS: [(Shell, FileName); 3] = [
    (Shell::Bash, |program| format!("{program}.bash")),
    (Shell::Zsh, |program| format!("_{program}")),
    (Shell::Fish, |program| format!("{program}.fish")),
];
const CONFIGURATION: &str = "docs/configuration.md";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("pages FOLDER")?;
    let folder = Path::new(&folder);
    let [commands, formats, completions] = ["man1", "man5", "completions"].map(|name| folder.join(name));
    for folder in [&commands, &formats, &completions] {
        fs::create_dir_all(folder)?;
    }
    let programs = [
        (stratd::cli::program(), &["stratctl(1)", "stratd.toml(5)"][..]),
        (stratctl::program(), &["stratd(1)", "stratd.toml(5)"][..]),
        (stratd_synthetic::program(), &["stratd(1)"][..]),
    ];
    for (program, others) in programs {
        write_pages(&program, others, &commands)?;
        let name = program.get_name().to_owned();
        for (shell, file) in SHELLS {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut program.clone(), &name, &mut script);
            fs::write(completions.join(file(&name)), script)?;
        }
    }
    let text = fs::read_to_string(CONFIGURATION).map_err(|error| format!("{CONFIGURATION}: {error}"))?;
    let about = "the configuration of stratd";
    fs::write(formats.join("stratd.toml.5"), roff::page("stratd.toml", "5", about, &text))?;
    Ok(())
}

/// A page for the program and one for each command below it, `stratctl-plugin-load` for instance.
fn write_pages(program: &Command, others: &[&str], folder: &Path) -> io::Result<()> {
    let mut program = program.clone().disable_help_subcommand(true);
    program.build();
    write_page(&program, program.get_name(), others, folder)
}

fn write_page(command: &Command, name: &str, others: &[&str], folder: &Path) -> io::Result<()> {
    let below: Vec<&Command> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
        .collect();
    let page = command.clone().name(name.to_owned()).display_name(name.to_owned());
    let man = Man::new(page).title(name.to_uppercase()).section("1").source("stratd").manual("stratd");
    let mut text = Vec::new();
    man.render(&mut text)?;
    let mut related: Vec<String> =
        below.iter().map(|below| format!("{name}-{}(1)", below.get_name())).collect();
    related.extend(name.rsplit_once('-').map(|(above, _)| format!("{above}(1)")));
    related.extend(others.iter().map(|&other| other.to_owned()));
    text.extend(roff::see_also(&related).bytes());
    fs::write(folder.join(format!("{name}.1")), text)?;
    for command in below {
        write_page(command, &format!("{name}-{}", command.get_name()), others, folder)?;
    }
    Ok(())
}
