//! Positions: copies, a page at a time.

use stratd_engine::{Engine, StrategyId};
use stratd_plugin_api::{ExchangeId, InstrumentId, abi};

use super::{Names, Page, Paged, SCAN_MAX, Which};

/// A position of a strategy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PositionRow {
    pub(crate) strategy: StrategyId,
    pub(crate) position: abi::PositionRecord,
}

/// Which positions.
#[derive(Clone, Debug)]
pub(crate) struct PositionQuery {
    pub(crate) which: Which,
    /// Also those that were closed: they have a realized PnL.
    pub(crate) has_flat: bool,
    /// After this strategy, instrument and side.
    pub(crate) after: Option<(u16, u32, u16)>,
    pub(crate) limit: usize,
}

pub(super) fn positions(
    engine: &Engine,
    exchanges: Vec<String>,
    query: &PositionQuery,
) -> Paged<PositionRow, (u16, u32, u16)> {
    let which = query.which.resolve(engine, &exchanges)?;
    let mut names = Names::new(exchanges);
    let count = u16::try_from(engine.strategies().count()).unwrap_or(u16::MAX);
    let first = query.after.map_or(0, |(strategy, ..)| strategy);
    let (mut rows, mut looked_at, mut last) = (Vec::new(), 0, query.after);
    for strategy in (first..count).filter(|id| which.strategy.is_none_or(|s| s == Some(StrategyId(*id)))) {
        let id = StrategyId(strategy);
        for position in engine.position_records(id) {
            let here = (strategy, position.instrument, position.side);
            if query.after.is_some_and(|after| here <= after) {
                continue;
            }
            if rows.len() >= query.limit || looked_at >= SCAN_MAX {
                return Ok(Page { rows, names, next: last });
            }
            (last, looked_at) = (Some(here), looked_at + 1);
            let instrument = InstrumentId(position.instrument);
            let is_asked = which.takes(id, instrument, ExchangeId(position.exchange));
            if is_asked && (query.has_flat || position.size != 0) {
                names.note(engine, Some(id), instrument);
                rows.push(PositionRow { strategy: id, position });
            }
        }
    }
    Ok(Page { rows, names, next: None })
}
