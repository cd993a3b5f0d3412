//! TLS for handlers of streams, by rustls with ring: whom to trust, and who we are.
//!
//! Without the feature `tls` the options are there and are refused where a handler would use them, so that a
//! configuration says why. There is no way to switch the check of the server's certificate off: `ca_file` is for servers
//! whose certificate is nobody else's business.

use std::path::PathBuf;

#[cfg(feature = "tls")]
#[path = "tls_rustls.rs"]
mod backend;
#[cfg(not(feature = "tls"))]
#[path = "tls_none.rs"]
mod backend;

pub(super) use backend::{TlsClient, TlsStream};

/// Whom a handler trusts, and who it is.
///
/// ```
/// use stratd_logging::TlsOptions;
///
/// // the roots of trust of the system, no certificate of one's own
/// assert_eq!(TlsOptions::default().ca_file, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The only roots of trust, as PEM; None for those of the system.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and what leads from it to its root, as PEM, if the server asks who we are.
    pub cert_file: Option<PathBuf>,
    /// Its key, as PEM.
    pub key_file: Option<PathBuf>,
    /// The name that the server's certificate must have; None for the host that was connected to.
    pub server_name: Option<String>,
}
