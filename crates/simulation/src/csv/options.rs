//! How rows are read.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::Timestamp;

use super::{Adjust, TimeUnit};

/// How the rows of a file are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOptions {
    /// The symbol of files without a symbol column, in the same form (`AAPL-EQUITY`).
    pub symbol: Option<String>,
    /// How prices are adjusted.
    pub adjust: Adjust,
    /// The grid of prices: units of `10^-price_decimals`.
    pub price_decimals: u8,
    /// The grid of quantities: units of `10^-quantity_decimals`.
    pub quantity_decimals: u8,
    /// The unit of epoch times; `None` = by their magnitude.
    pub time_unit: Option<TimeUnit>,
    /// Rows before it are passed over.
    pub start: Option<Timestamp>,
    /// Reading ends at the first row at or after it.
    pub end: Option<Timestamp>,
}

impl Default for RowOptions {
    fn default() -> Self {
        Self {
            symbol: None,
            adjust: Adjust::None,
            price_decimals: Adjust::None.price_decimals_default(),
            quantity_decimals: 0,
            time_unit: None,
            start: None,
            end: None,
        }
    }
}

/// What a caller of the reader does about a bad row. The reader itself only reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBadRow {
    /// The first one ends the run.
    #[default]
    Stop,
    /// It is left out, counted and reported.
    Skip,
}
