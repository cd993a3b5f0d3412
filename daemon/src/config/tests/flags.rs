//! Flags over a file, and without one.

use expect_test::{Expect, expect};

use super::{GOOD, accepted, check_both};

fn check(words: &[&str], expect: Expect) {
    check_both(None, words, expect);
}

/// The entries of the accepted configuration.
fn check_entries(text: Option<&str>, words: &[&str], expect: Expect) {
    let config = accepted(text, words);
    let exchanges = config.exchange.iter().map(|entry| (entry.name(), &entry.plugin, &entry.config));
    let strategies = config.strategy.iter().map(|entry| (entry.name(), &entry.plugin, &entry.config));
    let lines = exchanges.chain(strategies).map(|(name, plugin, config)| {
        format!("{name} = {plugin} {}", serde_json::to_string(config).unwrap())
    });
    expect.assert_eq(&lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn flags_are_a_configuration() {
    check_entries(
        None,
        &[
            "--trading-type",
            "backtest",
            "--strategy",
            "ema-cross,fast=5",
            "--strategy",
            "ema-cross",
            "--strategy",
            "mine=ema-cross,slow=9",
            "--exchange",
            "csv,file=prices.csv",
            "-v",
        ],
        expect![[r#"
            csv = csv {"file":"prices.csv"}
            ema-cross = ema-cross {"fast":5}
            ema-cross-2 = ema-cross {}
            mine = ema-cross {"slow":9}"#]],
    );
}

#[test]
fn flags_that_name_instances_replace_the_list_of_the_file() {
    check_entries(
        Some(GOOD),
        &["--strategy", "ema-cross"],
        expect![[r#"
            csv = csv {"file":"etc/p.csv"}
            ema-cross = ema-cross {}"#]],
    );
    check_entries(
        Some(&format!("{GOOD}[[strategy]]\nplugin = 'gone'")),
        &["--strategy", "odd"],
        expect![[r#"
            csv = csv {"file":"etc/p.csv"}
            odd = odd {}"#]],
    );
    check_both(
        Some("[[strategy]]\nplugin='hold'\n"),
        &["--exchange", "csv"],
        expect!["--exchange csv: exchange[0].config: missing key file (accepted: a path)"],
    );
}

#[test]
fn flags_win() {
    let text = format!("trading_type = 'live'\nplugin_dirs = ['p']\nresults = 'r'\n{GOOD}");
    let config =
        accepted(Some(&text), &["--trading-type", "backtest", "--plugin-dir", "q", "--results", "s", "-v"]);
    assert_eq!(config.trading_type.name(), "backtest");
    assert_eq!(config.plugin_dirs, ["q", "etc/p"].map(std::path::PathBuf::from));
    assert_eq!(config.results.to_str(), Some("s"));
    assert!(config.verbose);
}

#[test]
fn values_without_quotes_are_texts_where_texts_are_meant() {
    let words = [
        "--exchange",
        "csv,file=2013,files=[\"a.csv\"]",
        "--strategy",
        "odd,symbol=true,ratio=0.5",
        "--strategy",
        "hold,quantity=1.50",
    ];
    check_entries(
        None,
        &words,
        expect![[r#"
            csv = csv {"file":"2013","files":["a.csv"]}
            odd = odd {"symbol":"true","ratio":0.5}
            hold = hold {"quantity":1.5}"#]],
    );
}

#[test]
fn problems_name_the_flag() {
    check(
        &[],
        expect![[r#"
            command line: missing key exchange (accepted: 1 to 64 [[exchange]] tables, or --exchange PLUGIN)
            command line: missing key strategy (accepted: 1 to 256 [[strategy]] tables, or --strategy PLUGIN)"#]],
    );
    check(
        &["--strategy", "ema-cross,fats=5,slow=x", "--exchange", "csv,file=a"],
        expect![[r#"
            --strategy ema-cross: strategy[0].config.slow: found "x" (accepted: an integer from 2 to 1000000)
            --strategy ema-cross: strategy[0].config.fats: unknown key (accepted: fast, slow, reverse; did you mean fast?)"#]],
    );
    check(
        &["--strategy", "ema-cross,fast", "--exchange", "csv"],
        expect![[r#"
            --strategy ema-cross: strategy[0].config: "fast" has no value (accepted: key=value)
            --exchange csv: exchange[0].config: missing key file (accepted: a path)"#]],
    );
    check(
        &["--strategy", "hold,quantity=1,quantity=2", "--exchange", "csv,file=[1"],
        expect![[r#"
            --exchange csv: exchange[0].config.file: found [1 (unclosed array, expected `]`) (accepted: a TOML value)
            --strategy hold: strategy[0].config.quantity: is given twice (accepted: each key once)"#]],
    );
    check(
        &["--strategy", "hold=", "--exchange", "csv,file=a", "--exchange", "csv=csv,file=b"],
        expect![[r#"
            --strategy hold=: strategy[0].plugin: found "" (accepted: the name of a plugin (1 to 64 of a-z, 0-9 and -), or the path of a file that ends in .so)
            --exchange csv=csv: exchange[1].name: the name csv is that of exchange[0] too (accepted: a unique name)"#]],
    );
    check(
        &["--strategy", "hold", "--exchange", "csv,file=a", "--trading-type", "live"],
        expect![[r#"
            --exchange csv: exchange[0].plugin: exchange csv does not serve trading type live (accepted: backtest)
            --exchange: exchange: no exchange takes orders (accepted: at least one that does, for this trading type)"#]],
    );
}
