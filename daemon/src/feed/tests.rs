//! The feed without its thread: a test publishes when it wants to.

use std::sync::{Arc, atomic::Ordering};

use expect_test::{Expect, expect};
use stratd_control::{EventLines, Happening, PluginEvent};
use stratd_plugin_api::Timestamp;

use super::*;

const STARTED: Timestamp = Timestamp::new(1_767_323_045_000_000_000);

fn feed() -> (Feed, Tap) {
    Feed::new(STARTED, &Arc::new(Services::default()))
}

fn publish(feed: &Feed) {
    while !feed.publish_once() {}
}

fn plugin(name: &str) -> Happening {
    let empty = String::new;
    Happening::Plugin(PluginEvent {
        plugin: name.to_owned(),
        state: "started".to_owned(),
        generation: 1,
        version: empty(),
        reason: None,
    })
}

fn listen(feed: &Feed, kinds: Option<&str>, after: After) -> Result<Listener, ListenError> {
    feed.listen(Filter::parse(kinds, None, None).unwrap(), after)
}

/// What a listener hears, each event as its number and what it is.
fn heard(listener: &mut Listener) -> String {
    let mut lines = EventLines::default();
    let mut heard = Vec::new();
    loop {
        let frames = listener.take();
        if frames.is_empty() {
            return heard.join(" ");
        }
        for line in std::str::from_utf8(&frames).unwrap().lines() {
            let Some(event) = lines.push(line).unwrap() else { continue };
            let number =
                event.id.as_deref().and_then(|id| id.split_once('-')).map_or("-", |(_, number)| number);
            let what = match event.what {
                Happening::Gap(gap) => {
                    format!("{}({})", gap.reason, gap.lost.map_or("?".to_owned(), |lost| lost.to_string()))
                }
                Happening::Run(run) => run.state,
                Happening::Plugin(plugin) => plugin.plugin,
                other => other.kind().to_owned(),
            };
            heard.push(format!("{number}:{what}"));
        }
    }
}

fn check(feed: &Feed, after: &str, expected: Expect) {
    publish(feed);
    let found = listen(feed, None, After::of(after)).map(|mut listener| heard(&mut listener));
    expected.assert_eq(&found.unwrap_or_else(|error| format!("{error:?}")));
}

#[test]
fn a_listener_goes_on_where_it_was() {
    let (feed, mut tap) = feed();
    let run = feed.run().to_owned();
    assert_eq!(run, "19b7ca98c88");
    tap.run(STARTED, "a");
    feed.tell(STARTED, plugin("b"));
    tap.run(STARTED, "c");
    check(&feed, "0", expect!["1:a 2:c 3:b"]);
    check(&feed, &format!("{run}-1"), expect!["2:c 3:b"]);
    check(&feed, &format!("{run}-3"), expect![""]);
    // of the future, as after a restart within a millisecond
    check(&feed, &format!("{run}-99"), expect![""]);
    // of another run: everything that is kept, and nobody knows what was between
    check(&feed, "19b7ca98c87-2", expect!["-:restarted(?) 1:a 2:c 3:b"]);
    let accepted = "accepted: 0, or an id of this stream such as 19b7ca98c88-42";
    for bad in ["", "7", "-7", "x-7", "19b7ca98c88-", "19b7ca98c88--1"] {
        let error = listen(&feed, None, After::Id(bad.to_owned())).err().unwrap();
        assert_eq!(error, ListenError::BadId(format!("found event id {bad:?} ({accepted})")));
    }
    let mut now = listen(&feed, None, After::Now).unwrap();
    assert_eq!(heard(&mut now), "");
    tap.run(STARTED, "d");
    publish(&feed);
    assert_eq!(heard(&mut now), "4:d");
}

#[test]
fn what_finds_no_room_is_a_gap_of_that_size() {
    let (feed, mut tap) = feed();
    let mut listener = listen(&feed, None, After::Now).unwrap();
    for _ in 0..RING_RECORDS + 5 {
        tap.run(STARTED, "x");
    }
    publish(&feed);
    tap.run(STARTED, "y");
    publish(&feed);
    let heard = heard(&mut listener);
    let mut words: Vec<_> = heard.split(' ').collect();
    assert_eq!(words.pop(), Some(format!("{}:y", RING_RECORDS + 6).as_str()));
    assert_eq!(words.pop(), Some("-:not_kept(5)"));
}

