//! `/v1/inspect`: what would become of a file.

use std::path::PathBuf;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use stratd_control::{InspectRequest, Inspection, Verdict};

use super::{
    body::Content,
    desk::{Desk, Urgency},
    guard::{Asked, Said},
    operations::ActionError,
    problem::{bad_body, not_done},
};

pub(super) async fn inspect(
    State(desk): State<Desk>,
    Content(InspectRequest { file }): Content<InspectRequest>,
) -> Response {
    let asked = Asked::new(format!("inspect {file}"));
    let answer = move |inspected: Result<Inspection, ActionError>| {
        let mut response = match inspected {
            Err(error) => not_done(error),
            Ok(inspection) => {
                let said = match inspection.verdict {
                    Verdict::Accepted => "accepted".to_owned(),
                    Verdict::Refused => {
                        format!("refused: {}", inspection.message.as_deref().unwrap_or_default())
                    }
                };
                let mut response = Json(inspection).into_response();
                response.extensions_mut().insert(Said(said));
                response
            }
        };
        response.extensions_mut().insert(asked.clone());
        response
    };
    match absolute(file) {
        Err(refusal) => *refusal,
        // beside the writes, because it takes as long and starts a child as they do
        Ok(file) => desk.write(Urgency::Usual, move |operations| operations.inspect(file), answer).await,
    }
}

/// The file of a request. The daemon's working directory is not that of who asks.
pub(super) fn absolute(file: String) -> Result<PathBuf, Box<Response>> {
    let path = PathBuf::from(file);
    if path.is_absolute() {
        return Ok(path);
    }
    let detail =
        format!("{:?} is no absolute path (accepted: one that starts with /)", path.display().to_string());
    Err(Box::new(bad_body(Some("/file".to_owned()), detail)))
}
