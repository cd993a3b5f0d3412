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
    API, AccountList, Backtest, BacktestDone, BacktestList, BacktestRequest, CancelAllDone, CancelAllRequest,
    ChangeOrderRequest, Config, ConfigApplyRequest, ConfigDiff, ConfigDone, ConfigEdit, ConfigHistory,
    ConfigPart, DisableRequest, Done, Exchange, ExchangeList, FillList, HaltRequest, Health, InspectRequest,
    Inspection, InstanceConfig, InstanceDone, InstrumentList, LevelRequest, LoadRequest, LogConfigRequest,
    LogDone, LogFlight, LogResolution, LogTree, NewOrderRequest, Order, OrderDone, OrderList, Plugin,
    PluginList, Portfolio, PositionList, QuarantineRequest, Risk, Status, Strategy, StrategyList,
    TradingDone, TradingRequest, Version,
};

use super::{
    accounts, backtests, config,
    desk::Desk,
    events, exchanges, fills,
    guard::{self, Needed, Recorder},
    health, inspect, instruments, logging, logging_apply, logging_flight, logging_tap, metrics, openapi,
    orders,
    peer::Role::{Admin, Operator, Reader},
    plugins, portfolio, positions,
    problem::{ProblemKind, problem},
    query::Rows,
    risk,
    row::{Row, delete, get, patch, post, put, run},
    status, strategies, version,
    work::Work,
};
use crate::reload::config::ADMIN_SECTIONS;

