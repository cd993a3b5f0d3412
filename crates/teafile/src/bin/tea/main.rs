//! `tea`: looks at TeaFiles, makes them, mends them, and turns them into other things.
//!
//! One file for each command. Rows are read one after the other, so that no command needs memory for a whole file, but
//! where a command says so. Exit codes are those of `diff` and `grep`: 0 is well, 1 is a finding (`diff`: they differ,
//! `verify`: repairable), 2 is trouble. Who stops reading our output ends us without a word.
#![forbid(unsafe_code)]

#[cfg(feature = "arrow")]
mod arrow;
mod check;
mod columns;
mod copy;
mod csv_cells;
mod csv_guess;
mod csv_in;
mod csv_out;
mod diff;
mod edit;
mod fresh;
#[cfg(feature = "arrow")]
mod from_parquet;
mod index;
mod info;
mod list;
mod merge;
mod new_file;
mod output;
mod pack;
mod pages;
mod plot;
mod room;
mod select;
mod stats;
mod table;
mod tail;
mod times;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use output::Output;

#[derive(Debug, Parser)]
#[command(
    name = "tea",
    version,
    about = "Looks at TeaFiles, makes them, mends them, and turns them into other things"
)]
struct Program {
    /// Answers as JSON: one object, or one a line where items are listed
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Tells what a file says about itself, and its first items
    Info(info::Info),
    /// Lists items
    Cat(list::Cat),
    /// Lists the first items
    Head(list::Head),
    /// Lists the last items, and with -f those that come
    Tail(tail::Tail),
    /// Lists the items of a time
    Range(list::Range),
    /// Tells least, greatest, mean and more of each column
    Stats(stats::Stats),
    /// Draws a column, in the terminal, as SVG, or as PNG
    Plot(plot::Plot),
    /// Looks at a file from front to back: 0 is clean, 1 repairable, 2 broken
    Verify(check::Verify),
    /// Brings the end of a file in order, and keeps what it cuts off in FILE.torn
    Repair(check::Repair),
    /// Changes the text about the content and the name-values, in the room that the header has
    Edit(edit::Edit),
    /// Takes room on the disk for items to come
    Prealloc(room::Prealloc),
    /// Gives room back that was not needed
    Trim(room::Trim),
    /// Makes or completes FILE.idx, by which verify tells whether items are what they were
    Index(index::Index),
    /// Makes a file of a table
    FromCsv(csv_in::FromCsv),
    /// Adds the rows of a table to a file
    Append(csv_in::Append),
    /// Writes a file as a table
    ToCsv(csv_out::ToCsv),
    /// Copies a file, in another byte order, with another time scale, or in part
    Cp(copy::Cp),
    /// Compares what two files mean: 0 is the same, 1 differs, 2 is trouble
    Diff(diff::Diff),
    /// Merges files of equal fields by their event times
    Merge(merge::Merge),
    /// Packs a file into the seekable format of zstd
    Pack(pack::Pack),
    /// Unpacks it, bit by bit the same
    Unpack(pack::Unpack),
    /// Makes a file of the columns of a Parquet file
    #[cfg(feature = "arrow")]
    FromParquet(from_parquet::FromParquet),
    /// Writes a file as Parquet
    #[cfg(feature = "arrow")]
    ToParquet(arrow::To),
    /// Writes a file as Arrow, in the file format of its IPC
    #[cfg(feature = "arrow")]
    ToArrow(arrow::To),
    /// Prints what a shell needs to complete the command line
    Completions(pages::Completions),
    /// Writes the pages for man and the completions into a folder
    #[command(hide = true)]
    Pages(pages::Pages),
}

fn main() -> ExitCode {
    let program = Program::parse();
    let mut output = Output::new(program.json);
    let done = run(&program.task, &mut output).and_then(|code| {
        output.flush()?;
        Ok(code)
    });
    match done {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // what was listed before the error is as good as it was; if it cannot be told, the error still can
            let _ = output.flush();
            eprintln!("tea: {}", told(&error));
            ExitCode::from(2)
        }
    }
}

fn run(task: &Task, output: &mut Output) -> anyhow::Result<ExitCode> {
    match task {
        Task::Info(task) => task.run(output),
        Task::Cat(task) => task.run(output),
        Task::Head(task) => task.run(output),
        Task::Tail(task) => task.run(output),
        Task::Range(task) => task.run(output),
        Task::Stats(task) => task.run(output),
        Task::Plot(task) => task.run(output),
        Task::Verify(task) => task.run(output),
        Task::Repair(task) => task.run(output),
        Task::Edit(task) => task.run(output),
        Task::Prealloc(task) => task.run(output),
        Task::Trim(task) => task.run(output),
        Task::Index(task) => task.run(output),
        Task::FromCsv(task) => task.run(output),
        Task::Append(task) => task.run(output),
        Task::ToCsv(task) => task.run(output),
        Task::Cp(task) => task.run(output),
        Task::Diff(task) => task.run(output),
        Task::Merge(task) => task.run(output),
        Task::Pack(task) => task.run(output),
        Task::Unpack(task) => task.run(output),
        #[cfg(feature = "arrow")]
        Task::FromParquet(task) => task.run(output),
        #[cfg(feature = "arrow")]
        Task::ToParquet(task) => task.run(arrow::Format::Parquet, output),
        #[cfg(feature = "arrow")]
        Task::ToArrow(task) => task.run(arrow::Format::Arrow, output),
        Task::Completions(task) => task.run(Program::command(), output),
        Task::Pages(task) => task.run(&Program::command()),
    }
}

/// What was attempted and why it failed. Errors of the library say their cause themselves: it is not said twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}
