//! Who may pass, and the record of who did what.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};

use super::{
    peer::{Peer, Role},
    problem::{ProblemKind, problem},
};

/// So much of what was done is logged; the rest is in the answer.
const SAID_CHARACTERS_MAX: usize = 1000;

/// Where the record goes: [`Entry::log`], but for tests, which cannot tell their log from that of other tests.
pub(super) type Recorder = Arc<dyn Fn(&Entry) + Send + Sync>;

/// What a route needs.
#[derive(Clone)]
pub(super) struct Needed {
    pub(super) role: Role,
    pub(super) record: Recorder,
}

/// What an answer says in a sentence: for the record, beside the body for the peer.
#[derive(Clone, Debug)]
pub(super) struct Said(pub(super) String);

/// What was asked for, in words; without it the record has the path.
#[derive(Clone, Debug)]
pub(super) struct Asked(pub(super) String);

/// Lets a request pass if the role suffices, and records it if it could change something, whatever became of it.
pub(super) async fn guard(
    State(needed): State<Needed>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let response = if peer.role >= needed.role {
        next.run(request).await
    } else {
        let role = needed.role;
        let detail =
            format!("{asked} needs the role {role}, and uid {} has the role {}", peer.uid, peer.role);
        problem(ProblemKind::Forbidden, detail)
    };
    if needed.role > Role::Reader {
        (needed.record)(&Entry::new(peer, &asked, &response));
    }
    response
}

/// One line of the record.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) peer: Peer,
    pub(super) status: StatusCode,
    /// What was asked for, and what became of it.
    pub(super) text: String,
}

impl Entry {
    fn new(peer: Peer, asked: &str, response: &Response) -> Self {
        let extensions = response.extensions();
        let asked = extensions.get::<Asked>().map_or(asked, |Asked(text)| text);
        let said = extensions.get::<Said>().map(|Said(text)| text.as_str()).unwrap_or_default();
        let status = response.status();
        let not_done = if status.is_success() { "" } else { "not done: " };
        Self { peer, status, text: format!("{}: {not_done}{}", one_line(asked), one_line(said)) }
    }

    /// Writes it to the log.
    pub(super) fn log(&self) {
        let Self { peer: Peer { uid, pid, role }, status, text } = self;
        let (pid, is_done, status) = (pid.unwrap_or(0), status.is_success(), status.as_u16());
        if is_done {
            tracing::info!(logger = "control.audit", uid, pid, %role, status, "{text}");
        } else {
            tracing::warn!(logger = "control.audit", uid, pid, %role, status, "{text}");
        }
    }
}

/// The text without anything that could look like another line of the log.
fn one_line(text: &str) -> String {
    let safe = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().take(SAID_CHARACTERS_MAX).map(safe).collect()
}
