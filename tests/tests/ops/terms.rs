//! Tags, dry runs and the record of changes, with a daemon behind them that trades.

use std::fs;

use stratd_control::{
    Done, Filter, HaltRequest, InstanceDone, LevelRequest, LoadRequest, LogDone, NewOrderRequest,
    PluginState, Request, TradingDone,
};

use crate::desk::Desk;

#[test]
fn a_tag_stays_while_a_strategy_trades_and_goes_with_a_change() {
    let mut desk = Desk::start("");
    let tag = desk.plugin().etag;
    let events = desk.status().events;
    let client = desk.client();
    let events_of = || -> u64 {
        let answer = client.send(&Request::status()).and_then(|answer| answer.read());
        answer.map_or(0, |status: stratd_control::Status| status.events)
    };
    desk.running().wait_until("further events", || events_of() > events);
    assert_eq!(desk.plugin().etag, tag);
    let stopped = client.send(&Request::stop("market-maker").if_match(&tag)).expect("a stop");
    let after = stopped.etag().expect("a tag").to_owned();
    assert_ne!(after, tag);
    assert_eq!(desk.plugin().etag, after);
    // who saw it running does not start what another one stopped
    let problem = desk.refused(&Request::start("market-maker").if_match(&tag));
    assert_eq!(problem.status, 412);
    assert_eq!(problem.accepted, Some(after.clone()));
    assert_eq!(desk.plugin().state, PluginState::Retired);
    let done: Done = desk.ask(&Request::start("market-maker").if_match(&after));
    assert_eq!(done.plugin.state, PluginState::Started);
    desk.end();
}

#[test]
fn what_was_changed_and_changed_back_is_not_as_it_was_seen() {
    let desk = Desk::start("");
    let client = desk.client();
    let tag_of = |look: &Request| client.send(look).expect("a look").etag().expect("a tag").to_owned();
    let resources = || {
        [Request::risk(), Request::orders(None, &Filter::default()), Request::strategy("market-maker")]
            .map(|look| tag_of(&look))
    };
    let [risk, orders, strategy] = resources();
    assert_eq!(resources(), [&risk, &orders, &strategy].map(String::clone), "looking changes nothing");
    let _: TradingDone = desk.ask(&Request::kill(&HaltRequest::default()).expect("a body"));
    let _: TradingDone = desk.ask(&Request::release_trading());
    let halt = Request::strategy_halt("market-maker", &HaltRequest::default()).expect("a body");
    let order = NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: "buy".to_owned(),
        quantity: Some("1".to_owned()),
        ..NewOrderRequest::default()
    };
    for stale in [
        Request::kill(&HaltRequest::default()).expect("a body").if_match(&risk),
        Request::new_order(&order).expect("a body").if_match(&orders),
        halt.clone().if_match(&strategy),
    ] {
        assert_eq!(desk.refused(&stale).status, 412, "{stale}");
    }
    // an instance that was stopped and started
    let plugin = desk.plugin().etag;
    let [_, _, strategy] = resources();
    desk.ask::<InstanceDone>(&Request::strategy_verb("market-maker", "stop").if_match(&strategy));
    desk.ask::<InstanceDone>(&Request::strategy_verb("market-maker", "start"));
    assert_eq!(desk.refused(&halt.if_match(&strategy)).status, 412);
    assert_eq!(desk.refused(&Request::stop("market-maker").if_match(&plugin)).status, 412);
    // a tag of an earlier run is none of this one
    let [before, ..] = resources();
    let mut desk = desk;
    desk.restart();
    assert_ne!(tag_of(&Request::risk()), before);
    desk.end();
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let desk = Desk::start("");
    let before = desk.plugin();
    let file = desk.path("plug/libstrategy_market_maker.so").display().to_string();
    let load = |name: &str| LoadRequest { file: file.clone(), name: Some(name.to_owned()), config: None };
    for (request, said) in [
        (Request::stop("market-maker"), "would be stopped: market-maker; nothing was changed"),
        (Request::quarantine("market-maker", &Default::default()).expect("a body"), "would be quarantined"),
        (Request::reload("market-maker"), "is the content that runs; nothing was changed"),
        (Request::load(&load("second")).expect("a body"), "strategy second would be started"),
    ] {
        let done: Done = desk.ask(&request.clone().dry_run());
        assert!(done.dry_run && done.report.contains(said), "{request}: {}", done.report);
    }
    // what would be refused is refused
    assert_eq!(desk.refused(&Request::start("market-maker").dry_run()).status, 409);
    assert_eq!(desk.refused(&Request::rollback("market-maker").dry_run()).status, 409);
    let mut bad = load("second");
    bad.config = Some(serde_json::Map::from_iter([("spred".to_owned(), 1.into())]));
    let problem = desk.refused(&Request::load(&bad).expect("a body").dry_run());
    assert_eq!((problem.status, problem.step.as_deref()), (422, Some("create")), "{problem}");
    let after = desk.plugin();
    assert_eq!((after.etag, after.instances.len(), after.last_refusal), (before.etag, 1, None));
    desk.end();
}

