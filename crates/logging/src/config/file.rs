//! `kind = "file"`

use super::{
    handler::{HandlerOptions, Rotate},
    section::Section,
};
use crate::handler::{Compression, FileOptions, RotateBySize, RotateByTime, When};

/// Reads a file handler.
pub(super) fn read(section: &Section<'_>) -> Option<HandlerOptions> {
    let path = section.required("path", section.text("path"));
    let mode = section.text("mode");
    let options = FileOptions {
        append: is_append(section, "mode", mode),
        delay: section.flag("delay").unwrap_or(false),
        watch: section.flag("watch").unwrap_or(false),
        create_folders: section.flag("create_folders").unwrap_or(false),
        mode: section.number("permissions", 0..=0o7777).and_then(|mode| u32::try_from(mode).ok()),
        owner: section.text("owner").map(str::to_owned),
        group: section.text("group").map(str::to_owned),
        terminator: section.text("terminator").unwrap_or("\n").to_owned(),
        ..FileOptions::new(path.unwrap_or_default())
    };
    let rotate = section.section("rotate").and_then(|section| read_rotate(&section));
    if rotate.is_some() && options.watch {
        section.problem("watch", "a file that is rotated here must not be rotated by others");
    }
    path.map(|_| HandlerOptions::File(options, rotate))
}

/// Reads `a` or `w`.
pub(super) fn is_append(section: &Section<'_>, key: &str, mode: Option<&str>) -> bool {
    match mode {
        None | Some("a") => true,
        Some("w") => false,
        Some(mode) => {
            section.problem(key, format!("found {mode:?} (accepted: a, w)"));
            true
        }
    }
}

fn read_rotate(section: &Section<'_>) -> Option<Rotate> {
    let compression = section.choice("compress", &compressions()).unwrap_or_default();
    let keep = |default: i64| {
        let keep = section.number("keep", 0..=i64::from(u32::MAX)).unwrap_or(default);
        u32::try_from(keep).unwrap_or(u32::MAX)
    };
    let rotate = match (section.has("max_bytes"), section.has("when")) {
        (true, false) => Some(Rotate::Size(RotateBySize {
            max_bytes: section.count("max_bytes").unwrap_or(0),
            keep: keep(0),
            suffix: section.text("suffix").unwrap_or_default().to_owned(),
            compression,
        })),
        (false, true) => section.parsed("when", When::parse).map(|when| {
            let interval = section.number("interval", 1..=i64::from(u32::MAX)).unwrap_or(1);
            Rotate::Time(RotateByTime {
                when,
                interval: u32::try_from(interval).unwrap_or(1),
                at: section.text("at").and_then(|at| {
                    let seconds = time_of_day(at);
                    if seconds.is_none() {
                        section.problem(
                            "at",
                            format!("found {at:?} (accepted: a time of day like \"12:00:00\")"),
                        );
                    }
                    seconds
                }),
                utc: section.flag("utc").unwrap_or(false),
                keep: keep(0),
                compression,
            })
        }),
        _ => {
            section.problem("when", "either max_bytes or when says when to rotate");
            section.rest();
            None
        }
    };
    section.finish();
    rotate
}

fn compressions() -> Vec<(&'static str, Compression)> {
    vec![
        ("none", Compression::None),
        #[cfg(feature = "gzip")]
        ("gzip", Compression::Gzip),
        #[cfg(feature = "zstd")]
        ("zstd", Compression::Zstd),
    ]
}

fn time_of_day(text: &str) -> Option<u32> {
    let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let is_valid = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    is_valid.then_some(hour * 3600 + minute * 60 + second)
}
