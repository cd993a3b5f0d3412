//! A thread of its own for an instance: all code of the library that the host calls runs on it.

use std::{rc::Rc, sync::Arc, thread};

use crate::host::refusal::{Problem, Refusal, Step};

use super::{
    channel::{Channel, Line},
    fate::Fate,
    link::Link,
    mapping::Mapping,
    options::ChannelOptions,
    place::Place,
    protocol::Entry,
    pump::{CutAtEnd, Pump},
};

/// As much as the main thread has, where an instance would run otherwise.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Starts a thread that runs `body` with its pump; the line is cut when it ends.
pub(super) fn start(
    instance: &str,
    options: &ChannelOptions,
    body: impl FnOnce(&Rc<Pump>, &Arc<Line>) + Send + 'static,
) -> Result<(Link, Place), Problem> {
    let problem = |what: &str, error: std::io::Error| {
        Problem::new(Step::Create, format!("{what}: {error}"), "a thread of its own")
    };
    let capacity = options.capacity();
    let (mapping, _) =
        Mapping::create(Channel::words(capacity)).map_err(|e| problem("making shared memory", e))?;
    let channel = Channel::new(mapping, capacity);
    let (line, end, spin) = (channel.line(), channel.plugin_main(), options.spin);
    let fate = Fate::new(Arc::clone(&line));
    let run = move || {
        let _cut = CutAtEnd(Arc::clone(&line));
        let pump = Pump::new(end, Arc::clone(&line), spin);
        body(&pump, &line);
    };
    super::place::count_thread();
    let handle = thread::Builder::new()
        .name(format!("plugin-{instance}"))
        .stack_size(STACK_BYTES)
        .spawn(run)
        .map_err(|e| {
            super::place::uncount_thread();
            problem("starting a thread", e)
        })?;
    Ok((Link::new(channel.host_main(), fate, options), Place::Thread(Some(handle))))
}

/// Takes the first call, which is `create`, and makes the instance.
pub(super) fn created<T>(pump: &Pump, make: impl FnOnce() -> Result<T, Refusal>) -> Option<T> {
    let mut arguments = Vec::new();
    if pump.next_call(&mut arguments).ok()? != Entry::Create {
        return None;
    }
    answered(pump, make())
}

/// Tells the host what came of `create`.
pub(super) fn answered<T>(pump: &Pump, made: Result<T, Refusal>) -> Option<T> {
    match made {
        Ok(made) => {
            pump.answer(Ok(()), &mut Vec::new()).ok()?;
            Some(made)
        }
        Err(Refusal { step, found, accepted, .. }) => {
            // a host that is gone needs no answer
            let _ = pump.refuse(&Problem { step, found, accepted });
            None
        }
    }
}
