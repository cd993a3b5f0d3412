//! Random descriptions and items survive being written and read, and searches and merges find what a walk finds.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails ends the test")]

mod model;

use proptest::prelude::*;
use teafile::{CreateOptions, Header, Mapped, Merge, MergedRows, Reader, TeaItem, Value};

use model::{Model, model};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn headers_read_as_what_was_written(model in model()) {
        let bytes = model.description.to_header(model.order).unwrap();
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
        prop_assert_eq!(header.description(), &model.description);
        prop_assert_eq!(header.byte_order(), model.order);
        prop_assert_eq!(header.item_start(), bytes.len() as u64);
        // and are written again as they were
        prop_assert_eq!(header.description().to_header(model.order).unwrap(), bytes);
    }

    #[test]
    fn items_read_as_what_was_written(model in model()) {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("a.tea"), folder.path().join("b.tea"));
        let create = |path| CreateOptions::default().byte_order(model.order).create(path, &model.description).unwrap();
        let mut file = create(&path);
        for item in &model.items {
            file.write_bytes(item).unwrap();
        }
        file.close().unwrap();

        let mut reader = Reader::open(&path).unwrap();
        let mapped = Mapped::open(&path).unwrap();
        prop_assert_eq!(reader.item_count().unwrap(), model.items.len() as u64);
        let mut file = create(&copy);
        for (index, item) in model.items.iter().enumerate() {
            let row = reader.row(index as u64).unwrap();
            prop_assert_eq!(row.bytes(), &item[..]);
            prop_assert_eq!(mapped.row(index).unwrap().bytes(), &item[..]);
            let values: Vec<Value<'_>> = row.values().collect();
            prop_assert_eq!(format!("{values:?}"), format!("{:?}", model.values(item)));
            file.write(&values).unwrap();
        }
        file.close().unwrap();
        // gaps between fields are zero in what is made of values; what is in fields is the same to the bit
        let mut reader = Reader::open(&copy).unwrap();
        for (index, item) in model.items.iter().enumerate() {
            prop_assert_eq!(reader.row(index as u64).unwrap().bytes(), &model.without_gaps(item)[..]);
        }
    }

    #[test]
    fn cut_headers_are_refused_without_a_panic(model in model(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = model.description.to_header(model.order).unwrap();
        let cut = at.index(bytes.len());
        prop_assert!(Header::parse(&bytes[..cut], cut as u64).is_err());
        // whatever one byte is, it is read or refused
        bytes[cut] = byte;
        if let Err(error) = Header::parse(&bytes, bytes.len() as u64) {
            prop_assert!(error.is_format());
            prop_assert!(error.offset().is_some_and(|offset| offset <= bytes.len() as u64));
        }
    }

    #[test]
    fn searches_find_what_a_walk_finds(mut times in prop::collection::vec(-20_i64..20, 0..60), asked in -22_i64..22, width in 0_i64..10) {
        times.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tea");
        write_times(&path, &times);
        let walk = |is_before: &dyn Fn(i64) -> bool| times.iter().take_while(|time| is_before(**time)).count();
        let lower = walk(&|time| time < asked);
        let upper = walk(&|time| time <= asked);
        let end = walk(&|time| time < asked + width);
        let mut reader = Reader::open(&path).unwrap();
        let mapped = Mapped::open(&path).unwrap();
        prop_assert_eq!(reader.lower_bound(asked).unwrap(), lower as u64);
        prop_assert_eq!(reader.upper_bound(asked).unwrap(), upper as u64);
        prop_assert_eq!(mapped.seek_time(asked).unwrap(), lower);
        prop_assert_eq!(mapped.time_range(asked..asked + width).unwrap(), lower..end);
        prop_assert_eq!(mapped.between::<Tick>(asked..=asked).unwrap().len(), upper - lower);
        prop_assert_eq!(reader.between(asked..asked + width).unwrap().count(), end - lower);
        prop_assert_eq!(reader.time_range(..).unwrap(), 0..times.len() as u64);
    }

    #[test]
    fn merges_are_stable_sorts(mut sources in prop::collection::vec(prop::collection::vec(-9_i64..9, 0..40), 0..9)) {
        let mut expected: Vec<(i64, usize, u64)> = Vec::new();
        for (source, times) in sources.iter_mut().enumerate() {
            times.sort_unstable();
            expected.extend(times.iter().zip(0..).map(|(time, number)| (*time, source, number)));
        }
        // stable: equal times stay in the order of their sources
        expected.sort_by_key(|(time, source, _)| (*time, *source));
        let items: Vec<Vec<Tick>> = sources.iter().map(|times| ticks(times)).collect();
        let merged: Vec<_> = Merge::new(items.iter().map(Vec::as_slice))
            .map(|(source, tick)| (tick.time, source, tick.number))
            .collect();
        prop_assert_eq!(&merged, &expected);
        let in_runs: Vec<_> = Merge::new(items.iter().map(Vec::as_slice))
            .runs()
            .flat_map(|(source, run)| run.iter().map(move |tick| (tick.time, source, tick.number)))
            .collect();
        prop_assert_eq!(&in_runs, &expected);

        let folder = tempfile::tempdir().unwrap();
        let files = sources.iter().enumerate().map(|(number, times)| {
            let path = folder.path().join(format!("{number}.tea"));
            write_times(&path, times);
            Reader::open(path).unwrap()
        });
        let mut rows = MergedRows::new(files.collect()).unwrap();
        let mut merged = Vec::new();
        while let Some((source, row)) = rows.next_row().unwrap() {
            let Value::UInt(number) = row.get("number").unwrap() else { panic!("a number") };
            merged.push((row.event_time().unwrap(), source, number));
        }
        prop_assert_eq!(&merged, &expected);
    }

    #[test]
    fn merges_of_any_times_pick_the_earliest_first_item(sources in prop::collection::vec(prop::collection::vec(any_time(), 0..70), 0..9)) {
        let expected = picked(&sources);
        let items: Vec<Vec<Tick>> = sources.iter().map(|times| ticks(times)).collect();
        let merged: Vec<_> = Merge::new(items.iter().map(Vec::as_slice))
            .map(|(source, tick)| (tick.time, source, tick.number))
            .collect();
        prop_assert_eq!(&merged, &expected);
        let in_runs: Vec<_> = Merge::new(items.iter().map(Vec::as_slice))
            .runs()
            .flat_map(|(source, run)| run.iter().map(move |tick| (tick.time, source, tick.number)))
            .collect();
        prop_assert_eq!(&in_runs, &expected);
    }
}

