//! Messages of syslog.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stratd_logging::{Address, SyslogOptions, decode_syslog};

/// A time for messages that have none, within a year for those that have no year.
const NOW: i64 = 1_718_000_123_500_000_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = decode_syslog(bytes, NOW) else { return };
    assert!(!record.name.is_empty());
    assert!(!record.message.ends_with(['\0', '\n', '\r']));
    // what was read is written as RFC 5424, and its text reads the same
    let options = SyslogOptions {
        structured_data: Some("x@1".to_owned()),
        ..SyslogOptions::new(Address::Unix("/dev/log".into()))
    };
    let in_range = (0..253_402_300_800_000_000_000_i128).contains(&i128::from(record.created_ns));
    if !in_range {
        return;
    }
    let written = options.message(&record, &record.message);
    let again = decode_syslog(&written, NOW).unwrap_or_else(|error| panic!("{record:?}: {error}"));
    let text = record.message.strip_prefix('\u{feff}').unwrap_or(&record.message);
    assert_eq!(again.message, text);
    assert_eq!(again.created_ns, record.created_ns / 1000 * 1000);
});
