//! Who may pass, and the record of who did what.

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::{
    peer::{Peer, Role},
    problem::{ProblemKind, problem},
};

/// So much of what was done is logged; the rest is in the answer.
const SAID_CHARACTERS_MAX: usize = 1000;

/// The role that a route needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needed {
    pub(super) role: Role,
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
        let Needed { role } = needed;
        let detail =
            format!("{asked} needs the role {role}, and uid {} has the role {}", peer.uid, peer.role);
        problem(ProblemKind::Forbidden, detail)
    };
    if needed.role > Role::Reader {
        record(peer, &asked, &response);
    }
    response
}

fn record(peer: Peer, asked: &str, response: &Response) {
    let extensions = response.extensions();
    let asked = extensions.get::<Asked>().map_or(asked, |Asked(text)| text);
    let said = extensions.get::<Said>().map(|Said(text)| text.as_str()).unwrap_or_default();
    let (asked, said) = (one_line(asked), one_line(said));
    let Peer { uid, pid, role } = peer;
    let pid = pid.unwrap_or(0);
    let status = response.status().as_u16();
    if response.status().is_success() {
        tracing::info!(logger = "control.audit", uid, pid, %role, status, "{asked}: {said}");
    } else {
        tracing::warn!(logger = "control.audit", uid, pid, %role, status, "{asked}: not done: {said}");
    }
}

/// The text without anything that could look like another line of the log.
fn one_line(text: &str) -> String {
    let safe = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().take(SAID_CHARACTERS_MAX).map(safe).collect()
}