/// Times as far apart as 64 bits allow, close together, and some distance that keys of a merge have to be made anew for.
fn any_time() -> impl Strategy<Value = i64> {
    let days = (-40_i64..40).prop_map(|days| days * 86_400_000_000_000);
    prop_oneof![any::<i64>(), -9_i64..9, days, Just(i64::MIN), Just(i64::MAX), i64::MAX - 2..=i64::MAX]
}

/// Of all first items that which has the smallest time, of equal ones that of the first source, again and again.
fn picked(sources: &[Vec<i64>]) -> Vec<(i64, usize, u64)> {
    let mut taken = vec![0; sources.len()];
    let mut order = Vec::new();
    loop {
        let heads = sources.iter().zip(&taken).enumerate();
        let first = heads.filter_map(|(source, (times, taken))| Some((*times.get(*taken)?, source))).min();
        let Some((time, source)) = first else { return order };
        order.push((time, source, taken[source] as u64));
        taken[source] += 1;
    }
}

#[derive(Clone, Copy, Debug, TeaItem)]
#[repr(C)]
struct Tick {
    time: i64,
    number: u64,
}

fn ticks(times: &[i64]) -> Vec<Tick> {
    times.iter().zip(0..).map(|(time, number)| Tick { time: *time, number }).collect()
}

fn write_times(path: &std::path::Path, times: &[i64]) {
    let mut file =
        teafile::create(path, &teafile::Description::of::<Tick>().unwrap()).unwrap().typed().unwrap();
    for tick in ticks(times) {
        file.write(&tick).unwrap();
    }
    file.close().unwrap();
}

/// The model knows a field's bytes by its own arithmetic.
#[test]
fn the_model_itself_is_right() {
    let description = teafile::Description::new("A B", "hf").unwrap();
    let model = Model { description, order: teafile::ByteOrder::Big, items: Vec::new() };
    let item = [0xff, 0xfe, 7, 7, 0x3f, 0xc0, 0, 0];
    assert_eq!(model.values(&item), [Value::Int(-2), Value::Float(1.5)]);
    assert_eq!(model.without_gaps(&item), [0xff, 0xfe, 0, 0, 0x3f, 0xc0, 0, 0]);
}
