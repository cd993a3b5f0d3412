//! Limits, accounts, currencies and hours in whole runs of the real program: what is filled, what is not, and why.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use stratd_tests::{Files, Place, Running, Table};

/// Five days: open 100, 102, …, close half a dollar above.
const RISING: &str = "date,symbol,open,high,low,close,volume
2024-01-02,AAPL,100.00,101.00,99.00,100.50,1000
2024-01-03,AAPL,102.00,103.00,101.00,102.50,1000
2024-01-04,AAPL,104.00,105.00,103.00,104.50,1000
2024-01-05,AAPL,106.00,107.00,105.00,106.50,1000
2024-01-08,AAPL,108.00,109.00,107.00,108.50,1000
";
/// Five days, each ten dollars lower.
const FALLING: &str = "date,symbol,open,high,low,close,volume
2024-01-02,AAPL,100.00,101.00,99.00,100.00,1000
2024-01-03,AAPL,100.00,101.00,89.00,90.00,1000
2024-01-04,AAPL,90.00,91.00,79.00,80.00,1000
2024-01-05,AAPL,80.00,81.00,69.00,70.00,1000
2024-01-08,AAPL,70.00,71.00,59.00,60.00,1000
";

/// Strategies that buy 3, 5 and 10 shares.
fn buyers() -> String {
    let buyer = |quantity: u32| {
        format!(
            "[[strategy]]\nname = 'buys-{quantity}'\nplugin = 'buy-and-hold'\nconfig.quantity = {quantity}\n"
        )
    };
    [3, 5, 10].map(buyer).concat()
}

fn place(settings: &str, data: &str, strategies: &str) -> Place {
    let config = format!("{settings}\n[[exchange]]\nplugin = 'csv'\nconfig.file = 'data.csv'\n{strategies}");
    Place::new(&[("data.csv", data), ("run.toml", &config)])
}

/// What became of the orders, one a line.
fn orders(results: &Files) -> String {
    let orders = Table::read(&results["orders.csv"]);
    let line = |order: &BTreeMap<&str, &str>| {
        let words =
            ["strategy", "side", "quantity", "filled", "status", "reason"].map(|column| order[column]);
        words.join(" ").trim_end().to_owned() + "\n"
    };
    orders.rows().iter().map(line).collect()
}

/// Orders of three strategies that buy 3, 5 and 10 shares under these settings.
fn check(settings: &str, expect: Expect) {
    expect.assert_eq(&orders(&place(settings, RISING, &buyers()).backtest(&["run.toml"])));
}

