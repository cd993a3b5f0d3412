//! `[risk]` and `[hours]`: what they mean, and what is wrong with them.

use expect_test::{Expect, expect};
use stratd_engine::{ExitRoutine, OnBreach, TradingState};

use super::{GOOD, check_file, load};

fn check(text: &str, expect: Expect) {
    check_file(&format!("{text}\n{GOOD}"), expect);
}

#[test]
fn every_limit_has_a_short_form_and_those_that_can_do_more_a_table() {
    let text = format!(
        r#"
        [risk]
        max_order_quantity = 10
        max_order_notional = {{ limit = "5000.5", on_breach = "reduce" }}
        price_collar = {{ bps = 12.5 }}
        max_position = {{ limit = 0.1, on_breach = "deny" }}
        max_open_orders = 3
        max_order_rate = {{ count = 5, window = "250ms" }}
        max_daily_loss = 100
        max_drawdown = {{ limit = 200, state = "reducing", exit = "cancel_all" }}
        trading_hours = {{ hours = "us", before_close = "300s", exit = "close_all" }}
        [risk.strategy.hold]
        max_position = 7
        [risk.instrument."BRK.B"]
        max_open_orders = 1
        [hours.us]
        timezone = "America/New_York"
        sessions = ["09:30-16:00"]
        holidays = ["2024-07-04"]
        [[hours.us.special]]
        dates = ["2024-07-03", "2024-11-29"]
        sessions = ["09:30-13:00"]
        {GOOD}"#
    );
    let config = load(Some(text.as_bytes()), &[]).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let limits = &config.risk.run;
    let notional = limits.max_order_notional.unwrap();
    assert_eq!(
        (format!("{:.2}", notional.limit).as_str(), notional.on_breach),
        ("5000.50", OnBreach::Reduce)
    );
    assert_eq!(limits.max_order_quantity.unwrap().on_breach, OnBreach::Deny);
    let day = limits.max_daily_loss.unwrap();
    assert_eq!((day.state, day.exit), (TradingState::Halted, ExitRoutine::None));
    let drawdown = limits.max_drawdown.unwrap();
    assert_eq!((drawdown.state, drawdown.exit), (TradingState::Reducing, ExitRoutine::CancelAll));
    let engine = limits.engine();
    assert!(engine.price_collar.is_some());
    assert_eq!(engine.max_order_rate.unwrap().window_ns, 250_000_000);
    let scopes: Vec<String> = config.risk.scopes().map(|(place, _)| place).collect();
    assert_eq!(scopes, ["risk", "risk.strategy.hold", "risk.instrument.BRK.B"]);
    let hours = config.hours["us"].hours().unwrap();
    assert_eq!((hours.weekdays, hours.holidays.len(), hours.special.len()), (0b1_1111, 1, 2));
}

