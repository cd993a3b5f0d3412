//! What is shown of the run and of its plugins.

use expect_test::expect;
use stratd_control::{Client, Request};

use super::{Place, run};

#[test]
fn the_status_is_shown() {
    Place::new().check(
        &["status"],
        expect![[r#"
        stratd        0.1.0, simulation, running, pid 4711
        started       2026-01-02T03:04:05Z (2h 14min ago)
        results       /var/lib/stratd/runs/2026-01-02
        time          2026-01-02T05:18:00.5Z
        events        1,234,567 (sequence number 1234570)
        orders        3 working
        equity        100023.50 USD
        strategies    1 faulted, 2 started
        plugins       2
        store         /var/lib/stratd/state.db, healthy
        watchdog      3 instances, at most 10s a call
        WARNING       the file of strategy-ema-cross is gone
        exit code 0
    "#]],
    );
}

#[test]
fn the_versions_are_shown() {
    let place = Place::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        run(place.stratctl().arg("version")),
        format!("stratctl {version}\nstratd {version}, protocol v1\nexit code 0\n")
    );
}

#[test]
fn plugins_are_listed() {
    Place::new().check(&["plugin", "list"], expect![[r#"
        +------------------------------------------------------------------------------+
        | plugin               version   state         generation      events   faults |
        +==============================================================================+
        | exchange-synthetic   1.0.0     quarantined            1           0        0 |
        | strategy-ema-cross   0.2.0     orphaned               2   2,469,134        1 |
        +------------------------------------------------------------------------------+
        strategy-ema-cross: /var/lib/stratd/plugins/libstrategy_ema_cross.so was refused: elf: a file that ends before its section table
        exit code 0
    "#]]);
}

#[test]
fn one_plugin_is_shown_in_sections() {
    let place = Place::new();
    place.check(
        &["plugin", "show", "ema-cross"],
        expect![[r#"
            strategy-ema-cross 0.2.0, generation 2, orphaned since 2026-01-02T03:04:05Z
            kind          strategy
            isolation     none
            file          /var/lib/stratd/plugins/libstrategy_ema_cross.so
            sha-256       0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
            build id      2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b
            tag           00112233aabbccdd
            reloads       2, of which 1 rolled back

            +------------------------------------------------------------------------+
            | instance    state        events   orders   denials   faults   restarts |
            +========================================================================+
            | ema-cross   started   1,234,567       12         1        0          0 |
            | ema-slow    faulted   1,234,567       12         1        1          0 |
            +------------------------------------------------------------------------+

            ema-cross
              since       2026-01-02T03:04:05Z
              generation  2
              isolation   none
              saved       64.0 KiB at 2026-01-02T03:04:05Z
              last pause  12 us
              probation   900 events left, or until 2026-01-02T03:05:05Z

            ema-slow
              since       2026-01-02T03:04:05Z
              generation  2
              isolation   process, pid 4712
              saved       never
              last fault  on_trade panicked: index out of bounds

            +----------------------------------------------------------------------+
            | generation   version   state     loaded                 build id     |
            +======================================================================+
            | 1            0.1.0     retired   2026-01-02T03:04:05Z   1b1b1b1b1b1b |
            | 2            0.2.0     started   2026-01-02T03:04:05Z   2b2b2b2b2b2b |
            +----------------------------------------------------------------------+
            retired       1 generation: 1.4 MiB mapped, 683.5 KiB resident, 48.8 KiB private

            last refusal, at 2026-01-02T03:10:00Z
              file        /var/lib/stratd/plugins/libstrategy_ema_cross.so
              step        elf
              found       a file that ends before its section table
              accepted    a whole 64-bit shared library\u{1b}[31m
            exit code 0
        "#]],
    );
    place.check(
        &["plugin", "show", "synthetic"],
        expect![[r#"
            exchange-synthetic 1.0.0, generation 1, quarantined since 2026-01-02T03:04:05Z
            kind          exchange
            isolation     process
            file          /usr/lib/stratd/plugins/libexchange_synthetic.so
            sha-256       fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
            build id      00aa00aa00aa00aa00aa00aa00aa00aa00aa00aa
            tag           00112233aabbccdd
            reloads       0, of which 0 rolled back

            no instances
            exit code 0
        "#]],
    );
}

#[test]
fn what_is_shown_fits_into_80_columns() {
    let place = Place::new();
    for arguments in [&["status"][..], &["plugin", "show", "ema-cross"], &["plugin", "show", "synthetic"]] {
        let said = run(place.stratctl().args(arguments));
        for line in said.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
    let list = run(place.stratctl().args(["plugin", "list"]));
    for line in list.lines().filter(|line| line.starts_with(['|', '+'])) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_file_is_inspected() {
    let place = Place::new();
    place.check(
        &["plugin", "inspect", "good.so"],
        expect![[r#"
        file          DIR/good.so
        sha-256       0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        kind          strategy
        description   Trades.
        state version 2
        flags         market-data, batch-safe
        verdict       accepted
        exit code 0
    "#]],
    );
    place.check(
        &["plugin", "inspect", "/p/bad.so"],
        expect![[r#"
        file          /p/bad.so
        sha-256       0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        verdict       refused
        step          elf
        found         a text file
        accepted      a 64-bit shared library
        exit code 1
    "#]],
    );
}

#[test]
fn json_is_the_answer_of_the_daemon() {
    let place = Place::new();
    let client = Client::new(&place.path);
    for (arguments, request) in [
        (&["status"][..], Request::status()),
        (&["version"], Request::version()),
        (&["plugin", "list"], Request::plugins()),
        (&["plugin", "show", "ema-cross"], Request::plugin("ema-cross")),
        (&["plugin", "stop", "ema-cross"], Request::stop("ema-cross")),
    ] {
        let answer = client.send(&request).unwrap();
        let said = run(place.stratctl().arg("--json").args(arguments));
        assert_eq!(said, format!("{}\nexit code 0\n", answer.body()));
    }
    let said = run(place.stratctl().args(["plugin", "inspect", "/p/bad.so", "--json"]));
    assert!(said.starts_with("{\"verdict\":\"refused\"") && said.ends_with("}\nexit code 1\n"), "{said}");
}

#[test]
fn the_full_screen_is_printed_once_without_a_terminal() {
    Place::new().check(
        &["top", "--once"],
        expect![[r#"
            stratd 0.1.0  simulation, running  up 2h 14min  events 1,234,567
            equity 100023.50 USD  orders 3 working  time 2026-01-02T05:18:00.5Z
            WARNING the file of strategy-ema-cross is gone
             strategies (1) ────────────────────────────────────────────────────────────────
            strategy      state          pnl   position  events/s  latency  orders  faults
            ema-cross     halted      -23.50    15000.5     5,001    2.1µs       1       0
             orders (1) ────────────────────────────────────────────────────────────────────
            strategy      instrument  side  type    quantity    filled      price  state
            ema-cross     AAA         buy   limit         10       2.5      99.50  open
             log (0) ───────────────────────────────────────────────────────────────────────
            the log is shown as it comes: stratctl log tap












            ↑↓ move  Tab panel  / filter  h halt  c continue  r reload  ? help  q quit
            exit code 0
        "#]],
    );
}

#[test]
fn the_full_screen_needs_a_terminal_and_people() {
    let place = Place::new();
    for (arguments, text) in
        [(&["top"][..], "top needs a terminal"), (&["--json", "top", "--once"], "top is for people")]
    {
        let said = run(place.stratctl().args(arguments).stdin(std::process::Stdio::null()));
        assert!(said.contains(text) && said.ends_with("exit code 1\n"), "{said}");
    }
}
