//! Events out of the lines of their stream (Server-Sent Events).

use crate::{Error, Event};

/// The largest event, in bytes of its lines.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Puts events together from the lines of `/v1/events`.
///
/// ```
/// # use stratd_control::EventLines;
/// let mut lines = EventLines::default();
/// for line in ["id: 18c-7", "event: run", r#"data: {"id":"18c-7","at":"2026-01-02T03:04:05Z","kind":"run","state":"running"}"#] {
///     assert_eq!(lines.push(line)?, None);
/// }
/// let event = lines.push("")?.expect("an empty line ends an event");
/// assert_eq!((event.what.kind(), lines.last_id()), ("run", Some("18c-7")));
/// # Ok::<(), stratd_control::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct EventLines {
    data: String,
    raw: String,
    id: Option<String>,
}

impl EventLines {
    /// Takes a line without its end. The event that it ends, if it ends one.
    ///
    /// # Errors
    /// The event is too large, or no event of this protocol.
    pub fn push(&mut self, line: &str) -> Result<Option<Event>, Error> {
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            if self.data.is_empty() {
                return Ok(None);
            }
            self.raw = std::mem::take(&mut self.data);
            let event = serde_json::from_str(&self.raw)
                .map_err(|error| Error::malformed(format!("an event is not what was asked for: {error}")))?;
            return Ok(Some(event));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + value.len() > EVENT_BYTES_MAX {
                    return Err(Error::too_large(EVENT_BYTES_MAX));
                }
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "id" => self.id = Some(value.to_owned()),
            // comments have no field; the name of an event is in its data too
            _ => {}
        }
        Ok(None)
    }

    /// The id of the last event that had one: where to go on.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The last event as it came.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(lines: &[&str]) -> String {
        let mut events = EventLines::default();
        let told = lines.iter().filter_map(|line| match events.push(line) {
            Ok(event) => event.map(|event| event.what.kind().to_owned()),
            Err(error) => Some(error.to_string()),
        });
        let told: Vec<_> = told.collect();
        format!("{} after {}", told.join(", "), events.last_id().unwrap_or("none"))
    }

    #[test]
    fn comments_and_unknown_fields_are_no_events() {
        assert_eq!(kinds(&[": alive", "", "retry: 1000", "", "id: x-1", ""]), " after x-1");
    }

    #[test]
    fn events_of_a_later_version_are_unknown_and_broken_ones_are_errors() {
        let later = r#"data: {"at":"2026-01-02T03:04:05Z","kind":"eclipse","of":"the sun"}"#;
        assert_eq!(kinds(&[later, ""]), "unknown after none");
        assert_eq!(
            kinds(&["data: {", "data:}\r", "\r"]).split(':').next(),
            Some("an event is not what was asked for")
        );
    }
}
