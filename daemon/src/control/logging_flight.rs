//! `/v1/logging/flight/{name}`: the last records of every level of an instance of a plugin.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use stratd_control::{FlightRecord, LogFlight};
use stratd_logging::{LevelNames, Logging, Record, Value};
use stratd_plugin_api::Timestamp;

use super::{
    body::{Content, Nothing},
    desk::Desk,
    guard::Asked,
    logging::{done, log},
    name::Name,
    operations::{ActionError, ActionErrorKind, Terms},
    problem::not_done,
};

/// Why records are handed over that were asked for.
const ASKED: &str = "asked";

pub(super) async fn show(State(desk): State<Desk>, Name(name): Name) -> Response {
    let asked = desk.read(move |_| {
        let logging = &log()?.logging;
        let flight = logging.flight(&name).ok_or_else(|| nobody(logging, &name))?;
        let names = logging.level_names();
        let records = flight.records.iter().map(|record| shown(record, &names));
        Ok(LogFlight { records: records.collect(), logger: flight.logger, forgotten: flight.forgotten })
    });
    match asked.await {
        Ok(flight) => Json(flight).into_response(),
        Err(error) => not_done(error),
    }
}

pub(super) async fn dump(
    State(desk): State<Desk>,
    Name(name): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    let asked = Asked::new(format!("log flight {name} --dump"));
    let change = move |pipeline: &'static crate::logging::Pipeline, is_dry_run: bool| {
        let logging = &pipeline.logging;
        let flight = logging.flight(&name).ok_or_else(|| nobody(logging, &name))?;
        if is_dry_run {
            let count = flight.records.len();
            return Ok(format!(
                "{count} records of {name} would be handed to the handlers that do not have them"
            ));
        }
        let count = logging.dump_flight(&name, ASKED);
        Ok(format!("{count} records of {name} that the handlers did not have were handed to them"))
    };
    done(&desk, asked, terms, change).await
}

fn nobody(logging: &Logging, name: &str) -> ActionError {
    let known = logging.flights();
    let text = if known.is_empty() {
        format!(
            "{name} has no flight recorder: none is on (accepted: [logging.flight_recorder] in the configuration)"
        )
    } else {
        format!("{name} has no flight recorder (accepted: {})", known.join(", "))
    };
    ActionError::new(ActionErrorKind::NotFound, text)
}

fn shown(record: &Record<'_>, names: &LevelNames) -> FlightRecord {
    let text = |value: &Value<'_>| match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) | Value::Json(text) => text.to_string(),
    };
    FlightRecord {
        at_ns: record.created_ns,
        at: Timestamp::new(record.created_ns).to_string(),
        level: names.name(record.level),
        logger: record.name.to_string(),
        thread: record.thread_name.to_string(),
        message: record.message.to_string(),
        fields: record.fields.iter().map(|(key, value)| (key.to_owned(), text(&value))).collect(),
    }
}