#[test]
fn a_limit_that_reduces_leaves_what_fits() {
    check(
        "[risk]\nmax_position = { limit = 9, on_breach = 'reduce' }",
        expect![[r#"
        buys-3 buy 3 3 filled
        buys-5 buy 5 5 filled
        buys-10 buy 1 1 filled
    "#]],
    );
    check(
        "[risk]\nmax_order_quantity = { limit = 4.5, on_breach = 'reduce' }",
        expect![[r#"
        buys-3 buy 3 3 filled
        buys-5 buy 4 4 filled
        buys-10 buy 4 4 filled
    "#]],
    );
    // the last price is 100.50
    check(
        "[risk]\nmax_order_notional = { limit = 402, on_breach = 'reduce' }",
        expect![[r#"
        buys-3 buy 3 3 filled
        buys-5 buy 4 4 filled
        buys-10 buy 4 4 filled
    "#]],
    );
}

#[test]
fn limits_of_strategies_and_instruments_bind_them() {
    check(
        "[risk.strategy.buys-5]\nmax_order_quantity = 4\n[risk.instrument.AAPL]\nmax_position = 12",
        expect![[r#"
            buys-5 buy 5 0 denied max_order_quantity
            buys-10 buy 10 0 denied max_position
            buys-3 buy 3 3 filled
        "#]],
    );
}

#[test]
fn counts_and_rates_hold_back_what_is_too_much_at_once() {
    check(
        "[risk]\nmax_open_orders = 2",
        expect![[r#"
        buys-10 buy 10 0 denied max_open_orders
        buys-3 buy 3 3 filled
        buys-5 buy 5 5 filled
    "#]],
    );
    check(
        "[risk]\nmax_order_rate = { count = 1, window = '1s' }",
        expect![[r#"
        buys-5 buy 5 0 denied order_rate
        buys-10 buy 10 0 denied order_rate
        buys-3 buy 3 3 filled
    "#]],
    );
}

#[test]
fn a_collar_keeps_the_quotes_of_a_market_maker_near_the_last_price() {
    let run = |collar: &str| {
        let config = format!(
            "[risk]\nprice_collar = {collar}\n[[exchange]]\nplugin = 'synthetic'\n\
             config = {{ instruments = 1, steps = 5000 }}\n[[strategy]]\nplugin = 'market-maker'\n"
        );
        let place = Place::new(&[("run.toml", &config)]);
        let results = place.backtest(&["run.toml"]);
        let orders = Table::read(&results["orders.csv"]);
        let denied = orders.rows().iter().filter(|order| order["reason"] == "price_collar").count();
        (denied, orders.rows().len())
    };
    let (denied, all) = run("{ percent = 50 }");
    assert!(denied == 0 && all > 0, "{denied} of {all}");
    let (denied, all) = run("{ bps = 0.01 }");
    assert!(denied > 0, "{denied} of {all}");
}

#[test]
fn a_loss_closes_everything_and_the_log_says_why() {
    let strategy = "[[strategy]]\nplugin = 'buy-and-hold'\nconfig.quantity = 10\n";
    let limit = "[risk]\nmax_drawdown = { limit = 150, exit = 'close_all' }";
    let place = place(limit, FALLING, strategy);
    let ran = place.stratd(&["backtest", "run.toml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    expect![[r#"
        buy-and-hold buy 10 10 filled
        buy-and-hold sell 10 10 filled
    "#]]
    .assert_eq(&orders(&place.results()));
    assert!(ran.err.contains("all strategies: trading is halted: max_drawdown"), "{}", ran.err);
}

#[test]
fn a_cash_account_buys_what_it_can_pay_for() {
    check(
        "[backtest]\ncash = 1005\n[account]\nkind = 'cash'",
        expect![[r#"
        buys-10 buy 10 0 denied buying_power
        buys-3 buy 3 3 filled
        buys-5 buy 5 5 filled
    "#]],
    );
    check(
        "[backtest]\ncash = 1005\n[account]\nkind = 'margin'\ninitial_margin = 0.8",
        expect![[r#"
        buys-10 buy 10 0 denied buying_power
        buys-3 buy 3 3 filled
        buys-5 buy 5 5 filled
    "#]],
    );
}

#[test]
fn a_currency_needs_a_rate_and_counts_at_it() {
    let strategy = "[[strategy]]\nplugin = 'buy-and-hold'\nconfig.quantity = 10\n";
    let run = |rates: &str| {
        let place = place(rates, RISING, strategy);
        let file = "[[exchange]]\nplugin = 'csv'\nconfig = { file = 'data.csv', currency = 'EUR' }\n";
        place.write("run.toml", &format!("{rates}\n{file}{strategy}"));
        (place.stratd(&["backtest", "run.toml"]), place)
    };
    let (ran, _) = run("");
    assert_eq!(ran.code, 1);
    expect!["stratd: the instrument AAPL is in EUR, and the run in USD: portfolio.rates.EUR is missing (accepted: a number above 0, or an instrument that quotes it)"].assert_eq(&ran.error());
    let (ran, place) = run("[portfolio.rates]\nEUR = 1.25");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let results = place.results();
    let equity = Table::read(&results["equity.csv"]);
    let rows = equity.rows();
    // bought at 102, now 108.50: 10 * 6.50 * 1.25
    assert_eq!(rows.last().map(|row| row["equity"]), Some("100081.25"));
}

#[test]
fn first_in_first_out_and_average_cost_bring_the_same_equity() {
    let strategy = "[[strategy]]\nplugin = 'ema-cross'\nconfig = { fast = 2, slow = 3, quantity = 10, reverse = true }\n";
    let equity = |accounting: &str| {
        let settings = format!("[portfolio]\naccounting = '{accounting}'");
        let data: String = (2..30)
            .map(|day| {
                let price = 100 + (day * 7919) % 23;
                format!("2024-01-{day:02},AAPL,{price}.00,{price}.00,{price}.00,{price}.00,1000\n")
            })
            .collect();
        let data = format!("date,symbol,open,high,low,close,volume\n{data}");
        let results = place(&settings, &data, strategy).backtest(&["run.toml"]);
        assert!(Table::read(&results["fills.csv"]).rows().len() > 3);
        results["equity.csv"].clone()
    };
    assert_eq!(equity("average"), equity("fifo"));
}

#[test]
fn orders_are_taken_within_the_hours_of_a_time_zone_and_closed_before_their_end() {
    let orders_of = |hours: &[u32]| {
        let row = |hour| format!("2024-07-02T{hour:02}:00:00Z,AAPL,100.00,100.00,100.00,100.00,1000\n");
        let rows: String = hours.iter().map(row).collect();
        let data = format!("time,symbol,open,high,low,close,volume\n{rows}");
        let hours = "[hours.nyse]\ntimezone = 'America/New_York'\nsessions = ['09:30-16:00']\n\
                     [risk]\ntrading_hours = { hours = 'nyse', before_close = '3600s', exit = 'close_all' }";
        let strategy = "[[strategy]]\nplugin = 'buy-and-hold'\n";
        let results = place(hours, &data, strategy).backtest(&["run.toml"]);
        let orders = Table::read(&results["orders.csv"]);
        let line = |order: &BTreeMap<&str, &str>| {
            let words = ["created", "side", "status", "reason"].map(|column| order[column]);
            words.join(" ").trim_end().to_owned() + "\n"
        };
        orders.rows().iter().map(line).collect::<String>()
    };
    // New York opens at 13:30 UTC in summer
    expect![[r#"
        2024-07-02T13:00:00Z buy denied trading_hours
    "#]]
    .assert_eq(&orders_of(&[13, 14]));
    // an hour before its end at 20:00 UTC the exit routine runs by the clock, and fills at the next price
    expect![[r#"
        2024-07-02T14:00:00Z buy filled
        2024-07-02T19:00:00Z sell filled
    "#]]
    .assert_eq(&orders_of(&[14, 15, 18, 20]));
}

#[test]
fn without_a_table_the_hours_of_the_exchange_count() {
    let row = |hour| format!("2024-07-02T{hour:02}:00:00Z,AAPL,100.00,100.00,100.00,100.00,1000\n");
    let data: String = [13, 14, 18, 20].map(row).concat();
    let data = format!("time,symbol,open,high,low,close,volume\n{data}");
    let run = |settings: &str, exchange: &str| {
        let config = format!(
            "{settings}\n[[exchange]]\nplugin = 'csv'\nconfig = {{ file = 'data.csv'{exchange} }}\n\
             [[strategy]]\nplugin = 'buy-and-hold'\n"
        );
        Place::new(&[("data.csv", &data), ("run.toml", &config)])
    };
    let nyse = ", sessions = ['09:30-16:00'], timezone = 'America/New_York'";
    for settings in ["[risk]", "[risk.instrument.AAPL]"] {
        let rule = format!("{settings}\ntrading_hours = {{ before_close = '3600s', exit = 'close_all' }}");
        let results = run(&rule, nyse).backtest(&["run.toml"]);
        expect![[r#"
            buy-and-hold buy 1 0 denied trading_hours
        "#]]
        .assert_eq(&orders(&results));
        let ran = run(&rule, "").stratd(&["backtest", "run.toml"]);
        assert_eq!(ran.code, 1);
        assert!(ran.error().contains("no exchange tells when its instruments trade"), "{}", ran.error());
    }
    // they hold nothing back by themselves
    expect![[r#"
        buy-and-hold buy 1 1 filled
    "#]]
    .assert_eq(&orders(&run("", nyse).backtest(&["run.toml"])));
    let ran = run("[risk.strategy.buy-and-hold]\ntrading_hours = { exit = 'none' }", nyse)
        .stratd(&["backtest", "run.toml"]);
    assert_eq!(ran.code, 78);
    assert!(ran.err.contains("hours = the name of an [hours.NAME] table"), "{}", ran.err);
}

#[test]
fn half_days_and_holidays_of_a_table_count_with_the_hours_of_the_exchange() {
    // the half day before a holiday ends at 13:00 in New York, which is 17:00 UTC
    let times = ["2024-07-03T14", "2024-07-03T15", "2024-07-03T17", "2024-07-03T18"];
    let rows = times.map(|time| format!("{time}:00:00Z,AAPL,100.00,100.00,100.00,100.00,1000\n")).concat();
    let data = format!("time,symbol,open,high,low,close,volume\n{rows}");
    let table = "[hours.nyse]\ntimezone = 'America/New_York'\nholidays = ['2024-07-04']\n\
                 [[hours.nyse.special]]\ndates = ['2024-07-03', '2024-11-29']\nsessions = ['09:30-13:00']\n";
    let run = |holidays: &str, timezone: &str| {
        let config = format!(
            "{table}[risk]\ntrading_hours = {{ {holidays} before_close = '900s', exit = 'close_all' }}\n\
             [[exchange]]\nplugin = 'csv'\nconfig = {{ file = 'data.csv', sessions = ['09:30-16:00'], timezone = '{timezone}' }}\n\
             [[strategy]]\nplugin = 'buy-and-hold'\n"
        );
        Place::new(&[("data.csv", &data), ("run.toml", &config)])
    };
    let made = |place: &Place| -> Vec<String> {
        let results = place.backtest(&["run.toml"]);
        let orders = Table::read(&results["orders.csv"]);
        orders
            .rows()
            .iter()
            .map(|order| [order["created"], order["side"], order["status"]].join(" "))
            .collect()
    };
    assert_eq!(made(&run("", "America/New_York")), ["2024-07-03T14:00:00Z buy filled"]);
    // a quarter of an hour before the early close
    assert_eq!(
        made(&run("holidays = 'nyse',", "America/New_York")),
        ["2024-07-03T14:00:00Z buy filled", "2024-07-03T16:45:00Z sell filled"]
    );
    let ran = run("holidays = 'nyse',", "UTC").stratd(&["backtest", "run.toml"]);
    assert!(ran.code == 1 && ran.error().contains("accepted: the same time zone"), "{ran:?}");
    let ran = run("holidays = 'lse',", "UTC").stratd(&["check", "run.toml"]);
    assert!(ran.code == 78 && ran.err.contains("the name of an [hours.NAME] table: nyse"), "{ran:?}");
}

#[test]
fn hedged_positions_stand_side_by_side() {
    let config = "[portfolio]\noms_type = 'hedging'\n[risk.strategy.market-maker]\nmax_position = 60\n\
                  [[exchange]]\nplugin = 'synthetic'\nconfig = { instruments = 1, seed = 3, steps = 4000 }\n\
                  [[strategy]]\nplugin = 'market-maker'\n";
    let results = Place::new(&[("run.toml", config)]).backtest(&["run.toml"]);
    let positions = Table::read(&results["positions.csv"]);
    let size = |side: &str| -> f64 {
        let rows = positions.rows().iter().filter(|row| row["side"] == side);
        rows.map(|row| row["position"].parse::<f64>().expect("a number")).next_back().expect("a position")
    };
    let (long, short) = (size("long"), size("short"));
    assert!((0.0..=60.0).contains(&long) && (-60.0..=0.0).contains(&short), "{long} {short}");
    // what was bought and sold is what both hold together
    let fills = Table::read(&results["fills.csv"]);
    let signed = |row: &BTreeMap<&str, &str>| {
        let quantity: f64 = row["quantity"].parse().expect("a number");
        if row["side"] == "sell" { -quantity } else { quantity }
    };
    let net: f64 = fills.rows().iter().map(signed).sum();
    assert!(fills.rows().len() > 4);
    assert!((net - (long + short)).abs() < 1e-9, "{net} {long} {short}");
}

#[test]
fn costs_in_another_currency_are_summed_in_that_of_the_run() {
    let data = RISING.replace("2024-01-08,AAPL,108.00,109.00,107.00,108.50,1000\n", "");
    let config = "[portfolio.rates]\nEUR = 1.25\n[costs]\ntaker_fee = 0.001\n\
                  [[exchange]]\nplugin = 'csv'\nconfig = { file = 'data.csv', currency = 'EUR' }\n\
                  [[strategy]]\nplugin = 'buy-and-hold'\nconfig.quantity = 10\n";
    let results = Place::new(&[("data.csv", &data), ("run.toml", config)]).backtest(&["run.toml"]);
    let fills = Table::read(&results["fills.csv"]);
    let fill = &fills.rows()[0];
    // 10 at 102, a thousandth of it, and a quarter more in the currency of the run
    expect!["1020.00 1.02000000 EUR 1.27500000"]
        .assert_eq(&["notional", "fee", "currency", "cost"].map(|column| fill[column]).join(" "));
    let summary: serde_json::Value = serde_json::from_str(&results["summary.json"]).expect("JSON");
    assert_eq!((summary["fees"].as_str(), summary["costs"].as_str()), (Some("1.28"), Some("1.28")));
    let positions = Table::read(&results["positions.csv"]);
    assert_eq!(positions.rows()[0]["price_average"], "102.00");
}

#[test]
fn an_instrument_that_nobody_has_refuses_the_run() {
    let ran = place("[risk.instrument.APPL]\nmax_position = 1", RISING, &buyers())
        .stratd(&["backtest", "run.toml"]);
    assert_eq!(ran.code, 1);
    expect!["stratd: risk.instrument.APPL: no exchange has an instrument APPL (accepted: AAPL)"]
        .assert_eq(&ran.error());
}

#[test]
fn the_kill_switch_halts_a_run_and_lets_it_go_on() {
    let config = "trading_type = 'sandbox'\n[risk]\nkill_switch = 'close_all'\n[[exchange]]\nplugin = 'synthetic'\n\
                  config = { instruments = 2, rate = 2000 }\n[[strategy]]\nplugin = 'market-maker'\n";
    let place = Place::new(&[("run.toml", config)]);
    let mut run = Running::start(place.command(&["run", "run.toml"]), "run");
    let fills = place.path().join("runs/latest/fills.csv");
    run.wait_until("a fill", || std::fs::read_to_string(&fills).is_ok_and(|text| text.lines().count() > 2));
    run.signal("USR1");
    run.wait_for_log("all strategies: trading is halted: requested");
    run.signal("USR2");
    run.wait_for_log("all strategies: trading goes on");
    let ended = run.end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}
