//! `/v1/logging/apply` and `/v1/logging/reload`: the log gets another configuration while it runs.
//!
//! It is checked whole before anything changes; a configuration that is refused says file, line and key of every problem.
//! One that was applied here holds until the next, or until the file of the daemon is read again.

use std::path::PathBuf;

use axum::{extract::State, response::Response};
use serde_json::Value;
use stratd_control::LogConfigRequest;

use super::{
    body::{Content, Nothing},
    desk::Desk,
    guard::Asked,
    logging::{done, refused},
    operations::{ActionError, Terms},
};
use crate::{
    config::{locate_in_text, parse_logging},
    logging::Pipeline,
};

/// What a text without a file is called.
const NO_FILE: &str = "the text";

pub(super) async fn apply(
    State(desk): State<Desk>,
    terms: Terms,
    Content(request): Content<LogConfigRequest>,
) -> Response {
    let name = request.file.as_deref().unwrap_or(NO_FILE);
    let what = if request.incremental { "set" } else { "apply" };
    let asked = Asked::new(format!("log {what} {name}"));
    done(&desk, asked, terms, move |pipeline, is_dry_run| apply_to(pipeline, &request, is_dry_run)).await
}

pub(super) async fn reload(State(desk): State<Desk>, terms: Terms, _: Content<Nothing>) -> Response {
    let change = |pipeline: &'static Pipeline, is_dry_run: bool| {
        let done = if is_dry_run { pipeline.check_again() } else { pipeline.reload() };
        done.map_err(|error| refused(format!("{error:#}")))
    };
    done(&desk, Asked::new("log reload"), terms, change).await
}

fn apply_to(
    pipeline: &Pipeline,
    request: &LogConfigRequest,
    is_dry_run: bool,
) -> Result<String, ActionError> {
    let name = PathBuf::from(request.file.as_deref().unwrap_or(NO_FILE));
    let parsed = parse_logging(&name, &request.text, request.incremental);
    let table = parsed.map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        refused(problems.join("\n"))
    })?;
    let is_incremental = table.get("incremental") == Some(&Value::Bool(true));
    let failed = |error: anyhow::Error| {
        let problems = error.downcast_ref::<stratd_logging::Error>().map(stratd_logging::Error::problems);
        match problems.unwrap_or_default() {
            [] => refused(format!("{}: {error:#}", name.display())),
            problems => {
                let problems = locate_in_text(&name, &request.text, problems);
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                refused(problems.join("\n"))
            }
        }
    };
    let what = if is_incremental { "levels and propagation" } else { "the configuration" };
    if is_dry_run {
        pipeline.check(&table).map_err(failed)?;
        let untried = if is_incremental {
            ""
        } else {
            "; nothing was opened: whether files, addresses and programs can be reached was not tried"
        };
        return Ok(format!("{what} of {} would be applied; nothing was changed{untried}", name.display()));
    }
    if is_incremental { pipeline.patch(&table) } else { pipeline.apply(Some(&table)) }.map_err(failed)?;
    Ok(format!("applied {what} of {}", name.display()))
}
