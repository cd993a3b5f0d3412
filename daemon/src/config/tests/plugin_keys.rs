//! The keys of plugins, against the schema in their manifest.

use expect_test::{Expect, expect};

use super::{GOOD, accepted, check_file};

/// `config` of a strategy of that plugin; its line is the third.
fn check(plugin: &str, config: &str, expect: Expect) {
    check_file(
        &format!("[[strategy]]\nplugin = '{plugin}'\nconfig = {{ {config} }}\nname = 'x'\n{GOOD}"),
        expect,
    );
}

#[test]
fn keys() {
    check("ema-cross", "fast = 1, slow = 2", expect!["no problems"]);
    check(
        "ema-cross",
        "fats = 1",
        expect![
            "etc/run.toml:3:12: strategy[0].config.fats: unknown key (accepted: fast, slow, reverse; did you mean fast?)"
        ],
    );
    check(
        "ema-cross",
        "Quantity = 1, a.b = 2",
        expect![[r#"
            etc/run.toml:3:12: strategy[0].config.Quantity: unknown key (accepted: fast, slow, reverse)
            etc/run.toml:3:26: strategy[0].config.a: unknown key (accepted: fast, slow, reverse)"#]],
    );
    // a schema that says nothing of additional keys
    check(
        "hold",
        "quantty = 1",
        expect![
            "etc/run.toml:3:12: strategy[0].config.quantty: unknown key (accepted: quantity; did you mean quantity?)"
        ],
    );
    check(
        "odd",
        "limits.dya = 1",
        expect![
            "etc/run.toml:3:19: strategy[0].config.limits.dya: unknown key (accepted: day; did you mean day?)"
        ],
    );
    check(
        "odd",
        "day = 1",
        expect![
            "etc/run.toml:3:12: strategy[0].config.day: unknown key (accepted: token, symbol, ratio, step, weekdays, limits, size, source, optional, models; did you mean limits.day?)"
        ],
    );
    check_file(
        "[[strategy]]\nplugin = 'ema-cross'\nfast = 5\n[[exchange]]\nplugin = 'csv'",
        expect![[r#"
            etc/run.toml:3:1: strategy[0].fast: unknown key (accepted: name, plugin, allow_shutdown, cancel_on_stop, bars, warm_up, isolation, unload, config; did you mean config.fast?)
            etc/run.toml:4:1: exchange[0].config: missing key file (accepted: a path)"#]],
    );
    check_file(
        "[[strategy]]\nplugin = 'hold'\n[[exchange]]\nplugin = 'csv'\n\n[exchange.config]\nadjust='x'",
        expect![[r#"
            etc/run.toml:6:11: exchange[0].config: missing key file (accepted: a path)
            etc/run.toml:7:8: exchange[0].config.adjust: found "x" (accepted: none, adj_close)"#]],
    );
}

#[test]
fn values() {
    check(
        "ema-cross",
        "fast = 'ten'",
        expect![[
            r#"etc/run.toml:3:19: strategy[0].config.fast: found "ten" (accepted: an integer from 1 to 1000000)"#
        ]],
    );
    check(
        "ema-cross",
        "fast = 0.5, slow = 0",
        expect![[r#"
            etc/run.toml:3:19: strategy[0].config.fast: found 0.5 (accepted: an integer from 1 to 1000000)
            etc/run.toml:3:31: strategy[0].config.slow: found 0 (accepted: an integer from 2 to 1000000)"#]],
    );
    check(
        "ema-cross",
        "reverse = 1, fast = []",
        expect![[r#"
            etc/run.toml:3:22: strategy[0].config.reverse: found 1 (accepted: true or false)
            etc/run.toml:3:32: strategy[0].config.fast: found an empty list (accepted: an integer from 1 to 1000000)"#]],
    );
    check(
        "ema-cross",
        "fast = 99999999999999999999",
        expect![
            "etc/run.toml:3:19: strategy[0].config.fast: found 99999999999999999999 (accepted: an integer from 1 to 1000000)"
        ],
    );
    check(
        "hold",
        "quantity = '1,5'",
        expect![[
            r#"etc/run.toml:3:23: strategy[0].config.quantity: found "1,5" (accepted: a decimal number such as 12.5)"#
        ]],
    );
    check(
        "hold",
        "quantity = {}",
        expect![
            "etc/run.toml:3:23: strategy[0].config.quantity: found a table (accepted: a decimal number such as 12.5)"
        ],
    );
}

#[test]
fn values_of_rarer_schemas() {
    check(
        "odd",
        "token = 'secret'",
        expect![
            "etc/run.toml:3:20: strategy[0].config.token: found a secret value (accepted: a text of 8 or more characters)"
        ],
    );
    // one that is called so is secret in whatever schema
    check(
        "odd",
        "models = { api_token = 12345678 }",
        expect![
            "etc/run.toml:3:35: strategy[0].config.models.api_token: found a secret value (accepted: a path)"
        ],
    );
    check(
        "odd",
        "token = '***'",
        expect![[
            r#"etc/run.toml:3:20: strategy[0].config.token: found "***", which stands for a secret that nobody is shown (accepted: the secret itself, or a reference to it such as ${credential:NAME})"#
        ]],
    );
    check(
        "odd",
        "symbol = 5",
        expect!["etc/run.toml:3:21: strategy[0].config.symbol: found 5 (accepted: a text)"],
    );
    check(
        "odd",
        "ratio = 0, step = 7",
        expect![[r#"
            etc/run.toml:3:20: strategy[0].config.ratio: found 0 (accepted: a number above 0 and at most 1)
            etc/run.toml:3:30: strategy[0].config.step: found 7 (accepted: a multiple of 5)"#]],
    );
    check(
        "odd",
        "ratio = nan",
        expect![
            "etc/run.toml:3:20: strategy[0].config.ratio: found nan (accepted: a number above 0 and at most 1)"
        ],
    );
    check(
        "odd",
        "weekdays = ['mon', 'thu']",
        expect![[r#"etc/run.toml:3:31: strategy[0].config.weekdays[1]: found "thu" (accepted: mon, tue)"#]],
    );
    check(
        "odd",
        "weekdays = ['mon', 'mon']",
        expect![
            "etc/run.toml:3:23: strategy[0].config.weekdays: found a list of 2 (accepted: a list without repetitions)"
        ],
    );
    check(
        "odd",
        "weekdays = []",
        expect![
            "etc/run.toml:3:23: strategy[0].config.weekdays: found an empty list (accepted: a list of 1 or more, each one of mon, tue)"
        ],
    );
    check(
        "odd",
        &format!("limits = '{}'", "x".repeat(99)),
        expect![[
            r#"etc/run.toml:3:21: strategy[0].config.limits: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"… (accepted: a table)"#
        ]],
    );
}

#[test]
fn alternatives() {
    check(
        "odd",
        "size = { kind = 'share', percent = 101 }",
        expect![
            "etc/run.toml:3:47: strategy[0].config.size.percent: found 101 (accepted: an integer of at most 100)"
        ],
    );
    check(
        "odd",
        "size = { kind = 'fixed', percent = 1 }",
        expect![[r#"
            etc/run.toml:3:12: strategy[0].config.size: missing key quantity (accepted: an integer)
            etc/run.toml:3:37: strategy[0].config.size.percent: unknown key (accepted: kind, quantity)"#]],
    );
    check(
        "odd",
        "size = { kind = 'half' }",
        expect![[
            r#"etc/run.toml:3:28: strategy[0].config.size.kind: found "half" (accepted: fixed, share)"#
        ]],
    );
    check(
        "odd",
        "size = 5",
        expect![
            "etc/run.toml:3:19: strategy[0].config.size: found 5 (accepted: a table with kind, quantity, or a table with kind, percent)"
        ],
    );
    check(
        "odd",
        "source = { file = 5 }",
        expect!["etc/run.toml:3:30: strategy[0].config.source.file: found 5 (accepted: a path)"],
    );
    check(
        "odd",
        "source = { path = 'x' }",
        expect![
            "etc/run.toml:3:21: strategy[0].config.source: found a table (accepted: a table with file, or a table with url)"
        ],
    );
    check(
        "odd",
        "optional = { low = 1 }",
        expect!["etc/run.toml:3:12: strategy[0].config.optional: missing key high (accepted: an integer)"],
    );
    check(
        "odd",
        "optional = 1",
        expect!["etc/run.toml:3:23: strategy[0].config.optional: found 1 (accepted: a table with low, high)"],
    );
}

#[test]
fn plugins_that_cannot_be_used() {
    check(
        "ema-kross",
        "",
        expect![
            "etc/run.toml:2:10: strategy[0].plugin: no plugin strategy-ema-kross in /usr/lib/stratd/plugins (did you mean ema-cross?)"
        ],
    );
    check(
        "csv",
        "",
        expect![
            "etc/run.toml:2:10: strategy[0].plugin: exchange-csv 0.1.0 is a plugin of kind exchange (accepted: one of kind strategy)"
        ],
    );
    check(
        "broken",
        "",
        expect![[
            r#"etc/run.toml:2:10: strategy[0].plugin: the configuration schema of strategy-broken 0.1.0 is not valid: /type: "intteger" is not valid under any of the schemas listed in the 'anyOf' keyword (accepted: a JSON schema)"#
        ]],
    );
}

#[test]
fn paths_start_in_the_folder_of_the_file() {
    let text = r#"
        [[exchange]]
        plugin = "csv"
        [exchange.config]
        file = "../data/p.csv"
        files = ["a.csv", "/b.csv", ""]
        adjust = "none"
        [[strategy]]
        plugin = "odd"
        config = { symbol = "AAPL", models = { a = "m/a" }, source.file = "s" }
        [[strategy]]
        name = "net"
        plugin = "odd"
        config.source.url = "s"
    "#;
    let config = accepted(Some(text), &[]);
    let json = |table: &serde_json::Map<_, _>| serde_json::to_string(table).unwrap();
    expect![[r#"{"file":"etc/../data/p.csv","files":["etc/a.csv","/b.csv",""],"adjust":"none"}"#]]
        .assert_eq(&json(&config.exchange[0].config));
    expect![[r#"{"symbol":"AAPL","models":{"a":"etc/m/a"},"source":{"file":"etc/s"}}"#]]
        .assert_eq(&json(&config.strategy[0].config));
    expect![[r#"{"source":{"url":"s"}}"#]].assert_eq(&json(&config.strategy[1].config));
}

#[test]
fn decimals_keep_every_digit() {
    let text = format!("{GOOD}\n[strategy.config]\nquantity = 0.12345678901234567\n");
    assert_eq!(accepted(Some(&text), &[]).strategy[0].config["quantity"], "0.12345678901234567");
}