#[test]
fn what_cannot_be_reduced_takes_no_on_breach() {
    check(
        "[risk]\nmax_open_orders = { limit = 3, on_breach = 'reduce' }\nprice_collar = { percent = 5, on_breach = 'reduce' }",
        expect![[r#"
            etc/run.toml:2:19: risk.max_open_orders: found a table (accepted: an integer from 1 to 1000000)
            etc/run.toml:3:31: risk.price_collar.on_breach: unknown key (accepted: percent)"#]],
    );
    check(
        "[risk]\nmax_position = { limit = 3, on_breach = 'cut' }",
        expect![
            "etc/run.toml:2:16: risk.max_position: found a table (accepted: a decimal number above 0, or { limit = NUMBER, on_breach = deny or reduce })"
        ],
    );
    check(
        "[risk]\nmax_position = { on_breach = 'reduce' }",
        expect![
            "etc/run.toml:2:1: risk.max_position: missing key limit (accepted: a decimal number such as 12.5)"
        ],
    );
    check(
        "[risk]\nmax_daily_loss = { limit = 3, state = 'active' }",
        expect![
            "etc/run.toml:2:18: risk.max_daily_loss: found a table (accepted: an amount above 0, or { limit = AMOUNT, state = halted or reducing, exit = none, cancel_all or close_all })"
        ],
    );
}

#[test]
fn numbers_of_every_scope_are_checked() {
    check(
        "[risk]\nmax_position = { limit = 0 }\nprice_collar.percent = -1\nmax_order_rate = { count = 0, window = '0s' }\n\
         [risk.strategy.hold]\nmax_daily_loss = 0.123456789\n[risk.instrument.X]\nmax_order_notional = 0",
        expect![[r#"
            etc/run.toml:2:26: risk.max_position.limit: found 0 (accepted: more than 0)
            etc/run.toml:3:24: risk.price_collar.percent: found -1 (accepted: more than 0)
            etc/run.toml:4:28: risk.max_order_rate.count: found 0 (accepted: 1 to 100000)
            etc/run.toml:4:40: risk.max_order_rate.window: found "0s" (accepted: a time above 0)
            etc/run.toml:6:18: risk.strategy.hold.max_daily_loss: found 0.123456789 (accepted: at most 8 decimals)
            etc/run.toml:8:22: risk.instrument.X.max_order_notional: found 0 (accepted: more than 0)"#]],
    );
}

#[test]
fn names_must_exist() {
    check(
        "[risk.strategy.hodl]\nmax_position = 1\n[risk]\ntrading_hours = { hours = 'us' }",
        expect![[r#"
            etc/run.toml:1:1: risk.strategy.hodl: no strategy has the name hodl (accepted: the name of a strategy: hold; or manual, for orders by hand)
            etc/run.toml:4:27: risk.trading_hours.hours: found "us" (accepted: the name of an [hours.NAME] table, of which there is none)"#]],
    );
    check(
        "[risk.strategy.hold]\nmax_positon = 1",
        expect![
            "etc/run.toml:2:1: risk.strategy.hold.max_positon: unknown key (accepted: max_order_quantity, max_order_notional, price_collar, max_position, max_open_orders, max_order_rate, max_daily_loss, max_drawdown, trading_hours; did you mean max_position?)"
        ],
    );
    check(
        "[hours.eu]\n[risk]\ntrading_hours = { hours = 'us' }",
        expect![[
            r#"etc/run.toml:3:27: risk.trading_hours.hours: found "us" (accepted: the name of an [hours.NAME] table: eu)"#
        ]],
    );
}

#[test]
fn special_days_that_make_no_sense() {
    check(
        "[hours.x]\nsessions = ['18:00-17:00']\nholidays = ['2024-07-04']\n[[hours.x.special]]\ndates = ['2024-07-04', 'soon']\nsessions = ['16:00-18:00', '17:00-19:00']\n[[hours.x.special]]\ndates = ['2024-07-05', '2024-07-05']\nsessions = ['1800-1900']",
        expect![[r#"
            etc/run.toml:5:10: hours.x.special[0].dates[0]: found "2024-07-04" (accepted: a date that is neither a holiday nor another special day)
            etc/run.toml:5:24: hours.x.special[0].dates[1]: found "soon" (accepted: a date such as 2024-12-25)
            etc/run.toml:6:12: hours.x.special[0].sessions: found "16:00-18:00, 17:00-19:00" (accepted: sessions that neither begin before the last one of the day before is over, nor last into the first one of the day after)
            etc/run.toml:6:28: hours.x.special[0].sessions[1]: found "17:00-19:00" (accepted: a session after the end of the one before, of which only the last may end on the next day)
            etc/run.toml:8:24: hours.x.special[1].dates[1]: found "2024-07-05" (accepted: a date that is neither a holiday nor another special day)
            etc/run.toml:9:13: hours.x.special[1].sessions[0]: found "1800-1900" (accepted: HH:MM-HH:MM)"#]],
    );
    check(
        "[hours.x]\n[risk]\ntrading_hours = { hours = 'x', holidays = 'x' }\n[risk.instrument.AAPL]\ntrading_hours = { holidays = 'y' }",
        expect![[r#"
            etc/run.toml:3:43: risk.trading_hours.holidays: found "x" (accepted: no `holidays` beside `hours`, which has its own: it is for hours that the exchange tells)
            etc/run.toml:5:30: risk.instrument.AAPL.trading_hours.holidays: found "y" (accepted: the name of an [hours.NAME] table: x)"#]],
    );
}

#[test]
fn hours_that_make_no_sense() {
    check(
        "[hours.x]\ntimezone = 'America/Old_York'\ndays = ['monday']\nsessions = ['9:30-16:00']\nholidays = ['4th of July']",
        expect![[r#"
            etc/run.toml:2:12: hours.x.timezone: found "America/Old_York" (accepted: the IANA name of a time zone, such as America/New_York)
            etc/run.toml:3:9: hours.x.days[0]: found "monday" (accepted: mon, tue, wed, thu, fri, sat, sun; did you mean mon?)
            etc/run.toml:4:13: hours.x.sessions[0]: found "9:30-16:00" (accepted: HH:MM-HH:MM)
            etc/run.toml:5:13: hours.x.holidays[0]: found "4th of July" (accepted: a date such as 2024-12-25)"#]],
    );
    check(
        "[hours.x]\nsessions = ['09:00-12:00', '11:00-13:00']\n[hours.y]\nsessions = ['09:00-12:00', '18:00-10:00']",
        expect![[r#"
            etc/run.toml:2:28: hours.x.sessions[1]: found "11:00-13:00" (accepted: a session after the end of the one before, of which only the last may end on the next day)
            etc/run.toml:4:28: hours.y.sessions[1]: found "18:00-10:00" (accepted: a session that ends before the first one of the next day begins)"#]],
    );
}
