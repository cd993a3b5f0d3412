//! Records that were lost before they reached the back end, by logger.

/// Loggers whose losses are counted apart in one place; those of further ones are counted with the last.
const LOSSES_MAX: usize = 64;

/// Records of one logger that were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) logger: u32,
    pub(crate) count: u64,
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
}

/// Counts one more record that a logger lost.
pub(crate) fn count_loss(losses: &mut Vec<Loss>, logger: u32, at_ns: i64) {
    let is_full = losses.len() >= LOSSES_MAX;
    let known = losses.iter_mut().rev().find(|loss| loss.logger == logger || is_full);
    match known {
        Some(loss) => {
            loss.count += 1;
            loss.last_ns = at_ns;
        }
        None => losses.push(Loss { logger, count: 1, first_ns: at_ns, last_ns: at_ns }),
    }
}
