//! Reads numbers and texts of one section, never beyond its end.

use crate::byte_order::ByteOrder;
use crate::error::{Error, ErrorKind};

/// What is left of a section.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// Of the file.
    position: u64,
    order: ByteOrder,
    /// What the section is called in errors.
    section: &'static str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], position: u64, order: ByteOrder, section: &'static str) -> Self {
        Self { rest: bytes, position, order, section }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Where in the file the next byte is.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// An error about what comes next.
    #[cold]
    pub(super) fn error(&self, kind: ErrorKind, what: &str) -> Error {
        Error::at(kind, self.position, format!("{} section: {what}", self.section))
    }

    fn take<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Error> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                self.position += N as u64;
                Ok(*bytes)
            }
            None => {
                let left = self.left();
                Err(self
                    .error(ErrorKind::SectionOverrun, &format!("{what} needs {N} bytes, {left} are left")))
            }
        }
    }

    pub(super) fn i32(&mut self, what: &str) -> Result<i32, Error> {
        Ok(self.order.u32(self.take(what)?).cast_signed())
    }

    pub(super) fn i64(&mut self, what: &str) -> Result<i64, Error> {
        Ok(self.u64(what)?.cast_signed())
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64, Error> {
        Ok(self.order.u64(self.take(what)?))
    }

    pub(super) fn bytes_16(&mut self, what: &str) -> Result<[u8; 16], Error> {
        self.take(what)
    }

    /// A number of things of which each takes `bytes_min` at least.
    pub(super) fn count(&mut self, what: &str, kind: ErrorKind, bytes_min: usize) -> Result<usize, Error> {
        let start = self.position;
        let count = self.i32(what)?;
        let left = self.left();
        let fits = usize::try_from(count).ok().filter(|count| *count <= left / bytes_min);
        fits.ok_or_else(|| {
            Error::at(kind, start, format!("{} section: {what} {count} in {left} bytes", self.section))
        })
    }

    pub(super) fn text(&mut self, what: &str) -> Result<&'a str, Error> {
        let start = self.position;
        let section = self.section;
        let length = self.i32(&format!("the length of {what}"))?;
        let left = self.left();
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let Some((bytes, rest)) = split else {
            return Err(Error::at(
                ErrorKind::BadString,
                start,
                format!("{section} section: {what} has the length {length}, {left} bytes are left"),
            ));
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let offset = self.position + error.valid_up_to() as u64;
            Error::at(ErrorKind::BadUtf8, offset, format!("{section} section: {what} is not UTF-8"))
        })?;
        self.rest = rest;
        self.position += bytes.len() as u64;
        Ok(text)
    }
}
