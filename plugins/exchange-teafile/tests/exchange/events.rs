//! The events, their order, and the log.

use std::{fmt::Write as _, fs, path::Path};

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use stratd_plugin_api::{
    Bar, BookUpdate, EventKind, Quote, Timestamp, Trade,
    abi::{self, event_flag},
};
use teafile::{ByteOrder, CreateOptions, Description, TimeScale, Value as Number};

use crate::host::Bench;

/// Reads what `write` wrote in batches of several sizes, which must not matter, and compares instruments, events,
/// outcome and log.
pub(crate) fn check(write: impl Fn(&Path), config: &Value, expect: Expect) {
    let run = |size| {
        let mut bench = Bench::new(&write, config.clone()).expect("the keys are good");
        let mut text = String::new();
        if let Err(error) = bench.load() {
            writeln!(text, "refused: {}", bench.plain(&error.to_string())).unwrap();
        } else {
            for instrument in &bench.host.notes.lock().unwrap().instruments {
                let (price, quantity) = (instrument.price_decimals, instrument.quantity_decimals);
                writeln!(text, "{} {} {price}/{quantity}", instrument.symbol, instrument.currency).unwrap();
            }
            let (events, outcome) = bench.pull(size);
            text += &events_text(&events);
            let outcome = outcome.map_or_else(|error| format!("failed: {error}"), |()| "ended".to_owned());
            text = text + &bench.plain(&outcome) + "\n";
        }
        text + &bench.log()
    };
    let text = run(64);
    for size in [1, 2, 3] {
        assert_eq!(run(size), text, "batches of {size}");
    }
    expect.assert_eq(&text);
}

