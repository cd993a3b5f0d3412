//! Orders by hand: from the words of a request to a command, and what came of it.

use serde_json::json;
use stratd_control::{
    CancelAllDone, CancelAllRequest, ChangeOrderRequest, NewOrderRequest, Order, OrderDone,
};
use stratd_engine::Denied;
use stratd_plugin_api::{
    Decimal, Lifetime, Money, NumberError, OrderFlags, OrderType, Quantity, Reason, Side, Timestamp,
};

use super::{
    super::operations::{ManagerOperations, conflict},
    orders::{self, look, no_order, number, order},
    page, risk, words,
};
use crate::{
    control::{ActionError, ActionErrorKind, Basis, Condition, Outcome, Terms},
    runtime::{Command, Exits, Hand, HandRefused, HandReport, MANUAL, Names, NewByHand, OrderRow, Seen},
};

/// What a new order depends on: what may be traded.
pub(super) fn basis_of_new(operations: &ManagerOperations) -> Result<Basis, ActionError> {
    Ok(look_at_trading(operations)?.0)
}

/// With the number of the last change, which the event loop compares when it comes to it.
fn look_at_trading(operations: &ManagerOperations) -> Result<(Basis, u64), ActionError> {
    let trading = operations.look()?.trading;
    let basis = Basis::new(json!({ "trading": trading.state.name(), "change": trading.change }));
    Ok((basis, trading.change))
}

/// What of it must still be so when the event loop comes to it: with a tag, what its author saw.
fn seen_trading(change: u64, terms: &Terms) -> Option<u64> {
    match terms.condition {
        Condition::Any => None,
        Condition::OneOf(_) => Some(change),
    }
}

pub(super) fn new(
    operations: &ManagerOperations,
    request: NewOrderRequest,
    terms: &Terms,
) -> Result<Outcome<OrderDone>, ActionError> {
    let (before, change) = look_at_trading(operations)?;
    terms.check(&before)?;
    let new = read(request).map_err(|error| error.before(&before))?;
    let asked = (Hand::New(Box::new(new)), seen_trading(change, terms));
    let report = ask(operations, asked, terms).map_err(|error| error.before(&before))?;
    let answer = done(operations, report, "submitted", terms)?;
    // nothing that another new order depends on has changed
    Ok(Outcome { report: answer.report.clone(), answer, after: before.clone(), before })
}

pub(super) fn change(
    operations: &ManagerOperations,
    id: &str,
    change: ChangeOrderRequest,
    terms: &Terms,
) -> Result<Outcome<OrderDone>, ActionError> {
    let (row, _) = look(operations, id)?;
    let before = orders::basis(&row);
    terms.check(&before)?;
    let read = || -> Result<Hand, ActionError> {
        if change.quantity.is_none() && change.price.is_none() {
            let accepted = "quantity, price, or both";
            let text = format!("nothing is to be changed (accepted: {accepted})");
            return Err(ActionError::new(ActionErrorKind::BadRequest, text).at(""));
        }
        Ok(Hand::Change {
            order: number(id)?,
            seen: seen(&row, terms),
            quantity: decimal("quantity", change.quantity.as_deref())?,
            price: decimal("price", change.price.as_deref())?,
        })
    };
    let hand = read().map_err(|error| error.before(&before))?;
    let report = ask(operations, (hand, None), terms).map_err(|error| error.before(&before))?;
    outcome(operations, report, ("change of", "sent"), (before, terms))
}

pub(super) fn cancel(
    operations: &ManagerOperations,
    id: &str,
    terms: &Terms,
) -> Result<Outcome<OrderDone>, ActionError> {
    let (row, _) = look(operations, id)?;
    let before = orders::basis(&row);
    terms.check(&before)?;
    let hand = Hand::Cancel { order: number(id)?, seen: seen(&row, terms) };
    let report = ask(operations, (hand, None), terms).map_err(|error| error.before(&before))?;
    outcome(operations, report, ("cancel of", "sent"), (before, terms))
}

fn outcome(
    operations: &ManagerOperations,
    report: HandReport,
    (what, verb): (&str, &str),
    (before, terms): (Basis, &Terms),
) -> Result<Outcome<OrderDone>, ActionError> {
    let after = report.after.as_ref().map_or_else(|| before.clone(), |(row, _)| orders::basis(row));
    let mut answer = done(operations, report, verb, terms)?;
    answer.report = format!("{what} {}", answer.report);
    let after = if terms.is_dry_run { before.clone() } else { after };
    Ok(Outcome { report: answer.report.clone(), answer, before, after })
}

/// What must still be so when the event loop comes to it: with a tag, what its author saw.
fn seen(row: &OrderRow, terms: &Terms) -> Option<Seen> {
    match terms.condition {
        Condition::Any => None,
        Condition::OneOf(_) => Some(Seen::of(row)),
    }
}

