//! The daemon's own keys.

use expect_test::expect;
use stratd_plugin_api::{InstrumentType, TradingType};

use super::{GOOD, accepted, check_both, check_file};
use stratd_simulation::{CostModels, FillModel, FillRule, Liquidity};

/// `text` before entries that are good.
fn check(text: &str, expect: expect_test::Expect) {
    check_file(&format!("{text}\n{GOOD}"), expect);
}

#[test]
fn defaults() {
    let config = accepted(Some(GOOD), &[]);
    assert_eq!(config.trading_type, TradingType::Backtest);
    assert_eq!(config.backtest.cash.to_string(), "100000.00000000");
    assert_eq!(config.backtest.currency, "USD");
    assert_eq!(config.fill.model(&config.costs), FillModel::default());
    assert_eq!(config.costs.models(), CostModels::default());
    assert_eq!(config.risk.run.max_position, None);
    assert_eq!(config.results.to_str(), Some("runs"));
    assert_eq!((config.exchange[0].name(), config.strategy[0].name()), ("csv", "hold"));
    assert!(!config.strategy[0].allow_shutdown);
}

#[test]
fn every_key() {
    let text = r#"
        trading_type = "backtest"
        plugin_dirs = ["plugins", "/opt/plugins"]
        verbose = true
        results = "out"
        [backtest]
        cash = 1234567890123456.78
        currency = "EUR"
        [fill]
        rule = "same_price"
        latency = "5ms"
        liquidity = { volume = 0.1 }
        [costs]
        maker_fee = -0.0001
        taker_fee = "0.0005"
        fee_per_unit = 0.001
        slippage = { percentage = 0.0005 }
        transaction_cost = { fixed = 1.5 }
        [risk]
        max_order_quantity = "1.5"
        max_order_notional = 2_000_000
        max_position = 0.1
        [[exchange]]
        name = "daily"
        plugin = "exchange-csv"
        instrument_types = ["equity", "index"]
        config = { file = "/data/p.csv" }
        [[strategy]]
        name = "First_1"
        plugin = "strategy-hold"
        allow_shutdown = true
        [strategy.config]
        quantity = 0.25
    "#;
    let config = accepted(Some(text), &[]);
    assert_eq!(config.plugin_dirs, ["etc/plugins", "/opt/plugins"].map(std::path::PathBuf::from));
    assert_eq!(config.results.to_str(), Some("etc/out"));
    assert_eq!(config.backtest.cash.to_string(), "1234567890123456.78000000", "no digit is lost");
    let model = config.fill.model(&config.costs);
    assert_eq!((model.rule, model.latency_ns), (FillRule::SamePrice, 5_000_000));
    assert_eq!(model.liquidity, Liquidity::Volume("0.1".parse().unwrap()));
    assert_eq!(model.fees.to_string(), "maker -0.0001 and taker 0.0005 of the notional, 0.001 per unit");
    let costs = config.costs.models();
    assert_eq!(costs.slippage.to_string(), "0.0005 of the notional");
    assert_eq!(costs.transaction_cost.to_string(), "1.50000000 per fill");
    assert_eq!(
        config.risk.run.max_order_notional.map(|limit| format!("{:.0}", limit.limit)),
        Some("2000000".to_owned())
    );
    assert_eq!(config.risk.run.max_position.map(|limit| limit.limit.to_string()), Some("0.1".to_owned()));
    assert_eq!(
        config.exchange[0].instrument_types,
        Some(vec![InstrumentType::Equity, InstrumentType::Index])
    );
    assert_eq!((config.exchange[0].name(), config.strategy[0].name()), ("daily", "First_1"));
    assert!(config.verbose && config.strategy[0].allow_shutdown);
}

