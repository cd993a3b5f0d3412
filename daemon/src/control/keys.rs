//! The header `Idempotency-Key` of an order by hand: whoever has heard nothing of an order asks for it again with the key
//! of the first time, and gets the answer of the first time, not a second order.
//!
//! Invariants: of one key of one user there is one order at most, as long as the key is remembered. What was refused
//! before the order came to the limits of risk is not remembered: nothing was done, and the same may be asked for again.
//! Limits: so many keys for so long as [`KeyLimits`] says; beyond it the oldest is forgotten, and its order would be a new
//! one. They are forgotten with the run, as the orders are.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{http::HeaderMap, response::Response};
use sha2::{Digest as _, Sha256};
use stratd_control::{NewOrderRequest, OrderDone};

use super::{
    operations::{ActionError, ActionErrorKind, Outcome},
    peer::Who,
    problem::{ProblemKind, problem},
};
use crate::runtime::clock::Stopwatch;

/// The header.
pub(super) const HEADER: &str = "Idempotency-Key";
/// A key has so many characters at most.
pub(super) const KEY_CHARACTERS_MAX: usize = 64;
/// For programs: a key that stands for another order.
const CODE: &str = "idempotency_key";

/// How many keys are remembered, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyLimits {
    /// One more, and the oldest that is not under way is forgotten.
    pub(super) count: usize,
    /// Then it is forgotten.
    pub(super) age: Duration,
}

/// A key, and whose it is: nobody gets the answer to the order of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyName {
    who: String,
    key: String,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl KeyName {
    /// The key of a request; none if it has none.
    pub(super) fn of(headers: &HeaderMap, who: &Who) -> Result<Option<Self>, Box<Response>> {
        let mut lines = headers.get_all(HEADER).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        let text = String::from_utf8_lossy(line.as_bytes());
        let is_key = |key: &str| {
            (1..=KEY_CHARACTERS_MAX).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b','))
        };
        // with quotation marks or without
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&text);
        if lines.next().is_some() || !is_key(bare) {
            let detail = format!(
                "{HEADER} {text:?} (accepted: once, 1 to {KEY_CHARACTERS_MAX} visible characters but \" \\ and ,)"
            );
            return Err(Box::new(problem(ProblemKind::BadRequest, detail)));
        }
        // over TCP all have one role and one token, and come from another port each time
        let who = match who {
            Who::User { uid, .. } => format!("uid {uid}"),
            Who::Network { certificate, .. } => format!("network {}", certificate.as_deref().unwrap_or("")),
        };
        Ok(Some(Self { who, key: bare.to_owned() }))
    }
}

type Answer = Result<Outcome<OrderDone>, ActionError>;

/// The keys that are remembered.
pub(super) struct Keys {
    limits: KeyLimits,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    entries: HashMap<KeyName, Entry>,
    /// By age.
    order: BTreeMap<u64, KeyName>,
    last: u64,
}

struct Entry {
    number: u64,
    /// Of the order, so that a large request is not kept.
    order_hash: [u8; 32],
    since: Stopwatch,
    /// `None`: it is under way.
    answer: Option<Answer>,
}

impl Keys {
    pub(super) fn new(limits: KeyLimits) -> Self {
        Self { limits, known: Mutex::default() }
    }

    /// Has the order made, unless this key has one already: then what became of that.
    ///
    /// # Errors
    /// As the first time; the key stands for another order, or the first one is under way.
    pub(super) fn once(
        &self,
        name: KeyName,
        order: &NewOrderRequest,
        make: impl FnOnce() -> Answer,
    ) -> Answer {
        let order_hash = hash_of(order);
        {
            let mut known = self.lock();
            known.forget(self.limits.age, 0);
            if let Some(entry) = known.entries.get(&name) {
                return entry.again(&name, order_hash);
            }
            let surplus = (known.entries.len() + 1).saturating_sub(self.limits.count);
            known.forget(self.limits.age, surplus);
            known.begin(name.clone(), order_hash);
        }
        let mut begun = Begun { keys: self, name, answer: Some(Err(unknown())) };
        let answer = make();
        begun.answer = is_final(&answer).then(|| answer.clone());
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Forgets what is too old, and so many besides, the oldest first.
    fn forget(&mut self, age: Duration, mut surplus: usize) {
        let mut gone = Vec::new();
        for (number, name) in &self.order {
            let entry = self.entries.get(name);
            let is_old = entry.is_some_and(|entry| entry.since.elapsed() > age);
            if surplus == 0 && !is_old {
                break;
            }
            if entry.is_none_or(|entry| entry.answer.is_some()) {
                gone.push(*number);
                surplus = surplus.saturating_sub(1);
            }
        }
        for number in gone {
            if let Some(name) = self.order.remove(&number) {
                self.entries.remove(&name);
            }
        }
    }

    fn begin(&mut self, name: KeyName, order_hash: [u8; 32]) {
        self.last += 1;
        self.order.insert(self.last, name.clone());
        let entry = Entry { number: self.last, order_hash, since: Stopwatch::start(), answer: None };
        self.entries.insert(name, entry);
    }
}

impl Entry {
    fn again(&self, name: &KeyName, order_hash: [u8; 32]) -> Answer {
        if self.order_hash != order_hash {
            let text =
                format!("{HEADER} {name} stands for another order (accepted: that order, or another key)");
            return Err(ActionError::new(ActionErrorKind::Refused, text).coded(CODE));
        }
        match &self.answer {
            Some(Ok(outcome)) => {
                let report = format!("nothing was sent, because its key has an order: {}", outcome.report);
                Ok(Outcome { report, ..outcome.clone() })
            }
            Some(Err(error)) => Err(error.clone()),
            None => {
                let text =
                    format!("the order of {HEADER} {name} is under way (try again: there is one answer)");
                Err(ActionError::new(ActionErrorKind::Conflict, text))
            }
        }
    }
}

/// An order under way. Whatever ends it, its key does not stay so for ever.
struct Begun<'a> {
    keys: &'a Keys,
    name: KeyName,
    /// What is to be remembered.
    answer: Option<Answer>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut known = self.keys.lock();
        match self.answer.take() {
            Some(answer) => {
                if let Some(entry) = known.entries.get_mut(&self.name) {
                    entry.answer = Some(answer);
                }
            }
            None => {
                if let Some(entry) = known.entries.remove(&self.name) {
                    known.order.remove(&entry.number);
                }
            }
        }
    }
}

/// What is said of an order whose making panicked: it may have left.
fn unknown() -> ActionError {
    let text = "the daemon panicked while it did this: whether the order left is in the list of orders";
    ActionError::new(ActionErrorKind::Failed, text)
}

/// Whether an order was made, or may have been: everything else is refused before.
fn is_final(answer: &Answer) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) => match error.kind {
            // denied by a limit, with an id of its own
            ActionErrorKind::Refused | ActionErrorKind::Failed => true,
            ActionErrorKind::NotFound
            | ActionErrorKind::BadRequest
            | ActionErrorKind::Forbidden
            | ActionErrorKind::Conflict
            | ActionErrorKind::Stale
            | ActionErrorKind::Busy => false,
        },
    }
}

fn hash_of(order: &NewOrderRequest) -> [u8; 32] {
    // plain data with text keys
    Sha256::digest(serde_json::to_string(order).unwrap_or_default()).into()
}
