//! The engine as text: a script of inputs in, every event and output out.
//!
//! ```text
//! limits max_position=10          set-up, before the first input: limits, `costs`, `keep a`, `shutdown a`, `hooks a …`
//! takes market limit              set-up: what exchange 1 takes; without it, everything
//! a on trade X 100: buy 10        strategy a makes these requests whenever a line of its events starts so
//! trade X 100                     everything else is an input
//! owner                        between two inputs: an owner of orders by hand, the next letter
//! hand a buy 10 @ 100          an order by hand in the name of a; `hand cancel a1`, `hand change a1 12 @ 101`, `hand cancel_all [X]`
//! swap a A for=9s events=9     between two inputs: `A` with its own rules becomes the instance of a, see `changes.rs`
//! ```
//! In the result `> ` is an input, ` a ` an event that strategy a got, ` ! ` an output.

mod accounts;
mod actor;
mod amounts;
mod books;
mod by_hand;
mod changes;
mod clock;
mod desk;
mod expiry;
mod faults;
mod group_ends;
mod groups;
mod hedging;
mod held;
mod held_again;
mod instruments;
mod life;
mod limits;
mod loss_history;
mod losses;
mod probation;
mod reducing;
mod reports;
mod restart;
mod risk;
mod routes;
mod scopes;
mod slices;
mod spreads;
mod swap;
mod table;

use expect_test::Expect;

/// Runs a script and compares what came of it.
#[expect(clippy::needless_pass_by_value, reason = "as `expect!` gives it")]
fn check(script: &str, expect: Expect) {
    expect.assert_eq(&desk::run(script));
}