pub(super) fn cancel_all(
    operations: &ManagerOperations,
    which: CancelAllRequest,
    terms: &Terms,
) -> Result<Outcome<CancelAllDone>, ActionError> {
    let (before, change) = look_at_trading(operations)?;
    terms.check(&before)?;
    let CancelAllRequest { strategy, instrument, exchange } = which;
    if exchange.is_some() && instrument.is_none() {
        let text = "an exchange without an instrument (accepted: with one; \
                    `stratctl exchange halt NAME --exit cancel_all` cancels all of an exchange)";
        return Err(ActionError::new(ActionErrorKind::BadRequest, text).at("/exchange"));
    }
    let instrument = instrument.map(|symbol| (symbol, exchange));
    let asked = (Hand::CancelAll { strategy, instrument }, seen_trading(change, terms));
    let report = ask(operations, asked, terms)?;
    let canceled = report.canceled as u64;
    let orders = if canceled == 1 { "order" } else { "orders" };
    let report = if terms.is_dry_run {
        format!("{canceled} {orders} would be canceled; nothing was changed")
    } else {
        format!("{canceled} {orders}: cancel sent")
    };
    let answer = CancelAllDone { report: report.clone(), canceled, dry_run: terms.is_dry_run };
    Ok(Outcome { answer, report, before: before.clone(), after: before })
}

/// Asks, with what may be traded by all as its author saw it, if that counts.
fn ask(
    operations: &ManagerOperations,
    (asked, seen): (Hand, Option<u64>),
    terms: &Terms,
) -> Result<HandReport, ActionError> {
    let (asked, is_dry_run) = (Box::new(asked), terms.is_dry_run);
    let outcome = operations.ask(|answer| Command::ByHand { asked, seen, is_dry_run, answer })?;
    outcome.map_err(|refused| match refused {
        HandRefused::StaleTrading => match look_at_trading(operations) {
            Ok((now, _)) => risk::stale(terms, &now),
            Err(error) => error,
        },
        HandRefused::Missing(missing) => page::missing(&missing, true),
        HandRefused::NoOrder => no_order("of that id"),
        HandRefused::Bad { key, text } => {
            ActionError::new(ActionErrorKind::BadRequest, text).at(format!("/{key}"))
        }
        HandRefused::Denied { order, denied } => not_passed(order, &denied),
        HandRefused::Ended(row) => conflict(format!(
            "order {} is {} (accepted: one that works: `stratctl order list` shows them)",
            row.id,
            row.status.name()
        )),
        HandRefused::Stale(row) => ActionError::new(
            ActionErrorKind::Stale,
            format!(
                "order {} has changed since: it is {} now (accepted: its tag, or *)",
                row.id,
                row.status.name()
            ),
        ),
    })
}

/// What risk did not let pass.
fn not_passed(order: Option<u64>, Denied { reason, breach }: &Denied) -> ActionError {
    let order = order.map(|id| format!("order {id} ")).unwrap_or_default();
    let figures = breach.map(|breach| (words::money(breach.used), words::money(breach.limit)));
    let numbers = figures
        .as_ref()
        .map(|(used, limit)| format!(": {used} would be used of {limit}"))
        .unwrap_or_default();
    let help = match reason {
        Reason::Halted | Reason::Reducing => " (`stratctl risk show` says what may be traded)",
        Reason::NoPrice => " (accepted: once the instrument has a price)",
        _ if figures.is_some() => " (`stratctl risk show` has the limits)",
        _ => "",
    };
    let text = format!("{order}denied: {}{numbers}{help}", reason.name());
    let error = ActionError::new(ActionErrorKind::Refused, text).in_step("risk").coded(reason.name());
    match figures {
        Some((used, limit)) => error.found(used, format!("at most {limit}")),
        None => error,
    }
}

