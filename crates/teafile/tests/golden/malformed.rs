//! Files that must be refused: by the class that is written beside them, without a panic, in little memory and time.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use teafile::Reader;

use crate::{Failure, Outcome};

pub(crate) fn check(path: &Path, row: &Json) -> Outcome {
    let limits = &row["limits"];
    let bytes_max = limits["max_heap_bytes"].as_u64().unwrap_or(1 << 20);
    let seconds_max = limits["max_seconds"].as_f64().unwrap_or(1.0);
    #[expect(clippy::disallowed_methods, reason = "the row has a limit of time")]
    let start = Instant::now();
    let mut outcome = None;
    let allocated = allocation_counter::measure(|| outcome = Some(Reader::open(path)));
    let (bytes, elapsed) = (allocated.bytes_max, start.elapsed());
    let outcome = outcome.expect("it was called");
    let Err(error) = outcome else { return Err(Failure::Wrong("it was opened".to_owned())) };
    let class = format!("{:?}", error.kind());
    let mut acceptable = row["also_acceptable"]
        .as_array()
        .into_iter()
        .flatten()
        .chain([&row["error"]])
        .filter_map(Json::as_str);
    if !acceptable.any(|acceptable| acceptable == class) {
        return Err(Failure::Wrong(format!("{error:?} (expected {})", row["error"])));
    }
    if class != row["error"] {
        println!("golden: row {} is {error:?}, where {} is preferred", path.display(), row["error"]);
    }
    // an error has a text, so a count of none is no count
    if bytes == 0 || bytes > bytes_max {
        return Err(Failure::Wrong(format!("it took {bytes} bytes (expected 1 to {bytes_max})")));
    }
    if elapsed > Duration::from_secs_f64(seconds_max) {
        return Err(Failure::Wrong(format!("it took {elapsed:?} (expected {seconds_max} s at most)")));
    }
    if error.path() != Some(path) || !error.is_format() || error.offset().is_none() {
        return Err(Failure::Wrong(format!("{error:?} names no file, no byte, or no class of the format")));
    }
    Ok(())
}
