//! What messages are made of: numbers, texts and records, one after the other.
//!
//! The writer is ours, but the reader may face a process that a plugin broke: it checks every length against what is
//! there.

use super::{
    plain::{self, Plain},
    ring::Broken,
};

/// Writes a message.
pub(super) struct Encoder<'a>(&'a mut Vec<u8>);

impl<'a> Encoder<'a> {
    /// Starts anew in a buffer.
    pub(super) fn new(buffer: &'a mut Vec<u8>) -> Self {
        buffer.clear();
        Self(buffer)
    }

    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn signed(&mut self, number: i64) {
        self.number(number.cast_unsigned());
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.number(u64::from(flag));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn record<T: Plain>(&mut self, record: &T) {
        self.0.extend_from_slice(plain::bytes_of(std::slice::from_ref(record)));
    }

    pub(super) fn records<T: Plain>(&mut self, records: &[T]) {
        self.number(records.len() as u64);
        self.0.extend_from_slice(plain::bytes_of(records));
    }

    /// Records of which it is not known yet how many there are; `visit` is called with what writes each of them.
    pub(super) fn visited<T: Plain, R>(&mut self, visit: impl FnOnce(&mut dyn FnMut(&T)) -> R) -> R {
        let place = self.0.len();
        self.number(0);
        let mut count = 0u64;
        let result = visit(&mut |record| {
            count += 1;
            self.record(record);
        });
        self.0[place..place + size_of::<u64>()].copy_from_slice(&count.to_le_bytes());
        result
    }
}

/// Reads a message.
pub(super) struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let there = self.0.len();
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| Broken::Garbled(format!("a field of {count} bytes where {there} are left")))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u64, Broken> {
        let mut bytes = [0; size_of::<u64>()];
        bytes.copy_from_slice(self.take(size_of::<u64>())?);
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Broken> {
        Ok(self.number()?.cast_signed())
    }

    pub(super) fn flag(&mut self) -> Result<bool, Broken> {
        Ok(self.number()? != 0)
    }

    /// A number that must fit into a smaller type.
    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Broken> {
        let number = self.number()?;
        T::try_from(number).map_err(|_| Broken::Garbled(format!("the number {number}, which is too large")))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let count = self.small()?;
        self.take(count)
    }

    /// A text; what is not UTF-8 is repaired.
    pub(super) fn text(&mut self) -> Result<String, Broken> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    pub(super) fn record<T: Plain>(&mut self) -> Result<T, Broken> {
        Ok(plain::read(self.take(size_of::<T>())?))
    }

    /// Appends records.
    pub(super) fn records<T: Plain>(&mut self, records: &mut Vec<T>) -> Result<(), Broken> {
        let count: usize = self.small()?;
        let bytes = count
            .checked_mul(size_of::<T>())
            .ok_or_else(|| Broken::Garbled(format!("{count} records, which no message can hold")))?;
        plain::append(self.take(bytes)?, records);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};
    use stratd_plugin_api::abi;

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut buffer = vec![1];
        let mut out = Encoder::new(&mut buffer);
        out.number(7);
        out.signed(-7);
        out.text("é");
        let points = [abi::PricePoint { ts: 1, price: 2, quantity: 3 }; 3];
        out.visited(|visit| points.iter().for_each(visit));
        out.record(&points[0]);
        out.flag(true);
        let mut message = Decoder::new(&buffer);
        assert_eq!((message.number(), message.signed()), (Ok(7), Ok(-7)));
        assert_eq!(message.text().as_deref(), Ok("é"));
        let mut back: Vec<abi::PricePoint> = Vec::new();
        message.records(&mut back).unwrap();
        assert_eq!(back, points);
        assert_eq!(message.record(), Ok(points[0]));
        assert_eq!(message.flag(), Ok(true));
        assert!(matches!(message.number(), Err(Broken::Garbled(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in collection::vec(any::<u8>(), 0..64)) {
            let mut message = Decoder::new(&bytes);
            let mut events: Vec<abi::Event> = Vec::new();
            let _ = message.text();
            let _ = message.records(&mut events);
            let _ = message.small::<u16>();
            let _ = message.record::<abi::Filter>();
        }
    }
}