#[test]
fn a_reload_is_rehearsed_with_the_file_as_it_is_now() {
    // the watcher would take it by itself
    let desk = Desk::start("[plugins]\nwatch = false\n");
    let file = desk.path("plug/libstrategy_market_maker.so");
    let good = fs::read(&file).expect("a plugin");
    let unfinished = desk.path("plug/new.tmp");
    fs::write(&unfinished, &good[..good.len() / 2]).expect("half a plugin");
    fs::rename(&unfinished, &file).expect("another file");
    let problem = desk.refused(&Request::reload("market-maker").dry_run());
    assert_eq!((problem.status, problem.step.as_deref()), (422, Some("elf")), "{problem}");
    // other bytes that are the same plugin
    let mut other = good;
    other.push(0);
    fs::write(&unfinished, other).expect("a plugin");
    fs::rename(&unfinished, &file).expect("another file");
    let done: Done = desk.ask(&Request::reload("market-maker").dry_run());
    assert!(done.report.contains("would take over, and be run by: market-maker"), "{}", done.report);
    assert_eq!(desk.plugin().generation, 1);
    desk.end();
}

#[test]
fn the_log_is_changed_on_the_same_terms() {
    let desk = Desk::start(
        "[logging]\n[logging.handlers.f]\nkind = \"file\"\npath = \"all.log\"\n[logging.root]\nlevel = \"INFO\"\nhandlers = [\"f\"]",
    );
    let client = desk.client();
    let tag = client.send(&Request::log_tree()).expect("the tree").etag().expect("a tag").to_owned();
    let level = |level: &str| LevelRequest { logger: "x.y".into(), level: level.into(), seconds: None };
    let request = Request::log_level(&level("DEBUG")).expect("a body").if_match(&tag);
    let done: LogDone = desk.ask(&request.clone().dry_run());
    assert!(done.dry_run, "{}", done.report);
    let done: LogDone = desk.ask(&request);
    assert!(!done.dry_run, "{}", done.report);
    assert_eq!(desk.refused(&request).status, 412);
    let problem = desk.refused(&Request::log_level(&level("LOUD")).expect("a body"));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/level")), "{problem}");
    desk.end();
}

#[test]
fn the_record_of_a_change_says_who_what_before_and_after() {
    let mut desk = Desk::start(
        "[logging]\n[logging.formatters.w]\nformat = \"%(levelname)s|%(name)s|%(message)s|%(fields_logfmt)s\"\n\
         [logging.handlers.f]\nkind = \"file\"\npath = \"all.log\"\nformatter = \"w\"\n\
         [logging.root]\nlevel = \"INFO\"\nhandlers = [\"f\"]",
    );
    desk.ask::<Done>(&Request::stop("market-maker"));
    let problem = desk.refused(&Request::rollback("market-maker"));
    assert_eq!(problem.status, 409);
    let file = desk.path("all.log");
    let lines = move || -> Vec<String> {
        let text = fs::read_to_string(&file).unwrap_or_default();
        text.lines().filter(|line| line.contains("|control.audit|")).map(str::to_owned).collect()
    };
    desk.running().wait_until("two records", || lines().len() >= 2);
    let [stopped, refused] = &lines()[..] else { panic!("{:?}", lines()) };
    assert!(stopped.starts_with("INFO|control.audit|stop market-maker: "), "{stopped}");
    for field in [
        "role=admin",
        "status=200",
        "dry_run=false",
        "uid=",
        "pid=",
        "request=\"POST /v1/plugins/market-maker/stop\"",
    ] {
        assert!(stopped.contains(field), "{field} in {stopped}");
    }
    let (before, after) = stopped.split_once(" after=").expect("both");
    assert!(
        before.contains("before=") && before.contains("started") && after.contains("retired"),
        "{stopped}"
    );
    assert!(refused.starts_with("WARNING|control.audit|rollback market-maker: not done: "), "{refused}");
    assert!(refused.contains("status=409") && refused.contains("before="), "{refused}");
    desk.end();
}
