//! How a run is taken up where the one before left it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Span;

/// How a start, and every check after it, compares our orders with the exchanges.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct RecoveryConfig {
    /// How often exchanges are asked for open orders, fills and accounts while the run goes on. They are also asked at the
    /// start, and when one goes on after a halt.
    #[schemars(extend("default" = "60s"))]
    pub check_every: Span,
    /// So long before the last fill that is kept, an exchange is asked for fills: some tell them late.
    #[schemars(extend("default" = "3600s"))]
    pub overlap: Span,
    /// Cancel orders that are found at an exchange and are nobody's. Otherwise they are shown as orders of `external`.
    pub cancel_external: bool,
    /// The strategy that gets an order that is found at an exchange, by how the id of the order begins: our client order id
    /// in decimal, or the exchange's id where it has none of ours.
    pub claims: BTreeMap<String, String>,
}

impl Default for RecoveryConfig {
    fn default() -> Self {
        Self {
            check_every: Span::milliseconds(60_000),
            overlap: Span::milliseconds(3_600_000),
            cancel_external: false,
            claims: BTreeMap::new(),
        }
    }
}