fn done(
    operations: &ManagerOperations,
    report: HandReport,
    verb: &str,
    terms: &Terms,
) -> Result<OrderDone, ActionError> {
    let HandReport { after, reduced, attached, .. } = report;
    let Some((row, names)) = after else { return Err(no_order("of that id")) };
    let shown: Order = order(&row, &names, &operations.services);
    let mut text = if shown.client_order_id.is_empty() {
        "order".to_owned()
    } else {
        format!("order {}", shown.client_order_id)
    };
    let (side, quantity, instrument) = (&shown.side, &shown.quantity, &shown.instrument);
    let what = match &shown.notional {
        Some(notional) => format!("{side} {instrument} for {notional}"),
        None => format!("{side} {quantity} {instrument}"),
    };
    let price = shown.price.as_ref().map(|price| format!(" at {price}")).unwrap_or_default();
    text = format!("{text} of {}: {what} {}{price}", shown.strategy, shown.order_type);
    let reduced_from = reduced.map(|(asked, _)| quantity_text(&row, &names, asked));
    let reduced_by = reduced.map(|(_, why)| why.reason.name().to_owned());
    if let (Some(from), Some(by)) = (&reduced_from, &reduced_by) {
        text = format!("{text}, cut from {from} by {by}");
    }
    text = if terms.is_dry_run {
        format!("{text}: would be {verb}; nothing was changed")
    } else {
        format!("{text}: {verb}, {}", standing(&shown))
    };
    let attached: Vec<Order> = attached.iter().map(|row| order(row, &names, &operations.services)).collect();
    for exit in &attached {
        let Order { client_order_id, order_type, .. } = exit;
        let price = exit.price.as_ref().or(exit.stop_price.as_ref());
        let price = price.map(|price| format!(" at {price}")).unwrap_or_default();
        text = format!("{text}; attached {client_order_id}, {order_type}{price}: {}", standing(exit));
    }
    Ok(OrderDone {
        report: text,
        order: shown,
        attached,
        reduced_from,
        reduced_by,
        dry_run: terms.is_dry_run,
    })
}

/// How it stands, in words.
fn standing(order: &Order) -> String {
    match (&order.held, &order.reason) {
        (Some(held), _) => format!("{}, held by stratd for {held}", order.status),
        (None, Some(reason)) => format!("{}: {reason}", order.status),
        (None, None) => order.status.clone(),
    }
}

fn quantity_text(row: &OrderRow, names: &Names, quantity: Quantity) -> String {
    let known = names.instrument(row.request.instrument);
    known.map_or_else(|| quantity.get().to_string(), |i| i.quantity_text(quantity).to_string())
}

/// A new order from the words of a request.
fn read(request: NewOrderRequest) -> Result<NewByHand, ActionError> {
    let NewOrderRequest {
        instrument,
        exchange,
        strategy,
        side,
        order_type,
        quantity,
        notional,
        price,
        stop_price,
        trail,
        flags,
        lifetime,
        group,
        attached_to,
        take_profit,
        stop_loss,
        stop_loss_trail,
    } = request;
    let default = if price.is_some() { OrderType::Limit } else { OrderType::Market };
    let order_type = match order_type {
        None => default,
        Some(word) => word_of("type", &word, OrderType::ALL.iter().map(|kind| (*kind, kind.name())))?,
    };
    check_shape(order_type, &quantity, &notional, [&price, &stop_price, &trail])?;
    let exits = read_exits([&take_profit, &stop_loss, &stop_loss_trail], notional.is_some())?;
    let (group, attached_to) = read_group(group, attached_to.as_deref())?;
    check_bound(group, attached_to, notional.is_some())?;
    let notional = match notional {
        None => None,
        Some(text) => Some(text.parse::<Money>().map_err(|error| bad("notional", &error))?),
    };
    Ok(NewByHand {
        strategy: strategy.filter(|name| name != MANUAL),
        instrument,
        exchange,
        side: word_of("side", &side, Side::ALL.iter().map(|side| (*side, side.name())))?,
        order_type,
        flags: read_flags(&flags)?,
        lifetime: lifetime.as_deref().map(read_lifetime).transpose()?.unwrap_or_default(),
        quantity: decimal("quantity", quantity.as_deref())?,
        notional,
        price: decimal("price", price.as_deref())?,
        stop_price: decimal("stop_price", stop_price.as_deref())?,
        trail: decimal("trail", trail.as_deref())?,
        group,
        attached_to,
        exits,
    })
}

/// The number of its group, 0 for none, and the order that it is attached to.
fn read_group(group: Option<u32>, entry: Option<&str>) -> Result<(u32, Option<u64>), ActionError> {
    match (group, entry) {
        (Some(0), _) => Err(shape("group", "group 0 (accepted: 1 to 4294967295)")),
        (Some(_), Some(_)) => {
            Err(shape("group", "a group of an order that is attached (accepted: one of both)"))
        }
        (group, None) => Ok((group.unwrap_or(0), None)),
        (None, Some(text)) => match text.parse::<u64>() {
            Ok(entry) if entry > u64::from(u32::MAX) => Ok((0, Some(entry))),
            _ => {
                let accepted = "a client_order_id, as `stratctl order list` shows them";
                Err(shape("attached_to", &format!("{text:?} (accepted: {accepted})")))
            }
        },
    }
}

/// Orders exclude each other by quantities.
fn check_bound(group: u32, entry: Option<u64>, is_by_amount: bool) -> Result<(), ActionError> {
    let bound = [("group", group != 0), ("attached_to", entry.is_some())];
    match bound.iter().find(|(_, is_so)| is_by_amount && *is_so) {
        None => Ok(()),
        Some((key, _)) => {
            Err(shape(key, &format!("{key} of an order by amount (accepted: with a quantity)")))
        }
    }
}

