//! Log records on their way.

use stratd_plugin_api::{Level, Location, Log, LogValue, abi::log_value};

use super::{
    codec::{Decoder, Encoder},
    ring::Broken,
};

/// More than the host takes of a plugin in the first place, with what it adds itself.
const FIELDS_MAX: usize = 96;

pub(super) fn write(record: &Log<'_>, out: &mut Encoder<'_>) {
    let fields = &record.fields[..record.fields.len().min(FIELDS_MAX)];
    let Location { file, line, function, module } = record.location;
    out.signed(record.level.get().into());
    out.flag(record.is_forced);
    out.number(line.into());
    for text in [record.target, record.message, file, function, module, record.exception] {
        out.text(text);
    }
    out.number(fields.len() as u64);
    for &(key, value) in fields {
        out.text(key);
        write_value(value, out);
    }
}

fn write_value(value: LogValue<'_>, out: &mut Encoder<'_>) {
    let mut plain = |kind: u32, bits: u64| {
        out.number(kind.into());
        out.number(bits);
    };
    match value {
        LogValue::Null => plain(log_value::NONE, 0),
        LogValue::Int(number) => plain(log_value::INTEGER, number.cast_unsigned()),
        LogValue::Unsigned(number) => plain(log_value::UNSIGNED, number),
        LogValue::Float(number) => plain(log_value::FLOAT, number.to_bits()),
        LogValue::Bool(flag) => plain(log_value::BOOL, u64::from(flag)),
        LogValue::Text(text) => {
            out.number(log_value::TEXT.into());
            out.text(text);
        }
        LogValue::Json(text) => {
            out.number(log_value::JSON.into());
            out.text(text);
        }
    }
}

/// A value, its text beside it.
fn read_value(message: &mut Decoder<'_>) -> Result<(u32, u64, String), Broken> {
    let kind = message.small()?;
    Ok(match kind {
        log_value::TEXT | log_value::JSON => (kind, 0, message.text()?),
        _ => (kind, message.number()?, String::new()),
    })
}

fn value_of((kind, bits, text): &(u32, u64, String)) -> LogValue<'_> {
    match *kind {
        log_value::TEXT => LogValue::Text(text),
        log_value::JSON => LogValue::Json(text),
        log_value::INTEGER => LogValue::Int(bits.cast_signed()),
        log_value::UNSIGNED => LogValue::Unsigned(*bits),
        log_value::FLOAT => LogValue::Float(f64::from_bits(*bits)),
        log_value::BOOL => LogValue::Bool(*bits != 0),
        _ => LogValue::Null,
    }
}

/// Hands the record to `with`.
pub(super) fn read(message: &mut Decoder<'_>, with: impl FnOnce(&Log<'_>)) -> Result<(), Broken> {
    let level = i32::try_from(message.signed()?).unwrap_or(i32::MAX);
    let is_forced = message.flag()?;
    let line = message.small()?;
    let mut texts: [String; 6] = Default::default();
    for text in &mut texts {
        *text = message.text()?;
    }
    let count: usize = message.small()?;
    if count > FIELDS_MAX {
        return Err(Broken::Garbled(format!("a log record of {count} fields (accepted: {FIELDS_MAX})")));
    }
    let owned = (0..count)
        .map(|_| Ok((message.text()?, read_value(message)?)))
        .collect::<Result<Vec<_>, Broken>>()?;
    let fields: Vec<(&str, LogValue<'_>)> =
        owned.iter().map(|(key, value)| (key.as_str(), value_of(value))).collect();
    let [target, text, file, function, module, exception] = texts.each_ref().map(String::as_str);
    with(&Log {
        level: Level::new(level),
        target,
        message: text,
        fields: &fields,
        location: Location { file, line, function, module },
        exception,
        event: None,
        is_forced,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_arrives_with_all_that_it_has() {
        let fields = [
            ("a", LogValue::Null),
            ("b", LogValue::Text("x")),
            ("c", LogValue::Int(-7)),
            ("d", LogValue::Unsigned(u64::MAX)),
            ("e", LogValue::Float(0.1)),
            ("f", LogValue::Bool(true)),
            ("g", LogValue::Json("[1]")),
        ];
        let sent = Log {
            target: "orders",
            fields: &fields,
            location: Location { file: "a.rs", line: 7, function: "f", module: "m" },
            exception: "boom",
            is_forced: true,
            ..Log::new(Level::new(-3), "hello")
        };
        let mut bytes = Vec::new();
        write(&sent, &mut Encoder::new(&mut bytes));
        let mut seen = false;
        read(&mut Decoder::new(&bytes), |record| {
            assert_eq!(format!("{record:?}"), format!("{sent:?}"));
            seen = true;
        })
        .unwrap();
        assert!(seen);
    }
}
