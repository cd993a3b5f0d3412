//! Log records on their way.

use stratd_plugin_api::Log;

use super::{
    codec::{Decoder, Encoder},
    ring::Broken,
};

/// As many as the host takes of a plugin in the first place.
const FIELDS_MAX: usize = 64;

pub(super) fn write(record: &Log<'_>, out: &mut Encoder<'_>) {
    let fields = &record.fields[..record.fields.len().min(FIELDS_MAX)];
    out.number(record.level.into());
    out.text(record.target);
    out.text(record.message);
    out.number(fields.len() as u64);
    for (key, value) in fields {
        out.text(key);
        out.text(value);
    }
}

/// Hands the record to `with`.
pub(super) fn read(message: &mut Decoder<'_>, with: impl FnOnce(&Log<'_>)) -> Result<(), Broken> {
    let level = message.small()?;
    let (target, text) = (message.text()?, message.text()?);
    let count: usize = message.small()?;
    if count > FIELDS_MAX {
        return Err(Broken::Garbled(format!("a log record of {count} fields (accepted: {FIELDS_MAX})")));
    }
    let owned =
        (0..count).map(|_| Ok((message.text()?, message.text()?))).collect::<Result<Vec<_>, Broken>>()?;
    let fields: Vec<(&str, &str)> = owned.iter().map(|(key, value)| (&**key, &**value)).collect();
    with(&Log { level, target: &target, message: &text, fields: &fields });
    Ok(())
}
