//! What handlers with a peer have in common: `queue`, `batch`, `rate`, and the keys of TLS.

use std::time::Duration;

use super::section::Section;
use crate::{
    handler::{
        BATCH_RECORDS_MAX, BatchOptions, QUEUE_WAIT_MAX, QueueOptions, QueueOverflow, RATE_COUNT_MAX,
        RateLimit, TlsOptions,
    },
    level::Level,
};

/// Records of a batch, and how long the first of them waits, if nobody says otherwise.
const BATCH_RECORDS: i64 = 100;
const BATCH_AGE: Duration = Duration::from_secs(5);
/// How long a full queue that blocks holds up the back end, if nobody says otherwise.
const QUEUE_WAIT: Duration = Duration::from_secs(1);

/// `queue = { capacity = 10000, overflow = "drop_oldest" }`; of `block` also `wait`, of `drop_below` also `level`.
pub(super) fn read_queue(section: &Section<'_>) -> QueueOptions {
    let mut options = QueueOptions::default();
    let Some(section) = section.section("queue") else { return options };
    if let Some(capacity) = section.number("capacity", 1..=1_000_000) {
        options.capacity = usize::try_from(capacity).unwrap_or(options.capacity);
    }
    let (wait, level) = (section.duration("wait"), section.level("level"));
    if let Some(wait) = wait.filter(|wait| *wait > QUEUE_WAIT_MAX) {
        let accepted = format!("(accepted: up to {} s: all handlers wait)", QUEUE_WAIT_MAX.as_secs());
        section.problem("wait", format!("found {} s {accepted}", wait.as_secs_f64()));
    }
    let policies = [
        ("drop_oldest", QueueOverflow::DropOldest),
        ("drop_newest", QueueOverflow::DropNewest),
        ("block", QueueOverflow::Block(wait.unwrap_or(QUEUE_WAIT))),
        ("drop_below", QueueOverflow::DropBelow(level.unwrap_or(Level::WARNING))),
    ];
    options.overflow = section.choice("overflow", &policies).unwrap_or_default();
    for (key, is_used, policy) in [
        ("wait", matches!(options.overflow, QueueOverflow::Block(_)), "block"),
        ("level", matches!(options.overflow, QueueOverflow::DropBelow(_)), "drop_below"),
    ] {
        if section.has(key) && !is_used {
            section
                .problem(key, format!("it would do nothing here (accepted: with overflow = \"{policy}\")"));
        }
    }
    section.finish();
    options
}

/// `batch = { max_records = 100, max_age = "5s" }`; of texts also `header`, `footer` and `terminator`.
pub(super) fn read_batch(section: &Section<'_>, has_texts: bool) -> Option<BatchOptions> {
    let section = section.section("batch")?;
    let max = i64::try_from(BATCH_RECORDS_MAX).unwrap_or(i64::MAX);
    let records = section.number("max_records", 1..=max).unwrap_or(BATCH_RECORDS);
    let age = section.duration("max_age").unwrap_or(BATCH_AGE);
    let mut options = BatchOptions::new(usize::try_from(records).unwrap_or(1), age);
    if has_texts {
        let set = |key: &str, slot: &mut String| {
            if let Some(text) = section.text(key) {
                text.clone_into(slot);
            }
        };
        set("header", &mut options.header);
        set("footer", &mut options.footer);
        set("terminator", &mut options.terminator);
    }
    section.finish();
    Some(options)
}

/// `rate = { count = 10, per = "1h" }`
pub(super) fn read_rate(section: &Section<'_>) -> Option<RateLimit> {
    let section = section.section("rate")?;
    let count = section.required("count", section.number("count", 1..=i64::from(RATE_COUNT_MAX)));
    let per = section.required("per", section.duration("per"));
    section.finish();
    Some(RateLimit { count: u32::try_from(count?).unwrap_or(RATE_COUNT_MAX), per: per? })
}

/// `user` and `password`
pub(super) fn read_credentials(section: &Section<'_>) -> Option<(String, String)> {
    let (user, password) = (section.text("user"), section.text("password"));
    if user.is_none() && password.is_some() {
        section.problem("password", "it is nobody's (accepted: with user)");
    }
    user.map(|user| (user.to_owned(), password.unwrap_or_default().to_owned()))
}

/// `ca_file`, `cert_file`, `key_file`, `server_name`; none of them without TLS, where they would protect nothing.
pub(super) fn read_tls(section: &Section<'_>, is_used: bool) -> TlsOptions {
    let path = |key| section.text(key).map(Into::into);
    let options = TlsOptions {
        ca_file: path("ca_file"),
        cert_file: path("cert_file"),
        key_file: path("key_file"),
        server_name: section.text("server_name").map(str::to_owned),
    };
    for key in ["ca_file", "cert_file", "key_file", "server_name"] {
        if section.has(key) && !is_used {
            section.problem(key, "nothing is encrypted here (accepted: with TLS switched on)");
        }
    }
    if options.cert_file.is_some() != options.key_file.is_some() {
        let key = if options.cert_file.is_some() { "cert_file" } else { "key_file" };
        section.problem(key, "one of cert_file and key_file (accepted: both or none)");
    }
    options
}
