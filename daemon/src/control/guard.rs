//! Who may pass, and the record of who did what.
//!
//! What could change something runs as a task of its own, so that its record is written though the peer goes away. A
//! change that is not waited for any longer has two entries: that, and what became of it.

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
    work::{Late, Work},
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
    /// Where changes run.
    pub(super) work: Work,
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
    let passed = admit(&needed, &peer, &mut request, &asked);
    if needed.role == Role::Reader {
        return match passed {
            Ok(_) => next.run(request).await,
            Err(refusal) => *refusal,
        };
    }
    let Needed { record, work, .. } = needed;
    let is_dry_run = matches!(&passed, Ok(Some(terms)) if terms.is_dry_run);
    let open = OpenEntry { peer, request: asked, is_dry_run, record, is_written: false };
    if let Err(refusal) = passed {
        open.write(&refusal);
        return *refusal;
    }
    let more = work.clone();
    let done = work.spawn(async move {
        let response = next.run(request).await;
        if let Some(end) = response.extensions().get::<Late>().and_then(Late::take) {
            // it goes on, and its end is another entry
            let entry = open.again();
            drop(more.spawn(async move { entry.write(&end.await) }));
        }
        open.write(&response);
        response
    });
    done.await.unwrap_or_else(|_| {
        let detail = "the daemon panicked while it did this; its log has the place";
        problem(ProblemKind::Failed, detail.to_owned())
    })
}

/// An entry of the record that is to be written; if it is dropped before, it says that.
struct OpenEntry {
    peer: Peer,
    request: String,
    is_dry_run: bool,
    record: Recorder,
    is_written: bool,
}

impl OpenEntry {
    /// Another one of the same request.
    fn again(&self) -> Self {
        let Self { peer, request, is_dry_run, record, is_written: _ } = self;
        Self {
            peer: peer.clone(),
            request: request.clone(),
            is_dry_run: *is_dry_run,
            record: Arc::clone(record),
            is_written: false,
        }
    }

    fn write(mut self, response: &Response) {
        self.is_written = true;
        (self.record)(&Entry::new(self.peer.clone(), &self.request, self.is_dry_run, response));
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        if !self.is_written {
            let detail = "the daemon ended, or panicked, while it did this: what became of it is not known";
            let response = problem(ProblemKind::Failed, detail.to_owned());
            (self.record)(&Entry::new(self.peer.clone(), &self.request, self.is_dry_run, &response));
        }
    }
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
        let not_done = if status.is_success() {
            ""
        } else if extensions.get::<Late>().is_some() {
            "not done yet: "
        } else {
            "not done: "
        };
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
