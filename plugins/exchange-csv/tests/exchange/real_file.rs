//! Thirteen years of real prices: `configs/data/equities-daily.csv`.

use serde_json::{Value, json};
use stratd_plugin_api::abi::{self, event_flag, event_kind};

use crate::host::Bench;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/data/equities-daily.csv");
/// 2000-03-01 and 2013-03-01, midnight UTC.
const FIRST: i64 = 951_868_800_000_000_000;
const LAST: i64 = 1_362_096_000_000_000_000;

fn events(mut config: Value) -> (Bench, Vec<abi::Event>) {
    config["file"] = FILE.into();
    let mut bench = Bench::new(&[], config).expect("the keys are good");
    bench.load().expect("the file is good");
    let (events, outcome) = bench.pull(4096);
    outcome.expect("it ends");
    (bench, events)
}

fn of_kind(events: &[abi::Event], kind: u16) -> Vec<abi::Event> {
    events.iter().filter(|e| e.kind == kind).copied().collect()
}

#[test]
fn unadjusted() {
    // the file has prices of up to four decimals (AAPL, 2003-04-02: low 14.2675)
    let (bench, events) = events(json!({ "price_decimals": 4 }));
    let symbols: Vec<_> =
        bench.host.notes.lock().unwrap().instruments.iter().map(|i| i.symbol.clone()).collect();
    assert_eq!(symbols, ["AAPL", "IBM", "MSFT", "GOOG", "FB"]);
    let (bars, trades) = (of_kind(&events, event_kind::BAR), of_kind(&events, event_kind::TRADE));
    assert_eq!((events.len(), bars.len(), trades.len()), (24_308, 12_154, 12_154));
    assert!(events.is_sorted_by_key(|e| e.ts));
    for pair in events.chunks(2) {
        let [bar, trade] = pair else { panic!("every bar has its trade") };
        assert_eq!(
            (bar.kind, trade.kind, trade.flags),
            (event_kind::BAR, event_kind::TRADE, event_flag::FROM_BAR)
        );
        assert_eq!((bar.ts, bar.instrument), (trade.ts, trade.instrument));
        assert_eq!(trade.data, [bar.data[3], bar.data[4], 0, 0, 0]);
    }
    // 118.56, 132.06, 118.5, 130.31, 9616100
    let first = events[0];
    assert_eq!((first.ts, first.instrument), (FIRST, 101));
    assert_eq!(first.data, [1_185_600, 1_320_600, 1_185_000, 1_303_100, 9_616_100]);
    // 27.72, 27.98, 27.52, 27.95, 34849700
    let last = events[24_306];
    assert_eq!((last.ts, last.instrument), (LAST, 103));
    assert_eq!(last.data, [277_200, 279_800, 275_200, 279_500, 34_849_700]);
    assert_eq!(
        bench.log(),
        "20 read 12154 rows of 1 file: 24308 events of 12154 rows, 0 rows not selected, 0 bad rows left out\n"
    );
}

/// `price * adj_close / close` in units of 1e-4, all given as digits with their decimals: an independent count by
/// bringing both sides of the fraction to whole numbers and searching the nearest.
fn nearest(price_cents: i128, adj_close: i128, adj_close_decimals: u32, close_cents: i128) -> i64 {
    // value = (price/100) * (adj/10^d) / (close/100) * 10^4
    let over = price_cents * adj_close * 10_000;
    let under = close_cents * 10i128.pow(adj_close_decimals);
    let below = over / under;
    // the distance to `below` and to the next number, both times `under`
    let is_up = (below + 1) * under - over <= over - below * under;
    i64::try_from(if is_up { below + 1 } else { below }).unwrap()
}

#[test]
fn adjusted() {
    let (bench, events) = events(json!({ "adjust": "adj_close" }));
    let bars = of_kind(&events, event_kind::BAR);
    assert_eq!((events.len(), bars.len()), (24_308, 12_154));
    // AAPL: adj_close 4.186662803811, close 130.31
    let aapl = |cents| nearest(cents, 4_186_662_803_811, 12, 13_031);
    assert_eq!(bars[0].data, [aapl(11_856), aapl(13_206), aapl(11_850), aapl(13_031), 9_616_100]);
    assert_eq!(bars[0].data, [38_092, 42_429, 38_072, 41_867, 9_616_100]);
    // MSFT: adj_close 24.684342419163, close 27.95
    let msft = |cents| nearest(cents, 24_684_342_419_163, 12, 2_795);
    assert_eq!(bars[12_153].data, [msft(2_772), msft(2_798), msft(2_752), msft(2_795), 34_849_700]);
    // no split looks like a crash any more: the widest move of a day is a real one (AAPL on 2000-09-29, to 48.1 %)
    let widest = (101..=105u32)
        .flat_map(|instrument| {
            let closes: Vec<_> = bars.iter().filter(|b| b.instrument == instrument).collect();
            closes.windows(2).map(|w| (w[1].data[3] * 1000 / w[0].data[3], w[1].ts)).collect::<Vec<_>>()
        })
        .min()
        .expect("there are bars");
    assert_eq!(widest, (481, 970_185_600_000_000_000));
    assert_eq!(
        bench.log(),
        "20 read 12154 rows of 1 file: 24308 events of 12154 rows, 0 rows not selected, 0 bad rows left out; \
         prices adjusted by adj_close/close, rounded once to 4 decimals\n"
    );
}

#[test]
fn the_default_grid_refuses_what_it_would_have_to_round() {
    let mut bench = Bench::new(&[], json!({ "file": FILE })).expect("the keys are good");
    let error = bench.load().unwrap_err().to_string();
    assert!(error.ends_with("(accepted: at most 2 decimals, or more of price_decimals)"), "{error}");
}

#[test]
fn two_runs_are_equal() {
    let run = || events(json!({ "adjust": "adj_close", "symbols": ["GOOG", "FB"], "start": "2010-01-01" })).1;
    assert_eq!(run(), run());
}
