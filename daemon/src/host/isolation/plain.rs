//! Records of the ABI as the bytes that they are.
#![expect(unsafe_code, reason = "looks at records as bytes")]

use std::{ptr, slice};

use stratd_plugin_api::abi;

/// A record without padding of which every bit pattern is a value.
///
/// # Safety
/// It is `repr(C)`, made of integers only, and has no padding.
pub(super) unsafe trait Plain: Copy + Default {}

/// Says so of one record: they differ in the name only.
macro_rules! plain {
    ($($record:ident),+ $(,)?) => {
        // SAFETY: the ABI's records are `repr(C)` integers with explicit padding; its layout test shows the offsets
        $(unsafe impl Plain for abi::$record {})+
    };
}

plain!(
    AccountRecord,
    BarSpec,
    BookLevelRecord,
    BookQuery,
    BookRecord,
    Event,
    ExchangeRecord,
    FillRecord,
    Filter,
    InstrumentRecord,
    MoneyBits,
    OrderCommand,
    OrderEvent,
    OrderRecord,
    OrderRequest,
    PortfolioRecord,
    PositionRecord,
    PricePoint,
    RiskLimitRecord,
    RiskRecord,
    Schedule,
);

/// The bytes of records.
pub(super) fn bytes_of<T: Plain>(records: &[T]) -> &[u8] {
    // SAFETY: integers without padding: each of their bytes is initialized
    unsafe { slice::from_raw_parts(records.as_ptr().cast(), size_of_val(records)) }
}

/// Appends the records that the bytes are; bytes that make no whole record are left out.
pub(super) fn append<T: Plain>(bytes: &[u8], records: &mut Vec<T>) {
    let count = bytes.len() / size_of::<T>();
    records.reserve(count);
    for chunk in bytes.chunks_exact(size_of::<T>()) {
        records.push(read(chunk));
    }
}

/// The record that the bytes are; missing ones are zero.
pub(super) fn read<T: Plain>(bytes: &[u8]) -> T {
    let mut record = T::default();
    let length = bytes.len().min(size_of::<T>());
    // SAFETY: `length` bytes can be read there and written here; every bit pattern is a value
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut record).cast(), length) };
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_from_their_bytes() {
        let filters = [
            abi::Filter { instrument: 7, exchange: 2, side: 1, instrument_type_plus_one: 3 },
            abi::Filter { instrument: u32::MAX, ..abi::Filter::default() },
        ];
        let bytes = bytes_of(&filters);
        assert_eq!(bytes.len(), 16);
        let mut back = vec![abi::Filter::default()];
        append(&bytes[..15], &mut back);
        assert_eq!(back, [abi::Filter::default(), filters[0]]);
        assert_eq!(read::<abi::Filter>(&bytes[8..]), filters[1]);
        assert_eq!(read::<abi::Filter>(&bytes[8..10]).instrument, 0xffff);
    }
}
