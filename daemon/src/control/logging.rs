//! `/v1/logging`: the log, its levels, and the way of a record.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use stratd_control::{
    DisableRequest, LevelRequest, LogDone, LogHandler, LogLogger, LogReach, LogReceiver, LogResolution,
    LogTree,
};
use stratd_logging::Level;
use utoipa::IntoParams;

use super::{
    body::Content,
    desk::Desk,
    guard::Asked,
    operations::{ActionError, ActionErrorKind, Basis, Operations, Outcome, Terms},
    problem::{ProblemKind, not_done, problem},
};
use crate::logging::{Pipeline, pipeline};

/// A temporary level stays so long at most.
const SECONDS_MAX: u64 = 7 * 24 * 3600;

pub(super) async fn tree(State(desk): State<Desk>) -> Response {
    let tree = desk.show_tagged(|_| {
        let pipeline = log()?;
        Ok((tree_of(pipeline), basis_of(pipeline)))
    });
    tree.await
}

/// `?logger=NAME&level=LEVEL`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// The logger of the record, as `strategy.momentum`.
    logger: String,
    /// The level of the record: its name or its number.
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
        Err(error) => not_done(error),
    }
}

pub(super) async fn level(
    State(desk): State<Desk>,
    terms: Terms,
    Content(LevelRequest { logger, level, seconds }): Content<LevelRequest>,
) -> Response {
    let within = seconds.map_or_else(String::new, |seconds| format!(" for {seconds}s"));
    let asked = Asked::new(format!("log level of {logger} to {level}{within}"));
    let change = move |pipeline: &'static Pipeline, is_dry_run: bool| {
        if let Some(found) = seconds.filter(|seconds| !(1..=SECONDS_MAX).contains(seconds)) {
            let text = format!("found {found} seconds (accepted: 1 to {SECONDS_MAX})");
            return Err(refused(text).at("/seconds"));
        }
        let within = seconds.map(Duration::from_secs);
        let level = level_of(pipeline, &level).map_err(|error| error.at("/level"))?;
        let names = pipeline.logging.level_names();
        let not_set = |error: anyhow::Error| refused(format!("{error:#}")).at("/logger");
        if is_dry_run {
            let before = names.name(pipeline.level_before(&logger, level).map_err(not_set)?);
            return Ok(format!("logger {logger}: the level is {before}, and would be {}", names.name(level)));
        }
        let (before, now) = pipeline.set_level(&logger, level, within).map_err(not_set)?;
        let back = seconds.map_or_else(String::new, |s| format!("; it goes back in {s}s"));
        Ok(format!(
            "logger {logger}: the level was {}, is {}, and {} is in force{back}",
            names.name(before),
            names.name(level),
            names.name(now)
        ))
    };
    done(&desk, asked, terms, change).await
}

pub(super) async fn disable(
    State(desk): State<Desk>,
    terms: Terms,
    Content(DisableRequest { level }): Content<DisableRequest>,
) -> Response {
    let asked = Asked::new(format!("log disable {level}"));
    let change = move |pipeline: &'static Pipeline, is_dry_run: bool| {
        let level = level_of(pipeline, &level).map_err(|error| error.at("/level"))?;
        if !is_dry_run {
            pipeline.disable(level);
        }
        let is = if is_dry_run { "would be" } else { "is" };
        Ok(if level == Level::NOTSET {
            format!("no level {is} disabled")
        } else {
            format!("every logger {is} silent up to {}", pipeline.logging.level_names().name(level))
        })
    };
    done(&desk, asked, terms, change).await
}

/// Has it done, and says what became of it. `change` is told whether it is a dry run.
pub(super) async fn done(
    desk: &Desk,
    asked: Asked,
    terms: Terms,
    change: impl FnOnce(&'static Pipeline, bool) -> Result<String, ActionError> + Send + 'static,
) -> Response {
    let changes = Arc::clone(&desk.log_changes);
    let change = move |_: &dyn Operations, terms: &Terms| {
        let pipeline = log()?;
        // a panic of one change is no reason to refuse the next
        let _alone = changes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = basis_of(pipeline);
        terms.check(&before)?;
        let report = change(pipeline, terms.is_dry_run).map_err(|error| error.before(&before))?;
        let answer = LogDone { report: report.clone(), dry_run: terms.is_dry_run };
        Ok(Outcome { answer, report, before, after: basis_of(pipeline) })
    };
    desk.change(asked, terms, change).await
}

/// What a change of the log depends on: what was set, and nothing that counts. Loggers that have nothing of their own
/// are left out, because they come by themselves.
fn basis_of(pipeline: &Pipeline) -> Basis {
    let LogTree { loggers, handlers, receivers, disabled_to, .. } = tree_of(pipeline);
    let is_set = |logger: &LogLogger| {
        let has_parts = !logger.handlers.is_empty() || logger.filters > 0;
        logger.level.is_some() || has_parts || !logger.propagate || logger.disabled
    };
    let logger = |logger: LogLogger| {
        let LogLogger { name, level, propagate, disabled, handlers, filters, reverts_to, .. } = logger;
        json!([name, level, propagate, disabled, handlers, filters, reverts_to])
    };
    let loggers: Vec<Value> = loggers.into_iter().filter(is_set).map(logger).collect();
    let handlers =
        handlers.into_iter().map(|LogHandler { name, kind, level, .. }| json!([name, kind, level]));
    let handlers: Vec<Value> = handlers.collect();
    let receivers =
        receivers.into_iter().map(|receiver| json!([receiver.name, receiver.kind, receiver.address]));
    let receivers: Vec<Value> = receivers.collect();
    Basis::new(
        json!({"loggers": loggers, "handlers": handlers, "receivers": receivers, "disabled_to": disabled_to}),
    )
}

/// The pipeline.
pub(super) fn log() -> Result<&'static Pipeline, ActionError> {
    pipeline()
        .ok_or_else(|| ActionError::new(ActionErrorKind::Conflict, "the log goes straight to standard error"))
}

/// A level by its name or number.
pub(super) fn level_of(pipeline: &Pipeline, text: &str) -> Result<Level, ActionError> {
    match text.parse::<i32>() {
        Ok(number) => Ok(Level::new(number)),
        Err(_) => pipeline.logging.level_names().parse(text).map_err(|error| refused(error.to_string())),
    }
}

pub(super) fn refused(text: String) -> ActionError {
    ActionError::new(ActionErrorKind::Refused, text)
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
