//! Which rows of a list.

use clap::Args;
use stratd_control::Filter;

/// The options of lists.
#[derive(Args)]
pub(crate) struct Rows {
    /// Of one strategy; `manual` owns the orders by hand
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// The options of lists that have no strategies.
#[derive(Args)]
pub(crate) struct Page {
    /// In one instrument, by symbol
    #[arg(long, value_name = "SYMBOL")]
    instrument: Option<String>,
    /// At one exchange
    #[arg(long, value_name = "NAME")]
    exchange: Option<String>,
    /// So many rows at most, up to 500
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Where the page begins: what the page before says at its end
    #[arg(long, value_name = "TEXT")]
    cursor: Option<String>,
}

impl Page {
    pub(super) fn filter(self) -> Filter {
        let Self { instrument, exchange, limit, cursor } = self;
        Filter { strategy: None, instrument, exchange, limit: Some(limit), cursor }
    }
}

impl Rows {
    pub(super) fn filter(self) -> Filter {
        Filter { strategy: self.strategy, ..self.page.filter() }
    }
}
