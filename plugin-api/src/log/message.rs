//! Messages without an allocation, as long as they are short.

use std::fmt::{self, Write as _};

/// Messages of up to this many bytes are put together on the stack.
const ON_STACK_BYTES: usize = 512;

/// Puts a message together and hands it to `with`. A `Display` that fails leaves what it wrote.
pub fn with_message<R>(message: fmt::Arguments<'_>, with: impl FnOnce(&str) -> R) -> R {
    if let Some(text) = message.as_str() {
        return with(text);
    }
    let mut text = Text { bytes: [0; ON_STACK_BYTES], length: 0, overflow: String::new() };
    let _ = text.write_fmt(message);
    with(text.as_str())
}

struct Text {
    bytes: [u8; ON_STACK_BYTES],
    length: usize,
    /// All of it, once it is longer.
    overflow: String,
}

impl Text {
    fn as_str(&self) -> &str {
        if !self.overflow.is_empty() {
            return &self.overflow;
        }
        // only whole texts were written
        std::str::from_utf8(self.bytes.get(..self.length).unwrap_or_default()).unwrap_or_default()
    }
}

impl fmt::Write for Text {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.length + part.len();
        if self.overflow.is_empty()
            && let Some(room) = self.bytes.get_mut(self.length..end)
        {
            room.copy_from_slice(part.as_bytes());
            self.length = end;
            return Ok(());
        }
        if self.overflow.is_empty() {
            let begun = self.as_str().to_owned();
            self.overflow = begun;
        }
        self.overflow.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ON_STACK_BYTES, with_message};

    #[test]
    fn messages_of_any_length_arrive_whole() {
        for length in [0, 1, ON_STACK_BYTES - 1, ON_STACK_BYTES, ON_STACK_BYTES + 1, 1 << 20] {
            let text = "é".repeat(length);
            with_message(format_args!("{text}-{length}"), |message| {
                assert_eq!(message, format!("{text}-{length}"));
            });
        }
        with_message(format_args!("plain"), |message| assert_eq!(message, "plain"));
    }
}
