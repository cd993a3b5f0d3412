//! What the configuration says of instruments, by the real program: expiry, several exchanges, spreads.

mod linked;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use expect_test::{Expect, expect};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use stratd::config::InstrumentsConfig;
use stratd_plugin_api::{Context, OrderEvent, OrderRequest, Quantity, Quote, Result, Strategy, Trade};
use stratd_tests::{Place, Ran};

/// A share, a future, and options on the share.
const CHAIN: &str = "time,symbol,close,volume
2024-01-02T21:00:00Z,AAPL-EQUITY,150.00,100
2024-01-02T21:00:00Z,ESH4-FUTURE,4800.00,100
2024-01-02T21:00:00Z,CALL-OPTION,5.00,100
2024-01-02T21:00:00Z,PUT-OPTION,2.00,100
2024-01-03T21:00:00Z,AAPL-EQUITY,160.00,100
2024-01-03T21:00:00Z,ESH4-FUTURE,4810.25,100
2024-01-03T21:00:00Z,CALL-OPTION,6.00,100
2024-01-03T21:00:00Z,PUT-OPTION,1.00,100
2024-01-04T21:00:00Z,AAPL-EQUITY,167.50,100
2024-01-04T21:00:00Z,ESH4-FUTURE,4820.00,100
2024-01-05T21:00:00Z,AAPL-EQUITY,170.00,100
";

const CHAIN_CONFIG: &str = r#"
[instrument.ESH4]
multiplier = 50
tick = 0.25
expiry = "2024-01-03T21:00:00Z"

[instrument.CALL]
multiplier = 100
expiry = "2024-01-04"
underlying = "AAPL"
strike = 155
option_type = "call"

[instrument.PUT]
multiplier = 100
expiry = "2024-01-04"
underlying = "AAPL"
strike = 155
option_type = "put"

[[exchange]]
plugin = "csv"
config = { file = "chain.csv" }

[[strategy]]
plugin = "buy-and-hold"
config = { quantity = 2 }
"#;

/// Columns of a file of results.
fn columns(results: &BTreeMap<String, String>, file: &str, wanted: &[&str]) -> String {
    let mut lines = results[file].lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let places: Vec<usize> = wanted
        .iter()
        .map(|name| names.iter().position(|known| known == name).unwrap_or_else(|| panic!("a column {name}")))
        .collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            places.iter().map(|place| cells[*place]).collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect()
}

fn check(found: &str, expected: Expect) {
    expected.assert_eq(found);
}

