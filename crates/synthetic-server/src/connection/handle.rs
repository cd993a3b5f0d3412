//! Requests, carried out one after the other.

use crate::{
    faults::{Faults, OrderFault},
    floor::{Floor, Sender},
    json::Object,
    limits::TEXT_BYTES_MAX,
    refusal::{Code, Refusal},
    request::{Asked, Login, Request, parse},
    server::Shared,
};

use super::session::{LoggedIn, Session};

/// The protocol that is spoken.
pub(crate) const PROTOCOL: u64 = 1;

/// What a request comes to.
enum Outcome {
    Answer(String),
    /// An answer that faults leave alone.
    Said(String),
    /// A fault keeps the answer back.
    Silence,
}

/// Carries out a request and puts its answer on the way.
pub(crate) fn handle(text: &str, shared: &Shared, session: &mut Session) {
    let (request, outcome) = match parse(text) {
        Ok(Asked { request, what }) => (request, carry_out(what, request, shared, session)),
        Err((request, refusal)) => (request, Err(refusal)),
    };
    match outcome {
        Ok(Outcome::Answer(text)) => session.answer(text),
        Ok(Outcome::Said(text)) => session.say(text),
        Ok(Outcome::Silence) => {}
        Err(refusal) => session.answer(refusal.answer(request)),
    }
}

fn carry_out(
    what: Request,
    request: u64,
    shared: &Shared,
    session: &mut Session,
) -> Result<Outcome, Refusal> {
    let floor = &mut *shared.floor.borrow_mut();
    Ok(Outcome::Answer(match what {
        Request::Ping => return Ok(Outcome::Said(Object::message("PONG").raw("request", request).end())),
        Request::Login(login) => return log_in(login, request, shared, floor, session).map(Outcome::Said),
        Request::Faults { rules } => return faults(rules, request, shared, floor).map(Outcome::Said),
        Request::Instruments => floor.instruments_answer(request),
        Request::Subscribe(name) => {
            subscribe(name, floor, session)?;
            accepted(request).end()
        }
        Request::Resume { after, instruments } => {
            resume(after, instruments, floor, session)?;
            accepted(request).end()
        }
        Request::Account => floor.account_answer(account(session)?, request)?,
        Request::Order(which) => floor.order(account(session)?, &which, request)?,
        Request::OpenOrders { after } => {
            floor.open_orders(account(session)?, after)?.answer("OPEN_ORDERS", request, "orders")
        }
        Request::Fills(since) => floor.fills(account(session)?, &since)?.answer("FILLS", request, "fills"),
        Request::Reports { after } => {
            floor.reports(account(session)?, after)?.answer("REPORTS", request, "reports")
        }
        Request::New(_) | Request::Cancel(_) | Request::Change(_) => {
            return enter(what, request, shared, floor, session);
        }
    }))
}

/// NEW, CANCEL, CHANGE.
fn enter(
    what: Request,
    request: u64,
    shared: &Shared,
    floor: &mut Floor,
    session: &mut Session,
) -> Result<Outcome, Refusal> {
    let account = account(session)?;
    shared.check_rate(account)?;
    floor.advance(shared.now(floor));
    let now = floor.now();
    let fault = floor.faults.on_request(session.client(), now);
    let sender = Sender { account, connection: session.id, fault };
    let number = match what {
        Request::New(new) => floor.new_order(sender, new),
        Request::Cancel(which) => floor.cancel(sender, &which),
        Request::Change(change) => floor.change(sender, &change),
        _ => return Ok(Outcome::Silence),
    };
    shared.wake();
    let number = number?;
    if fault == Some(OrderFault::Silence) {
        return Ok(Outcome::Silence);
    }
    let order_id = floor.order_id(number);
    Ok(Outcome::Answer(accepted(request).text("order_id", &order_id).end()))
}

