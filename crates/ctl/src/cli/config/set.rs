//! `stratctl config set`.

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use stratd_control::{ConfigEdit, Request};

use crate::{
    cli::{desk::Desk, terms::Terms},
    view,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Which value, as strategy/momentum/config/fast
    path: String,
    /// JSON; what is not JSON is text
    value: String,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { path, value, terms }: &Arguments) -> Result<()> {
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
    let request = Request::config_put(path, &ConfigEdit(value))?;
    desk.change(request, terms, |answer| Ok(view::config_done(&answer.read()?)))
}