#[test]
fn futures_and_options_are_settled_when_they_expire() {
    let place = Place::new(&[("chain.csv", CHAIN), ("run.toml", CHAIN_CONFIG)]);
    let results = place.backtest(&["run.toml"]);
    check(
        &columns(&results, "fills.csv", &["time", "symbol", "side", "quantity", "price", "notional", "cost"]),
        expect![[r#"
            2024-01-03T21:00:00Z AAPL buy 2 160.00 320.00 0.00000000
            2024-01-03T21:00:00Z ESH4 buy 2 4810.25 481025.00 0.00000000
            2024-01-03T21:00:00Z CALL buy 2 6.00 1200.00 0.00000000
            2024-01-03T21:00:00Z PUT buy 2 1.00 200.00 0.00000000
            2024-01-03T21:00:00Z ESH4 sell 2 4810.25 481025.00 0.00000000
            2024-01-04T23:59:59.999999999Z CALL sell 2 12.50 2500.00 0.00000000
            2024-01-04T23:59:59.999999999Z PUT sell 2 0.00 0.00 0.00000000
        "#]],
    );
    check(
        &columns(&results, "orders.csv", &["symbol", "side", "status", "reason", "filled", "price_average"]),
        expect![[r#"
            AAPL buy filled  2 160.00
            ESH4 buy filled  2 4810.25
            CALL buy filled  2 6.00
            PUT buy filled  2 1.00
            ESH4 sell filled expired 2 4810.25
            CALL sell filled expired 2 12.50
            PUT sell filled expired 2 0.00
        "#]],
    );
    let last = columns(&results, "equity.csv", &["equity", "cash"]);
    check(last.lines().last().unwrap_or_default(), expect!["101120.00 100780.00"]);
}

#[test]
fn what_does_not_fit_an_instrument_is_refused_before_anything_runs() {
    let mut found = String::new();
    for (from, to) in [
        ("tick = 0.25", "tick = 0.125"),
        ("tick = 0.25", "tick = 0"),
        ("[instrument.ESH4]", "[instrument.ESM4]"),
        ("[instrument.ESH4]", "[instrument.\"ESH4@two\"]"),
        ("underlying = \"AAPL\"", "underlying = \"MSFT\""),
        ("expiry = \"2024-01-04\"", "expiry = \"2024-13-04\""),
        ("option_type = \"call\"", "option_type = \"straddle\""),
        ("multiplier = 50", "route = \"two\""),
        ("multiplier = 50", "type = \"spread\""),
        ("multiplier = 50", "type = \"future\""),
    ] {
        let config = CHAIN_CONFIG.replacen(from, to, 1);
        let place = Place::new(&[("chain.csv", CHAIN), ("run.toml", &config)]);
        let Ran { code, err, .. } = place.stratd(&["backtest", "run.toml"]);
        let line = err.lines().find(|line| line.contains("instrument")).unwrap_or("nothing of instruments");
        found += &format!("{code} {line}\n");
    }
    check(
        &found,
        expect![[r#"
            1 stratd: instrument.ESH4: tick of ESH4: 0.125 is off the grid (expected at most 2 decimals)
            78 run.toml:4:8: instrument.ESH4.tick: found 0 (accepted: more than 0)
            1 stratd: instrument.ESM4: no exchange has it (accepted: AAPL, CALL, ESH4, PUT, or one that is made of legs)
            78 run.toml:2:1: instrument."ESH4@two": no exchange has the name two (accepted: SYMBOL, or SYMBOL@EXCHANGE with one of csv)
            1 stratd: instrument.CALL: underlying: no exchange has an instrument MSFT (accepted: one that is there)
            78 run.toml:9:10: instrument.CALL.expiry: found "2024-13-04" (accepted: a day such as "2013-03-01", or a time such as "2013-03-01T14:30:00Z")
            78 run.toml:12:15: instrument.CALL.option_type: found "straddle" (accepted: call, put)
            78 run.toml:3:9: instrument.ESH4.route: found "two" (accepted: own, best, or the name of an exchange: csv)
            78 run.toml:3:8: instrument.ESH4.type: a spread without legs (accepted: legs = two legs beside it)
            78 run.toml:3:8: instrument.ESH4.type: found "future" (accepted: spread)
        "#]],
    );
}

/// Two exchanges that have AAPL, with decimals of their own; the second one begins a day earlier, and is cheaper.
#[test]
fn orders_go_to_the_exchange_with_the_best_price() {
    let rows = |prices: &[&str]| {
        // both end on the same day
        let rows = ["01", "02", "03", "04"][4 - prices.len()..].iter().zip(prices);
        let rows = rows.map(|(day, price)| format!("2024-01-{day},AAPL-EQUITY,{price},100\n"));
        "date,symbol,close,volume\n".to_owned() + &rows.collect::<String>()
    };
    let config = |route: &str| {
        format!(
            r#"
            {route}
            [[exchange]]
            name = "one"
            plugin = "csv"
            config = {{ file = "one.csv" }}
            [[exchange]]
            name = "two"
            plugin = "csv"
            config = {{ file = "two.csv", price_decimals = 3 }}
            [[strategy]]
            plugin = "buy-and-hold"
            "#
        )
    };
    let mut found = String::new();
    for route in [
        "",
        "[routing]\ndefault = \"best\"",
        "[instrument.AAPL]\nroute = \"two\"",
        "[routing]\ndefault = \"two\"\n[instrument.AAPL]\nroute = \"own\"\n[instrument.\"AAPL@two\"]\ntick = 0.005",
    ] {
        let place = Place::new(&[
            ("one.csv", &rows(&["100.00", "100.00", "99.00"])),
            ("two.csv", &rows(&["99.500", "99.500", "99.500", "99.500"])),
            ("run.toml", &config(route)),
        ]);
        let results = place.backtest(&["run.toml"]);
        found += &format!("{}\n", route.replace('\n', " "));
        found += &columns(&results, "fills.csv", &["time", "exchange", "symbol", "side", "price"]);
    }
    check(
        &found,
        expect![[r#"

            2024-01-02T00:00:00Z two AAPL buy 99.500
            2024-01-03T00:00:00Z one AAPL buy 100.00
            [routing] default = "best"
            2024-01-02T00:00:00Z two AAPL buy 99.500
            2024-01-02T00:00:00Z two AAPL buy 99.500
            2024-01-03T00:00:00Z two AAPL buy 99.500
            [instrument.AAPL] route = "two"
            2024-01-02T00:00:00Z two AAPL buy 99.500
            2024-01-02T00:00:00Z two AAPL buy 99.500
            2024-01-03T00:00:00Z two AAPL buy 99.500
            2024-01-04T00:00:00Z two AAPL buy 99.500
            [routing] default = "two" [instrument.AAPL] route = "own" [instrument."AAPL@two"] tick = 0.005
            2024-01-02T00:00:00Z two AAPL buy 99.500
            2024-01-03T00:00:00Z one AAPL buy 100.00
        "#]],
    );
}

/// What the strategy heard, in order.
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn hear(text: String) {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner).push(text);
}

/// Tells quotes, and orders the spread at its first one.
struct Listener {
    has_ordered: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Config {}

impl Strategy for Listener {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self { has_ordered: false })
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let spread = ctx.lookup("CAL", None)?;
        ctx.subscribe(Some(spread.id))?;
        hear(format!("{} {} {}", spread.symbol, spread.instrument_type, spread.currency));
        Ok(())
    }

    fn on_trade(&mut self, _: &mut Context<'_>, _: &Trade) -> Result<()> {
        hear("a trade".to_owned());
        Ok(())
    }

    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) -> Result<()> {
        let spread = ctx.instrument(quote.instrument)?;
        let price = |price| spread.price_text(price).to_string();
        hear(format!("{} {} {}", quote.ts, price(quote.bid), price(quote.ask)));
        if !std::mem::replace(&mut self.has_ordered, true) {
            ctx.buy(OrderRequest::market(quote.instrument, Quantity::new(1)))?;
        }
        Ok(())
    }

    fn on_rejected(&mut self, _: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        hear(format!("rejected: {}", order.reason));
        Ok(())
    }
}

#[test]
fn a_spread_of_two_futures_is_quoted_and_not_traded() {
    let place = Place::new(&[(
        "prices.csv",
        "date,symbol,close,volume\n2024-01-02,ESM4-FUTURE,4800.25,10\n2024-01-02,ESU4-FUTURE,4850.50,10\n\
         2024-01-03,ESM4-FUTURE,4801.00,10\n2024-01-04,ESU4-FUTURE,4850.50,10\n",
    )]);
    let described = json!({ "CAL": { "type": "spread", "legs": [
        { "instrument": "ESM4", "side": "buy" }, { "instrument": "ESU4@csv", "side": "sell" },
    ] } });
    let instruments = InstrumentsConfig {
        described: serde_json::from_value(described).expect("a description"),
        ..InstrumentsConfig::default()
    };
    let config = json!({ "file": place.path().join("prices.csv") });
    linked::run::<Listener>("exchange_csv", &[("csv", config)], instruments);
    let heard = std::mem::take(&mut *HEARD.lock().unwrap_or_else(PoisonError::into_inner));
    check(
        &(heard.join("\n") + "\n"),
        expect![[r#"
            CAL spread USD
            2024-01-02T00:00:00Z -50.25 -50.25
            rejected: not_tradable
            2024-01-03T00:00:00Z -49.50 -49.50
        "#]],
    );
}
