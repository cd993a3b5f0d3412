//! The handler that runs a program for each record, one at a time.
//!
//! - There is no shell: the arguments are a list, and what a record says is one argument or part of one, never a command.
//!   A text that begins with a hyphen may still be taken for an option by the program: put `--` before it.
//! - If no argument holds a field, the record's text goes to the program's standard input, with a newline after it.
//! - A program that does not end within the time limit is killed with everything in its process group. A code other than
//!   zero, and a time-out, are errors, and the record is not tried again: half of it may have been done.
//! - A program that cannot be started is tried again, with pauses.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use super::{Entry, Handler, Progress, QueueOptions, command_run::Runner, worker::Worker};
use crate::{
    error::{Error, ErrorKind, Result},
    fields::cut,
    format::{FormatterOptions, Template},
};

/// How long a program may run if nobody says otherwise.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// Arguments of one program.
const ARGUMENTS_MAX: usize = 256;
/// Bytes of one argument, which the kernel limits; a longer one is cut.
const ARGUMENT_BYTES_MAX: usize = (128 << 10) - 1;
/// Where a program without a folder is looked for, and the `PATH` that it gets.
pub(super) const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// How long the end of a handler waits for a program that it has killed.
const KILL_TIME: Duration = Duration::from_secs(1);

/// How a command handler works.
///
/// ```
/// use stratd_logging::CommandOptions;
///
/// let options = CommandOptions::new(&["/bin/echo", "%(levelname)s", "%(message)s"]);
/// assert_eq!(options.timeout.as_secs(), 30);
/// ```
#[derive(Clone, PartialEq)]
pub struct CommandOptions {
    /// The program and its arguments, which may hold fields. A program without a folder is looked for in
    /// `/usr/local/bin`, `/usr/bin` and `/bin`.
    pub argv: Vec<String>,
    /// How fields are marked in arguments, and what else the formats of arguments need.
    pub format: FormatterOptions,
    /// Variables of its environment beside `PATH` and `LANG`; nothing is inherited.
    pub environment: Vec<(String, String)>,
    /// How long it may run.
    pub timeout: Duration,
    /// What waits while it runs.
    pub queue: QueueOptions,
}

impl std::fmt::Debug for CommandOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // what is in an environment may be a secret, which has no place in a log
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("CommandOptions")
            .field("argv", &self.argv)
            .field("environment", &names)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl CommandOptions {
    /// A program and its arguments.
    ///
    /// ```
    /// # use stratd_logging::CommandOptions;
    /// assert!(CommandOptions::new(&["/bin/cat"]).environment.is_empty());
    /// ```
    #[must_use]
    pub fn new(argv: &[&str]) -> Self {
        Self {
            argv: argv.iter().map(|&argument| argument.to_owned()).collect(),
            format: FormatterOptions::default(),
            environment: Vec::new(),
            timeout: COMMAND_TIMEOUT,
            queue: QueueOptions::default(),
        }
    }
}

/// Runs a program for each record.
///
/// ```
/// use stratd_logging::{CommandHandler, CommandOptions};
///
/// let _ = CommandHandler::new(&CommandOptions::new(&["/bin/echo", "%(message)s"]))?;
/// assert!(CommandHandler::new(&CommandOptions::new(&["/nonexistent"])).is_err());
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct CommandHandler {
    arguments: Vec<Template>,
    has_fields: bool,
    worker: Worker,
    is_abandoned: Arc<AtomicBool>,
}

impl CommandHandler {
    /// A handler for a program.
    ///
    /// # Errors
    /// If there is no such program, a format in an argument is refused, or its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{CommandHandler, CommandOptions};
    /// let error = CommandHandler::new(&CommandOptions::new(&["/bin/echo", "%(nobody)s"])).err().unwrap();
    /// assert!(error.to_string().contains("unknown field \"nobody\""), "{error}");
    /// ```
    pub fn new(options: &CommandOptions) -> Result<Self> {
        let arguments = Self::check(options)?;
        let program = Self::find_program(options)?;
        let has_fields = arguments.iter().any(Template::has_fields);
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let runner = Runner {
            program,
            fixed: if has_fields { None } else { Some(literals(&arguments)?) },
            environment: options.environment.clone(),
            timeout: options.timeout,
            is_abandoned: Arc::clone(&is_abandoned),
        };
        let worker = Worker::start("command", runner, options.queue)?;
        Ok(Self { arguments, has_fields, worker, is_abandoned })
    }

