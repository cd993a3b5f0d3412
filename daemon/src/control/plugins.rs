//! `/v1/plugins`: what is loaded, and all that can be done with it.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use stratd_control::{LoadRequest, PluginList, QuarantineRequest};

use super::{
    body::{Content, Nothing},
    desk::Desk,
    guard::{Asked, Said},
    inspect::absolute,
    name::Name,
    operations::Action,
    problem::not_done,
};

pub(super) async fn list(State(desk): State<Desk>) -> Response {
    match desk.read(|operations| operations.plugins()).await {
        Ok(plugins) => Json(PluginList { plugins }).into_response(),
        Err(error) => not_done(error, None),
    }
}

pub(super) async fn show(State(desk): State<Desk>, Name(name): Name) -> Response {
    let plugin = name.clone();
    match desk.read(move |operations| operations.plugin(&plugin)).await {
        Ok(plugin) => Json(plugin).into_response(),
        Err(error) => not_done(error, Some(&name)),
    }
}

pub(super) async fn load(
    State(desk): State<Desk>,
    Content(LoadRequest { file, name, config }): Content<LoadRequest>,
) -> Response {
    match absolute(file) {
        Ok(file) => act(&desk, Action::Load { file, name, config: config.unwrap_or_default() }).await,
        Err(refusal) => *refusal,
    }
}

pub(super) async fn reload(State(desk): State<Desk>, Name(plugin): Name, _: Content<Nothing>) -> Response {
    act(&desk, Action::Reload { plugin }).await
}

pub(super) async fn stop(State(desk): State<Desk>, Name(plugin): Name, _: Content<Nothing>) -> Response {
    act(&desk, Action::Stop { plugin }).await
}

pub(super) async fn start(State(desk): State<Desk>, Name(plugin): Name, _: Content<Nothing>) -> Response {
    act(&desk, Action::Start { plugin }).await
}

pub(super) async fn rollback(State(desk): State<Desk>, Name(plugin): Name, _: Content<Nothing>) -> Response {
    act(&desk, Action::Rollback { plugin }).await
}

pub(super) async fn quarantine(
    State(desk): State<Desk>,
    Name(plugin): Name,
    Content(QuarantineRequest { reason }): Content<QuarantineRequest>,
) -> Response {
    act(&desk, Action::Quarantine { plugin, reason }).await
}

pub(super) async fn release(State(desk): State<Desk>, Name(plugin): Name, _: Content<Nothing>) -> Response {
    act(&desk, Action::Release { plugin }).await
}

/// Has it done, and says what became of it.
async fn act(desk: &Desk, action: Action) -> Response {
    let asked = Asked(action.to_string());
    let plugin = action.plugin().map(str::to_owned);
    let mut response = match desk.write(move |operations| operations.act(action)).await {
        Ok(done) => {
            let said = Said(done.report.clone());
            let mut response = Json(done).into_response();
            response.extensions_mut().insert(said);
            response
        }
        Err(error) => not_done(error, plugin.as_deref()),
    };
    response.extensions_mut().insert(asked);
    response
}
