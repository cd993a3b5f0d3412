//! What aat promises, by the real program: see docs/aat-parity.md and docs/coming-from-aat.md.

mod linked;

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use stratd::config::InstrumentsConfig;
use stratd_plugin_api::{Context, Data, InstrumentType, Result, Strategy, Timer, Trade};
use stratd_tests::{Place, plugin, workspace};

/// What the strategy said, in order.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn say(text: String) {
    SAID.lock().unwrap_or_else(PoisonError::into_inner).push(text);
}

/// Says the texts that it gets, and at its first trade what its instrument is called elsewhere.
struct Reader {
    has_traded: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Config {}

impl Strategy for Reader {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self { has_traded: false })
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()> {
        if std::mem::replace(&mut self.has_traded, true) {
            return Ok(());
        }
        let exchanges = ctx.exchanges(None);
        let names = |found: Vec<Arc<stratd_plugin_api::Instrument>>| {
            let named = found.iter().map(|instrument| {
                let of = exchanges.iter().find(|exchange| exchange.id == instrument.exchange);
                let exchange = of.map_or("nowhere", |exchange| &exchange.name);
                format!("{} {} of {exchange}", instrument.symbol, instrument.instrument_type)
            });
            named.collect::<Vec<_>>().join(", ")
        };
        let lines = names(ctx.trading_lines(trade.instrument)?);
        let synthetics = names(ctx.synthetics(trade.instrument)?);
        say(format!("lines: {lines}"));
        say(format!("synthetics: {synthetics}"));
        let first = exchanges.first().map(|exchange| exchange.id);
        say(format!(
            "of the first exchange: {}",
            names(ctx.instruments(Some(InstrumentType::Equity), first)?)
        ));
        Ok(())
    }

    fn on_data(&mut self, ctx: &mut Context<'_>, data: &Data) -> Result<()> {
        let of = if data.instrument.0 == 0 {
            "all".to_owned()
        } else {
            ctx.instrument(data.instrument)?.symbol.clone()
        };
        say(format!("{} {of}: {}", data.ts, ctx.text(data.payload)));
        Ok(())
    }
}

/// Says when it is a quarter of an hour before the close.
struct Closer;

impl Strategy for Closer {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self)
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let instrument = ctx.lookup("AAPL", None)?.id;
        ctx.before_close(instrument, 15 * 60 * 1_000_000_000, 0).map(drop)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _: &Timer) -> Result<()> {
        say(ctx.now().to_string());
        Ok(())
    }

    fn on_trade(&mut self, _: &mut Context<'_>, _: &Trade) -> Result<()> {
        Ok(())
    }
}

/// Prices of AAPL on two exchanges, of an option of that name on the second one, and texts on the first.
fn read_texts() -> Vec<String> {
    let place = Place::new(&[
        (
            "one.csv",
            "date,symbol,close,volume\n2024-01-02,AAPL-EQUITY,100,10\n2024-01-04,AAPL-EQUITY,101,10\n",
        ),
        ("two.csv", "date,symbol,close,volume\n2024-01-03,AAPL-EQUITY,100,10\n2024-01-03,AAPL-OPTION,2,10\n"),
        (
            "news.csv",
            "time,symbol,text\n2024-01-02,AAPL,\"sells, more\"\n2024-01-03T09:30:00Z,,rain\n2024-01-05,AAPL,over\n",
        ),
    ]);
    let path = |name: &str| place.path().join(name);
    backtest_of::<Reader>(&[
        ("one", json!({ "file": path("one.csv"), "texts": path("news.csv") })),
        ("two", json!({ "file": path("two.csv") })),
    ])
}

/// What a strategy said in a backtest at these exchanges.
fn backtest_of<S: Strategy>(exchanges: &[(&str, serde_json::Value)]) -> Vec<String> {
    linked::run::<S>("exchange_csv", exchanges, InstrumentsConfig::default());
    std::mem::take(&mut *SAID.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Held by the tests whose strategy says something.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn texts_of_a_file_reach_on_data() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let said = read_texts();
    let texts: Vec<_> = said.iter().filter(|line| line.starts_with("2024")).collect();
    assert_eq!(
        texts,
        [
            "2024-01-02T00:00:00Z AAPL: \"sells, more\"",
            "2024-01-03T09:30:00Z all: rain",
            "2024-01-05T00:00:00Z AAPL: over"
        ]
    );
}

#[test]
fn trading_lines_and_synthetics_are_found_over_two_exchanges() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let said = read_texts();
    assert_eq!(
        said[..3],
        [
            "lines: AAPL equity of one, AAPL equity of two",
            "synthetics: AAPL equity of one, AAPL equity of two, AAPL option of two",
            "of the first exchange: AAPL equity of one"
        ]
    );
}

#[test]
fn a_quarter_of_an_hour_before_the_close_that_the_exchange_tells_is_so_in_winter_and_in_summer() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // New York has its summer time from Sunday the 10th of March on
    let days = [8, 11, 12].map(|day| format!("2024-03-{day:02}T14:00:00Z,AAPL,100,10\n")).concat();
    let place = Place::new(&[("prices.csv", &format!("time,symbol,close,volume\n{days}"))]);
    let said = backtest_of::<Closer>(&[(
        "nyse",
        json!({
            "file": place.path().join("prices.csv"),
            "sessions": ["09:30-16:00"],
            "timezone": "America/New_York",
            "days": ["mon", "tue", "wed", "thu", "fri"],
        }),
    )]);
    assert_eq!(said, ["2024-03-08T20:45:00Z", "2024-03-11T19:45:00Z"]);
}

