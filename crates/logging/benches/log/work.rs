//! The work that is measured: lines of 121 bytes to a file, by us and by the least that anybody can do.
//!
//! A line is time with milliseconds, level, logger, text. On our side it goes through the tree, one filter and two handlers,
//! of which the second takes errors only. The limit reads the clock, formats the same line with a cached second, and
//! appends it to a buffer of 64 KiB in front of the file, all on one thread.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use stratd_logging::{Config, Level, Logger, Logging, LoggingOptions, log};

use crate::text::{LINES, as_text, text};

pub(crate) const LINE_BYTES: u64 = 121;
pub(crate) const NAME: &str = "strategy.momentum";

/// The least that one thread must do.
pub(crate) fn format_alone(folder: &Path) -> Duration {
    let path = folder.join("format.log");
    let _ = fs::remove_file(&path);
    let mut file = BufWriter::with_capacity(64 << 10, File::create(&path).expect("the file can be made"));
    let start = Instant::now();
    let (mut second, mut time, mut line) = (u64::MAX, String::new(), String::new());
    for index in 0..LINES {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.as_secs() != second {
            second = now.as_secs();
            time = calendar(second);
        }
        line.clear();
        let text = text(index);
        let _ = writeln!(line, "{time},{:03} {:<8} {NAME} {}", now.subsec_millis(), "INFO", as_text(&text));
        file.write_all(line.as_bytes()).expect("the file can be written");
    }
    file.flush().expect("the file can be written");
    let elapsed = start.elapsed();
    assert_eq!(fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(0), LINES * LINE_BYTES);
    elapsed
}

/// Date and time of a second, in universal time.
fn calendar(second: u64) -> String {
    let days = second / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The system that is measured, writing to `ours.log` of the folder.
pub(crate) fn logging(folder: &Path) -> Logging {
    let path = folder.join("ours.log");
    // a file of an earlier round
    let _ = fs::remove_file(&path);
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let config = format!(
        "[formatters.f]\nformat = \"%(asctime)s %(levelname)-8s %(name)s %(message)s\"\nutc = true\n\
         [filters.own]\nkind = \"name\"\nname = \"strategy\"\n\
         [handlers.all]\nkind = \"file\"\npath = {path:?}\nformatter = \"f\"\nfilters = [\"own\"]\n\
         [handlers.errors]\nkind = \"file\"\npath = {:?}\nlevel = \"ERROR\"\nformatter = \"f\"\n\
         [loggers.strategy]\nlevel = \"DEBUG\"\nhandlers = [\"errors\"]\n\
         [root]\nlevel = \"WARNING\"\nhandlers = [\"all\"]",
        folder.join("errors.log"),
    );
    let config = Config::parse(&config).expect("the configuration is good");
    logging.apply(config).expect("the files can be opened");
    logging
}

pub(crate) fn log_lines(logger: &Logger, count: u64) {
    for index in 0..count {
        let text = text(index);
        log!(logger, Level::INFO, "{}", as_text(&text));
    }
}

/// From the first call to the last byte in the file, with some threads that share the lines.
pub(crate) fn pipeline(folder: &Path, threads: u64) -> Duration {
    let logging = logging(folder);
    let logger = logging.logger(NAME).expect("the logger can be made");
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| log_lines(&logger, LINES / threads));
        }
    });
    logging.flush();
    let elapsed = start.elapsed();
    assert_eq!(logging.lost(), 0);
    let bytes = fs::metadata(folder.join("ours.log")).map(|metadata| metadata.len()).unwrap_or(0);
    assert_eq!(bytes, LINES * LINE_BYTES, "every line arrived");
    elapsed
}
