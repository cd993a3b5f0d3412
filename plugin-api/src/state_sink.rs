//! Where a plugin writes its state.

use crate::{Error, Result};

/// Takes the parts of a state and hands each on to the host at once; the parts are concatenated.
///
/// ```
/// use stratd_plugin_api::StateSink;
/// let mut taken = Vec::new();
/// let mut write = |part: &[u8]| {
///     taken.extend_from_slice(part);
///     true
/// };
/// let mut state = StateSink::new(&mut write);
/// state.write(&7_u32.to_le_bytes())?;
/// state.write(b"prices")?;
/// assert_eq!(taken, b"\x07\0\0\0prices");
/// # Ok::<(), stratd_plugin_api::Error>(())
/// ```
pub struct StateSink<'a> {
    write: &'a mut dyn FnMut(&[u8]) -> bool,
    written: usize,
}

impl<'a> StateSink<'a> {
    /// A sink over a function that takes a part, and says false when it takes no more.
    #[must_use]
    pub fn new(write: &'a mut dyn FnMut(&[u8]) -> bool) -> Self {
        Self { write, written: 0 }
    }

    /// Writes a part.
    ///
    /// # Errors
    /// The host's limit of a state is reached.
    pub fn write(&mut self, part: &[u8]) -> Result<()> {
        if !(self.write)(part) {
            return Err(Error::new(format!(
                "the host took {} bytes of state and not the next {}: its limit is reached",
                self.written,
                part.len()
            )));
        }
        self.written += part.len();
        Ok(())
    }

    /// Writes a state that is complete; whether there is one.
    pub(crate) fn write_whole(&mut self, state: Option<Vec<u8>>) -> Result<bool> {
        match state {
            Some(bytes) => self.write(&bytes).map(|()| true),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_with_what_was_taken() {
        let mut room = 5_usize;
        let mut write = |part: &[u8]| {
            let left = room.checked_sub(part.len());
            room = left.unwrap_or(room);
            left.is_some()
        };
        let mut state = StateSink::new(&mut write);
        state.write(b"12345").unwrap();
        let refused = state.write(b"678").unwrap_err().to_string();
        assert_eq!(refused, "the host took 5 bytes of state and not the next 3: its limit is reached");
    }
}