fn log_in(
    login: Login,
    request: u64,
    shared: &Shared,
    floor: &mut Floor,
    session: &mut Session,
) -> Result<String, Refusal> {
    if let Some(login) = &session.login {
        let message = format!("this connection is logged in as {:?} (accepted: one LOGIN)", login.name);
        return Err(Refusal::new(Code::BadRequest, message));
    }
    if login.protocol != PROTOCOL {
        let message = format!("protocol is {} (accepted: {PROTOCOL})", login.protocol);
        return Err(Refusal::new(Code::BadRequest, message));
    }
    shared.check_token(login.token.as_deref())?;
    let accepted_session =
        login.session.as_ref().is_none_or(|name| (1..=TEXT_BYTES_MAX).contains(&name.len()));
    if !accepted_session {
        let message = format!("session has no or too many bytes (accepted: 1 to {TEXT_BYTES_MAX})");
        return Err(Refusal::new(Code::BadRequest, message));
    }
    let account = floor.log_in(&login.account)?;
    let client = floor.faults.client(&login.account);
    let reported = floor.account(account).map_or(0, |account| account.reports.last());
    session.login = Some(LoggedIn {
        account,
        name: login.account,
        client,
        cancel_on_disconnect: login.cancel_on_disconnect,
        reported,
    });
    let answer = accepted(request).raw("order_seq", reported);
    match login.session {
        Some(name) => {
            shared.take_over(account, name, session.id);
            Ok(answer.raw("fenced", true).end())
        }
        None => Ok(answer.end()),
    }
}

fn subscribe(name: Option<String>, floor: &Floor, session: &mut Session) -> Result<(), Refusal> {
    let instruments = match name {
        Some(name) => vec![floor.instrument_named(&name)?],
        None => floor.instruments.iter().map(|instrument| instrument.id).collect(),
    };
    if session.market.subscribe(floor, &instruments) {
        return Ok(());
    }
    let message = "too many snapshots are under way (accepted: a SUBSCRIBE once they have arrived)";
    Err(Refusal::new(Code::Limit, message))
}

fn resume(
    after: u64,
    names: Option<Vec<String>>,
    floor: &Floor,
    session: &mut Session,
) -> Result<(), Refusal> {
    let last = floor.public.last();
    if after > last {
        let message = format!("after is {after} (accepted: at most {last}, the last event)");
        return Err(Refusal::new(Code::BadRequest, message));
    }
    if !floor.public.reaches_back_to(after) {
        let kept = floor.public.forgotten();
        let message =
            format!("events after {after} are not kept any more (accepted: from {kept}; or SUBSCRIBE)");
        return Err(Refusal::new(Code::TooOld, message));
    }
    let instruments: Vec<_> = match names {
        Some(names) => names.iter().map(|name| floor.instrument_named(name)).collect::<Result<_, _>>()?,
        None if session.market.is_subscribed() => session.market.instruments(),
        None => floor.instruments.iter().map(|instrument| instrument.id).collect(),
    };
    session.market.resume(after, instruments);
    Ok(())
}

fn faults(
    rules: Option<String>,
    request: u64,
    shared: &Shared,
    floor: &mut Floor,
) -> Result<String, Refusal> {
    if !shared.is_admin {
        let message = "FAULTS is not allowed (accepted: of a server that was started with --admin)";
        return Err(Refusal::new(Code::Rejected, message));
    }
    if let Some(rules) = rules {
        let rules = Faults::rules_from(&rules);
        floor.faults.set_rules(rules.map_err(|error| Refusal::new(Code::BadRequest, format!("{error:#}")))?);
    }
    Ok(floor.faults.answer(request))
}

fn account(session: &Session) -> Result<usize, Refusal> {
    let login = session.login.as_ref();
    login
        .map(|login| login.account)
        .ok_or_else(|| Refusal::new(Code::NotLoggedIn, "this needs an account (accepted: after LOGIN)"))
}

fn accepted(request: u64) -> Object {
    Object::message("ACCEPTED").raw("request", request)
}
