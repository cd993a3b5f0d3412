//! `stratctl config confirm`.

use anyhow::Result;
use stratd_control::Request;

use crate::{
    cli::{desk::Desk, terms::Terms},
    view,
};

pub(super) fn main(desk: &Desk, terms: &Terms) -> Result<()> {
    desk.change(Request::config_confirm(), terms, |answer| Ok(view::config_done(&answer.read()?)))
}