#[test]
fn unknown_keys() {
    check(
        "trading_typ = 'live'",
        expect![
            "etc/run.toml:1:1: trading_typ: unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy; did you mean trading_type?)"
        ],
    );
    check(
        "foo = 1",
        expect![
            "etc/run.toml:1:1: foo: unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy)"
        ],
    );
    check(
        "cash = 1",
        expect![
            "etc/run.toml:1:1: cash: unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy; did you mean backtest.cash?)"
        ],
    );
    check(
        "[backtest]\n  initial_cash = 1",
        expect![
            "etc/run.toml:2:3: backtest.initial_cash: unknown key (accepted: cash, currency, start, end)"
        ],
    );
    check(
        "[risk]\nmax-position = 1\n[rysk]",
        expect![[r#"
            etc/run.toml:2:1: risk.max-position: unknown key (accepted: max_order_quantity, max_order_notional, price_collar, max_position, max_open_orders, max_order_rate, max_daily_loss, max_drawdown, trading_hours, kill_switch, strategy, instrument; did you mean max_position?)
            etc/run.toml:3:2: rysk: unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy; did you mean risk?)"#]],
    );
    check(
        "\"a b\".c = 1",
        expect![[
            r#"etc/run.toml:1:1: "a b": unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy)"#
        ]],
    );
}

#[test]
fn wrong_values() {
    check(
        "trading_type = 'lve'",
        expect![[
            r#"etc/run.toml:1:16: trading_type: found "lve" (accepted: backtest, simulation, sandbox, live; did you mean live?)"#
        ]],
    );
    check(
        "trading_type = 1",
        expect!["etc/run.toml:1:16: trading_type: found 1 (accepted: backtest, simulation, sandbox, live)"],
    );
    check(
        "verbose = 'yes'",
        expect![[r#"etc/run.toml:1:11: verbose: found "yes" (accepted: true or false)"#]],
    );
    check("slice_max = 0", expect!["etc/run.toml:1:13: slice_max: found 0 (accepted: 1 to 64)"]);
    check(
        "plugin_dirs = 'a'",
        expect![[r#"etc/run.toml:1:15: plugin_dirs: found "a" (accepted: a list of at most 64 folders)"#]],
    );
    check("plugin_dirs = ['a', 1]", expect!["etc/run.toml:1:21: plugin_dirs[1]: found 1 (accepted: a path)"]);
    check("results = []", expect!["etc/run.toml:1:11: results: found an empty list (accepted: a path)"]);
    check("backtest = 7", expect!["etc/run.toml:1:12: backtest: found 7 (accepted: a table)"]);
    check(
        "[fill]\nrule = 'next-price'",
        expect![[
            r#"etc/run.toml:2:8: fill.rule: found "next-price" (accepted: next_price, same_price, as_asked, book; did you mean next_price?)"#
        ]],
    );
}

#[test]
fn wrong_numbers_and_texts() {
    check(
        "[backtest]\ncurrency = 'Dollar'",
        expect![[
            r#"etc/run.toml:2:12: backtest.currency: found "Dollar" (accepted: a currency code such as USD)"#
        ]],
    );
    check(
        "[backtest]\ncash = true",
        expect!["etc/run.toml:2:8: backtest.cash: found true (accepted: a decimal number such as 12.5)"],
    );
    check(
        "[backtest]\ncash = 'much'",
        expect![[
            r#"etc/run.toml:2:8: backtest.cash: found "much" (accepted: a decimal number such as 12.5)"#
        ]],
    );
    check(
        "[backtest]\ncash = -1",
        expect!["etc/run.toml:2:8: backtest.cash: found -1 (accepted: 0 or more)"],
    );
    check(
        "[backtest]\ncash = inf",
        expect!["etc/run.toml:2:8: backtest.cash: found inf (accepted: a decimal number such as 12.5)"],
    );
    check(
        "[backtest]\ncash = '1e99'",
        expect![[r#"etc/run.toml:2:8: backtest.cash: found "1e99" (accepted: at most 18 digits)"#]],
    );
    check(
        "[backtest]\ncash = 1e99",
        expect!["etc/run.toml:2:8: backtest.cash: found 1e99 (accepted: at most 18 digits)"],
    );
    check(
        "[backtest]\ncash = 99999999999999999999",
        expect!["etc/run.toml:2:8: backtest.cash: found 99999999999999999999 (accepted: at most 18 digits)"],
    );
    check(
        "[risk]\nmax_order_notional = 0.123456789",
        expect![
            "etc/run.toml:2:22: risk.max_order_notional: found 0.123456789 (accepted: at most 8 decimals)"
        ],
    );
    check(
        "[risk]\nmax_position = 0\nmax_order_quantity = '-5'",
        expect![[r#"
            etc/run.toml:2:16: risk.max_position: found 0 (accepted: more than 0)
            etc/run.toml:3:22: risk.max_order_quantity: found "-5" (accepted: more than 0)"#]],
    );
    check(
        "[risk]\nmax_position = [1]",
        expect![
            "etc/run.toml:2:16: risk.max_position: found a list of 1 (accepted: a decimal number above 0, or { limit = NUMBER, on_breach = deny or reduce })"
        ],
    );
}

#[test]
fn fill_models() {
    check(
        "[backtest]\nfill = 'book'",
        expect!["etc/run.toml:2:1: backtest.fill: unknown key (accepted: cash, currency, start, end)"],
    );
    check(
        "[fill]\nlatency = '5 ms'",
        expect![[
            r#"etc/run.toml:2:11: fill.latency: found "5 ms" (accepted: a whole number with the unit ns, us, ms or s, such as "5ms")"#
        ]],
    );
    check(
        "[fill]\nlatency = 5",
        expect![[
            r#"etc/run.toml:2:11: fill.latency: found 5 (accepted: a whole number with the unit ns, us, ms or s, such as "5ms")"#
        ]],
    );
    check(
        "[fill]\nlatency = '3601s'",
        expect![[r#"etc/run.toml:2:11: fill.latency: found "3601s" (accepted: at most 3600s)"#]],
    );
    check(
        "[fill]\nliquidity = 0.1",
        expect![
            "etc/run.toml:2:13: fill.liquidity: found 0.1 (accepted: unlimited, or { volume = FRACTION } with a fraction above 0 and at most 1)"
        ],
    );
    check(
        "[fill]\nliquidity = 'limited'",
        expect![[
            r#"etc/run.toml:2:13: fill.liquidity: found "limited" (accepted: unlimited, or { volume = FRACTION } with a fraction above 0 and at most 1)"#
        ]],
    );
    check(
        "[fill]\nliquidity = { volume = 1.5 }",
        expect![
            "etc/run.toml:2:24: fill.liquidity.volume: found 1.5 (accepted: a fraction above 0 and at most 1)"
        ],
    );
    check(
        "[fill]\nliquidity = { volum = 0.5 }",
        expect![
            "etc/run.toml:2:13: fill.liquidity: found a table (accepted: unlimited, or { volume = FRACTION } with a fraction above 0 and at most 1)"
        ],
    );
    check(
        "[fill]\nrule = 'book'\nliquidity = { volume = 0.5 }",
        expect![
            "etc/run.toml:3:13: fill.liquidity: the fill rule book does not look at a part of the volume (accepted: unlimited, or the fill rule next_price or same_price)"
        ],
    );
}

#[test]
fn costs() {
    check(
        "[costs]\nmaker_fee = 5\ntaker_fee = 'x'\nfee_per_unit = 1e99",
        expect![[r#"
        etc/run.toml:2:13: costs.maker_fee: found 5 (accepted: a fraction from -1 to 1)
        etc/run.toml:3:13: costs.taker_fee: found "x" (accepted: a fraction from -1 to 1)
        etc/run.toml:4:16: costs.fee_per_unit: found 1e99 (accepted: at most 18 digits)"#]],
    );
    check(
        "[costs]\nslippage = { percentage = 5 }",
        expect!["etc/run.toml:2:27: costs.slippage.percentage: found 5 (accepted: a fraction from 0 to 1)"],
    );
    check(
        "[costs]\nslippage = { fixed = 0.000000001 }\ntransaction_cost = { per_share = -1 }",
        expect![[r#"
        etc/run.toml:2:22: costs.slippage.fixed: found 1e-9 (accepted: at most 8 decimals)
        etc/run.toml:3:34: costs.transaction_cost.per_share: found -1 (accepted: 0 or more)"#]],
    );
    check(
        "[costs]\nslippage = { fixed = 1, per_share = 1 }",
        expect![
            "etc/run.toml:2:12: costs.slippage: found a table (accepted: none, { percentage = FRACTION }, { fixed = MONEY } or { per_share = MONEY })"
        ],
    );
    check(
        "[costs]\nslippage = 'some'\ntransaction_cost = 1",
        expect![[r#"
        etc/run.toml:2:12: costs.slippage: found "some" (accepted: none, { percentage = FRACTION }, { fixed = MONEY } or { per_share = MONEY })
        etc/run.toml:3:20: costs.transaction_cost: found 1 (accepted: none, { percentage = FRACTION }, { fixed = MONEY } or { per_share = MONEY })"#]],
    );
}

#[test]
fn entries() {
    check_file(
        "",
        expect![[r#"
            etc/run.toml:1:1: missing key exchange (accepted: 1 to 64 [[exchange]] tables, or --exchange PLUGIN)
            etc/run.toml:1:1: missing key strategy (accepted: 1 to 256 [[strategy]] tables, or --strategy PLUGIN)"#]],
    );
    check_file(
        "exchange = []\nstrategy = 7",
        expect![[r#"
            etc/run.toml:1:12: exchange: found an empty list (accepted: 1 to 64 [[exchange]] tables, or --exchange PLUGIN)
            etc/run.toml:2:12: strategy: found 7 (accepted: 1 to 256 [[strategy]] tables, or --strategy PLUGIN)"#]],
    );
    check_file(
        "[exchange]\nplugin = 'csv'\n[[strategy]]\nplugin = 'hold'",
        expect![
            "etc/run.toml:1:1: exchange: found a table (accepted: 1 to 64 [[exchange]] tables, or --exchange PLUGIN)"
        ],
    );
    check_file(
        "[[exchange]]\nname = 'x'\n[[strategy]]\nplugins = 'hold'",
        expect![[r#"
            etc/run.toml:1:1: exchange[0]: missing key plugin (accepted: the name of a plugin (1 to 64 of a-z, 0-9 and -), or the path of a file that ends in .so)
            etc/run.toml:3:1: strategy[0]: missing key plugin (accepted: the name of a plugin (1 to 64 of a-z, 0-9 and -), or the path of a file that ends in .so)
            etc/run.toml:4:1: strategy[0].plugins: unknown key (accepted: name, plugin, allow_shutdown, cancel_on_stop, bars, warm_up, isolation, unload, config; did you mean plugin?)"#]],
    );
    check(
        "[[strategy]]\nplugin = 'Hold!'",
        expect![[
            r#"etc/run.toml:2:10: strategy[0].plugin: found "Hold!" (accepted: the name of a plugin (1 to 64 of a-z, 0-9 and -), or the path of a file that ends in .so)"#
        ]],
    );
    check(
        "[[strategy]]\nplugin = 'hold'\nname = 'a b'",
        expect![[
            r#"etc/run.toml:3:8: strategy[0].name: found "a b" (accepted: 1 to 64 letters, digits, - and _, starting with a letter or digit)"#
        ]],
    );
    check(
        "[[strategy]]\nplugin = 'hold'",
        expect![
            "etc/run.toml:7:1: strategy[1]: the name hold is that of strategy[0] too (accepted: a key name that tells them apart)"
        ],
    );
    check(
        "[[strategy]]\nplugin = 'ema-cross'\nname = 'hold'\n[[strategy]]\nname = 'hold'\nplugin = 'odd'",
        expect![[r#"
            etc/run.toml:5:8: strategy[1].name: the name hold is that of strategy[0] too (accepted: a unique name)
            etc/run.toml:11:1: strategy[2]: the name hold is that of strategy[0] too (accepted: a key name that tells them apart)"#]],
    );
    check(
        "[[strategy]]\nplugin = 'ema-cross'\nconfig = 'fast'",
        expect![[r#"etc/run.toml:3:10: strategy[0].config: found "fast" (accepted: a table)"#]],
    );
    check(
        "[[exchange]]\nname = 'x'\nplugin = 'csv'\ninstrument_types = ['equty']\nconfig.file = ''",
        expect![[
            r#"etc/run.toml:4:21: exchange[0].instrument_types[0]: found "equty" (accepted: other, equity, bond, option, future, pair, spread, future_option, mutual_fund, commodity, currency, index; did you mean equity?)"#
        ]],
    );
    check(
        "[[exchange]]\nname = 'x'\nplugin = 'csv'\ninstrument_types = []\nconfig.file = ''",
        expect![
            "etc/run.toml:4:20: exchange[0].instrument_types: found an empty list (accepted: a list of 1 or more, each one of other, equity, bond, option, future, pair, spread, future_option, mutual_fund, commodity, currency, index)"
        ],
    );
}

#[test]
fn all_problems_in_the_order_of_the_lines() {
    check_file(
        "verbos = true\ntrading_type = 'x'\n[fill]\nrule = 3\n[[exchange]]\nplugin = 'csv'\n\
         [[strategy]]\nplugin = 'ema-cross'\nconfig = { fats = 1, slow = 'x' }\n[[strategy]]\nplugin = 'gone'\n",
        expect![[r#"
            etc/run.toml:1:1: verbos: unknown key (accepted: trading_type, plugin_dirs, verbose, slice_max, results, backtest, fill, costs, risk, portfolio, account, hours, instrument, routing, plugins, state, recovery, control, backtests, recorder, logging, exchange, strategy; did you mean verbose?)
            etc/run.toml:2:16: trading_type: found "x" (accepted: backtest, simulation, sandbox, live)
            etc/run.toml:4:8: fill.rule: found 3 (accepted: next_price, same_price, as_asked, book)
            etc/run.toml:5:1: exchange[0].config: missing key file (accepted: a path)
            etc/run.toml:9:12: strategy[0].config.fats: unknown key (accepted: fast, slow, reverse; did you mean fast?)
            etc/run.toml:9:29: strategy[0].config.slow: found "x" (accepted: an integer from 2 to 1000000)
            etc/run.toml:11:10: strategy[1].plugin: no plugin strategy-gone in /usr/lib/stratd/plugins"#]],
    );
}

#[test]
fn syntax() {
    check(
        "verbose = true\nverbose = false",
        expect!["etc/run.toml:2:1: duplicate key verbose (accepted: each key once)"],
    );
    check(
        "[backtest]\n[backtest]",
        expect!["etc/run.toml:2:2: duplicate key backtest (accepted: each key once)"],
    );
    check(
        "verbose = yes\nresults = 'x",
        expect![[r#"
            etc/run.toml:1:11: "yes" is no value (accepted: a number, true, false, or a text in quotes)
            etc/run.toml:2:13: invalid literal string (accepted: `'`)"#]],
    );
    check("results", expect!["etc/run.toml:1:8: key with no value (accepted: `=`)"]);
    check("[backtest", expect!["etc/run.toml:1:10: unclosed table (accepted: `]`)"]);
}

#[test]
fn files_that_are_none() {
    let problems = super::load(Some(b"results = '\xff'"), &[]).unwrap_err();
    expect!["etc/run.toml:1:12: not UTF-8 (accepted: UTF-8 text)"].assert_eq(&problems[0].to_string());
    let read = |path: &str| crate::config::Draft::read(Some(path.as_ref()), &Default::default());
    expect![
        "/nowhere/run.toml: reading: No such file or directory (os error 2) (accepted: a readable TOML file)"
    ]
    .assert_eq(&read("/nowhere/run.toml").unwrap_err()[0].to_string());
    expect!["/dev/zero: longer than 1048576 bytes (accepted: a readable TOML file)"]
        .assert_eq(&read("/dev/zero").unwrap_err()[0].to_string());
    expect!["/: reading: Is a directory (os error 21) (accepted: a readable TOML file)"]
        .assert_eq(&read("/").unwrap_err()[0].to_string());
}

#[test]
fn as_json() {
    let problems =
        super::load(Some(b"[[strategy]]\nplugin = 'ema-cross'\nconfig.fats = 1"), &[]).unwrap_err();
    expect![[r#"
        [
          {
            "file": "etc/run.toml",
            "line": 1,
            "column": 1,
            "key": "",
            "pointer": "",
            "kind": "missing_key",
            "found": "exchange",
            "accepted": "1 to 64 [[exchange]] tables, or --exchange PLUGIN",
            "hint": null
          },
          {
            "file": "etc/run.toml",
            "line": 3,
            "column": 8,
            "key": "strategy[0].config.fats",
            "pointer": "/strategy/0/config/fats",
            "kind": "unknown_key",
            "found": "fats",
            "accepted": "fast, slow, reverse",
            "hint": "fast"
          }
        ]"#]]
    .assert_eq(&serde_json::to_string_pretty(&problems).unwrap());
    check_both(
        None,
        &[],
        expect![[r#"
            command line: missing key exchange (accepted: 1 to 64 [[exchange]] tables, or --exchange PLUGIN)
            command line: missing key strategy (accepted: 1 to 256 [[strategy]] tables, or --strategy PLUGIN)"#]],
    );
}
