//! Records on the wire: pickles as Python's socket handlers send them, JSON, CBOR.

pub(crate) mod attributes;
mod cbor;
mod json;
mod pickle;
mod python_text;
mod received;
mod syslog;
mod syslog_time;
mod uncbor;
mod unpickle;

pub use syslog::{SYSLOG_PARAMETERS_MAX, decode_syslog};
pub use unpickle::{PICKLE_BYTES_MAX, PICKLE_DEPTH_MAX, PICKLE_VALUES_MAX, decode_pickle};

use crate::{
    error::{Error, Result},
    format::structured::{write_json_text, write_json_value},
    record::Record,
};

/// The bytes that the values of a frame may have once they are written out. Values that are used twice grow, and so do
/// texts that become JSON; growing with the frame, the limit keeps a small one from costing more than a large one.
fn expanded_max(frame_bytes: usize) -> usize {
    16 * frame_bytes.min(PICKLE_BYTES_MAX) + (64 << 10)
}

/// How a record is written for the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// As Python's `pickle` writes the attributes of a record.
    #[default]
    Pickle,
    /// One JSON object.
    Json,
    /// One CBOR map.
    Cbor,
}

/// A record in a frame: four bytes of length, the highest first, then its attributes.
///
/// # Errors
/// If it is longer than four bytes can tell.
///
/// ```
/// use stratd_logging::{Codec, Level, Record, decode_pickle, frame};
///
/// let frame = frame(&Record::new("a", Level::INFO, "hello"), Codec::Pickle)?;
/// let fields = decode_pickle(&frame[4..])?;
/// assert!(fields.iter().any(|(key, _)| key == "levelname"));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub fn frame(record: &Record<'_>, codec: Codec) -> Result<Vec<u8>> {
    let mut out = vec![0; 4];
    match codec {
        Codec::Pickle => pickle::encode(&mut out, record),
        Codec::Cbor => cbor::encode(&mut out, record),
        Codec::Json => {
            let mut text = String::from("{");
            attributes::visit(record, &mut |key, value| {
                text.push_str(if text.len() > 1 { ", " } else { "" });
                write_json_text(&mut text, key);
                text.push_str(": ");
                write_json_value(&mut text, value);
            });
            text.push('}');
            out.extend_from_slice(text.as_bytes());
        }
    }
    let length = u32::try_from(out.len() - 4)
        .map_err(|_| Error::new(crate::ErrorKind::Wire, "a record above 4 GiB does not fit a frame"))?;
    if let Some(head) = out.first_chunk_mut() {
        *head = length.to_be_bytes();
    }
    Ok(out)
}

/// Reads the attributes of a record, as [`frame`] writes them after the length. `now_ns` is the time of a record that has
/// none.
///
/// # Errors
/// If the bytes are not what the codec writes, or an attribute has the wrong type, or text or level are missing.
///
/// ```
/// use stratd_logging::{Codec, Level, Record, decode_record, frame};
///
/// let frame = frame(&Record::new("a.b", Level::INFO, "hello"), Codec::Json)?;
/// let record = decode_record(&frame[4..], Codec::Json, 0)?;
/// assert_eq!((&*record.name, &*record.message), ("a.b", "hello"));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub fn decode_record(bytes: &[u8], codec: Codec, now_ns: i64) -> Result<Record<'static>> {
    let fields = match codec {
        Codec::Pickle => decode_pickle(bytes),
        Codec::Json => json::decode(bytes),
        Codec::Cbor => uncbor::decode(bytes),
    };
    received::to_record(fields?, now_ns)
}
