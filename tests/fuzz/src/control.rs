//! What travels over the control socket: the condition of a change, the bodies of requests, and answers.
//!
//! The first byte says which; heads of requests are read by hyper, which is fuzzed where it is made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use stratd_control::{
    Answer, Condition, DisableRequest, Done, InspectRequest, LevelRequest, LoadRequest, LogConfigRequest, Plugin,
    Problem, QuarantineRequest, Status,
};

/// A body that is taken is taken again as it is written.
fn body<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let text = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&text).expect("what was written can be read"), value);
}

fn condition(text: &str) {
    let Some(found) = Condition::parse(text) else { return };
    match &found {
        Condition::Any => assert_eq!(text.trim(), "*"),
        Condition::OneOf(tags) => {
            assert!(tags.len() <= Condition::TAGS_MAX);
            if !tags.is_empty() {
                assert_eq!(Condition::parse(&found.to_string()).as_ref(), Some(&found));
            }
        }
    }
}

/// An answer never breaks the client, and is no larger than what came.
fn answer(bytes: &[u8]) {
    let Ok(answer) = Answer::receive(&mut &bytes[..]) else { return };
    assert!(answer.body().len() <= bytes.len());
    assert!((200..1000).contains(&answer.status()) || answer.status() < 100);
    let _ = answer.read::<Plugin>();
    let _ = answer.read::<Status>();
    let _ = answer.read::<Done>();
    let _ = answer.read::<Problem>().map(|problem| problem.to_string());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind {
        b'c' => condition(&String::from_utf8_lossy(rest)),
        b'a' => answer(rest),
        b'l' => body::<LoadRequest>(rest),
        b'i' => body::<InspectRequest>(rest),
        b'q' => body::<QuarantineRequest>(rest),
        b'v' => body::<LevelRequest>(rest),
        b'd' => body::<DisableRequest>(rest),
        b'g' => body::<LogConfigRequest>(rest),
        _ => {}
    }
});
