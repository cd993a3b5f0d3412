//! `denials.csv`: orders that risk kept from their exchange, and why.

use std::{collections::BTreeMap, fs::File};

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, Order};
use stratd_plugin_api::Money;

pub(super) const DENIAL_COLUMNS: [&str; 11] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "type",
    "quantity",
    "notional",
    "price",
    "reason",
    "client_order_id",
];

/// How often each strategy was denied for each reason.
#[derive(Debug, Default)]
pub(super) struct Denials {
    pub(super) counts: BTreeMap<(String, &'static str), u64>,
}

impl Denials {
    /// Takes a denied order of a strategy, for an exchange.
    pub(super) fn take(
        &mut self,
        order: &Order,
        [strategy, exchange]: [String; 2],
        engine: &Engine,
        file: &mut csv::Writer<File>,
    ) -> Result<()> {
        let request = &order.request;
        let known = engine.instrument(request.instrument);
        let reason = order.state.reason().name();
        let quantity = match request.notional {
            Some(_) => String::new(),
            None => known.map_or_else(
                || request.quantity.to_string(),
                |i| i.quantity_text(request.quantity).to_string(),
            ),
        };
        let price = request.price.or(request.stop_price);
        let price = price.map(|p| known.map_or_else(|| p.to_string(), |i| i.price_text(p).to_string()));
        let row = [
            order.created.to_string(),
            strategy.clone(),
            exchange,
            known.map_or_else(|| request.instrument.to_string(), |i| i.symbol.clone()),
            request.side.to_string(),
            request.order_type.to_string(),
            quantity,
            request.notional.map_or_else(String::new, |amount: Money| format!("{amount:.2}")),
            price.unwrap_or_default(),
            reason.to_owned(),
            order.id.to_string(),
        ];
        *self.counts.entry((strategy, reason)).or_default() += 1;
        file.write_record(row).context("writing denials.csv")
    }
}
