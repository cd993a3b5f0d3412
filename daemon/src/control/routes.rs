//! All routes, and who may use each.

use std::sync::Arc;

use axum::{
    Router,
    http::{Method, Uri},
    middleware,
    response::Response,
    routing::{MethodRouter, get, post},
};
use stratd_control::API;

use super::{
    desk::Desk,
    guard::{self, Needed, Recorder},
    health, inspect, logging, logging_apply, logging_flight, logging_tap,
    peer::Role::{self, Operator, Reader},
    plugins,
    problem::{ProblemKind, problem},
    status, version,
};

/// A route: the method and the path, the role that it needs, and what answers.
type Route = (&'static str, &'static str, Role, MethodRouter<Desk>);

fn table() -> Vec<Route> {
    vec![
        ("GET", "/v1/version", Reader, get(version::show)),
        ("GET", "/v1/health", Reader, get(health::show)),
        ("GET", "/v1/status", Reader, get(status::show)),
        ("GET", "/v1/plugins", Reader, get(plugins::list)),
        ("GET", "/v1/plugins/{name}", Reader, get(plugins::show)),
        ("GET", "/v1/logging", Reader, get(logging::tree)),
        ("GET", "/v1/logging/resolve", Reader, get(logging::resolve)),
        ("GET", "/v1/logging/tap", Reader, get(logging_tap::tap)),
        ("GET", "/v1/logging/flight/{name}", Reader, get(logging_flight::show)),
        ("POST", "/v1/logging/flight/{name}", Operator, post(logging_flight::dump)),
        ("POST", "/v1/logging/apply", Operator, post(logging_apply::apply)),
        ("POST", "/v1/logging/reload", Operator, post(logging_apply::reload)),
        ("POST", "/v1/logging/level", Operator, post(logging::level)),
        ("POST", "/v1/logging/disable", Operator, post(logging::disable)),
        // runs code of the file, if in a child only
        ("POST", "/v1/inspect", Operator, post(inspect::inspect)),
        ("POST", "/v1/plugins", Operator, post(plugins::load)),
        ("POST", "/v1/plugins/{name}/reload", Operator, post(plugins::reload)),
        ("POST", "/v1/plugins/{name}/stop", Operator, post(plugins::stop)),
        ("POST", "/v1/plugins/{name}/start", Operator, post(plugins::start)),
        ("POST", "/v1/plugins/{name}/rollback", Operator, post(plugins::rollback)),
        ("POST", "/v1/plugins/{name}/quarantine", Operator, post(plugins::quarantine)),
        ("POST", "/v1/plugins/{name}/release", Operator, post(plugins::release)),
    ]
}

/// Answers every request; what could change something goes on record.
pub(super) fn router(desk: Desk, record: &Recorder) -> Router {
    let known: Vec<String> = table().iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    let known = known.join(", ");
    let mut router = Router::new();
    for (_, path, role, answer) in table() {
        let guard = middleware::from_fn_with_state(Needed { role, record: Arc::clone(record) }, guard::guard);
        // a route layer is passed by requests of the method only: the others are answered below
        router = router.route(path, answer.route_layer(guard));
    }
    router
        .method_not_allowed_fallback(no_method)
        .fallback(move |method, uri| async move { no_route(&method, &uri, &known) })
        .with_state(desk)
}

async fn no_method(method: Method, uri: Uri) -> Response {
    let detail = format!("{method} is no method of {} (accepted: those of the header allow)", uri.path());
    problem(ProblemKind::Method, detail)
}

fn no_route(method: &Method, uri: &Uri, known: &str) -> Response {
    let path = uri.path();
    let version = path.split('/').nth(1).unwrap_or_default();
    let is_version = |text: &str| {
        text.strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let detail = if version != API && is_version(version) {
        format!("this daemon does not speak {version} of the protocol (accepted: /{API})")
    } else {
        format!("there is no {method} {path} (accepted: {known})")
    };
    problem(ProblemKind::NotFound, detail)
}
