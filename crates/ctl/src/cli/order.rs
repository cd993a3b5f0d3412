//! `stratctl order …`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use stratd_control::{
    CancelAllDone, CancelAllRequest, ChangeOrderRequest, NewOrderRequest, OrderDone, OrderList, Request,
};

use super::{confirm::Confirm, desk::Desk, filter::Rows, terms::Terms};
use crate::view;

#[derive(Subcommand)]
pub(super) enum OrderCommand {
    /// List working orders, or those that have ended
    List(List),
    /// Show one order
    Show(Id),
    /// Send an order by hand; it passes the same risk limits as those of strategies
    Submit(Box<Submit>),
    /// Change the price or the quantity of a working order
    Change(Change),
    /// Cancel a working order
    Cancel(Cancel),
    /// Cancel all orders, or those of a strategy or an instrument
    CancelAll(CancelAll),
}

#[derive(Args)]
pub(super) struct List {
    /// open, ended, all, or one status, as filled or denied
    #[arg(long, value_name = "STATE", default_value = "open")]
    state: String,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Args)]
pub(super) struct Id {
    /// The order, by its client_order_id
    id: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    Buy,
    Sell,
}

#[derive(Args)]
pub(super) struct Submit {
    /// Which way
    side: Side,
    /// The symbol
    instrument: String,
    /// How much; or an amount with --notional
    #[arg(required_unless_present = "notional", conflicts_with = "notional")]
    quantity: Option<String>,
    /// The limit price; without one it is a market order
    #[arg(long)]
    price: Option<String>,
    /// Spend or raise at most this much, in the place of a quantity
    #[arg(long, value_name = "AMOUNT")]
    notional: Option<String>,
    /// market, limit, stop_market, stop_limit, market_if_touched, limit_if_touched, trailing_stop
    #[arg(long = "type", value_name = "TYPE")]
    order_type: Option<String>,
    /// The stop price
    #[arg(long, value_name = "PRICE")]
    stop_price: Option<String>,
    /// The distance of a trailing stop
    #[arg(long, value_name = "DISTANCE")]
    trail: Option<String>,
    /// post_only, reduce_only, immediate_or_cancel, fill_or_kill or all_or_none; can be repeated
    #[arg(long = "flag", value_name = "FLAG")]
    flags: Vec<String>,
    /// gtc, day, or the time until which it works [default: gtc]
    #[arg(long, value_name = "TIME")]
    lifetime: Option<String>,
    /// One cancels the other: orders of one owner and instrument with the same number trade no more than the largest of them
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    group: Option<u32>,
    /// Wait until this order is filled, and trade no more than it was
    #[arg(long, value_name = "ORDER", conflicts_with = "group")]
    attached_to: Option<String>,
    /// Close what it opened with a limit order at this price
    #[arg(long, value_name = "PRICE", conflicts_with = "notional")]
    take_profit: Option<String>,
    /// Close what it opened with a market order once the price is here, or worse
    #[arg(long, value_name = "PRICE", conflicts_with = "notional")]
    stop_loss: Option<String>,
    /// The same at this distance from the best price since
    #[arg(long, value_name = "DISTANCE", conflicts_with_all = ["notional", "stop_loss"])]
    stop_loss_trail: Option<String>,
    /// The exchange, if several have the symbol
    #[arg(long, value_name = "NAME")]
    exchange: Option<String>,
    /// The strategy that it is for, which hears of it as of its own [default: manual, which is none]
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Send it once: the same command with the same key gets the answer of the first time, and no second order
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Args)]
pub(super) struct Change {
    #[command(flatten)]
    id: Id,
    /// The new total quantity, what is filled included
    #[arg(long, required_unless_present = "price")]
    quantity: Option<String>,
    /// The new limit price
    #[arg(long)]
    price: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    id: Id,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Args)]
pub(super) struct CancelAll {
    /// Of one strategy; `manual` owns the orders by hand
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// In one instrument, by symbol
    #[arg(long, value_name = "SYMBOL")]
    instrument: Option<String>,
    /// The exchange of the instrument, if several have the symbol
    #[arg(long, value_name = "NAME", requires = "instrument")]
    exchange: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, command: OrderCommand) -> Result<ExitCode> {
    match command {
        OrderCommand::List(List { state, rows }) => {
            let request = Request::orders(Some(&state), &rows.filter());
            desk.show(&request, |answer| Ok(view::orders(&answer.read::<OrderList>()?, &state)))
        }
        OrderCommand::Show(Id { id }) => {
            desk.show(&Request::order(&id), |answer| Ok(view::order(&answer.read()?)))
        }
        OrderCommand::Submit(arguments) => submit(desk, *arguments),
        OrderCommand::Change(Change { id, quantity, price, terms }) => {
            let request = Request::change_order(&id.id, &ChangeOrderRequest { quantity, price })?;
            done(desk, request, &terms)
        }
        OrderCommand::Cancel(Cancel { id, terms }) => done(desk, Request::cancel_order(&id.id), &terms),
        OrderCommand::CancelAll(arguments) => cancel_all(desk, arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn submit(desk: &Desk, arguments: Submit) -> Result<()> {
    let Submit {
        side,
        instrument,
        quantity,
        price,
        notional,
        order_type,
        stop_price,
        trail,
        flags,
        lifetime,
        group,
        attached_to,
        take_profit,
        stop_loss,
        stop_loss_trail,
        exchange,
        strategy,
        key,
        terms,
    } = arguments;
    let side = match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    };
    let side = side.to_owned();
    let body = NewOrderRequest {
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
    };
    let request = Request::new_order(&body)?;
    let request = match &key {
        Some(key) => request.key(key),
        None => request,
    };
    done(desk, request, &terms)
}

fn done(desk: &Desk, request: Request, terms: &Terms) -> Result<()> {
    desk.change(request, terms, |answer| Ok(view::order_done(&answer.read::<OrderDone>()?)))
}

fn cancel_all(desk: &Desk, arguments: CancelAll) -> Result<()> {
    let CancelAll { strategy, instrument, exchange, confirm, terms } = arguments;
    if strategy.is_none() && instrument.is_none() {
        confirm.ask(&terms, "cancel all working orders of all strategies?")?;
    }
    let body = CancelAllRequest { strategy, instrument, exchange };
    let text = |done: CancelAllDone| format!("{}\n", done.report);
    desk.change(Request::cancel_all(&body)?, &terms.at_once(), |answer| Ok(text(answer.read()?)))
}
