//! The limits of the store, and what happens at each.

/// The largest state of an instance; a larger one is refused. What the host takes from a plugin is the same.
pub const STATE_BYTES_MAX: usize = crate::host::STATE_BYTES_MAX;
/// The longest name, reason or other text; a longer one is refused.
pub(super) const TEXT_BYTES_MAX: usize = 4096;
/// Writes that wait; then `write` is refused and `write_durable` waits.
pub(super) const QUEUE_WRITES_MAX: usize = 1024;
/// Bytes of states that wait; then as above. A single batch may be larger if nothing else waits.
pub(super) const QUEUE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Instances of a run; a run of more is refused.
pub(super) const INSTANCES_MAX: usize = 10_000;
/// Runs that are kept; older ones go when a run begins.
pub(super) const RUNS_MAX: i64 = 1000;
/// Generations of a plugin that are kept; older ones go when one is recorded.
pub(super) const GENERATIONS_MAX: i64 = 1000;
/// How long the writer waits for someone else's transaction, for instance a user's in `sqlite3`, in milliseconds.
pub(super) const BUSY_MS: u64 = 5000;
/// The write-ahead log is cut back to this after a checkpoint: large states leave a large one behind.
pub(super) const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;
/// Configurations that are kept; older ones go when one is put in.
pub(super) const CONFIGS_MAX: i64 = 200;
/// The largest configuration as it is stored; a larger one is refused.
pub(super) const CONFIG_BYTES_MAX: usize = 16 * 1024 * 1024;
