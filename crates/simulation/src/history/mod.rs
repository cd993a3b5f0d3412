//! What connectors that replay files have in common: keys of their configuration, what they can do, and how they are pulled.

mod keys;
mod pull;

pub use keys::{
    check_decimals, check_symbols, day_names, default_instrument_type, instrument_type, instrument_type_name,
    time_bounds, trading_hours,
};
pub use pull::{HISTORICAL, check_trading_type, fill_batch, listed, splits};
