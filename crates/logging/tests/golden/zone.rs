//! The zone of the process, which golden rows choose by `TZ`.

use std::sync::Mutex;

static CURRENT: Mutex<String> = Mutex::new(String::new());

/// Makes `name` the zone of the process.
#[expect(
    clippy::disallowed_methods,
    reason = "libc reads the zone from there; no other thread of this test is alive"
)]
pub(crate) fn set(name: &str) {
    let mut current = CURRENT.lock().expect("no holder of this lock panics");
    if *current != name {
        // SAFETY: this program has one thread while it changes the zone.
        unsafe {
            std::env::set_var("TZ", name);
            tzset();
        }
        name.clone_into(&mut current);
    }
}

unsafe extern "C" {
    fn tzset();
}