#[rustfmt::skip] // one route, one line: it is read as a table
#[expect(clippy::too_many_lines, reason = "one line a route")]
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

        get("/v1/strategies", Reader, strategies::list, "All strategies").gives::<StrategyList>(),
        get("/v1/strategies/{name}", Reader, strategies::show, "One strategy").gives::<Strategy>().tagged(),
        get("/v1/strategies/{name}/config", Reader, strategies::config, "Its parameters").gives::<InstanceConfig>(),
        post("/v1/strategies/{name}/start", Operator, strategies::start, "Starts it again, from its last saved state").gives::<InstanceDone>(),
        post("/v1/strategies/{name}/stop", Operator, strategies::stop, "Ends it; its state is saved").gives::<InstanceDone>(),
        post("/v1/strategies/{name}/restart", Operator, strategies::restart, "Ends it if it runs, and starts it again").gives::<InstanceDone>(),
        post("/v1/strategies/{name}/halt", Operator, strategies::halt, "Lets it trade nothing").takes::<HaltRequest>().gives::<TradingDone>(),
        post("/v1/strategies/{name}/continue", Operator, strategies::go_on, "Lets it trade again").gives::<TradingDone>(),

        get("/v1/exchanges", Reader, exchanges::list, "All exchanges").gives::<ExchangeList>(),
        get("/v1/exchanges/{name}", Reader, exchanges::show, "One exchange").gives::<Exchange>().tagged(),
        get("/v1/exchanges/{name}/config", Reader, exchanges::config, "The parameters of its connector").gives::<InstanceConfig>(),
        post("/v1/exchanges/{name}/start", Operator, exchanges::start, "Connects again, and finds out how our orders are").gives::<InstanceDone>(),
        post("/v1/exchanges/{name}/stop", Operator, exchanges::stop, "Disconnects; its instruments are halted").gives::<InstanceDone>(),
        post("/v1/exchanges/{name}/restart", Operator, exchanges::restart, "Disconnects, and connects again").gives::<InstanceDone>(),
        post("/v1/exchanges/{name}/halt", Operator, exchanges::halt, "Lets nothing be traded there").takes::<HaltRequest>().gives::<TradingDone>(),
        post("/v1/exchanges/{name}/continue", Operator, exchanges::go_on, "Lets trading go on there").gives::<TradingDone>(),

        get("/v1/orders", Reader, orders::list, "Orders, a page at a time").query::<orders::Which>().gives::<OrderList>().tagged(),
        get("/v1/orders/{name}", Reader, orders::show, "One order by its client_order_id").gives::<Order>().tagged(),
        post("/v1/orders", Operator, orders::submit, "An order by hand").takes::<NewOrderRequest>().gives::<OrderDone>().keyed(),
        post("/v1/orders/cancel-all", Operator, orders::cancel_all, "Cancels all orders, or those of a strategy or instrument").takes::<CancelAllRequest>().gives::<CancelAllDone>(),
        patch("/v1/orders/{name}", Operator, orders::change, "Changes the price or quantity of a working order").takes::<ChangeOrderRequest>().gives::<OrderDone>(),
        delete("/v1/orders/{name}", Operator, orders::cancel, "Cancels a working order").gives::<OrderDone>(),
        get("/v1/fills", Reader, fills::list, "Own executions, a page at a time").query::<Rows>().gives::<FillList>(),
        get("/v1/positions", Reader, positions::list, "Positions, a page at a time").query::<positions::Which>().gives::<PositionList>(),
        get("/v1/portfolio", Reader, portfolio::show, "The books of the run and of each strategy").gives::<Portfolio>(),
        get("/v1/accounts", Reader, accounts::list, "The accounts").gives::<AccountList>(),
        get("/v1/instruments", Reader, instruments::list, "Instruments, a page at a time").query::<instruments::Which>().gives::<InstrumentList>(),
        get("/v1/risk", Reader, risk::show, "What may be traded, and the limits with their use").gives::<Risk>().tagged(),
        post("/v1/risk/kill", Operator, risk::kill, "The kill switch: halts all trading").takes::<HaltRequest>().gives::<TradingDone>(),
        post("/v1/risk/release", Operator, risk::release, "Lets trading go on").gives::<TradingDone>(),
        post("/v1/risk/state", Operator, risk::state, "Says what may be traded in a scope").takes::<TradingRequest>().gives::<TradingDone>(),

        get("/v1/config", Reader, config::show, "The configuration in force").gives::<Config>().tagged(),
        get("/v1/config/history", Reader, config::history, "All generations").gives::<ConfigHistory>(),
        get("/v1/config/diff", Reader, config::diff, "What differs between two, or from the files").query::<config::Between>().gives::<ConfigDiff>(),
        get("/v1/config/{*path}", Reader, config::show_part, "A part of it").gives::<ConfigPart>(),
        post("/v1/config/apply", Operator, config::apply, "Puts another one in force").takes::<ConfigApplyRequest>().gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        post("/v1/config/confirm", Operator, config::confirm, "Keeps one that would go back").gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        post("/v1/config/rollback/{generation}", Operator, config::rollback, "Goes back to an earlier one").gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        put("/v1/config", Operator, config::put, "Puts a whole one in force").takes::<ConfigEdit>().gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        patch("/v1/config", Operator, config::patch, "Merges a patch into it").takes::<ConfigEdit>().gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        put("/v1/config/{*path}", Operator, config::put, "Puts a value in the place of a part").takes::<ConfigEdit>().gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        patch("/v1/config/{*path}", Operator, config::patch, "Merges a patch into a part").takes::<ConfigEdit>().gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),
        delete("/v1/config/{*path}", Operator, config::delete, "Takes a part away").gives::<ConfigDone>().but_admin_for(&ADMIN_SECTIONS),

        get("/v1/logging", Reader, logging::tree, "The tree of loggers, and the handlers").gives::<LogTree>().tagged(),
        get("/v1/logging/resolve", Reader, logging::resolve, "What would become of a record").query::<logging::Which>().gives::<LogResolution>(),
        get("/v1/logging/tap", Reader, logging_tap::tap, "The log as it is written").query::<logging_tap::Wanted>().sends(logging_tap::CONTENT_TYPES),
        get("/v1/logging/flight/{name}", Reader, logging_flight::show, "The last records of an instance").gives::<LogFlight>(),
        post("/v1/logging/flight/{name}", Operator, logging_flight::dump, "Hands them to the handlers").gives::<LogDone>(),
        post("/v1/logging/apply", Admin, logging_apply::apply, "Puts another configuration in place").takes::<LogConfigRequest>().gives::<LogDone>(),
        post("/v1/logging/reload", Admin, logging_apply::reload, "Reads the configuration again").gives::<LogDone>(),
        post("/v1/logging/level", Operator, logging::level, "Sets the level of a logger").takes::<LevelRequest>().gives::<LogDone>(),
        post("/v1/logging/disable", Operator, logging::disable, "Silences every logger up to a level").takes::<DisableRequest>().gives::<LogDone>(),
    ]
}

/// Answers every request; what could change something goes on record.
pub(super) fn router(desk: Desk, record: &Recorder, work: &Work) -> Router {
    let mut router = Router::new();
    for row in table() {
        let (role, has_terms) = (row.role, row.has_terms());
        let needed = Needed { role, has_terms, record: Arc::clone(record), work: work.clone() };
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
