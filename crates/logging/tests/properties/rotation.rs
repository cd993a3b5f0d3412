//! Rotation: no line is lost or split, whatever the sizes, limits and pauses.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use stratd_logging::{
    Compression, Entry, FileOptions, Handler, Level, Record, RotateBySize, RotateByTime, RotatingFileHandler,
    TimedFileHandler, When,
};

use crate::config;

fn emit(handler: &mut dyn Handler, text: &str) {
    let record = Record::new("a", Level::INFO, text);
    handler.emit(&Entry::new(&record, text)).expect("the handler takes it");
}

/// A file, packed or not; None if there is none.
fn read(path: &Path) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(path) {
        return Some(text);
    }
    let file = std::fs::File::open(format!("{}.gz", path.display())).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("it was packed");
    Some(text)
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn rotation_by_size_loses_and_splits_no_line_that_it_keeps(
        lengths in prop::collection::vec(0_usize..120, 1..60),
        max_bytes in 1_u64..400,
        keep in 1_u32..8,
        is_packed in any::<bool>(),
        delay in any::<bool>(),
        restart_at in prop::option::of(0_usize..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let compression = if is_packed { Compression::Gzip } else { Compression::None };
        let rotate = RotateBySize { max_bytes, keep, suffix: String::new(), compression };
        let open = || {
            let options = FileOptions { delay, ..FileOptions::new(&path) };
            RotatingFileHandler::new(options, rotate.clone()).unwrap()
        };
        let lines: Vec<String> =
            lengths.iter().enumerate().map(|(index, length)| format!("{index} {}", "\u{17e}".repeat(*length))).collect();
        let mut handler = open();
        for (index, line) in lines.iter().enumerate() {
            if restart_at == Some(index) {
                handler.close(Duration::from_secs(30)).unwrap();
                handler = open();
            }
            emit(&mut handler, line);
        }
        handler.close(Duration::from_secs(30)).unwrap();
        let files: Vec<String> = (0..=keep).rev().filter_map(|number| match number {
            0 => read(&path),
            number => read(&folder.path().join(format!("a.log.{number}"))),
        }).collect();
        for text in &files {
            prop_assert!(text.ends_with('\n'));
            let bytes = u64::try_from(text.len()).unwrap();
            prop_assert!(bytes < max_bytes || text.lines().count() == 1, "{} bytes", bytes);
        }
        let kept: Vec<&str> = files.iter().flat_map(|text| text.lines()).collect();
        // what is gone is the oldest, and only if there were files to spare
        let gone = lines.len() - kept.len();
        prop_assert!(gone == 0 || files.len() == keep as usize + 1);
        prop_assert_eq!(kept, lines[gone..].iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), files.len());
    }

    #[test]
    fn rotation_by_time_loses_and_splits_no_line(
        steps in prop::collection::vec(0_i64..200, 1..40),
        when in prop::sample::select(vec![When::Second, When::Minute, When::Hour]),
        is_packed in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_718_000_000));
        let clock = std::sync::Arc::clone(&now);
        let compression = if is_packed { Compression::Gzip } else { Compression::None };
        let rotate = RotateByTime { keep: 0, utc: true, compression, ..RotateByTime::new(when) };
        let clock = Box::new(move || clock.load(std::sync::atomic::Ordering::Relaxed) * 1_000_000_000);
        let options = FileOptions { delay: true, ..FileOptions::new(&path) };
        let mut handler = TimedFileHandler::with_clock(options, rotate, clock).unwrap();
        for (index, step) in steps.iter().enumerate() {
            now.fetch_add(*step, std::sync::atomic::Ordering::Relaxed);
            emit(&mut handler, &index.to_string());
        }
        handler.close(Duration::from_secs(30)).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path()).unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".gz").to_owned())
            .collect();
        // names sort as times do; the open file is the youngest and has the shortest name
        names.sort();
        names.rotate_left(1);
        let texts: Vec<String> = names.iter().filter_map(|name| read(&folder.path().join(name))).collect();
        prop_assert!(texts.iter().all(|text| text.ends_with('\n')));
        let lines: Vec<usize> = texts.iter().flat_map(|text| text.lines()).map(|line| line.parse().unwrap()).collect();
        prop_assert_eq!(lines, (0..steps.len()).collect::<Vec<_>>());
    }
}
