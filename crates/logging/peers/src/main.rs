//! One logger at the work of `benches/log/text.rs`, for `cargo xtask bench log`: `logging-peers NAME FOLDER`.
//!
//! Each run is a process of its own: most of these loggers are one for a process and cannot be taken out again. It prints
//! the nanoseconds from the first call to the last byte in the file, and writes `FOLDER/NAME.log`, whose lines the caller
//! counts. Nobody may lose a line: where a logger would by default, it is told to wait.
//!
//! Each writes to a file as its documentation shows first. What differs, to the disadvantage of ours: ours takes the lines
//! through a tree, a filter and two handlers, the others have one handler and at most a level.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

#[path = "../../benches/log/text.rs"]
mod text;

use std::{
    env,
    error::Error,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use text::{LINES, as_text, text};

type Outcome = Result<Duration, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, folder] = &arguments[..] else {
        eprintln!("usage: logging-peers NAME FOLDER");
        return ExitCode::from(2);
    };
    let folder = Path::new(folder);
    let outcome = match name.as_str() {
        "tracing-appender" => tracing_appender(&folder.join("tracing-appender.log")),
        "log4rs" => log4rs(&folder.join("log4rs.log")),
        _ => Err(format!("no logger {name:?} (accepted: tracing-appender, log4rs)").into()),
    };
    match outcome {
        Ok(elapsed) => {
            println!("{}", elapsed.as_nanos());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("logging-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The subscriber of `tracing`'s guide behind `non_blocking`, which by default would lose lines. Its line has 123 bytes:
/// its time has microseconds and a `T`.
fn tracing_appender(path: &Path) -> Outcome {
    let folder = path.parent().ok_or("the file is in no folder")?;
    let name = path.file_name().ok_or("the file has no name")?;
    let file = tracing_appender::rolling::never(folder, name);
    let (writer, guard) =
        tracing_appender::non_blocking::NonBlockingBuilder::default().lossy(false).finish(file);
    tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .init();
    let start = Instant::now();
    for index in 0..LINES {
        let text = text(index);
        tracing::info!(target: "strategy.momentum", "{}", as_text(&text));
    }
    // waits for the thread that writes
    drop(guard);
    Ok(start.elapsed())
}

/// Its file appender, which writes on the calling thread and flushes each line.
fn log4rs(path: &Path) -> Outcome {
    use log4rs::append::file::FileAppender;
    use log4rs::config::{Appender, Config, Root};
    use log4rs::encode::pattern::PatternEncoder;

    let pattern = "{d(%Y-%m-%d %H:%M:%S,%3f)(utc)} {l:<8} {t} {m}{n}";
    let file = FileAppender::builder().encoder(Box::new(PatternEncoder::new(pattern))).build(path)?;
    let config = Config::builder()
        .appender(Appender::builder().build("file", Box::new(file)))
        .build(Root::builder().appender("file").build(log::LevelFilter::Debug))?;
    log4rs::init_config(config)?;
    let start = Instant::now();
    for index in 0..LINES {
        let text = text(index);
        log::info!(target: "strategy.momentum", "{}", as_text(&text));
    }
    log::logger().flush();
    Ok(start.elapsed())
}
