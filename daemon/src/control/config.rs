//! `/v1/config`: the configuration in force, as a whole and by path, and changes of it.

use std::{path::PathBuf, time::Duration};

use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use stratd_control::{ConfigApplyRequest, ConfigEdit};
use utoipa::IntoParams;

use super::{
    body::{Content, Nothing},
    desk::Desk,
    guard::Asked,
    operations::{ActionError, ActionErrorKind, Author, Terms},
    peer::Peer,
    problem::{ProblemKind, bad_body, not_done, problem},
};
use crate::{
    config::edit::Edit,
    reload::config::{ConfigChange, What},
};

/// A configuration waits so long for its confirmation at most.
const CONFIRM_SECONDS_MAX: u64 = 24 * 3600;

pub(super) async fn show(State(desk): State<Desk>) -> Response {
    desk.show_tagged(|operations| operations.config()).await
}

pub(super) async fn show_part(State(desk): State<Desk>, Path(path): Path<String>) -> Response {
    let path = segments(&path);
    desk.show_tagged(move |operations| operations.config_part(&path)).await
}

pub(super) async fn history(State(desk): State<Desk>) -> Response {
    desk.show(|operations| operations.config_history()).await
}

/// `?from=3&to=5`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Between {
    /// The generation that is compared; the one in force if absent.
    from: Option<u64>,
    /// The generation that it is compared with; the files as they are now if absent.
    to: Option<u64>,
}

pub(super) async fn diff(
    State(desk): State<Desk>,
    between: Result<Query<Between>, QueryRejection>,
) -> Response {
    match between {
        Ok(Query(Between { from, to })) => {
            desk.show(move |operations| operations.config_diff(from, to)).await
        }
        Err(error) => {
            let text = error.body_text();
            problem(ProblemKind::BadRequest, format!("the query: {text} (accepted: ?from=N&to=N)"))
        }
    }
}

pub(super) async fn put(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    terms: Terms,
    path: Option<Path<String>>,
    Content(ConfigEdit(value)): Content<ConfigEdit>,
) -> Response {
    edit(&desk, (peer, terms), path, Edit::Put(value)).await
}

pub(super) async fn patch(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    terms: Terms,
    path: Option<Path<String>>,
    Content(ConfigEdit(value)): Content<ConfigEdit>,
) -> Response {
    edit(&desk, (peer, terms), path, Edit::Patch(value)).await
}

pub(super) async fn delete(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    terms: Terms,
    Path(path): Path<String>,
) -> Response {
    edit(&desk, (peer, terms), Some(Path(path)), Edit::Delete).await
}

pub(super) async fn apply(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    terms: Terms,
    Content(request): Content<ConfigApplyRequest>,
) -> Response {
    match change_of(request) {
        Ok((change, asked)) => change_config(&desk, (peer, terms), change, asked).await,
        Err(refusal) => *refusal,
    }
}

pub(super) async fn rollback(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Path(generation): Path<String>,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    let Ok(number) = generation.parse::<i64>() else {
        let text = format!("{generation:?} is no generation (accepted: the number of one)");
        return not_done(ActionError::new(ActionErrorKind::BadRequest, text));
    };
    let change = ConfigChange::of(What::Rollback(number));
    change_config(&desk, (peer, terms), change, format!("config rollback to generation {number}")).await
}

pub(super) async fn confirm(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    change_config(&desk, (peer, terms), ConfigChange::of(What::Confirm), "config confirm".to_owned()).await
}

/// What is asked for, and that in words.
fn change_of(request: ConfigApplyRequest) -> Result<(ConfigChange, String), Box<Response>> {
    let ConfigApplyRequest { files, text, file, config, patch, confirm_within_s, at_restart } = request;
    let bad = |pointer: &str, detail: String| Box::new(bad_body(Some(pointer.to_owned()), detail));
    let (what, asked) = match (files, text, config, patch) {
        (true, None, None, None) => (What::Files, "config reload".to_owned()),
        (false, Some(text), None, None) => {
            let name = PathBuf::from(file.as_deref().unwrap_or("the text"));
            let asked = format!("config apply {}", name.display());
            (What::Text(text, name), asked)
        }
        (false, None, Some(config), None) => (What::Table(config), "config apply".to_owned()),
        (false, None, None, Some(patch)) => {
            (What::Edit(Vec::new(), Edit::Patch(patch.into())), "config patch".to_owned())
        }
        _ => {
            let detail =
                "the body: found not exactly one of files, text, config and patch, expected one of them";
            return Err(bad("", detail.to_owned()));
        }
    };
    if let Some(seconds) = confirm_within_s.filter(|seconds| !(1..=CONFIRM_SECONDS_MAX).contains(seconds)) {
        let detail = format!("the body: found {seconds} seconds, expected 1 to {CONFIRM_SECONDS_MAX}");
        return Err(bad("/confirm_within_s", detail));
    }
    if at_restart && confirm_within_s.is_some() {
        let detail = "the body: found confirm_within_s with at_restart, expected one of them";
        return Err(bad("/confirm_within_s", detail.to_owned()));
    }
    let within = confirm_within_s.map(|seconds| format!(" for {seconds} s")).unwrap_or_default();
    let when = if at_restart { " at the next start" } else { "" };
    let change = ConfigChange { what, confirm_within: confirm_within_s.map(Duration::from_secs), at_restart };
    Ok((change, format!("{asked}{within}{when}")))
}

async fn edit(desk: &Desk, by: (Peer, Terms), path: Option<Path<String>>, edit: Edit) -> Response {
    let path = path.map(|Path(path)| segments(&path)).unwrap_or_default();
    let verb = match &edit {
        Edit::Put(_) => "put",
        Edit::Patch(_) => "patch",
        Edit::Delete => "delete",
    };
    let asked = format!("config {verb} /{}", path.join("/"));
    change_config(desk, by, ConfigChange::of(What::Edit(path, edit)), asked).await
}

async fn change_config(
    desk: &Desk,
    (peer, terms): (Peer, Terms),
    change: ConfigChange,
    asked: String,
) -> Response {
    let author = Author { who: peer.who.to_string(), role: peer.role };
    let change = desk.change(Asked::new(asked), terms, move |operations, terms| {
        operations.change_config(change, &author, terms)
    });
    change.await
}

/// The segments of a path; empty ones do not count.
fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}
