//! Pictures at both sizes that matter, and what keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use expect_test::{Expect, expect};

use super::{
    picture,
    screen::{Command, Mode, Screen, Wish},
    snapshot::{Order, Run, Snapshot, Strategy},
};

fn strategy(name: &str, state: &str, pnl: &str, position: &str, faults: u64) -> Strategy {
    Strategy {
        name: name.to_owned(),
        plugin: "strategy-ema-cross".to_owned(),
        state: state.to_owned(),
        pnl: pnl.to_owned(),
        position: position.to_owned(),
        events_per_second: 1_250,
        latency_ns: (faults == 0).then_some(2_345),
        orders_working: 2,
        faults,
        remark: if faults > 0 { "on_trade panicked: index out of bounds".to_owned() } else { String::new() },
    }
}

fn order(number: u64, state: &str) -> Order {
    Order {
        at: "2026-01-02T05:18:00.5Z".to_owned(),
        id: number.to_string(),
        strategy: "ema-cross".to_owned(),
        instrument: "SYN1".to_owned(),
        side: if number.is_multiple_of(2) { "buy" } else { "sell" }.to_owned(),
        kind: "limit".to_owned(),
        quantity: "10".to_owned(),
        filled: "2.5".to_owned(),
        price: format!("10{number}.25"),
        state: state.to_owned(),
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        run: Run {
            version: "0.1.0".to_owned(),
            pid: 4711,
            trading_type: "sandbox".to_owned(),
            state: "running".to_owned(),
            uptime_ns: 8_040_000_000_000,
            time: "2026-01-02T05:18:00.5Z".to_owned(),
            events: 1_234_567,
            orders_working: 3,
            equity: "100023.50".to_owned(),
            currency: "USD".to_owned(),
            warnings: vec!["the file of strategy-ema-cross is gone".to_owned(), "another".to_owned()],
        },
        strategies: vec![
            strategy("ema-cross", "started", "-1203.25", "15000", 0),
            strategy("ema-with-a-name-that-is-long", "faulted", "12.5", "0", 2),
            strategy("maker", "halted", "0", "-99.75", 0),
        ],
        orders: vec![order(1, "open"), order(2, "partially_filled"), order(3, "rejected")],
    }
}

/// A screen that has looked twice, a second apart.
fn screen() -> Screen {
    let mut screen = Screen::new(false);
    screen.on_snapshot(snapshot());
    let mut later = snapshot();
    later.run.uptime_ns += 2_000_000_000;
    later.run.events += 10_002;
    screen.on_snapshot(later);
    for number in 1..=30 {
        screen.on_log(format!("2026-01-02 05:18:{number:02} INFO strategy.ema-cross: line {number}"));
    }
    screen
}

fn check(screen: &Screen, width: u16, height: u16, expected: Expect) {
    let text = picture(screen, width, height).expect("a picture");
    assert_eq!(text.lines().count(), usize::from(height));
    expected.assert_eq(&text);
}

