//! Which sections of a configuration are the administrator's: a change of them, by whatever route, needs the role admin.
//!
//! They decide what code the daemon runs, where it reads and writes with its rights, who may command it and what is
//! recorded of that. An operator changes what trades.

use serde_json::Value;

use super::{ConfigRefusal, InForce, RefusalKind};
use crate::{
    config::{Written, difference::differences},
    control::{Author, Role},
};

/// The sections, sorted; those that a submitter of a backtest does not decide either.
pub(crate) const ADMIN_SECTIONS: [&str; 7] =
    ["control", "logging", "plugin_dirs", "plugins", "recorder", "results", "state"];
/// So many keys are named in a refusal.
const NAMED_MAX: usize = 10;

impl InForce {
    /// Lets a configuration pass in the place of the one in force if its author may change what it changes: of that one,
    /// of the one that it would go back to if nobody confirmed it, and of the one that waits for the next start.
    pub(super) fn permit(&self, new: &Written, author: &Author) -> Result<(), ConfigRefusal> {
        if author.role >= Role::Admin {
            return Ok(());
        }
        let before = self.unconfirmed.as_ref().map(|unconfirmed| unconfirmed.before);
        let mut touched = touched(&self.written, new);
        for generation in [before, self.pending].into_iter().flatten() {
            match self.generations.find(generation) {
                Ok(Some(known)) => touched.extend(self::touched(&known, new)),
                // it is forgotten: nothing of it can come back
                Ok(None) => {}
                Err(error) => return Err(ConfigRefusal::new(RefusalKind::Failed, error)),
            }
        }
        touched.sort();
        touched.dedup();
        let Some((pointer, _)) = touched.first() else { return Ok(()) };
        let mut named: Vec<&str> = touched.iter().take(NAMED_MAX).map(|(_, key)| key.as_str()).collect();
        if touched.len() > named.len() {
            named.push("…");
        }
        let Author { who, role } = author;
        let text = format!(
            "a change of {} needs the role {}, and {who} has the role {role} (accepted: a change of nothing in {})",
            named.join(", "),
            Role::Admin,
            ADMIN_SECTIONS.join(", ")
        );
        Err(ConfigRefusal::new(RefusalKind::Forbidden, text).at(pointer.clone()))
    }
}

/// The pointers and the names of keys that differ and are the administrator's.
fn touched(old: &Written, new: &Written) -> Vec<(String, String)> {
    let [old, new] = [old, new].map(|written| Value::Object(written.table.clone()));
    let found = differences(&old, &new).into_iter();
    let is_of_admin = |key: Option<&String>| key.is_some_and(|key| ADMIN_SECTIONS.contains(&key.as_str()));
    let found = found.filter(|one| is_of_admin(one.path.first()));
    found.map(|one| (one.pointer.clone(), one.key())).collect()
}
