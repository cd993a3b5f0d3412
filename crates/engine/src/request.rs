//! What a strategy asks for during one call.

use stratd_plugin_api::{ClientOrderId, InstrumentId, Money, Price, Quantity, abi};

/// At most this many requests per event and strategy; further ones are refused at once.
pub(crate) const REQUESTS_PER_EVENT_MAX: usize = 1_000;

/// One request; carried out after the handler returned.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    New(ClientOrderId, abi::OrderRequest),
    Cancel(ClientOrderId),
    Change(ClientOrderId, Price, Quantity),
    CancelAll(Option<InstrumentId>),
    CloseAll(Option<InstrumentId>),
    Stop(String),
    Shutdown(String),
    Metric(String, Money),
    /// Bars of an instrument, by the number of their spec.
    Bars(InstrumentId, u8),
}