#[test]
fn a_listener_that_is_slow_is_told_how_much_it_has_missed() {
    let (feed, mut tap) = feed();
    let mut slow = listen(&feed, None, After::Now).unwrap();
    let kept = usize::try_from(feed.figures().kept).unwrap();
    assert_eq!(kept, 0);
    for _ in 0..3 {
        for _ in 0..RING_RECORDS {
            tap.run(STARTED, "x");
        }
        publish(&feed);
    }
    let FeedFigures { events, kept, .. } = feed.figures();
    assert_eq!(events, 3 * RING_RECORDS as u64);
    let heard = heard(&mut slow);
    let lost = events - kept;
    let first = heard.split(' ').take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(first, format!("-:not_kept({lost}) {}:x", lost + 1));
    assert_eq!(heard.split(' ').count() as u64, 1 + kept);
}

#[test]
fn too_much_from_other_threads_is_lost_and_told() {
    let (feed, _tap) = feed();
    for _ in 0..TOLD_MAX + 2 {
        feed.tell(STARTED, plugin("p"));
    }
    publish(&feed);
    feed.tell(STARTED, plugin("q"));
    publish(&feed);
    let kept = heard(&mut listen(&feed, None, After::Begin).unwrap());
    assert!(kept.starts_with("3:p "), "who asks for what is kept misses nothing: {kept:.50}");
    let first = format!("{}-0", feed.run());
    let heard = heard(&mut listen(&feed, None, After::Id(first)).unwrap());
    assert!(
        heard.starts_with("-:not_kept(2) 3:p ") && heard.ends_with(&format!(" {}:q", TOLD_MAX + 3)),
        "{heard}"
    );
}

#[test]
fn only_what_is_asked_for_is_heard() {
    let (feed, mut tap) = feed();
    tap.run(STARTED, "a");
    feed.tell(STARTED, plugin("b"));
    publish(&feed);
    let of = |kinds| heard(&mut listen(&feed, Some(kinds), After::Begin).unwrap());
    assert_eq!(of("run"), "1:a");
    assert_eq!(of("plugin,alarm"), "2:b");
    assert_eq!(of("fill"), "");
}

#[test]
fn the_event_loop_is_told_what_is_wanted() {
    let (feed, tap) = feed();
    let wants = || (tap.wants_orders(), tap.wants_market());
    assert_eq!(wants(), (false, false));
    let orders = listen(&feed, None, After::Now).unwrap();
    assert_eq!(wants(), (true, false));
    let quotes = listen(&feed, Some("quote"), After::Now).unwrap();
    assert_eq!(wants(), (true, true));
    drop((orders, quotes));
    let round = feed.look_after_listeners();
    assert_eq!((wants(), round), ((true, false), ROUND_LINGERING), "somebody may come back");
}

#[test]
fn listeners_are_limited_and_give_their_place_back() {
    let (feed, _tap) = feed();
    let mut all: Vec<_> = (0..LISTENERS_MAX).map(|_| listen(&feed, None, After::Now).unwrap()).collect();
    let text = "16 of at most 16 listen already (end one, or try again)";
    assert_eq!(listen(&feed, None, After::Now).err(), Some(ListenError::Busy(text.to_owned())));
    assert_eq!(feed.figures().listeners, 16);
    all.pop();
    assert!(listen(&feed, None, After::Now).is_ok());
}

#[test]
fn market_data_that_finds_no_room_leaves_room_for_the_rest() {
    let (feed, mut tap) = feed();
    let mut listener = listen(&feed, Some("trade,run"), After::Now).unwrap();
    let engine = engine();
    let trade = stratd_plugin_api::abi::Event {
        kind: stratd_plugin_api::abi::event_kind::TRADE,
        ..stratd_plugin_api::abi::Event::default()
    };
    for _ in 0..RING_RECORDS {
        tap.market(STARTED, &trade, &engine);
    }
    tap.run(STARTED, "after");
    publish(&feed);
    let lost = feed.figures().market_lost;
    assert_eq!(lost, RING_RESERVE as u64);
    let heard = heard(&mut listener);
    // the history keeps fewer market events than the ring: how many of them were wanted is not known
    assert!(heard.starts_with("-:too_fast(?) -:trade ") && heard.ends_with(" 1:after"), "{heard:.100}");
    assert_eq!(feed.0.wants.load(Ordering::Relaxed), WANTS_ORDERS | WANTS_MARKET);
}

fn engine() -> stratd_engine::Engine {
    use stratd_engine::{AccountRules, Accounting, EngineConfig, OrderIds, RiskLimits};
    use stratd_plugin_api::{Money, NoCosts, TradingType};
    stratd_engine::Engine::new(
        EngineConfig {
            trading_type: TradingType::Simulation,
            cash: Money::ZERO,
            currency: 0,
            limits: RiskLimits::default(),
            account: AccountRules::default(),
            accounting: Accounting::default(),
            oms_type: stratd_plugin_api::OmsType::default(),
            order_ids: OrderIds::of_run(1),
            costs: Box::new(NoCosts),
        },
        Arc::new(Services::default()),
    )
}
