use std::{
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Duration,
};

use proptest::{collection, prelude::*};

use super::*;

const LIMIT: usize = 100_000;

fn ring(capacity: usize) -> Ring {
    let (mapping, _) = Mapping::create(Ring::words(capacity)).unwrap();
    Ring::new(&Arc::new(mapping), capacity, 0)
}

fn bytes(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((i * 31 + seed) % 251).unwrap()).collect()
}

/// Sends all messages from another thread and returns what arrives here.
fn carried(capacity: usize, spin: u32, messages: &[(u32, Vec<u8>)]) -> Vec<(u32, Vec<u8>)> {
    let ring = ring(capacity);
    let gone = AtomicBool::new(false);
    let (mut writer, mut reader) = (Writer::new(ring.clone()), Reader::new(ring));
    thread::scope(|scope| {
        let patience = || Patience::limited(spin, &gone, Duration::from_secs(60));
        scope.spawn(move || {
            for (kind, payload) in messages {
                writer.send(*kind, payload, &mut patience()).unwrap();
            }
        });
        let receive = |_| {
            let mut payload = Vec::new();
            let kind = reader.receive(&mut payload, |_| Some(LIMIT), &mut patience()).unwrap();
            (kind, payload)
        };
        (0..messages.len()).map(receive).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_message_arrives_whole_and_in_order(
        sizes in collection::vec(prop_oneof![0..40usize, 0..LIMIT / 10], 1..60),
        capacity in 0..10u32,
        spin in prop_oneof![Just(0), Just(2_000)],
    ) {
        let messages: Vec<(u32, Vec<u8>)> = (0..).zip(&sizes).map(|(kind, size)| (kind, bytes(*size, *size))).collect();
        prop_assert_eq!(carried(1 << capacity, spin, &messages), messages);
    }

    #[test]
    fn a_peer_that_writes_anything_anywhere_is_an_error_or_a_message_and_in_time(
        scribbles in collection::vec((0..HEADER_WORDS + 16, any::<u64>()), 0..30),
        small in collection::vec((0..HEADER_WORDS + 16, 0..40u64), 0..30),
        length in 0..400usize,
    ) {
        let ring = ring(16);
        let gone = AtomicBool::new(false);
        let patience = || Patience::limited(0, &gone, Duration::from_millis(2));
        let (mut writer, mut reader) = (Writer::new(ring.clone()), Reader::new(ring.clone()));
        let _ = writer.send(1, &bytes(length.min(100), 1), &mut patience());
        for (index, value) in scribbles.into_iter().chain(small) {
            ring.word(index).store(value, Ordering::Relaxed);
        }
        let mut payload = Vec::new();
        for _ in 0..4 {
            let received = reader.receive(&mut payload, |kind| (kind < 8).then_some(200), &mut patience());
            if let Ok(kind) = received {
                prop_assert!(kind < 8 && payload.len() <= 200);
            }
            let _ = writer.send(2, &bytes(length, 2), &mut patience());
        }
    }
}

#[test]
fn a_length_or_kind_or_position_out_of_range_is_named() {
    let gone = AtomicBool::new(false);
    let patience = || Patience::limited(0, &gone, Duration::from_secs(10));
    let mut payload = Vec::new();
    let mut told = |frame: u64, head: u64| {
        let ring = ring(16);
        ring.data(0).store(frame, Ordering::Relaxed);
        ring.word(HEAD).store(head, Ordering::Release);
        let limit = |kind| (kind == 5).then_some(64);
        Reader::new(ring).receive(&mut payload, limit, &mut patience()).unwrap_err()
    };
    let garbled = |text: &str| Broken::Garbled(text.to_owned());
    assert_eq!(told(5 << 32 | 65, 1), garbled("a message of kind 0x5 and 65 bytes (accepted: 64)"));
    assert_eq!(told(6 << 32, 1), garbled("a message of kind 0x6 where none is expected"));
    assert_eq!(told(5 << 32, 17), garbled("a position 17 words away (accepted: 16)"));
    assert_eq!(told(5 << 32, u64::MAX), garbled("a position 18446744073709551615 words away (accepted: 16)"));
    let ring = ring(16);
    ring.word(TAIL).store(3, Ordering::Release);
    let sent = Writer::new(ring).send(5, &bytes(1_000, 0), &mut patience());
    assert!(matches!(sent, Err(Broken::Garbled(_))), "{sent:?}");
}

#[test]
fn a_wait_ends_when_the_time_is_up_or_the_peer_is_gone() {
    let ring = ring(16);
    let gone = AtomicBool::new(false);
    let mut reader = Reader::new(ring.clone());
    let mut payload = Vec::new();
    let mut patience = Patience::limited(10, &gone, Duration::from_millis(1));
    assert_eq!(reader.receive(&mut payload, |_| Some(LIMIT), &mut patience), Err(Broken::Late));
    let mut writer = Writer::new(ring.clone());
    assert_eq!(writer.send(1, &bytes(1_000, 0), &mut patience), Err(Broken::Late));

    let other = super::tests::ring(16);
    let mut writer = Writer::new(other.clone());
    let mut reader = Reader::new(other.clone());
    writer.send(3, b"before", &mut Patience::endless(0, &gone)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            gone.store(true, Ordering::Release);
            other.rouse();
        });
        let mut patience = Patience::endless(0, &gone);
        // what was sent before the end is still received
        assert_eq!(reader.receive(&mut payload, |_| Some(LIMIT), &mut patience), Ok(3));
        assert_eq!(payload, b"before");
        assert_eq!(reader.receive(&mut payload, |_| Some(LIMIT), &mut patience), Err(Broken::Gone));
    });
}
