//! Headers of TeaFiles, and the bytes behind them as items.
#![no_main]

use libfuzzer_sys::fuzz_target;
use teafile::{HEADER_BYTES_MAX, Header, Strictness};

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.len() as u64;
    let strict = Header::parse(bytes, size);
    let lenient = Header::parse_as(bytes, size, Strictness::Lenient);
    let header = match (strict, lenient) {
        (Ok(strict), Ok(lenient)) => {
            // what is strictly right is right, and warns of nothing
            assert!(lenient.warnings().is_empty());
            assert_eq!(format!("{:?}", lenient.description()), format!("{:?}", strict.description()));
            strict
        }
        (Ok(_), Err(error)) => panic!("lenient reading refused what strict reading took: {error:?}"),
        (Err(error), Ok(lenient)) => {
            assert!(error.is_format() && !lenient.warnings().is_empty());
            lenient
        }
        (Err(strict), Err(lenient)) => {
            assert!(strict.is_format() && lenient.is_format());
            assert!(strict.offset().is_some_and(|offset| offset <= size.max(32)), "{strict:?}");
            return;
        }
    };
    assert!((32..=size).contains(&header.item_start()));
    assert!(header.item_end().is_none_or(|end| (header.item_start()..=size).contains(&end)));
    let description = header.description();
    assert!(!description.to_string().is_empty());
    // items are what they are: every field lies within
    let start = usize::try_from(header.item_start()).unwrap();
    if let Some(item) = description.item()
        && let Some(row) = bytes.get(start..).and_then(|rest| header.row(rest.get(..item.size())?))
    {
        assert_eq!(row.values().len(), item.fields().len());
        assert!(!row.to_string().is_empty());
        for field in item.fields() {
            assert!(field.offset() as usize + field.size() as usize <= item.size());
            let _ = row.value_string(field);
        }
        let _ = row.event_time();
    }
    // what was read can be written, unless it holds ids that are reserved, and reads the same
    if header.warnings().is_empty()
        && let Ok(again) = description.to_header(header.byte_order())
    {
        assert!(again.len() as u64 <= HEADER_BYTES_MAX + 8);
        let header = Header::parse(&again, again.len() as u64).unwrap();
        // an empty text and an empty list have no section of their own
        if description.content_description() != Some("") {
            assert_eq!(header.description().content_description(), description.content_description());
        }
        assert_eq!(header.description().to_string().len() > 0, true);
        assert_eq!(format!("{:?}", header.description().item()), format!("{:?}", description.item()));
        assert_eq!(header.description().scale(), description.scale());
    }
});