fn press(screen: &mut Screen, code: KeyCode) -> Wish {
    screen.on_key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_in(screen: &mut Screen, text: &str) {
    for c in text.chars() {
        press(screen, KeyCode::Char(c));
    }
}

#[test]
fn a_terminal_of_80_by_24() {
    check(
        &screen(),
        80,
        24,
        expect![[r#"
            stratd 0.1.0  sandbox, running  up 2h 14min  events 1,244,569, 5,001 a second
            equity 100023.50 USD  orders 3 working  time 2026-01-02T05:18:00.5Z
            WARNING the file of strategy-ema-cross is gone (and 1 more)
             strategies (3) ────────────────────────────────────────────────────────────────
            strategy      state          pnl   position  events/s  latency  orders  faults
            ema-cross     started   -1203.25      15000     1,250    2.3µs       2       0
            ema-with-a-…  faulted       12.5          0     1,250                2       2
            maker         halted           0     -99.75     1,250    2.3µs       2       0
             orders (3) ────────────────────────────────────────────────────────────────────
            strategy      instrument  side  type    quantity    filled      price  state
            ema-cross     SYN1        sell  limit         10       2.5     101.25  open
            ema-cross     SYN1        buy   limit         10       2.5     102.25  partiall…
            ema-cross     SYN1        sell  limit         10       2.5     103.25  rejected
             log (30) ──────────────────────────────────────────────────────────────────────
            2026-01-02 05:18:22 INFO strategy.ema-cross: line 22
            2026-01-02 05:18:23 INFO strategy.ema-cross: line 23
            2026-01-02 05:18:24 INFO strategy.ema-cross: line 24
            2026-01-02 05:18:25 INFO strategy.ema-cross: line 25
            2026-01-02 05:18:26 INFO strategy.ema-cross: line 26
            2026-01-02 05:18:27 INFO strategy.ema-cross: line 27
            2026-01-02 05:18:28 INFO strategy.ema-cross: line 28
            2026-01-02 05:18:29 INFO strategy.ema-cross: line 29
            2026-01-02 05:18:30 INFO strategy.ema-cross: line 30
            ↑↓ move  Tab panel  / filter  h halt  c continue  r reload  ? help  q quit
        "#]],
    );
}

#[test]
fn a_terminal_of_200_by_50() {
    check(
        &screen(),
        200,
        50,
        expect![[r#"
            stratd 0.1.0  sandbox, running  up 2h 14min  events 1,244,569, 5,001 a second
            equity 100023.50 USD  orders 3 working  time 2026-01-02T05:18:00.5Z
            WARNING the file of strategy-ema-cross is gone (and 1 more)
             strategies (3) ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            strategy                      state          pnl   position  events/s  latency  orders  faults  remark
            ema-cross                     started   -1203.25      15000     1,250    2.3µs       2       0
            ema-with-a-name-that-is-long  faulted       12.5          0     1,250                2       2  on_trade panicked: index out of bounds
            maker                         halted           0     -99.75     1,250    2.3µs       2       0
             orders (3) ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            strategy      instrument  side  type    quantity    filled      price  state             at
            ema-cross     SYN1        sell  limit         10       2.5     101.25  open              2026-01-02T05:18:00.5Z
            ema-cross     SYN1        buy   limit         10       2.5     102.25  partially_filled  2026-01-02T05:18:00.5Z
            ema-cross     SYN1        sell  limit         10       2.5     103.25  rejected          2026-01-02T05:18:00.5Z
             log (30) ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            2026-01-02 05:18:01 INFO strategy.ema-cross: line 1
            2026-01-02 05:18:02 INFO strategy.ema-cross: line 2
            2026-01-02 05:18:03 INFO strategy.ema-cross: line 3
            2026-01-02 05:18:04 INFO strategy.ema-cross: line 4
            2026-01-02 05:18:05 INFO strategy.ema-cross: line 5
            2026-01-02 05:18:06 INFO strategy.ema-cross: line 6
            2026-01-02 05:18:07 INFO strategy.ema-cross: line 7
            2026-01-02 05:18:08 INFO strategy.ema-cross: line 8
            2026-01-02 05:18:09 INFO strategy.ema-cross: line 9
            2026-01-02 05:18:10 INFO strategy.ema-cross: line 10
            2026-01-02 05:18:11 INFO strategy.ema-cross: line 11
            2026-01-02 05:18:12 INFO strategy.ema-cross: line 12
            2026-01-02 05:18:13 INFO strategy.ema-cross: line 13
            2026-01-02 05:18:14 INFO strategy.ema-cross: line 14
            2026-01-02 05:18:15 INFO strategy.ema-cross: line 15
            2026-01-02 05:18:16 INFO strategy.ema-cross: line 16
            2026-01-02 05:18:17 INFO strategy.ema-cross: line 17
            2026-01-02 05:18:18 INFO strategy.ema-cross: line 18
            2026-01-02 05:18:19 INFO strategy.ema-cross: line 19
            2026-01-02 05:18:20 INFO strategy.ema-cross: line 20
            2026-01-02 05:18:21 INFO strategy.ema-cross: line 21
            2026-01-02 05:18:22 INFO strategy.ema-cross: line 22
            2026-01-02 05:18:23 INFO strategy.ema-cross: line 23
            2026-01-02 05:18:24 INFO strategy.ema-cross: line 24
            2026-01-02 05:18:25 INFO strategy.ema-cross: line 25
            2026-01-02 05:18:26 INFO strategy.ema-cross: line 26
            2026-01-02 05:18:27 INFO strategy.ema-cross: line 27
            2026-01-02 05:18:28 INFO strategy.ema-cross: line 28
            2026-01-02 05:18:29 INFO strategy.ema-cross: line 29
            2026-01-02 05:18:30 INFO strategy.ema-cross: line 30





            ↑↓ move  Tab panel  / filter  h halt  c continue  r reload  ? help  q quit
        "#]],
    );
}

#[test]
fn nothing_is_there_yet() {
    check(
        &Screen::new(false),
        80,
        24,
        expect![[r#"
            stratd   ,   up 0ms  events 0
            equity    orders 0 working  time no event yet

             strategies (0) ────────────────────────────────────────────────────────────────
            strategy      state          pnl   position  events/s  latency  orders  faults
            none
             orders (0) ────────────────────────────────────────────────────────────────────
            strategy      instrument  side  type    quantity    filled      price  state
            none
             log (0) ───────────────────────────────────────────────────────────────────────













            ↑↓ move  Tab panel  / filter  h halt  c continue  r reload  ? help  q quit
        "#]],
    );
}

#[test]
fn the_help_and_a_daemon_that_does_not_answer() {
    let mut screen = screen();
    press(&mut screen, KeyCode::Char('?'));
    screen
        .on_trouble("GET /v1/status: connecting to /run/stratd/control.sock: Connection refused".to_owned());
    check(
        &screen,
        80,
        24,
        expect![[r#"
            stratd 0.1.0  sandbox, running  up 2h 14min  events 1,244,569, 5,001 a second
            equity 100023.50 USD  orders 3 working  time 2026-01-02T05:18:00.5Z
            NO ANSWER, this is old: GET /v1/status: connecting to /run/stratd/control.sock:
             strategies (3) ────────────────────────────────────────────────────────────────
            s┌ keys ──────────────────────────────────────────────────────────────────────┐
            e│↑ ↓ PgUp PgDn Home End   move in a panel; j and k do, too                   │
            e│ Tab                      next panel                                        │
            m│ /                        show only lines that hold a text; Esc shows all   │
             │ h                        halt the selected strategy, after a question      │─
            s│ c                        let it trade again                                │
            e│ r                        replace its plugin by the file as it is now       │
            e│ ?                        this help                                         │…
            e│ q  Ctrl-C                end                                               │
             │                                                                            │─
            2│ What is shown is asked for every second; the log comes by itself.          │
            2│ pnl: of all fills since the start, fees and costs included, and what open  │
            2│ positions would bring. position: its value at the last price. latency:     │
            2│ what 99 of 100 of its recent calls did not exceed. orders: those that      │
            2│ work. One that may not trade shows that as its state.                      │
            2└────────────────────────────────────────────────────────────────────────────┘
            2026-01-02 05:18:28 INFO strategy.ema-cross: line 28
            2026-01-02 05:18:29 INFO strategy.ema-cross: line 29
            2026-01-02 05:18:30 INFO strategy.ema-cross: line 30
            ↑↓ move  Tab panel  / filter  h halt  c continue  r reload  ? help  q quit
        "#]],
    );
    assert_eq!(press(&mut screen, KeyCode::Char('q')), Wish::Nothing);
    assert_eq!(screen.mode, Mode::Normal);
    assert_eq!(press(&mut screen, KeyCode::Char('q')), Wish::Quit);
}

#[test]
fn a_small_terminal_says_so() {
    check(
        &screen(),
        39,
        2,
        expect![[r#"
        39x2 is too small (at least 40x12)

    "#]],
    );
    for (width, height) in [(1, 1), (40, 12), (41, 13), (79, 23), (500, 12), (40, 200)] {
        picture(&screen(), width, height).expect("any size can be drawn");
    }
}

#[test]
fn a_filter_leaves_what_holds_it() {
    let mut screen = screen();
    type_in(&mut screen, "/LINE 1");
    press(&mut screen, KeyCode::Enter);
    assert_eq!(screen.lines().len(), 11);
    assert_eq!((screen.strategies().len(), screen.orders().len()), (0, 0));
    check(
        &screen,
        80,
        24,
        expect![[r#"
            stratd 0.1.0  sandbox, running  up 2h 14min  events 1,244,569, 5,001 a second
            equity 100023.50 USD  orders 3 working  time 2026-01-02T05:18:00.5Z
            WARNING the file of strategy-ema-cross is gone (and 1 more)
             strategies (0 of 3) ───────────────────────────────────────────────────────────
            strategy      state          pnl   position  events/s  latency  orders  faults
            none
             orders (0 of 3) ───────────────────────────────────────────────────────────────
            strategy      instrument  side  type    quantity    filled      price  state
            none
             log (11 of 30) ────────────────────────────────────────────────────────────────
            2026-01-02 05:18:01 INFO strategy.ema-cross: line 1
            2026-01-02 05:18:10 INFO strategy.ema-cross: line 10
            2026-01-02 05:18:11 INFO strategy.ema-cross: line 11
            2026-01-02 05:18:12 INFO strategy.ema-cross: line 12
            2026-01-02 05:18:13 INFO strategy.ema-cross: line 13
            2026-01-02 05:18:14 INFO strategy.ema-cross: line 14
            2026-01-02 05:18:15 INFO strategy.ema-cross: line 15
            2026-01-02 05:18:16 INFO strategy.ema-cross: line 16
            2026-01-02 05:18:17 INFO strategy.ema-cross: line 17
            2026-01-02 05:18:18 INFO strategy.ema-cross: line 18
            2026-01-02 05:18:19 INFO strategy.ema-cross: line 19


            only with 'LINE 1': Esc shows all, / changes it  ? help  q quit
        "#]],
    );
    press(&mut screen, KeyCode::Esc);
    assert_eq!((screen.strategies().len(), screen.orders().len(), screen.lines().len()), (3, 3, 30));
}

#[test]
fn a_command_is_asked_for_and_then_wished() {
    let mut screen = screen();
    press(&mut screen, KeyCode::Down);
    press(&mut screen, KeyCode::Char('h'));
    let halt = Command::Halt("ema-with-a-name-that-is-long".to_owned());
    assert_eq!(screen.mode, Mode::Confirm(halt.clone()));
    assert_eq!(press(&mut screen, KeyCode::Char('n')), Wish::Nothing);
    assert_eq!(screen.mode, Mode::Normal);
    press(&mut screen, KeyCode::Char('h'));
    assert_eq!(press(&mut screen, KeyCode::Char('y')), Wish::Do(halt));
    press(&mut screen, KeyCode::Char('r'));
    let reload = Command::Reload("strategy-ema-cross".to_owned());
    assert_eq!(press(&mut screen, KeyCode::Char('y')), Wish::Do(reload));
    screen.on_answer(Err("elf: a text file (accepted: a 64-bit shared library)".to_owned()));
    assert!(screen.message.as_ref().is_some_and(|message| message.is_failure));
    // a refusal gets the lines that it needs
    screen.on_answer(Err("strategy-ema-cross: restore: state of version 3 (accepted: 1 to 2); ".repeat(3)));
    check(
        &screen,
        80,
        24,
        expect![[r#"
            stratd 0.1.0  sandbox, running  up 2h 14min  events 1,244,569, 5,001 a second
            equity 100023.50 USD  orders 3 working  time 2026-01-02T05:18:00.5Z
            WARNING the file of strategy-ema-cross is gone (and 1 more)
             strategies (3) ────────────────────────────────────────────────────────────────
            strategy      state          pnl   position  events/s  latency  orders  faults
            ema-cross     started   -1203.25      15000     1,250    2.3µs       2       0
            ema-with-a-…  faulted       12.5          0     1,250                2       2
            maker         halted           0     -99.75     1,250    2.3µs       2       0
             orders (3) ────────────────────────────────────────────────────────────────────
            strategy      instrument  side  type    quantity    filled      price  state
            ema-cross     SYN1        sell  limit         10       2.5     101.25  open
            ema-cross     SYN1        buy   limit         10       2.5     102.25  partiall…
            ema-cross     SYN1        sell  limit         10       2.5     103.25  rejected
             log (30) ──────────────────────────────────────────────────────────────────────
            2026-01-02 05:18:24 INFO strategy.ema-cross: line 24
            2026-01-02 05:18:25 INFO strategy.ema-cross: line 25
            2026-01-02 05:18:26 INFO strategy.ema-cross: line 26
            2026-01-02 05:18:27 INFO strategy.ema-cross: line 27
            2026-01-02 05:18:28 INFO strategy.ema-cross: line 28
            2026-01-02 05:18:29 INFO strategy.ema-cross: line 29
            2026-01-02 05:18:30 INFO strategy.ema-cross: line 30
            strategy-ema-cross: restore: state of version 3 (accepted: 1 to 2);
            strategy-ema-cross: restore: state of version 3 (accepted: 1 to 2);
            strategy-ema-cross: restore: state of version 3 (accepted: 1 to 2);
        "#]],
    );
    // without a strategy there is nothing to do it to
    let mut empty = Screen::new(false);
    press(&mut empty, KeyCode::Char('c'));
    assert_eq!((empty.mode.clone(), press(&mut empty, KeyCode::Char('y'))), (Mode::Normal, Wish::Nothing));
}

#[test]
fn the_selection_follows_its_strategy_and_rates_do_not_mix_processes() {
    let mut screen = screen();
    assert_eq!(screen.events_per_second, Some(5_001));
    press(&mut screen, KeyCode::End);
    assert_eq!(screen.selected(), Some(2));
    let mut fewer = snapshot();
    fewer.strategies.remove(0);
    fewer.run.pid = 4712;
    screen.on_snapshot(fewer);
    assert_eq!((screen.selected(), screen.events_per_second), (Some(1), None));
    let mut none = snapshot();
    none.strategies.clear();
    screen.on_snapshot(none);
    assert_eq!(screen.selected(), None);
}

#[test]
fn older_lines_of_the_log_stay_in_sight_while_new_ones_come() {
    let mut screen = screen();
    press(&mut screen, KeyCode::BackTab);
    press(&mut screen, KeyCode::PageUp);
    assert_eq!(screen.log_up, 10);
    screen.on_log("one more".to_owned());
    assert_eq!(screen.log_up, 11);
    press(&mut screen, KeyCode::End);
    assert_eq!(screen.log_up, 0);
    for number in 0..2_000 {
        screen.on_log(number.to_string());
    }
    assert_eq!(screen.log.len(), 1_000);
}
