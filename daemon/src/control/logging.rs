//! `/v1/logging`: the log, its levels, and the way of a record.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use stratd_control::{
    DisableRequest, LevelRequest, LogDone, LogHandler, LogLogger, LogReach, LogReceiver, LogResolution,
    LogTree,
};
use stratd_logging::Level;

use super::{
    body::Content,
    desk::Desk,
    guard::{Asked, Said},
    operations::{ActionError, ActionErrorKind},
    problem::{ProblemKind, not_done, problem},
};
use crate::logging::{Pipeline, pipeline};

/// A temporary level stays so long at most.
const SECONDS_MAX: u64 = 7 * 24 * 3600;

pub(super) async fn tree(State(desk): State<Desk>) -> Response {
    match desk.read(|_| Ok(tree_of(log()?))).await {
        Ok(tree) => Json(tree).into_response(),
        Err(error) => not_done(error, None),
    }
}

/// `?logger=NAME&level=LEVEL`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    logger: String,
    level: String,
}

pub(super) async fn resolve(
    State(desk): State<Desk>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let Query(Which { logger, level }) = match which {
        Ok(which) => which,
        Err(error) => return bad_query(&error, "logger=NAME&level=LEVEL"),
    };
    let asked = desk.read(move |_| {
        let pipeline = log()?;
        let level = level_of(pipeline, &level)?;
        let found = pipeline.logging.resolve(&logger, level);
        let handlers = found.handlers.into_iter();
        let handlers = handlers.map(|reach| LogReach {
            handler: reach.handler,
            logger: reach.logger,
            refusal: reach.refusal,
            filters: reach.filters as u64,
        });
        Ok(LogResolution {
            logger,
            level: pipeline.logging.level_names().name(level),
            refusal: found.refusal,
            filters: found.filters as u64,
            handlers: handlers.collect(),
        })
    });
    match asked.await {
        Ok(resolution) => Json(resolution).into_response(),
        Err(error) => not_done(error, None),
    }
}

pub(super) async fn level(
    State(desk): State<Desk>,
    Content(LevelRequest { logger, level, seconds }): Content<LevelRequest>,
) -> Response {
    let within = seconds.map_or_else(String::new, |seconds| format!(" for {seconds}s"));
    let asked = Asked(format!("log level of {logger} to {level}{within}"));
    let change = move |pipeline: &'static Pipeline| {
        if let Some(found) = seconds.filter(|seconds| !(1..=SECONDS_MAX).contains(seconds)) {
            return Err(refused(format!("found {found} seconds (accepted: 1 to {SECONDS_MAX})")));
        }
        let within = seconds.map(Duration::from_secs);
        let level = level_of(pipeline, &level)?;
        let changed = pipeline.set_level(&logger, level, within);
        let (before, now) = changed.map_err(|error| refused(format!("{error:#}")))?;
        let names = pipeline.logging.level_names();
        let back = seconds.map_or_else(String::new, |s| format!("; it goes back in {s}s"));
        Ok(format!(
            "logger {logger}: the level was {}, is {}, and {} is in force{back}",
            names.name(before),
            names.name(level),
            names.name(now)
        ))
    };
    done(&desk, asked, change).await
}

pub(super) async fn disable(
    State(desk): State<Desk>,
    Content(DisableRequest { level }): Content<DisableRequest>,
) -> Response {
    let asked = Asked(format!("log disable {level}"));
    let change = move |pipeline: &'static Pipeline| {
        let level = level_of(pipeline, &level)?;
        pipeline.disable(level);
        Ok(if level == Level::NOTSET {
            "no level is disabled".to_owned()
        } else {
            format!("every logger is silent up to {}", pipeline.logging.level_names().name(level))
        })
    };
    done(&desk, asked, change).await
}

/// Has it done, and says what became of it.
pub(super) async fn done(
    desk: &Desk,
    asked: Asked,
    change: impl FnOnce(&'static Pipeline) -> Result<String, ActionError> + Send + 'static,
) -> Response {
    let mut response = match desk.write(move |_| change(log()?)).await {
        Ok(report) => {
            let mut response = Json(LogDone { report: report.clone() }).into_response();
            response.extensions_mut().insert(Said(report));
            response
        }
        Err(error) => not_done(error, None),
    };
    response.extensions_mut().insert(asked);
    response
}

/// The pipeline.
pub(super) fn log() -> Result<&'static Pipeline, ActionError> {
    pipeline().ok_or_else(|| {
        let text = "the log goes straight to standard error".to_owned();
        ActionError { kind: ActionErrorKind::Conflict, step: None, text }
    })
}

/// A level by its name or number.
pub(super) fn level_of(pipeline: &Pipeline, text: &str) -> Result<Level, ActionError> {
    match text.parse::<i32>() {
        Ok(number) => Ok(Level::new(number)),
        Err(_) => pipeline.logging.level_names().parse(text).map_err(|error| refused(error.to_string())),
    }
}

pub(super) fn refused(text: String) -> ActionError {
    ActionError { kind: ActionErrorKind::Refused, step: None, text }
}

pub(super) fn bad_query(error: &QueryRejection, accepted: &str) -> Response {
    let text = error.body_text();
    problem(ProblemKind::BadRequest, format!("the query: {text} (accepted: ?{accepted})"))
}

fn tree_of(pipeline: &Pipeline) -> LogTree {
    let logging = &pipeline.logging;
    let (names, temporary) = (logging.level_names(), logging.temporary_levels());
    let loggers = logging.loggers().into_iter().map(|logger| {
        let back = temporary.iter().find(|known| known.logger == logger.name);
        LogLogger {
            level: (logger.level != Level::NOTSET).then(|| names.name(logger.level)),
            effective_level: names.name(logger.effective_level),
            propagate: logger.propagate,
            disabled: logger.is_disabled,
            handlers: logger.handlers,
            filters: logger.filters as u64,
            reverts_to: back.map(|known| names.name(known.level_after)),
            reverts_in_ns: back.map(|known| u64::try_from(known.left.as_nanos()).unwrap_or(u64::MAX)),
            name: logger.name,
        }
    });
    let handlers = logging.handlers().into_iter().map(|handler| LogHandler {
        level: names.name(handler.level),
        name: handler.name,
        kind: handler.kind,
        queued: handler.queued,
        written: handler.written,
        dropped: handler.dropped,
        errors: handler.errors,
        last_error: handler.last_error,
    });
    let receivers = logging.receivers().into_iter().map(|receiver| LogReceiver {
        name: receiver.name,
        kind: receiver.kind,
        address: receiver.address,
        connections: receiver.connections,
        received: receiver.received,
        refused: receiver.refused,
        connections_refused: receiver.connections_refused,
        dropped: receiver.dropped,
        last_error: receiver.last_error,
    });
    LogTree {
        loggers: loggers.collect(),
        handlers: handlers.collect(),
        receivers: receivers.collect(),
        disabled_to: Some(logging.disabled_to()).filter(|to| *to > Level::NOTSET).map(|to| names.name(to)),
        lost: logging.lost(),
        renamed_fields: logging.renamed_fields(),
    }
}
