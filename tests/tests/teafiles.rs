//! Backtests over TeaFiles by the real program: the same prices as TeaFile and as CSV have the same results.

use std::{fs, path::Path};

use stratd_tests::{Files, Place, cargo, target, workspace};
use teafile::{Description, Mapped, TimeScale, Value};

/// A few years are enough.
const END: &str = "end=2004-01-01,price_decimals=4";

/// The prices of the quickstart as one file of bars for each symbol, made of the rows of the CSV file.
fn convert(folder: &Path) {
    let text = fs::read_to_string(workspace().join("configs/data/equities-daily.csv"))
        .expect("a file of the project");
    let mut lines = text.lines();
    let names: Vec<_> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| names.iter().position(|known| *known == name).expect("a column of the file");
    let columns = ["date", "symbol", "open", "high", "low", "close", "volume"].map(column);
    let description = Description::new("Time Open High Low Close Volume", "qddddq")
        .expect("fields")
        .time_scale(TimeScale::UNIX_SECONDS);
    let mut files = std::collections::BTreeMap::new();
    for line in lines {
        let cells: Vec<_> = line.split(',').collect();
        let [date, symbol, open, high, low, close, volume] = columns.map(|at| cells[at]);
        let symbol = symbol.trim_end_matches("-EQUITY");
        let time = TimeScale::UNIX_SECONDS.parse(date).expect("a date");
        let price = |text: &str| Value::Double(text.parse().expect("a price"));
        let volume: i64 = volume.parse().expect("a volume");
        let file = files.entry(symbol.to_owned()).or_insert_with(|| {
            let description = description.clone().name_value("symbol", symbol);
            teafile::create(folder.join(format!("{symbol}.tea")), &description).expect("a new file")
        });
        let row = [time.into(), price(open), price(high), price(low), price(close), volume.into()];
        file.write(&row).expect("it is written");
    }
    for mut file in files.into_values() {
        file.close().expect("it is written");
    }
}

/// What the run did, without the words that it was configured with.
fn outcome(files: &Files) -> Vec<(&str, &str)> {
    let texts = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    texts.filter(|(name, _)| name.ends_with(".csv")).collect()
}

#[test]
fn the_same_prices_have_the_same_results_whatever_file_they_are_in() {
    let place = Place::new(&[]);
    fs::create_dir(place.path().join("prices")).expect("a new folder");
    convert(&place.path().join("prices"));
    let csv = workspace().join("configs/data/equities-daily.csv").display().to_string();
    let strategies = ["--strategy", "ema-cross,fast=10,slow=50", "--strategy", "buy-and-hold"];
    let by_csv = format!("csv,file={csv},{}", END);
    let by_tea = format!("teafile,file=prices,{}", END);
    let one = place.backtest(&[&["--exchange", &by_csv], &strategies[..]].concat());
    let other = place.backtest(&[&["--exchange", &by_tea], &strategies[..]].concat());
    let (one, other) = (outcome(&one), outcome(&other));
    assert!(one.iter().any(|(name, text)| *name == "fills.csv" && text.lines().count() > 10), "it trades");
    assert_eq!(one.len(), other.len());
    for ((name, text), (other_name, other_text)) in one.iter().zip(&other) {
        assert_eq!(name, other_name);
        // the exchange has the name of its plugin; not `assert_eq`: it would print whole files
        assert!(**text == other_text.replace(",teafile,", ",csv,"), "{name} differs");
    }
}

#[test]
fn a_file_that_is_none_is_refused_before_the_run() {
    let place = Place::new(&[("prices.tea", "date,close\n2024-01-02,1\n")]);
    let ran = place.stratd(&[
        "backtest",
        "--trading-type",
        "backtest",
        "--exchange",
        "teafile,file=prices.tea",
        "--strategy",
        "buy-and-hold",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("connecting exchange teafile: "), "{}", ran.err);
    assert!(ran.err.contains("prices.tea"), "{}", ran.err);
}

/// The plugin of the page about TeaFiles, as it stands there.
#[test]
fn a_strategy_writes_a_file_of_its_own() {
    let place = Place::new(&[(
        "prices.csv",
        "date,symbol,price,volume\n2024-01-02,AAPL,100,1\n2024-01-03,AAPL,104,1\n2024-01-04,AAPL,99,1\n",
    )]);
    let made = place.stratd(&["plugin", "new", "signals", "--sdk", &workspace().display().to_string()]);
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:#?}");
    let page = fs::read_to_string(workspace().join("docs/teafile.md")).expect("a page of the project");
    let code =
        page.split("```rust\n").find(|code| code.starts_with("//! Writes each price")).expect("the code");
    let code = code.split("```").next().expect("its end");
    place.write("strategy-signals/src/lib.rs", code);
    let manifest = place.path().join("strategy-signals/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("it was made");
    let path = workspace().join("crates/teafile");
    let line =
        format!("[dependencies]\nteafile = {{ path = \"{}\", default-features = false }}", path.display());
    fs::write(&manifest, text.replace("[dependencies]", &line)).expect("it is written");
    // unoptimized, because that is there sooner
    let options = ["build", "--quiet", "--offline", "--manifest-path"];
    let manifest = manifest.display().to_string();
    let built = place.run(cargo(&[&options[..], &[manifest.as_str()]].concat()));
    assert_eq!(built.code, 0, "{}{}", built.out, built.err);

    let library = target().join("debug/libstrategy_signals.so");
    let strategy = format!("{},file=signals.tea", library.display());
    let results = place.backtest(&["--strategy", &strategy, "--exchange", "csv,file=prices.csv"]);
    assert!(!results.is_empty());
    let file = Mapped::open(place.path().join("signals.tea")).expect("it was written");
    assert_eq!(file.description().scale(), Some(TimeScale::UNIX_NANOS));
    let distances = file.column::<f64>("distance").expect("a column").to_vec();
    let prices = file.column::<i64>("price").expect("a column").to_vec();
    assert_eq!(prices.len(), 3);
    assert_eq!(distances.first(), Some(&0.0));
    // from the mean of both prices to the second is half of what is between them
    let between = i32::try_from(prices[1] - prices[0]).expect("near each other");
    assert!((distances[1] - f64::from(between) / 2.0).abs() < 1e-9, "{prices:?} {distances:?}");
}
