//! Events: what happens is told as it happens, and nothing is missing unless it is said.

use std::process::Command;

use stratd_control::{Event, EventLines, EventWish, Happening, Request};
use stratd_tests::stratctl;

use crate::desk::Desk;

/// Listens until `is_enough`, which sees every event so far.
fn listen(desk: &Desk, wish: &EventWish, mut is_enough: impl FnMut(&[Event]) -> bool) -> Vec<Event> {
    let mut lines = EventLines::default();
    let mut events = Vec::new();
    let listened = desk.client().stream(&Request::events(wish), |line| {
        events.extend(lines.push(line).unwrap_or_else(|error| panic!("{line}: {error}")));
        !is_enough(&events)
    });
    listened.unwrap_or_else(|error| panic!("{error}"));
    events
}

fn wish(kinds: &[&str], after: Option<&str>) -> EventWish {
    EventWish {
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        after: after.map(str::to_owned),
        ..EventWish::default()
    }
}

fn number(event: &Event) -> u64 {
    let id = event.id.as_deref().expect("a numbered event");
    id.split_once('-').and_then(|(_, number)| number.parse().ok()).expect("a number")
}

#[test]
fn orders_and_fills_are_told_and_a_listener_goes_on_where_it_was() {
    let mut desk = Desk::start("");
    let is_fill = |event: &Event| matches!(event.what, Happening::Fill(_));
    let heard = listen(&desk, &wish(&[], None), |events| events.iter().any(is_fill) && events.len() > 20);
    let numbers: Vec<u64> = heard.iter().map(number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "nothing is missing: {numbers:?}");
    let states: Vec<&str> = heard
        .iter()
        .filter_map(|event| match &event.what {
            Happening::Order(order) => Some(order.state.as_str()),
            Happening::Fill(fill) => {
                assert_eq!((fill.strategy.as_str(), fill.exchange.as_str()), ("market-maker", "synthetic"));
                assert!(fill.price.parse::<f64>().is_ok_and(|price| price > 0.0), "{fill:?}");
                None
            }
            _ => None,
        })
        .collect();
    assert!(states.contains(&"submitted") && states.contains(&"received"), "{states:?}");
    assert!(
        !heard.iter().any(|event| Happening::MARKET_KINDS.contains(&event.what.kind())),
        "on demand only"
    );
    // it was away for a moment: the daemon has kept what happened
    let third = heard[2].id.as_deref().expect("an id");
    let again = listen(&desk, &wish(&[], Some(third)), |events| events.len() > 20);
    assert_eq!(again[..heard.len() - 3], heard[3..], "the same again, and what followed");
    // everything that is kept, of one kind
    let kept = EventWish { is_finite: true, ..wish(&["run"], Some("0")) };
    let kept = listen(&desk, &kept, |_| false);
    let states: Vec<_> = kept.iter().filter(|event| event.what.kind() == "run").collect();
    assert!(
        matches!(&states[..], [one] if matches!(&one.what, Happening::Run(run) if run.state == "running")),
        "{kept:?}"
    );
    // the daemon starts anew
    let old = heard[0].id.clone().expect("an id");
    desk.restart();
    let new = listen(&desk, &wish(&["run"], Some(&old)), |events| {
        events.iter().any(|event| event.what.kind() == "run")
    });
    assert!(
        matches!(&new[0].what, Happening::Gap(gap) if gap.reason == "restarted" && gap.lost.is_none()),
        "{new:?}"
    );
    desk.end();
}

#[test]
fn market_data_is_told_to_who_asks_for_it() {
    let desk = Desk::start("");
    let wish = EventWish { instruments: vec!["AAA".to_owned()], ..wish(&["trade", "quote"], None) };
    let heard = listen(&desk, &wish, |events| {
        events.iter().any(|event| matches!(event.what, Happening::Trade(_)))
            && events.iter().any(|event| matches!(event.what, Happening::Quote(_)))
    });
    for event in heard.iter().filter(|event| event.what.kind() != "gap") {
        assert_eq!((event.what.instrument(), event.id.as_ref()), (Some("AAA"), None), "{event:?}");
    }
    desk.end();
}

#[test]
fn states_of_plugins_and_strategies_are_told() {
    let desk = Desk::start("");
    let client = desk.client();
    let stop = Request::stop("market-maker");
    let mut has_stopped = false;
    let heard = listen(&desk, &wish(&["strategy", "instance", "plugin"], Some("0")), |events| {
        if !has_stopped {
            has_stopped = true;
            client.send(&stop).unwrap_or_else(|error| panic!("{error}"));
        }
        events.iter().any(|event| matches!(&event.what, Happening::Instance(i) if i.state == "retired"))
            && events.iter().any(|event| matches!(&event.what, Happening::Strategy(_)))
    });
    let has = |state: &str, kind: &str| {
        heard.iter().any(|event| {
            event.what.kind() == kind && serde_json::to_string(event).is_ok_and(|text| text.contains(state))
        })
    };
    assert!(
        has("\"state\":\"stopped\"", "strategy") && has("\"state\":\"retired\"", "instance"),
        "{heard:?}"
    );
    desk.end();
}

#[test]
fn stratctl_prints_events_as_lines() {
    let desk = Desk::start("");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(stratctl());
        let output = command.args(arguments).env("STRATD_SOCKET", desk.socket()).output().expect("stratctl");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = run(&["events", "--kind", "run"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.ends_with(" run       running\n"), "{out}");
    let (code, out, _) = run(&["--json", "events", "--kind", "run"]);
    let event: Event = serde_json::from_str(out.trim()).unwrap_or_else(|error| panic!("{out}: {error}"));
    assert_eq!((code, event.what.kind()), (Some(0), "run"));
    let (code, _, err) = run(&["events", "--kind", "runs"]);
    assert!(
        code == Some(1) && err.contains("found kind \"runs\" (accepted: order, fill, "),
        "{code:?} {err}"
    );
    let (code, _, err) = run(&["events", "--after", "x"]);
    assert!(code == Some(1) && err.contains("found event id \"x\" (accepted: 0, or an id"), "{code:?} {err}");
    desk.end();
}