    /// Checks everything that does not need the program. Its arguments, compiled.
    pub(crate) fn check(options: &CommandOptions) -> Result<Vec<Template>> {
        let arguments = compile(options)?;
        let is_bad = |(name, value): &&(String, String)| {
            name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
        };
        if let Some((name, _)) = options.environment.iter().find(is_bad) {
            return Err(refused(format!("variable {name:?} of its environment")));
        }
        Ok(arguments)
    }

    /// Where the program is.
    pub(crate) fn find_program(options: &CommandOptions) -> Result<PathBuf> {
        let (name, _) = options.argv.split_first().ok_or_else(|| refused("argv is empty"))?;
        find(name)
    }
}

fn refused(what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Handler,
        format!("command: {what} (accepted: argv = [\"/path/of/program\", \"argument\", \"%(message)s\"])"),
    )
}

/// Compiles the arguments; the program itself is fixed, so that no record can choose it.
fn compile(options: &CommandOptions) -> Result<Vec<Template>> {
    let Some((program, arguments)) = options.argv.split_first() else { return Err(refused("argv is empty")) };
    if program.is_empty() || arguments.len() > ARGUMENTS_MAX {
        return Err(refused(format!("program {program:?} with {} arguments", arguments.len())));
    }
    if options.argv.iter().any(|argument| argument.contains('\0')) {
        return Err(refused("an argument holds a zero byte"));
    }
    arguments.iter().map(|argument| Template::new(argument, &options.format)).collect()
}

fn literals(arguments: &[Template]) -> Result<Vec<String>> {
    let literal = |argument: &Template| match argument {
        Template::Literal(text) => Ok(text.clone()),
        Template::Fields(_) => Err(refused("an argument with a field")),
    };
    arguments.iter().map(literal).collect()
}

/// Finds the program, so that a wrong name is an error of the configuration.
fn find(name: &str) -> Result<PathBuf> {
    let folders = match name.contains('/') {
        true => vec![""],
        false => SEARCH_PATH.split(':').collect(),
    };
    let paths = folders.iter().map(|folder| Path::new(folder).join(name));
    let mut runnable = paths.filter(|path| path.is_file() && access(path, AccessFlags::X_OK).is_ok());
    let found = runnable.next().filter(|path| path.is_absolute());
    found.ok_or_else(|| {
        refused(format!(
            "there is no program {name:?}, by its whole path or in {SEARCH_PATH}, that may be run"
        ))
    })
}

impl Handler for CommandHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        if !self.has_fields {
            return self.worker.push(Some(entry.record.level), format!("{}\n", entry.text).into_bytes());
        }
        let mut item = Vec::new();
        let mut text = String::new();
        for argument in &mut self.arguments {
            text.clear();
            argument.write(entry.record, &mut text)?;
            // no argument can hold a zero byte, which ends each of them here
            let text = text.replace('\0', "\u{fffd}");
            item.extend_from_slice(cut(&text, ARGUMENT_BYTES_MAX).as_bytes());
            item.push(0);
        }
        self.worker.push(Some(entry.record.level), item)
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        let closed = self.worker.close(within);
        if closed.is_err() {
            // nobody would be left to end a program that runs on
            self.is_abandoned.store(true, Ordering::Relaxed);
            self.worker.wait_ended(KILL_TIME);
        }
        closed
    }

    fn needs_text(&self) -> bool {
        !self.has_fields
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        self.worker.take_progress()
    }
}

impl Drop for CommandHandler {
    fn drop(&mut self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }
}
