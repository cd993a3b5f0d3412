//! What every codec of records must hold to, whatever the bytes are.

use stratd_logging::{Codec, Value, decode_record, frame};

/// A time for records that have none.
const NOW: i64 = 1_718_000_123_500_000_000;

/// Reads the bytes. What can be read is written again, and reads the same.
pub(crate) fn check(bytes: &[u8], codec: Codec) {
    let Ok(record) = decode_record(bytes, codec, NOW) else { return };
    let written = frame(&record, codec).expect("a record that was read fits a frame");
    let again = decode_record(&written[4..], codec, NOW)
        .unwrap_or_else(|error| panic!("{record:?} is written as what cannot be read: {error}"));
    let head = |record: &stratd_logging::Record<'_>| {
        format!(
            "{:?}",
            (&record.name, record.level, &record.message, &record.pathname, record.lineno, &record.exc_text)
        )
    };
    assert_eq!(head(&record), head(&again));
    let names = |record: &stratd_logging::Record<'_>| -> Vec<String> {
        record.fields.iter().map(|(key, _)| key.to_owned()).collect()
    };
    // of several fields of one name the last is kept
    assert_eq!(names(&record), names(&again));
    for ((key, before), (_, after)) in record.fields.iter().zip(again.fields.iter()) {
        let is_same = match (&before, &after) {
            (Value::Float(before), Value::Float(after)) => {
                before.to_bits() == after.to_bits() || before.is_nan()
            }
            (before, after) => before == after,
        };
        // only JSON has lists, whole numbers of any size, and no numbers that are none
        let may_differ = match codec {
            Codec::Pickle => matches!(before, Value::Json(_)),
            Codec::Cbor => matches!(before, Value::Json(_) | Value::Int(_)),
            Codec::Json => matches!(before, Value::Float(_)),
        };
        assert!(is_same || may_differ, "{key}: {before:?} became {after:?}");
    }
}
