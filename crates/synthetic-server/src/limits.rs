//! The limits of the server; docs/synthetic-venue.md says what happens at each.

use std::time::Duration;

/// Largest message of a client; a larger one ends the connection with 1009.
pub(crate) const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Connections at once; a further one is closed with 1013.
pub(crate) const CONNECTIONS_MAX: usize = 256;
/// Handshakes at once; the socket of a further one is closed.
pub(crate) const HANDSHAKES_MAX: usize = 64;
/// Public events that are kept; a connection that is further behind is closed with 4008.
pub(crate) const PUBLIC_KEPT_MAX: usize = 100_000;
/// Reports that are kept of an account, and with them the finished orders that they tell of.
pub(crate) const REPORTS_KEPT_MAX: usize = 1_000_000;
/// Rows of one answer.
pub(crate) const PAGE_MAX: usize = 1_000;
/// Bytes of the rows of one answer: it stays below a mebibyte, which is the most that many clients take.
pub(crate) const PAGE_BYTES_MAX: usize = 1_000_000;
/// Answers that wait for a client to read them; no further request of it is read meanwhile.
pub(crate) const ANSWERS_MAX: usize = 64;
/// Snapshots and stretches of events that a connection may be owed at once; a further SUBSCRIBE is refused.
pub(crate) const SNAPSHOTS_MAX: usize = 2_048;
/// Longest client order id, account name and token.
pub(crate) const TEXT_BYTES_MAX: usize = 64;
/// Messages that are sent before the connection looks at requests again.
pub(crate) const BATCH_MAX: usize = 256;
/// Actions of participants before connections get their turn.
pub(crate) const STEPS_BATCH_MAX: i64 = 64;
/// How long a client may take to read anything at all; then it is disconnected.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the handshake may take.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the farewell of a connection may take: a slow client is to learn why.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
