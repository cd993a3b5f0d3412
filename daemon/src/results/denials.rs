//! `denials.csv`: what risk did not let pass as it was asked for, and why.

use std::{collections::BTreeMap, fs::File};

use anyhow::{Context as _, Result};
use stratd_engine::{Breach, Denial, Engine, Scope};
use stratd_plugin_api::{Money, Quantity};

use super::recorder::Labels;

pub(super) const DENIAL_COLUMNS: [&str; 17] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "type",
    "outcome",
    "request",
    "asked",
    "allowed",
    "notional",
    "price",
    "reason",
    "scope",
    "limit",
    "used",
    "client_order_id",
];

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// Nothing of it passed.
    Denied,
    /// A part of it passed.
    Reduced,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Reduced => "reduced",
        }
    }
}

/// How often each strategy was denied, or got less, for each reason.
#[derive(Debug, Default)]
pub(super) struct Denials {
    pub(super) counts: BTreeMap<(String, Outcome, &'static str), u64>,
}

impl Denials {
    /// Takes a request that was denied or reduced.
    pub(super) fn take(
        &mut self,
        denial: &Denial,
        outcome: Outcome,
        (labels, engine): (&Labels, &Engine),
        file: &mut csv::Writer<File>,
    ) -> Result<()> {
        let request = &denial.request;
        let known = engine.instrument(denial.instrument);
        let in_words = |quantity: Quantity| {
            known.map_or_else(|| quantity.to_string(), |i| i.quantity_text(quantity).to_string())
        };
        // how much an amount would have bought is known only of one of which a part passed
        let asked = match (request.notional, outcome) {
            (Some(_), Outcome::Denied) => String::new(),
            (_, Outcome::Denied | Outcome::Reduced) => in_words(denial.asked),
        };
        let price = request.price.or(request.stop_price);
        let price = price.map(|p| known.map_or_else(|| p.to_string(), |i| i.price_text(p).to_string()));
        let strategy = labels.strategy_name(denial.strategy).to_owned();
        let exchange = known.map_or("?", |i| labels.exchange_name(i.exchange.0));
        let [scope, limit, used] = denial.breach.map_or_else(Default::default, |breach| {
            let Breach { scope, used, limit } = breach;
            [scope_text(scope, labels, engine), shortest(limit), shortest(used)]
        });
        let row = [
            denial.at.to_string(),
            strategy.clone(),
            exchange.to_owned(),
            known.map_or_else(|| denial.instrument.to_string(), |i| i.symbol.clone()),
            denial.side.to_string(),
            request.order_type.to_string(),
            outcome.name().to_owned(),
            if denial.is_change { "change" } else { "order" }.to_owned(),
            asked,
            in_words(denial.allowed),
            request.notional.map_or_else(String::new, |amount| format!("{amount:.2}")),
            price.unwrap_or_default(),
            denial.reason.name().to_owned(),
            scope,
            limit,
            used,
            denial.order.to_string(),
        ];
        *self.counts.entry((strategy, outcome, denial.reason.name())).or_default() += 1;
        file.write_record(row).context("writing denials.csv")
    }
}

/// Whose limit it was, as its table in the configuration is named.
fn scope_text(scope: Scope, labels: &Labels, engine: &Engine) -> String {
    match scope {
        Scope::Run => "run".to_owned(),
        Scope::Strategy(id) => format!("strategy.{}", labels.strategy_name(id)),
        Scope::Instrument(id) => {
            let known = engine.instrument(id);
            format!("instrument.{}", known.map_or_else(|| id.to_string(), |i| i.symbol.clone()))
        }
    }
}

/// Without the zeros at the end: limits are quantities, prices, amounts and counts.
fn shortest(amount: Money) -> String {
    let text = amount.to_string();
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
