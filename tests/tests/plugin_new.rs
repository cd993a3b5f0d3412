//! `stratd plugin new`: what it makes builds, passes its test and trades, without a network.

use std::{fs, path::Path};

use expect_test::expect;
use stratd_tests::{Place, cargo, target, workspace};

const PRICES: &str = "date,symbol,price,volume\n\
    2024-01-02,AAPL,100,1\n2024-01-03,AAPL,99,1\n2024-01-04,AAPL,98,1\n2024-01-05,AAPL,97,1\n\
    2024-01-08,AAPL,98,1\n2024-01-09,AAPL,99,1\n2024-01-10,AAPL,101,1\n";

fn sdk() -> String {
    workspace().display().to_string()
}

#[test]
fn a_new_strategy_builds_passes_its_test_and_trades() {
    let place = Place::new(&[("prices.csv", PRICES)]);
    let made = place.stratd(&["plugin", "new", "dips", "--sdk", &sdk()]);
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:#?}");
    expect![[r"
        created strategy-dips, with a strategy that you can change

          cd strategy-dips
          cargo test
          cargo build --release
          stratd plugin inspect target/release/libstrategy_dips.so
    "]]
    .assert_eq(&made.out);
    for arguments in [&["test"][..], &["build", "--release"]] {
        let options = ["--quiet", "--offline", "--manifest-path", "strategy-dips/Cargo.toml"];
        let built = place.run(cargo(&[arguments, &options].concat()));
        assert_eq!((built.code, built.err.as_str()), (0, ""), "{arguments:?}: {}", built.out);
    }
    let library = target().join("release/libstrategy_dips.so");
    let strategy = format!("{},trades=2,quantity=10", library.display());
    let results = place.backtest(&["--strategy", &strategy, "--exchange", "csv,file=prices.csv"]);
    expect![[r"
        2024-01-05T00:00:00Z buy 10 97.00
        2024-01-10T00:00:00Z sell 10 101.00
    "]]
    .assert_eq(&trades(&results["fills.csv"]));
    let told = place.stratd(&["plugin", "inspect", &library.display().to_string()]);
    assert_eq!(told.code, 0, "{told:#?}");
    assert!(
        told.out.contains("strategy-dips") && told.out.contains("So many trades in a row"),
        "{}",
        told.out
    );
}

/// Time, side, quantity and price of each execution.
fn trades(fills: &str) -> String {
    let mut lines = fills.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("the file has a header");
    let column = |name| header.iter().position(|found| *found == name).expect("a column of fills.csv");
    let columns = ["time", "side", "quantity", "price"].map(column);
    lines.map(|row| columns.map(|at| row[at]).join(" ") + "\n").collect()
}

#[test]
fn without_a_path_the_sdk_comes_from_the_repository() {
    if Path::new("/usr/share/stratd/sdk").is_dir() {
        // the one of the package comes first: the acceptance tests of the service try it
        return;
    }
    let place = Place::new(&[]);
    assert_eq!(place.stratd(&["plugin", "new", "strategy-dips"]).code, 0);
    let manifest = fs::read_to_string(place.path().join("strategy-dips/Cargo.toml")).expect("it was made");
    let lines: Vec<&str> = manifest.lines().filter(|line| line.starts_with("stratd-")).collect();
    expect![[r#"
        stratd-plugin-api = { git = "https://github.com/stratd/stratd", tag = "v0.1.0" }
        stratd-testkit = { git = "https://github.com/stratd/stratd", tag = "v0.1.0" }"#]]
    .assert_eq(&lines.join("\n"));
    assert!(!place.path().join("strategy-dips/Cargo.lock").exists());
}

#[test]
fn what_is_there_is_not_touched() {
    let place = Place::new(&[("strategy-dips/mine", "mine\n"), ("plain", "")]);
    let refused = |arguments: &[&str]| {
        let ran = place.stratd(&[&["plugin", "new"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        ran.err.replace(&place.path().canonicalize().expect("it is there").display().to_string(), "HERE")
    };
    expect![["
        stratd: creating strategy-dips: it exists (accepted: a name of which there is no folder here)
    "]]
    .assert_eq(&refused(&["dips", "--sdk", &sdk()]));
    assert_eq!(fs::read_to_string(place.path().join("strategy-dips/mine")).expect("it is there"), "mine\n");
    expect![["
        stratd: the name `My Idea` (accepted: words of a-z 0-9 joined by -, the first with a letter in front, at most 55 bytes)
    "]]
    .assert_eq(&refused(&["My Idea"]));
    expect![["
        stratd: HERE has no plugin-api/Cargo.toml (accepted: the folder with the source of stratd)
    "]]
    .assert_eq(&refused(&["other", "--sdk", "."]));
    expect![["
        stratd: looking for the SDK in nowhere: No such file or directory (os error 2)
    "]]
    .assert_eq(&refused(&["other", "--sdk", "nowhere"]));
    assert!(!place.path().join("strategy-other").exists(), "nothing is left of a refusal");
}
