//! Handlers whose peers are servers and programs.

mod command;
mod cookbook;
mod deliveries;
mod servers;
#[cfg(feature = "tls")]
mod tls;
