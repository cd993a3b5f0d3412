//! Nothing that a file holds makes the reader panic, and what it hands out keeps its promises.

use proptest::prelude::*;

use crate::csv::{Adjust, InstrumentTable, MergedRows, RowData, RowOptions, RowReader, parse_time};

/// Reads to the end; every row is checked against the promises.
fn read_all(file: &[u8], options: &RowOptions) -> u64 {
    let mut instruments = InstrumentTable::default();
    let Ok(mut reader) = RowReader::new("in.csv", file, options) else { return 0 };
    let mut last = i64::MIN;
    loop {
        match reader.next_row(&mut instruments) {
            Ok(None) => break,
            Ok(Some(row)) => {
                assert!(row.ts.get() >= last);
                last = row.ts.get();
                assert!(row.instrument < instruments.instruments().len());
                if let RowData::Bar { open, high, low, close, volume } = row.data {
                    assert!(low <= open && open <= high && low <= close && close <= high, "{row:?}");
                    assert!(volume.get() >= 0);
                }
            }
            Err(error) => {
                assert!(error.line().is_some() && error.file() == Some("in.csv"), "{error}");
                if !error.is_bad_row() {
                    break;
                }
            }
        }
    }
    let counts = reader.counts();
    assert!(counts.taken + counts.bad <= counts.read);
    counts.read
}

fn options() -> impl Strategy<Value = RowOptions> {
    (any::<bool>(), any::<bool>(), 0u8..=12, 0u8..=12).prop_map(
        |(is_adjusted, has_symbol, price, quantity)| RowOptions {
            symbol: has_symbol.then(|| "X".to_owned()),
            adjust: if is_adjusted { Adjust::AdjClose } else { Adjust::None },
            price_decimals: price,
            quantity_decimals: quantity,
            ..RowOptions::default()
        },
    )
}

/// A field that is often nearly right.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-5i64..500, 0u32..5).prop_map(|(n, d)| format!("{}", stratd_plugin_api::Decimal::new(n, d.try_into().unwrap()).unwrap())),
        2 => any::<i64>().prop_map(|n| n.to_string()),
        2 => (1990i32..2030, 1..14, 1..33).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")),
        1 => "[A-C]{1,2}(-(EQUITY|FUTURE|B))?",
        1 => "[-+0-9.eE:TZ\"\\n\\r ]{0,12}",
        1 => ".{0,6}",
        1 => Just(String::new()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_never_panic(file in proptest::collection::vec(any::<u8>(), 0..2000), options in options()) {
        read_all(&file, &options);
    }

    #[test]
    fn any_bytes_behind_a_header_never_panic(
        header in prop_oneof![
            Just("date,symbol,open,high,low,close,volume,adj_close\n"),
            Just("time,symbol,close,volume,adj_close\r\n"),
            Just("timestamp,symbol,instrument_type,price,size,side,id\n"),
        ],
        bytes in proptest::collection::vec(any::<u8>(), 0..500),
        rows in proptest::collection::vec(proptest::collection::vec(field(), 3..9), 0..20),
        options in options(),
    ) {
        let mut file = header.as_bytes().to_vec();
        for row in rows {
            file.extend(row.join(",").into_bytes());
            file.push(b'\n');
        }
        file.extend(bytes);
        read_all(&file, &options);
    }

    #[test]
    fn any_text_as_a_time_never_panics(text in ".{0,40}", near in "[-+0-9.:TZ ]{0,35}") {
        let _ = parse_time(&text, None);
        let _ = parse_time(&near, None);
    }

    #[test]
    fn bars_that_are_good_are_all_read(
        bars in proptest::collection::vec((1i64..1_000_000, 0i64..1000, 0i64..1000, 0i64..1000, 0i64..1_000_000_000), 0..50),
        factor in 1i64..100_000,
    ) {
        let mut file = String::from("time,symbol,open,high,low,close,volume,adj_close\n");
        let cents = |n: i64| format!("{}.{:02}", n / 100, n % 100);
        for (at, (low, a, b, c, volume)) in bars.iter().enumerate() {
            let (high, open, close) = (low + a.max(b).max(c), low + a, low + b);
            file += &format!("{},A,{},{},{},{},{volume},{}\n", 1_362_148_200 + at, cents(open), cents(high), cents(*low), cents(close), cents(factor));
        }
        prop_assert_eq!(read_all(file.as_bytes(), &RowOptions::default()), bars.len() as u64);
        let mut instruments = InstrumentTable::default();
        let mut reader = RowReader::new("in.csv", file.as_bytes(), &RowOptions::default()).unwrap();
        for (low, a, b, c, volume) in bars {
            let row = reader.next_row(&mut instruments).unwrap().unwrap();
            let numbers = match row.data {
                RowData::Bar { open, high, low, close, volume } => {
                    [open.get(), high.get(), low.get(), close.get(), volume.get()]
                }
                RowData::Trade { .. } => [0; 5],
            };
            prop_assert_eq!(numbers, [low + a, low + a.max(b).max(c), low, low + b, volume]);
        }
    }

    #[test]
    fn merging_is_a_stable_sort_by_time(
        files in proptest::collection::vec(proptest::collection::vec(0u64..20, 0..30), 0..6)
    ) {
        let mut expected = Vec::new();
        let mut texts = Vec::new();
        for (number, mut times) in files.into_iter().enumerate() {
            times.sort_unstable();
            let mut text = String::from("time,symbol,close,volume\n");
            for (line, time) in times.into_iter().enumerate() {
                let time = 1_362_148_200 + time;
                text += &format!("{time},S{number},1,{line}\n");
                expected.push((i64::try_from(time).unwrap() * 1_000_000_000, number, i64::try_from(line).unwrap()));
            }
            texts.push(text);
        }
        expected.sort_by_key(|(time, ..)| *time);
        let open = |text: &String| RowReader::new("in.csv", std::io::Cursor::new(text.clone()), &RowOptions::default()).unwrap();
        let mut rows = MergedRows::new(texts.iter().map(open).collect(), InstrumentTable::default());
        let mut got = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            let symbol = &rows.instruments().get(row.instrument).symbol;
            let number: usize = symbol[1..].parse().unwrap();
            let RowData::Trade { quantity, .. } = row.data else { panic!("closes are trades") };
            got.push((row.ts.get(), number, quantity.get()));
        }
        prop_assert_eq!(got, expected);
    }
}