fn events_text(events: &[abi::Event]) -> String {
    let mut text = String::new();
    for event in events {
        write!(text, "{} {} ", Timestamp::new(event.ts), event.instrument).unwrap();
        let line = match EventKind::from_code(event.kind) {
            Some(EventKind::Bar) => {
                let bar = Bar::from(event);
                format!("bar {} {} {} {} x {}", bar.open, bar.high, bar.low, bar.close, bar.volume)
            }
            Some(EventKind::Quote) => {
                let quote = Quote::from(event);
                format!(
                    "quote {} x {} / {} x {}",
                    quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity
                )
            }
            Some(EventKind::BookUpdate) => {
                let update = BookUpdate::from(event);
                let (side, id) = (update.side, update.order_id & !(1 << 63));
                format!(
                    "book {side:?} {} x {} order {id} received {}",
                    update.price, update.quantity, update.ts_recv
                )
            }
            _ => {
                let trade = Trade::from(event);
                let from = if trade.is_from_bar { " from bar" } else { "" };
                let side = trade.aggressor.map_or(String::new(), |side| format!(" {side}"));
                format!(
                    "trade {} x {} id {}{side}{from}",
                    trade.price,
                    trade.quantity,
                    trade.trade_id & !(1 << 63)
                )
            }
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}

/// Writes a file.
pub(crate) fn file(folder: &Path, name: &str, description: &Description, rows: &[&[Number<'_>]]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = teafile::create(path, description).unwrap();
    for row in rows {
        file.write(row).unwrap();
    }
    file.close().unwrap();
}

/// Milliseconds of the first day of 2024.
pub(crate) const DAY: i64 = 1_704_067_200_000;

pub(crate) fn ticks() -> Description {
    Description::new("Time Price Volume", "qdq").unwrap()
}

#[test]
fn a_file_of_times_prices_and_volumes_is_replayed_as_trades() {
    let write = |folder: &Path| {
        let rows: [[Number<'_>; 3]; 3] = [
            [DAY.into(), 45.11.into(), 4500.into()],
            [(DAY + 1).into(), 45.12.into(), 100.into()],
            [(DAY + 1).into(), 44.0.into(), 0.into()],
        ];
        file(folder, "acme.tea", &ticks(), &[&rows[0], &rows[1], &rows[2]]);
    };
    check(
        write,
        &json!({}),
        expect![[r#"
            acme USD 2/0
            2024-01-01T00:00:00Z 101 trade 4511 x 4500 id 0
            2024-01-01T00:00:00.001Z 101 trade 4512 x 100 id 0
            2024-01-01T00:00:00.001Z 101 trade 4400 x 0 id 0
            ended
            20 read 3 items of 1 file: 3 events
        "#]],
    );
    check(
        write,
        &json!({ "symbol": "ACME", "currency": "EUR", "price_decimals": 4, "quantity_decimals": 1,
                 "start": "2024-01-01T00:00:00.001Z" }),
        expect![[r#"
            ACME EUR 4/1
            2024-01-01T00:00:00.001Z 101 trade 451200 x 1000 id 0
            2024-01-01T00:00:00.001Z 101 trade 440000 x 0 id 0
            ended
            20 read 2 items of 1 file: 2 events
        "#]],
    );
}

#[test]
fn bars_bring_trades_and_quotes_need_no_quantities() {
    let write = |folder: &Path| {
        let bars = Description::new("Time Open High Low Close Volume", "qddddq").unwrap();
        let bar: [Number<'_>; 6] = [DAY.into(), 1.0.into(), 2.5.into(), 0.5.into(), 2.0.into(), 7.into()];
        file(folder, "a.bars.tea", &bars, &[&bar]);
        // .NET counts 100 ns from the year 1
        let quotes = Description::new("Time BidPrice Ask", "qff").unwrap().time_scale(TimeScale::NET);
        let ticks = TimeScale::NET.from_unix_ns(DAY * 1_000_000 + 100).unwrap();
        file(folder, "b.tea", &quotes, &[&[ticks.into(), 1.1.into(), 1.2.into()]]);
    };
    check(
        write,
        &json!({}),
        expect![[r#"
            a USD 2/0
            b USD 2/0
            2024-01-01T00:00:00Z 101 bar 100 250 50 200 x 7
            2024-01-01T00:00:00Z 101 trade 200 x 7 id 0 from bar
            2024-01-01T00:00:00.0000001Z 102 quote 110 x 0 / 120 x 0
            ended
            20 read 2 items of 2 files: 3 events
        "#]],
    );
    check(
        write,
        &json!({ "symbols": ["a"], "trade_of_bar": false }),
        expect![[r#"
            a USD 2/0
            2024-01-01T00:00:00Z 101 bar 100 250 50 200 x 7
            ended
            20 read 1 items of 1 file: 1 events
        "#]],
    );
}

/// As the recorder of the daemon writes them.
fn recorded(kind: &str, numbers: &str, format: &str) -> Description {
    let names = format!("time exchange_time {numbers} seq flags run");
    let description = Description::new(&names, &format!("qq{format}QII")).unwrap();
    let description = description.time_scale(TimeScale::UNIX_NANOS).time_fields(&["time"]).unwrap();
    [("decimals", 2), ("price_decimals", 2), ("quantity_decimals", 3)]
        .into_iter()
        .fold(description, |description, (name, value)| description.name_value(name, value))
        .name_value("symbol", "ACME")
        .name_value("exchange", "venue")
        .name_value("currency", "EUR")
        .name_value("kind", kind)
        .name_value("run", "7")
}

#[test]
fn recordings_come_back_as_they_were_in_the_order_of_the_engine() {
    let write = |folder: &Path| {
        let time = DAY * 1_000_000;
        let trades = recorded("trade", "price quantity trade_id received", "qqqq");
        let buy = u64::from(event_flag::BUY);
        let trade = |seq: u64, id: i64| -> [Number<'static>; 9] {
            [
                time.into(),
                5.into(),
                4511.into(),
                1500.into(),
                id.into(),
                6.into(),
                seq.into(),
                buy.into(),
                1.into(),
            ]
        };
        // the second trade has a text for an id, which is gone
        file(folder, "venue/ACME/trade-2024-01-01.tea", &trades, &[&trade(3, 644), &trade(5, -2)]);
        let book = recorded("book", "price quantity order_id received", "qqqq");
        let update = |seq: u64| -> [Number<'static>; 9] {
            [
                time.into(),
                5.into(),
                4500.into(),
                2000.into(),
                9.into(),
                6.into(),
                seq.into(),
                1.into(),
                1.into(),
            ]
        };
        file(folder, "venue/ACME/book-2024-01-01.tea", &book, &[&update(2), &update(4)]);
        let bars = recorded("bar", "open high low close volume", "qqqqq");
        let bar: [Number<'_>; 10] = [
            time.into(),
            5.into(),
            1.into(),
            2.into(),
            1.into(),
            2.into(),
            1000.into(),
            1.into(),
            0.into(),
            1.into(),
        ];
        file(folder, "venue/ACME/bar-2024-01-01.tea", &bars, &[&bar]);
    };
    check(
        write,
        &json!({}),
        expect![[r#"
            ACME EUR 2/3
            2024-01-01T00:00:00Z 101 bar 1 2 1 2 x 1000
            2024-01-01T00:00:00Z 101 book Some(Buy) 4500 x 2000 order 9 received 1970-01-01T00:00:00.000000006Z
            2024-01-01T00:00:00Z 101 trade 4511 x 1500 id 644 buy
            2024-01-01T00:00:00Z 101 book Some(Buy) 4500 x 2000 order 9 received 1970-01-01T00:00:00.000000006Z
            2024-01-01T00:00:00Z 101 trade 4511 x 1500 id 0 buy
            ended
            20 read 5 items of 3 files: 5 events
        "#]],
    );
}

#[test]
fn other_columns_scales_and_byte_orders_are_read() {
    let write = |folder: &Path| {
        let description = Description::new("Zeit Kurs Stueck", "qdi").unwrap().without_time();
        let path = folder.join("x.tea");
        let foreign = if cfg!(target_endian = "little") { ByteOrder::Big } else { ByteOrder::Little };
        let mut file = CreateOptions::default().byte_order(foreign).create(path, &description).unwrap();
        file.write(&[1_704_067_200.into(), 1.005.into(), 3.into()]).unwrap();
        file.close().unwrap();
    };
    check(
        write,
        &json!({ "columns": { "time": "Zeit", "price": "Kurs", "quantity": "Stueck" }, "time_unit": "s", "round": true }),
        expect![[r#"
            x USD 2/0
            2024-01-01T00:00:00Z 101 trade 100 x 3 id 0
            ended
            20 read 1 items of 1 file: 1 events
        "#]],
    );
}

/// Their origin is told in `tests/golden/teafile/README.md`.
#[test]
fn files_of_the_original_program_are_replayed() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/teafile/valid");
    let write = |folder: &Path| {
        for name in ["be_tpv.tea", "seed_acme.tea", "torn_tail_1.tea"] {
            fs::copy(goldens.join(name), folder.join(name)).unwrap();
        }
    };
    check(
        write,
        &json!({}),
        expect![[r#"
        be_tpv USD 2/0
        seed_acme USD 2/0
        torn_tail_1 USD 2/0
        2011-03-04T09:00:00Z 101 trade 4511 x 4500 id 0
        2011-03-04T09:00:00Z 102 trade 4511 x 4500 id 0
        2011-03-04T09:00:00Z 103 trade 4511 x 4500 id 0
        2011-03-04T10:00:00Z 101 trade 4633 x 1100 id 0
        2011-03-04T10:00:00Z 102 trade 4633 x 1100 id 0
        2011-03-04T10:00:00Z 103 trade 4633 x 1100 id 0
        ended
        30 torn_tail_1.tea: 1 bytes at the end are no whole item and are not read (`tea verify` says more)
        20 read 6 items of 3 files: 6 events
    "#]],
    );
}

#[test]
fn a_partial_item_is_left_out_and_told() {
    let write = |folder: &Path| {
        let row: [Number<'_>; 3] = [DAY.into(), 1.0.into(), 1.into()];
        file(folder, "a.tea", &ticks(), &[&row, &row]);
        let file = fs::OpenOptions::new().write(true).open(folder.join("a.tea")).unwrap();
        file.set_len(file.metadata().unwrap().len() - 5).unwrap();
    };
    check(
        write,
        &json!({}),
        expect![[r#"
            a USD 2/0
            2024-01-01T00:00:00Z 101 trade 100 x 1 id 0
            ended
            30 a.tea: 19 bytes at the end are no whole item and are not read (`tea verify` says more)
            20 read 1 items of 1 file: 1 events
        "#]],
    );
}

#[test]
fn what_is_not_there_is_nothing() {
    let write = |folder: &Path| file(folder, "a.tea", &ticks(), &[]);
    check(
        write,
        &json!({}),
        expect![[r#"
        ended
        30 there are no items to replay in FOLDER
        20 read 0 items of 0 files: 0 events
    "#]],
    );
}
