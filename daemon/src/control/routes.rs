//! All routes: method, path, who may use each, what answers, and what goes in and out.
//!
//! A change (`post`, `put`, `patch`, `delete`) asks for the tag of the nearest path above it that is `tagged`; which one
//! that is stands in the description of the protocol, and a test sees to it that there is one.

use std::sync::Arc;

use axum::{
    Router,
    http::{Method, Uri},
    middleware,
    response::Response,
};
use stratd_control::{
    API, Backtest, BacktestDone, BacktestList, BacktestRequest, DisableRequest, Done, Health, InspectRequest,
    Inspection, LevelRequest, LoadRequest, LogConfigRequest, LogDone, LogFlight, LogResolution, LogTree,
    Plugin, PluginList, QuarantineRequest, Status, Version,
};

use super::{
    backtests,
    desk::Desk,
    events,
    guard::{self, Needed, Recorder},
    health, inspect, logging, logging_apply, logging_flight, logging_tap, metrics, openapi,
    peer::Role::{Operator, Reader},
    plugins,
    problem::{ProblemKind, problem},
    row::{Row, delete, get, post, run},
    status, version,
};

#[rustfmt::skip] // one route, one line: it is read as a table
pub(super) fn table() -> Vec<Row> {
    vec![
        get("/v1/openapi.json", Reader, openapi::show, "This description").sends(&["application/json"]),
        get("/v1/version", Reader, version::show, "Who answers").gives::<Version>(),
        get("/v1/health", Reader, health::show, "Whether anything needs attention").gives::<Health>(),
        get("/v1/status", Reader, status::show, "How the run stands").gives::<Status>(),

        get("/v1/plugins", Reader, plugins::list, "All plugins").gives::<PluginList>().tagged(),
        get("/v1/plugins/{name}", Reader, plugins::show, "One plugin").gives::<Plugin>().tagged(),
        // runs code of the file, if in a child only
        run("/v1/inspect", Operator, inspect::inspect, "What would become of a file").takes::<InspectRequest>().gives::<Inspection>(),
        post("/v1/plugins", Operator, plugins::load, "Loads a file, and starts one more instance").takes::<LoadRequest>().gives::<Done>(),
        post("/v1/plugins/{name}/reload", Operator, plugins::reload, "Takes the file as it is now").gives::<Done>(),
        post("/v1/plugins/{name}/stop", Operator, plugins::stop, "Ends all instances").gives::<Done>(),
        post("/v1/plugins/{name}/start", Operator, plugins::start, "Starts the instances that have ended").gives::<Done>(),
        post("/v1/plugins/{name}/rollback", Operator, plugins::rollback, "Puts the generation before back").gives::<Done>(),
        post("/v1/plugins/{name}/quarantine", Operator, plugins::quarantine, "Ends all instances, and lets none start").takes::<QuarantineRequest>().gives::<Done>(),
        post("/v1/plugins/{name}/release", Operator, plugins::release, "Ends a quarantine").gives::<Done>(),

        get("/v1/events", Reader, events::stream, "What happens, as it happens").query::<events::Wanted>().sends(events::CONTENT_TYPES),
        get("/v1/metrics", Reader, metrics::show, "The figures of the daemon").sends(metrics::CONTENT_TYPES),

        get("/v1/backtests", Reader, backtests::list, "All backtests").gives::<BacktestList>().tagged(),
        get("/v1/backtests/{name}", Reader, backtests::show, "One backtest, with its summary").gives::<Backtest>().tagged(),
        post("/v1/backtests", Operator, backtests::submit, "Takes a backtest, which runs in a process of its own").takes::<BacktestRequest>().gives::<BacktestDone>(),
        delete("/v1/backtests/{name}", Operator, backtests::cancel, "Cancels a backtest").gives::<BacktestDone>(),

        get("/v1/logging", Reader, logging::tree, "The tree of loggers, and the handlers").gives::<LogTree>().tagged(),
        get("/v1/logging/resolve", Reader, logging::resolve, "What would become of a record").query::<logging::Which>().gives::<LogResolution>(),
        get("/v1/logging/tap", Reader, logging_tap::tap, "The log as it is written").query::<logging_tap::Wanted>().sends(logging_tap::CONTENT_TYPES),
        get("/v1/logging/flight/{name}", Reader, logging_flight::show, "The last records of an instance").gives::<LogFlight>(),
        post("/v1/logging/flight/{name}", Operator, logging_flight::dump, "Hands them to the handlers").gives::<LogDone>(),
        post("/v1/logging/apply", Operator, logging_apply::apply, "Puts another configuration in place").takes::<LogConfigRequest>().gives::<LogDone>(),
        post("/v1/logging/reload", Operator, logging_apply::reload, "Reads the configuration again").gives::<LogDone>(),
        post("/v1/logging/level", Operator, logging::level, "Sets the level of a logger").takes::<LevelRequest>().gives::<LogDone>(),
        post("/v1/logging/disable", Operator, logging::disable, "Silences every logger up to a level").takes::<DisableRequest>().gives::<LogDone>(),
    ]
}

/// Answers every request; what could change something goes on record.
pub(super) fn router(desk: Desk, record: &Recorder) -> Router {
    let mut router = Router::new();
    for row in table() {
        let needed = Needed { role: row.role, has_terms: row.has_terms(), record: Arc::clone(record) };
        let guard = middleware::from_fn_with_state(needed, guard::guard);
        // a route layer is passed by requests of the method only: the others are answered below
        router = router.route(row.path, row.handler.route_layer(guard));
    }
    let count = middleware::from_fn_with_state(desk.meters(), metrics::count);
    router.method_not_allowed_fallback(no_method).fallback(no_route).layer(count).with_state(desk)
}

async fn no_method(method: Method, uri: Uri) -> Response {
    let detail = format!("{method} is no method of {} (accepted: those of the header allow)", uri.path());
    problem(ProblemKind::Method, detail)
}

async fn no_route(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    let version = path.split('/').nth(1).unwrap_or_default();
    let is_version = |text: &str| {
        text.strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let detail = if version != API && is_version(version) {
        format!("this daemon does not speak {version} of the protocol (accepted: /{API})")
    } else {
        format!("there is no {method} {path} (accepted: what GET /{API}/openapi.json describes)")
    };
    problem(ProblemKind::NotFound, detail)
}
