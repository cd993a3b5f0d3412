//! The command line of the real program: exit codes, and what it says where a user reads it.

use std::{fs, os::unix::fs::symlink, process::Command};

use expect_test::{Expect, expect};
use stratd_tests::{Place, plugin, plugins, program, target};

const PRICES: &str = "date,symbol,open,high,low,close,volume\n2024-01-02,AAPL,10,11,9,10,5\n";
const GOOD: &str = "[[exchange]]\nplugin = 'csv'\nconfig.file = 'prices.csv'\n\
                    [[strategy]]\nplugin = 'ema-cross'\nconfig = { fast = 3 }\n\
                    [[strategy]]\nname = 'hold'\nplugin = 'buy-and-hold'\n";

/// What `check` says of a configuration that is refused, and `backtest` and `run` as well: code 78, nothing on stdout,
/// one problem a line.
fn check_problems(file: &str, arguments: &[&str], expect: Expect) {
    expect.assert_eq(&problems(file, arguments));
}

fn problems(file: &str, arguments: &[&str]) -> String {
    let place = Place::new(&[("etc/run.toml", file), ("prices.csv", PRICES)]);
    let says = |command: &str| {
        let ran = place.stratd(&[&[command], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (78, ""), "{command}: {ran:#?}");
        ran.err
    };
    let problems = says("check");
    for command in ["backtest", "run"] {
        assert_eq!(says(command), problems, "{command}");
    }
    assert!(place.runs().is_empty(), "nothing ran");
    problems
}

// The check of a configuration.

#[test]
fn check_lists_every_problem_with_its_place_and_what_would_do() {
    let file = "tradng_type = 'backtest'
[backtest]
cash = -5
[fill]
rule = 'next'
latency = '5 ms'
liquidity = { volume = 2 }
[costs]
taker_fee = 5
slippage = { percent = 1 }
[[exchange]]
plugin = 'csv'
config = { fil = 'prices.csv', price_decimals = 99 }
[[strategy]]
plugin = 'ema-cros'
[[strategy]]
plugin = 'ema-cross'
quantity = 3
config = { fats = 3, slow = 'many' }
[[strategy]]
plugin = 'ema-cross'
";
    check_problems(
        file,
        &["etc/run.toml"],
        expect![[r#"
            etc/run.toml:1:1: tradng_type: unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy; did you mean trading_type?)
            etc/run.toml:3:8: backtest.cash: found -5 (accepted: 0 or more)
            etc/run.toml:5:8: fill.rule: found "next" (accepted: next_price, same_price, as_asked, book; did you mean next_price?)
            etc/run.toml:6:11: fill.latency: found "5 ms" (accepted: a whole number with the unit ns, us, ms or s, such as "5ms")
            etc/run.toml:7:24: fill.liquidity.volume: found 2 (accepted: a fraction above 0 and at most 1)
            etc/run.toml:9:13: costs.taker_fee: found 5 (accepted: a fraction from -1 to 1)
            etc/run.toml:10:12: costs.slippage: found a table (accepted: none, { percentage = FRACTION }, { fixed = MONEY } or { per_share = MONEY })
            etc/run.toml:13:12: exchange[0].config.fil: unknown key (accepted: file, files, symbol, instrument_type, currency, adjust, splits, texts, price_decimals, quantity_decimals, time_unit, on_bad_row, symbols, start, end, sessions, timezone, days, trade_ids; did you mean file?)
            etc/run.toml:13:49: exchange[0].config.price_decimals: found 99 (accepted: an integer from 0 to 12)
            etc/run.toml:15:10: strategy[0].plugin: finding ema-cros: find: no libstrategy_ema_cros.so in PLUGINS (accepted: ema-cross)
            etc/run.toml:18:1: strategy[1].quantity: unknown key (accepted: name, plugin, allow_shutdown, cancel_on_stop, bars, warm_up, isolation, unload, config; did you mean config.quantity?)
            etc/run.toml:19:12: strategy[1].config.fats: unknown key (accepted: fast, slow, quantity, reverse; did you mean fast?)
            etc/run.toml:19:29: strategy[1].config.slow: found "many" (accepted: an integer from 2 to 1000000)
            etc/run.toml:20:1: strategy[2]: the name ema-cross is that of strategy[1] too (accepted: a key name that tells them apart)
            14 problems
        "#]],
    );
}

#[test]
fn check_says_what_a_good_configuration_would_run_and_leaves_nothing() {
    let place = Place::new(&[("run.toml", GOOD), ("prices.csv", PRICES)]);
    let ran = place.stratd(&["check", "run.toml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    expect![[r#"
        ok: backtest with ema-cross, hold on csv
    "#]]
    .assert_eq(&ran.out);
    let left = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(left, 2, "only the files that were there");
}

#[test]
fn a_file_that_is_not_toml_is_refused_at_its_place() {
    check_problems(
        "[[exchange]\nplugin = csv\n",
        &["etc/run.toml"],
        expect![[r#"
        etc/run.toml:1:12: unclosed array table (accepted: `]`)
        1 problem
    "#]],
    );
}

#[test]
fn a_configuration_file_that_does_not_exist_is_named() {
    check_problems(
        "",
        &["etc/absent.toml"],
        expect![[r#"
        etc/absent.toml: reading: No such file or directory (os error 2) (accepted: a readable TOML file)
        1 problem
    "#]],
    );
}

#[test]
fn a_run_without_any_configuration_says_what_is_missing() {
    check_problems(
        "",
        &[],
        expect![[r#"
        command line: missing key exchange (accepted: 1 to 64 [[exchange]] tables, or --exchange PLUGIN)
        command line: missing key strategy (accepted: 1 to 256 [[strategy]] tables, or --strategy PLUGIN)
        2 problems
    "#]],
    );
}

// What plugins cannot do.

#[test]
fn files_are_not_traded_live() {
    for (trading_type, expect) in [
        (
            "simulation",
            expect![[r#"
            etc/run.toml:3:10: exchange[0].plugin: exchange csv does not serve trading type simulation (accepted: backtest)
            1 problem
        "#]],
        ),
        (
            "sandbox",
            expect![[r#"
            etc/run.toml:2:1: exchange: no exchange takes orders (accepted: at least one that does, for this trading type)
            etc/run.toml:3:10: exchange[0].plugin: exchange csv does not serve trading type sandbox (accepted: backtest)
            2 problems
        "#]],
        ),
        (
            "live",
            expect![[r#"
            etc/run.toml:2:1: exchange: no exchange takes orders (accepted: at least one that does, for this trading type)
            etc/run.toml:3:10: exchange[0].plugin: exchange csv does not serve trading type live (accepted: backtest)
            2 problems
        "#]],
        ),
    ] {
        let file = format!("trading_type = '{trading_type}'\n{GOOD}");
        check_problems(&file, &["etc/run.toml"], expect);
    }
}

#[test]
fn the_trading_type_of_a_flag_is_refused_as_that_of_a_file() {
    check_problems(
        GOOD,
        &["etc/run.toml", "--trading-type", "live"],
        expect![[r#"
        etc/run.toml:1:1: exchange: no exchange takes orders (accepted: at least one that does, for this trading type)
        etc/run.toml:2:10: exchange[0].plugin: exchange csv does not serve trading type live (accepted: backtest)
        2 problems
    "#]],
    );
}

#[test]
fn an_instrument_type_that_nobody_knows_is_refused() {
    let file = GOOD.replace("plugin = 'csv'", "plugin = 'csv'\ninstrument_types = ['equity', 'futures']");
    check_problems(
        &file,
        &["etc/run.toml"],
        expect![[r#"
        etc/run.toml:3:31: exchange[0].instrument_types[1]: found "futures" (accepted: other, equity, bond, option, future, pair, spread, future_option, mutual_fund, commodity, currency, index; did you mean future?)
        1 problem
    "#]],
    );
}

// Plugins that are not there.

#[test]
fn plugins_beside_the_folder_of_the_program_are_found_without_a_flag() {
    // as `target/release/stratd` finds what `cargo xtask plugins` built
    let tree = tempfile::tempdir_in(target()).unwrap();
    fs::create_dir(tree.path().join("release")).unwrap();
    let stratd = tree.path().join("release/stratd");
    fs::hard_link(program(), &stratd).unwrap();
    let place = Place::new(&[("run.toml", GOOD), ("prices.csv", PRICES)]);
    let check = || {
        let mut command = Command::new(&stratd);
        command.args(["check", "run.toml"]).env_remove("STRATD_PLUGINS");
        place.run(command).code
    };
    assert_eq!(check(), 78);
    symlink(plugins(), tree.path().join("plugins")).unwrap();
    assert_eq!(check(), 0);
}

#[test]
fn flags_and_files_name_folders_of_plugins() {
    let file = format!("plugin_dirs = ['mine']\n{GOOD}");
    let place = Place::new(&[("etc/run.toml", &file), ("run.toml", GOOD)]);
    for folder in ["etc/mine", "theirs"] {
        symlink(plugins(), place.path().join(folder)).unwrap();
    }
    let check = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.arg("check").args(arguments).env_remove("STRATD_PLUGINS");
        place.run(command).code
    };
    assert_eq!(check(&["run.toml"]), 78);
    assert_eq!(check(&["run.toml", "--plugin-dir", "theirs"]), 0);
    assert_eq!(check(&["etc/run.toml"]), 0);
}

/// The problems of a strategy on the command line.
fn check_strategy(strategy: &str, expect: Expect) {
    expect.assert_eq(&strategy_problems(strategy));
}

fn strategy_problems(strategy: &str) -> String {
    problems("", &["--exchange", "csv,file=prices.csv", "--strategy", strategy])
}

#[test]
fn an_unknown_plugin_name_is_answered_with_near_ones() {
    check_strategy(
        "ema-cros",
        expect![[r#"
        --strategy ema-cros: strategy[0].plugin: finding ema-cros: find: no libstrategy_ema_cros.so in PLUGINS (accepted: ema-cross)
        1 problem
    "#]],
    );
    check_strategy(
        "momentum",
        expect![[r#"
        --strategy momentum: strategy[0].plugin: finding momentum: find: no libstrategy_momentum.so in PLUGINS (accepted: c-momentum)
        1 problem
    "#]],
    );
    // of names that are not near, all
    let all = strategy_problems("zzz");
    for name in ["buy-and-hold", "c-momentum", "ema-cross"] {
        assert!(all.contains(name), "{all}");
    }
}

#[test]
fn a_path_of_a_plugin_that_is_not_there_or_is_none_is_refused() {
    check_strategy(
        "build/libstrategy_mine.so",
        expect![[r#"
        --strategy build/libstrategy_mine.so: strategy[0].plugin: finding build/libstrategy_mine.so: find: no such file (accepted: the path of a plugin, or its name)
        1 problem
    "#]],
    );
    check_strategy(
        "build/mine",
        expect![[r#"
        --strategy build/mine: strategy[0].name: found "build/mine" (accepted: 1 to 64 letters, digits, - and _, starting with a letter or digit)
        --strategy build/mine: strategy[0].plugin: found "build/mine" (accepted: the name of a plugin (1 to 64 of a-z, 0-9 and -), or the path of a file that ends in .so)
        2 problems
    "#]],
    );
}

#[test]
fn a_plugin_of_the_other_kind_is_refused() {
    let csv = plugin("exchange_csv").display().to_string();
    check_strategy(
        &csv,
        expect![[r#"
        --strategy PLUGINS/libexchange_csv.so: strategy[0].plugin: exchange-csv 0.1.0 is a plugin of kind exchange (accepted: one of kind strategy)
        1 problem
    "#]],
    );
    let by_name = strategy_problems("csv");
    assert!(by_name.starts_with("--strategy csv: strategy[0].plugin: finding csv: "), "{by_name}");
}

#[test]
fn two_instances_of_one_name_are_refused() {
    let file = format!("{GOOD}[[strategy]]\nname = 'hold'\nplugin = 'ema-cross'\n");
    check_problems(
        &file,
        &["etc/run.toml"],
        expect![[r#"
        etc/run.toml:11:8: strategy[2].name: the name hold is that of strategy[1] too (accepted: a unique name)
        1 problem
    "#]],
    );
}

#[test]
fn a_value_of_a_flag_is_checked_as_one_of_a_file() {
    check_strategy(
        "ema-cross,fast=zero,slwo=3",
        expect![[r#"
        --strategy ema-cross: strategy[0].config.fast: found "zero" (accepted: an integer from 1 to 1000000)
        --strategy ema-cross: strategy[0].config.slwo: unknown key (accepted: fast, slow, quantity, reverse; did you mean slow?)
        2 problems
    "#]],
    );
}

#[test]
fn what_the_constructor_of_a_plugin_refuses_is_a_problem_of_the_configuration() {
    let faulty = plugin("strategy_faulty");
    let file = format!(
        "{}[[strategy]]\nplugin = '{}'\nconfig = {{ fault = 'error-in-new' }}\n",
        GOOD.replace("fast = 3", "fast = 30, slow = 20"),
        faulty.display()
    );
    check_problems(
        &file,
        &["etc/run.toml"],
        expect![[r#"
        etc/run.toml:6:10: strategy[0].config: slow is 20 (expected more than fast, 30)
        etc/run.toml:12:10: strategy[2].config: fault is error-in-new (expected anything else)
        2 problems
    "#]],
    );
}

// Help, version, usage.

#[test]
fn help_explains_the_trading_types() {
    let place = Place::new(&[]);
    for arguments in
        [&["--help"][..], &["help"], &["backtest", "--help"], &["run", "--help"], &["check", "--help"]]
    {
        let ran = place.stratd(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        for (name, words) in [
            ("backtest", "offline, on historical data"),
            ("simulation", "live data; orders are filled by our own model, none reaches an exchange"),
            ("sandbox", "the paper endpoint of the exchange"),
            ("live", "real orders, real money"),
        ] {
            let is_told = |line: &str| line.contains(name) && line.ends_with(words);
            assert!(ran.out.lines().any(is_told), "{arguments:?} explains {name}:\n{}", ran.out);
        }
    }
}

#[test]
fn version_is_that_of_the_package() {
    let ran = Place::new(&[]).stratd(&["--version"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, concat!("stratd ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn a_command_line_that_makes_no_sense_is_a_usage_error() {
    let place = Place::new(&[]);
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["check", "--strategy"],
        &["backtest", "one.toml", "two.toml"],
        &["backtest", "--trading-type", "lve"],
    ] {
        let ran = place.stratd(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
}
