//! Pauses between attempts to reach a peer.

use std::time::Duration;

/// Pauses between attempts that double.
///
/// ```
/// use std::time::Duration;
/// use stratd_logging::Backoff;
///
/// let mut backoff = Backoff::default();
/// assert!(backoff.may_try(Duration::ZERO));
/// backoff.fail(Duration::ZERO);
/// assert!(!backoff.may_try(Duration::from_millis(999)));
/// assert_eq!(backoff.retry_at(), Some(Duration::from_secs(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub max: Duration,
    /// Each pause is so many times the one before.
    pub factor: u32,
    period: Duration,
    retry_at: Option<Duration>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_secs(30),
            factor: 2,
            period: Duration::ZERO,
            retry_at: None,
        }
    }
}

impl Backoff {
    /// True if it is time for an attempt.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// assert!(Backoff::default().may_try(std::time::Duration::ZERO));
    /// ```
    #[must_use]
    pub fn may_try(&self, now: Duration) -> bool {
        self.retry_at.is_none_or(|at| now >= at)
    }

    /// An attempt failed.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// let mut backoff = Backoff::default();
    /// backoff.fail(std::time::Duration::ZERO);
    /// assert_eq!(backoff.period().as_secs(), 1);
    /// ```
    pub fn fail(&mut self, now: Duration) {
        self.period = match self.retry_at {
            None => self.first,
            Some(_) => self.period.saturating_mul(self.factor).min(self.max),
        };
        self.retry_at = Some(now.saturating_add(self.period));
    }

    /// An attempt succeeded.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// let mut backoff = Backoff::default();
    /// backoff.succeed();
    /// assert_eq!(backoff.retry_at(), None);
    /// ```
    pub fn succeed(&mut self) {
        self.retry_at = None;
    }

    /// When the next attempt may be made.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// assert_eq!(Backoff::default().retry_at(), None);
    /// ```
    #[must_use]
    pub fn retry_at(&self) -> Option<Duration> {
        self.retry_at
    }

    /// The last pause.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// assert!(Backoff::default().period().is_zero());
    /// ```
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}
