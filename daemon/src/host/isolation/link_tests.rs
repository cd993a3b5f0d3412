use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    thread,
    time::Duration,
};

use proptest::{collection, prelude::*};
use stratd_plugin_api::{Level, Log, abi};

use super::*;
use crate::host::isolation::{
    channel::Channel,
    log,
    mapping::Mapping,
    protocol::{ASK, TELL, limit_of_calls},
    serve_exchange,
};

const CAPACITY: usize = 1024;

/// For a peer that answers; one that does not shall not take that long.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

/// A link to a peer on another thread, which answers the first call with these messages.
fn call_of_peer(
    messages: Vec<(u32, Vec<u8>)>,
    limit: Duration,
) -> (Result<Vec<abi::Event>, Fault>, Option<Death>) {
    let channel = Channel::new(Mapping::create(Channel::words(CAPACITY)).unwrap().0, CAPACITY);
    let line = channel.line();
    let mut peer = channel.plugin_main();
    let options =
        ChannelOptions { spin: 0, call_timeout: limit, cold_timeout: limit, ..ChannelOptions::default() };
    let mut link = Link::new(channel.host_main(), Fate::new(Arc::clone(&line)), &options);
    let desk = serve_exchange::Desk::new(Arc::new(Nobody));
    let heard = Arc::new(Mutex::new(None));
    let place = Arc::clone(&heard);
    link.watch().on_death(move |death| *place.lock().unwrap() = Some(death.clone()));
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            let mut patience = Patience::endless(0, line.flag());
            let mut arguments = Vec::new();
            let called = peer.reader.receive(&mut arguments, limit_of_calls, &mut patience);
            if called.is_err() {
                return;
            }
            for (kind, message) in &messages {
                // the link may have given up
                if peer.writer.send(*kind, message, &mut patience).is_err() {
                    return;
                }
            }
        });
        let mut events = Vec::new();
        let result = link.call(
            Entry::Poll,
            |out| out.number(10),
            &mut |function, message, answer| desk.serve(function, message, answer),
            |message| message.records(&mut events),
        );
        line.cut();
        result.map(|()| events)
    });
    let death = heard.lock().unwrap().clone();
    (result, death)
}

/// A host of a connector that takes everything and knows nothing.
struct Nobody;

impl stratd_plugin_api::ExchangeHost for Nobody {
    fn log(&self, _: &stratd_plugin_api::Log<'_>) {}
    fn now(&self) -> stratd_plugin_api::Timestamp {
        stratd_plugin_api::Timestamp::new(1)
    }
    fn trading_type(&self) -> stratd_plugin_api::TradingType {
        stratd_plugin_api::TradingType::Sandbox
    }
    fn intern(&self, _: &str) -> u64 {
        1
    }
    fn text(&self, _: u64, visit: &mut dyn FnMut(&str)) {
        visit("text");
    }
    fn emit(&self, events: &[abi::Event]) -> usize {
        events.len()
    }
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        events.len()
    }
    fn instrument(&self, _: u64, _: &abi::InstrumentRecord) -> u32 {
        1
    }
    fn account(&self, _: u64, _: &abi::AccountRecord) {}
    fn open_order(&self, _: u64, _: &abi::OrderRecord) {}
    fn fill(&self, _: u64, _: &abi::FillRecord) {}
    fn answer(&self, _: u64, _: Result<(), &str>) {}
}

#[test]
fn a_peer_that_only_asks_ends_at_the_deadline() {
    let forever = vec![(TELL, log_record()); 500_000];
    let (result, death) = call_of_peer(forever, SHORT);
    let fault = result.unwrap_err();
    assert_eq!((fault.reason, &*fault.message), (Reason::Deadline, "no answer within 20ms: entry poll"));
    assert_eq!(death.map(|death| death.text), Some(fault.message));
}

fn log_record() -> Vec<u8> {
    let mut message = Vec::new();
    log::write(&Log::new(Level::INFO, "still here"), &mut Encoder::new(&mut message));
    message
}

#[test]
fn a_return_that_makes_no_sense_is_the_end_and_a_fault_is_not() {
    let told = |kind, message: &[u8]| {
        let (result, death) = call_of_peer(vec![(kind, message.to_vec())], LONG);
        (result.map_err(|fault| fault.message), death.is_some())
    };
    let (result, is_dead) = told(RETURN, &u64::MAX.to_le_bytes());
    assert!(is_dead && result.unwrap_err().contains("corrupted, in `poll`"));
    let (result, is_dead) = told(ASK + 200, &[]);
    assert!(is_dead && result.unwrap_err().contains("a message of kind 0x2c8 where none is expected"));
    let (result, is_dead) = told(Function::Submit.ask(), &[0; 200]);
    assert!(is_dead && result.unwrap_err().contains("Submit, which no connector asks for"));
    let mut message = Vec::new();
    write_fault(
        &Fault { reason: Reason::Panic, message: "why".into(), index: 7 },
        &mut Encoder::new(&mut message),
    );
    assert_eq!(told(FAULT, &message), (Err("why".to_owned()), false));
    assert_eq!(told(RETURN, &[0; 8]), (Ok(Vec::new()), false));
}

#[test]
fn a_cut_line_is_a_death_and_the_first_reason_counts() {
    let channel = Channel::new(Mapping::create(Channel::words(CAPACITY)).unwrap().0, CAPACITY);
    let fate = Fate::new(channel.line());
    let mut link = Link::new(channel.host_main(), Arc::clone(&fate), &ChannelOptions::default());
    fate.die(Death::new(Reason::Crashed, "the first"));
    fate.die(Death::new(Reason::Deadline, "the second"));
    let fault = link.call(Entry::Stop, |_| {}, &mut |_, _, _| Ok(()), |_| Ok(())).unwrap_err();
    assert_eq!((fault.reason, &*fault.message), (Reason::Crashed, "the first"));
    let heard = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let place = Arc::clone(&heard);
    link.watch().on_death(move |_| place.store(true, Ordering::Relaxed));
    assert!(heard.load(Ordering::Relaxed), "one who comes late is told at once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_a_broken_peer_sends_a_call_ends(
        messages in collection::vec(
            (prop_oneof![0..0x600u32, Just(ASK), Just(RETURN), ASK..ASK + 40], collection::vec(any::<u8>(), 0..300)),
            0..20,
        ),
    ) {
        let (result, death) = call_of_peer(messages, SHORT);
        if let Err(fault) = result {
            prop_assert!(death.is_some() || fault.reason != Reason::Deadline);
        }
    }
}
