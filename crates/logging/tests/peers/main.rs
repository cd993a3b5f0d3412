//! Handlers whose peers are servers and programs.

mod command;
mod deliveries;
mod servers;
#[cfg(feature = "tls")]
mod tls;