fn read_exits([profit, loss, trail]: [&Option<String>; 3], is_by_amount: bool) -> Result<Exits, ActionError> {
    if loss.is_some() && trail.is_some() {
        return Err(shape("stop_loss_trail", "stop_loss and stop_loss_trail (accepted: one of both)"));
    }
    let keys = [("take_profit", profit), ("stop_loss", loss), ("stop_loss_trail", trail)];
    if let Some((key, _)) = keys.iter().find(|(_, text)| is_by_amount && text.is_some()) {
        return Err(shape(key, &format!("a {key} for an order by amount (accepted: with a quantity)")));
    }
    Ok(Exits {
        take_profit: decimal("take_profit", profit.as_deref())?,
        stop_loss: decimal("stop_loss", loss.as_deref())?,
        stop_loss_trail: decimal("stop_loss_trail", trail.as_deref())?,
    })
}

/// Which keys an order of a type has: one that it would ignore is a mistake of who asks.
fn check_shape(
    order_type: OrderType,
    quantity: &Option<String>,
    notional: &Option<String>,
    [price, stop, trail]: [&Option<String>; 3],
) -> Result<(), ActionError> {
    let name = order_type.name();
    match (quantity, notional) {
        (None, None) => {
            return Err(shape("quantity", "there is neither quantity nor notional (accepted: one of both)"));
        }
        (Some(_), Some(_)) => return Err(shape("notional", "quantity and notional (accepted: one of both)")),
        (None, Some(_)) if order_type != OrderType::Market => {
            return Err(shape(
                "notional",
                &format!("a notional for a {name} order (accepted: for a market order)"),
            ));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let (needs_price, needs_stop, needs_trail) = match order_type {
        // a price of a market order is a limit that protects it
        OrderType::Market => (None, false, false),
        OrderType::Limit => (Some(true), false, false),
        OrderType::StopMarket | OrderType::MarketIfTouched => (Some(false), true, false),
        OrderType::StopLimit | OrderType::LimitIfTouched => (Some(true), true, false),
        OrderType::TrailingStop => (Some(false), false, true),
    };
    let wanted = [
        ("price", needs_price, price),
        ("stop_price", stop_of(order_type, needs_stop), stop),
        ("trail", Some(needs_trail), trail),
    ];
    for (key, needed, found) in wanted {
        match (needed, found) {
            (Some(true), None) => {
                return Err(shape(key, &format!("a {name} order without a {key} (accepted: with one)")));
            }
            (Some(false), Some(_)) => {
                return Err(shape(key, &format!("a {key} for a {name} order (accepted: none)")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A trailing stop may begin at a stop price.
fn stop_of(order_type: OrderType, needs_stop: bool) -> Option<bool> {
    (order_type != OrderType::TrailingStop).then_some(needs_stop)
}

fn shape(key: &str, text: &str) -> ActionError {
    ActionError::new(ActionErrorKind::BadRequest, text).at(format!("/{key}"))
}

/// The thing of a word.
fn word_of<T>(
    key: &str,
    word: &str,
    known: impl Iterator<Item = (T, &'static str)> + Clone,
) -> Result<T, ActionError> {
    known.clone().find(|(_, name)| *name == word).map(|(thing, _)| thing).ok_or_else(|| {
        let accepted = known.map(|(_, name)| name).collect::<Vec<_>>().join(", ");
        let text = format!("{word:?} (accepted: {accepted})");
        ActionError::new(ActionErrorKind::BadRequest, text).at(format!("/{key}")).found(word, accepted)
    })
}

fn read_flags(words: &[String]) -> Result<OrderFlags, ActionError> {
    let mut flags = OrderFlags::NONE;
    for (index, word) in words.iter().enumerate() {
        flags = flags.with(word_of(&format!("flags/{index}"), word, words::FLAGS.into_iter())?);
    }
    Ok(flags)
}

fn read_lifetime(text: &str) -> Result<Lifetime, ActionError> {
    match text {
        "gtc" => Ok(Lifetime::Gtc),
        "day" => Ok(Lifetime::Day),
        _ => {
            let time = text.parse::<Timestamp>().map_err(|_| {
                let accepted = "gtc, day, or a time as 2026-01-02T15:04:05Z";
                let text = format!("{text:?} (accepted: {accepted})");
                ActionError::new(ActionErrorKind::BadRequest, text).at("/lifetime")
            })?;
            Ok(Lifetime::Gtd(time))
        }
    }
}

fn decimal(key: &'static str, text: Option<&str>) -> Result<Option<Decimal>, ActionError> {
    text.map(|text| text.parse::<Decimal>().map_err(|error| bad(key, &error))).transpose()
}

fn bad(key: &str, error: &NumberError) -> ActionError {
    ActionError::new(ActionErrorKind::BadRequest, error.to_string()).at(format!("/{key}"))
}
