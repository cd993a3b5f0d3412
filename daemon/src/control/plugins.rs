//! `/v1/plugins`: what is loaded, and all that can be done with it.

use axum::{extract::State, response::Response};
use stratd_control::{LoadRequest, PluginList, QuarantineRequest};

use super::{
    body::{Content, Nothing},
    desk::Desk,
    guard::Asked,
    inspect::absolute,
    name::Name,
    operations::{Action, Terms},
};

pub(super) async fn list(State(desk): State<Desk>) -> Response {
    let list = desk.show_tagged(|operations| {
        let (plugins, basis) = operations.plugins()?;
        Ok((PluginList { plugins }, basis))
    });
    list.await
}

pub(super) async fn show(State(desk): State<Desk>, Name(name): Name) -> Response {
    let found = desk.show_tagged(move |operations| {
        operations.plugin(&name).map_err(|error| error.of_plugin(Some(&name)))
    });
    found.await
}

pub(super) async fn load(
    State(desk): State<Desk>,
    terms: Terms,
    Content(LoadRequest { file, name, config }): Content<LoadRequest>,
) -> Response {
    match absolute(file) {
        Ok(file) => act(&desk, Action::Load { file, name, config: config.unwrap_or_default() }, terms).await,
        Err(refusal) => *refusal,
    }
}

pub(super) async fn reload(
    State(desk): State<Desk>,
    Name(plugin): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, Action::Reload { plugin }, terms).await
}

pub(super) async fn stop(
    State(desk): State<Desk>,
    Name(plugin): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, Action::Stop { plugin }, terms).await
}

pub(super) async fn start(
    State(desk): State<Desk>,
    Name(plugin): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, Action::Start { plugin }, terms).await
}

pub(super) async fn rollback(
    State(desk): State<Desk>,
    Name(plugin): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, Action::Rollback { plugin }, terms).await
}

pub(super) async fn release(
    State(desk): State<Desk>,
    Name(plugin): Name,
    terms: Terms,
    _: Content<Nothing>,
) -> Response {
    act(&desk, Action::Release { plugin }, terms).await
}

pub(super) async fn quarantine(
    State(desk): State<Desk>,
    Name(plugin): Name,
    terms: Terms,
    Content(QuarantineRequest { reason }): Content<QuarantineRequest>,
) -> Response {
    act(&desk, Action::Quarantine { plugin, reason }, terms).await
}

async fn act(desk: &Desk, action: Action, terms: Terms) -> Response {
    let asked = Asked::new(action.to_string()).of_plugin(action.plugin());
    desk.change(asked, terms, move |operations, terms| operations.act(action, terms)).await
}