#[test]
fn the_log_of_a_failed_handler_names_it_with_instrument_and_order() {
    let config = r#"
        [logging.formatters.whole]
        format = "%(message)s|%(fields_logfmt)s"
        [logging.handlers.all]
        kind = "file"
        path = "all.log"
        formatter = "whole"
        [logging.root]
        level = "INFO"
        handlers = ["all"]
        [[exchange]]
        plugin = "csv"
        config = { file = "prices.csv" }
        "#;
    let rows = "2024-01-02,AAPL,100,10\n2024-01-03,AAPL,100,10\n2024-01-04,AAPL,100,10\n";
    let place =
        Place::new(&[("prices.csv", &format!("date,symbol,close,volume\n{rows}")), ("run.toml", config)]);
    let log = |fault: &str| {
        let strategy = format!("{},fault={fault}", plugin("strategy_faulty").display());
        let ran = place.stratd(&["backtest", "run.toml", "--strategy", &strategy]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let log = fs::read_to_string(place.path().join("all.log")).expect("a log");
        let line = log.lines().rfind(|line| line.starts_with("failed: "));
        line.unwrap_or_else(|| panic!("{log}")).to_owned()
    };
    let at_trade = log("error-in-trade");
    assert!(at_trade.contains("handler=on_trade instrument=AAPL"), "{at_trade}");
    assert!(!at_trade.contains("order_id="), "{at_trade}");
    let at_order = log("error-in-received");
    assert!(at_order.contains("handler=on_received instrument=AAPL order_id="), "{at_order}");
}

// The guide.

fn guide() -> String {
    fs::read_to_string(workspace().join("docs/coming-from-aat.md")).expect("a page of the project")
}

/// The first block of the guide in a language.
fn block(language: &str) -> String {
    let guide = guide();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).expect("a block of this language");
    rest.split_once("```").expect("an end of the block").0.to_owned()
}

/// A folder with the file of the guide and the data where the guide has them.
fn guided() -> Place {
    let place = Place::new(&[("buy-and-hold.toml", &block("toml"))]);
    std::os::unix::fs::symlink(workspace().join("configs"), place.path().join("configs")).expect("a link");
    place
}

#[test]
fn the_file_of_the_guide_trades() {
    let place = guided();
    let checked = place.stratd(&["check", "buy-and-hold.toml"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    let by_file = place.backtest(&["buy-and-hold.toml"]);
    // five symbols, each bought once, for ever
    assert_eq!(by_file["fills.csv"].lines().count(), 6, "{}", by_file["fills.csv"]);

    let guide = guide();
    let line = guide.lines().find(|line| line.contains("--exchange csv,")).expect("the command of the guide");
    let arguments: Vec<_> = line.split(' ').skip(2).collect();
    let by_flags = place.backtest(&arguments);
    assert_eq!(by_flags["fills.csv"].lines().count(), 6, "{}", by_flags["fills.csv"]);
}

#[test]
fn the_strategy_of_the_guide_is_that_of_the_plugin() {
    let source = fs::read_to_string(workspace().join("plugins/strategy-buy-and-hold/src/lib.rs"))
        .expect("a file of the project");
    assert!(source.contains(&block("rust")), "the guide shows another strategy");
}

#[test]
fn every_chart_and_table_of_aat_is_in_the_report() {
    let place = guided();
    let results = place.backtest(&["buy-and-hold.toml"]);
    let report = &results["report.html"];
    let sections = [
        "Equity",
        "Drawdown",
        "Rolling Sharpe ratio",
        "Rolling volatility",
        "Exposure",
        "AAPL",
        "Position",
        "Strategies",
        "Instruments",
        "Daily returns",
    ];
    for title in sections {
        let is_there =
            report.contains(&format!("<h2>{title}</h2>")) || report.contains(&format!("<h3>{title}</h3>"));
        assert!(is_there, "the report has no {title}");
    }
    assert!(!report.contains("Needs more than"), "thirteen years are enough for every figure");
    for column in ["Realized", "Unrealized"] {
        assert!(report.to_lowercase().contains(&column.to_lowercase()), "no table has {column}");
    }
}

#[test]
fn the_flag_verbose_of_aat_prints_events() {
    let place = guided();
    let quiet = place.stratd(&["backtest", "buy-and-hold.toml"]);
    let verbose = place.stratd(&["backtest", "buy-and-hold.toml", "--verbose"]);
    let lines = |ran: &stratd_tests::Ran| ran.out.lines().count() + ran.err.lines().count();
    assert_eq!((quiet.code, verbose.code), (0, 0));
    // 12,154 rows, each a bar and a trade at least
    assert!(lines(&verbose) >= lines(&quiet) + 2 * 12_154, "{} lines", lines(&verbose));
    // and what became of the five orders
    for word in ["received buy 1 AAPL, order ", "bought buy 1 AAPL @ "] {
        assert_eq!(verbose.err.matches(word).count(), 1, "{word}");
    }
}
