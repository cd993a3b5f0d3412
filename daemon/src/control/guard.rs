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
    condition,
    operations::Terms,
    peer::{Peer, Role, Who},
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
    /// It changes something: the request says on what terms.
    pub(super) has_terms: bool,
    pub(super) record: Recorder,
}

/// What an answer says in a sentence: for the record, beside the body for the peer.
#[derive(Clone, Debug)]
pub(super) struct Said(pub(super) String);

/// What was asked for, in words; without it the record has the path.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) text: String,
    /// The plugin that it was asked of.
    pub(super) plugin: Option<String>,
}

impl Asked {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), plugin: None }
    }

    pub(super) fn of_plugin(self, plugin: Option<&str>) -> Self {
        Self { plugin: plugin.map(str::to_owned), ..self }
    }
}

/// What the resource was before, and is now; the same if nothing was done.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) before: String,
    pub(super) after: String,
}

/// Lets a request pass if the role suffices and it says on what terms it changes something; and records it if it could
/// change something, whatever became of it.
pub(super) async fn guard(
    State(needed): State<Needed>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let mut is_dry_run = false;
    let passed = admit(&needed, &peer, &mut request, &asked);
    let response = match passed {
        Ok(terms) => {
            is_dry_run = terms.is_some_and(|terms| terms.is_dry_run);
            next.run(request).await
        }
        Err(refusal) => *refusal,
    };
    if needed.role > Role::Reader {
        (needed.record)(&Entry::new(peer, &asked, is_dry_run, &response));
    }
    response
}

fn admit(
    needed: &Needed,
    peer: &Peer,
    request: &mut Request,
    asked: &str,
) -> Result<Option<Terms>, Box<Response>> {
    if peer.role < needed.role {
        let (Peer { who, role }, needed) = (peer, needed.role);
        let detail = format!("{asked} needs the role {needed}, and {who} has the role {role}");
        return Err(Box::new(problem(ProblemKind::Forbidden, detail)));
    }
    if !needed.has_terms {
        return Ok(None);
    }
    let terms = condition::terms(request.headers(), request.uri())?;
    request.extensions_mut().insert(terms.clone());
    Ok(Some(terms))
}

/// One line of the record.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) peer: Peer,
    pub(super) status: StatusCode,
    /// Method and path.
    pub(super) request: String,
    pub(super) is_dry_run: bool,
    /// What the resource was and is, if the request came so far.
    pub(super) changed: Option<Changed>,
    /// What was asked for, and what became of it.
    pub(super) text: String,
}

impl Entry {
    fn new(peer: Peer, request: &str, is_dry_run: bool, response: &Response) -> Self {
        let extensions = response.extensions();
        let asked = extensions.get::<Asked>().map_or(request, |asked| asked.text.as_str());
        let said = extensions.get::<Said>().map(|Said(text)| text.as_str()).unwrap_or_default();
        let status = response.status();
        let dry = if is_dry_run { " (dry run)" } else { "" };
        let not_done = if status.is_success() { "" } else { "not done: " };
        let changed = extensions
            .get::<Changed>()
            .map(|changed| Changed { before: one_line(&changed.before), after: one_line(&changed.after) });
        Self {
            peer,
            status,
            request: one_line(request),
            is_dry_run,
            changed,
            text: format!("{}{dry}: {not_done}{}", one_line(asked), one_line(said)),
        }
    }

    /// Writes it to the log.
    pub(super) fn log(&self) {
        let Self { peer: Peer { who, role }, status, request, is_dry_run: dry_run, changed, text } = self;
        let (uid, pid, from) = match who {
            Who::User { uid, pid } => (Some(*uid), Some(pid.unwrap_or(0)), None),
            Who::Network { .. } => (None, None, Some(who.to_string())),
        };
        let (is_done, status) = (status.is_success(), status.as_u16());
        let before = changed.as_ref().map(|changed| changed.before.as_str());
        let after = changed.as_ref().map(|changed| changed.after.as_str());
        if is_done {
            tracing::info!(
                logger = "control.audit",
                uid, pid, from, %role, status, request, dry_run, before, after, "{text}"
            );
        } else {
            tracing::warn!(
                logger = "control.audit",
                uid, pid, from, %role, status, request, dry_run, before, after, "{text}"
            );
        }
    }
}

/// The text without anything that could look like another line of the log.
fn one_line(text: &str) -> String {
    let safe = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().take(SAID_CHARACTERS_MAX).map(safe).collect()
}
