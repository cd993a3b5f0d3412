//! One scope over time: what it sent, what stopped it, whether its session is open.

use std::collections::VecDeque;

use stratd_plugin_api::{Reason, Timestamp};

use super::{ExitRoutine, OrderRate, RiskLimits, TradingState};
use crate::course::Lost;

/// What may stop trading. Each has a state of its own, and the strictest counts: the end of one does not lift another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stops {
    command: Option<(TradingState, Reason)>,
    /// Until the next day.
    daily_loss: TradingState,
    drawdown: TradingState,
    /// Until the equity suffices again.
    margin: TradingState,
}

impl Stops {
    /// Whether there is none.
    fn is_none(&self) -> bool {
        let losses = [self.daily_loss, self.drawdown, self.margin];
        self.command.is_none() && losses == [TradingState::Active; 3]
    }

    /// The strictest state, and its reason.
    pub(super) fn state(&self) -> (TradingState, Reason) {
        let mut strictest = (TradingState::Active, Reason::None);
        let losses = [
            (self.daily_loss, Reason::MaxDailyLoss),
            (self.drawdown, Reason::MaxDrawdown),
            (self.margin, Reason::BuyingPower),
        ];
        for (state, reason) in losses.into_iter().chain(self.command) {
            if state > strictest.0 {
                strictest = (state, reason);
            }
        }
        strictest
    }
}

/// Whether a session is open, and until when that is known; the beginning of time = not looked up yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionNow {
    pub(super) is_open: bool,
    pub(super) until: Option<Timestamp>,
}

/// What is kept of one scope.
#[derive(Clone, Debug)]
pub(super) struct ScopeRisk {
    pub(super) limits: RiskLimits,
    /// Whether there is any limit: asked for every order.
    has_limits: bool,
    stops: Stops,
    /// The UTC day of the last look at the losses.
    day: Option<i64>,
    /// When the orders were sent that the rate still counts, the oldest first.
    sent: VecDeque<Timestamp>,
    pub(super) session: SessionNow,
    /// Strategies were told that its session is over.
    pub(super) is_told_closed: bool,
}

impl Default for ScopeRisk {
    fn default() -> Self {
        Self {
            limits: RiskLimits::default(),
            has_limits: false,
            stops: Stops::default(),
            day: None,
            sent: VecDeque::new(),
            session: SessionNow { is_open: true, until: Some(Timestamp::MIN) },
            is_told_closed: false,
        }
    }
}

impl ScopeRisk {
    /// Sets the limits; the state and what was sent stay.
    pub(super) fn set_limits(&mut self, limits: RiskLimits) {
        self.has_limits = limits != RiskLimits::default();
        self.limits = limits;
    }

    /// Whether it holds no order back: there is no limit, and nothing stops trading.
    pub(super) fn is_free(&self) -> bool {
        !self.has_limits && self.stops.is_none()
    }

    /// What may be traded, and why not everything.
    pub(super) fn state(&self) -> (TradingState, Reason) {
        self.stops.state()
    }

    /// Sets the state by command. Lifted, it lifts every cause.
    pub(super) fn command(&mut self, state: TradingState, reason: Reason) {
        if state == TradingState::Active {
            self.stops = Stops::default();
        } else {
            self.stops.command = Some((state, reason));
        }
    }

    /// Whether losses are to be looked at: for a limit, or for the day to end that a limit stopped which is gone.
    pub(super) fn watches_losses(&self) -> bool {
        self.limits.watches_losses() || self.stops.daily_loss != TradingState::Active
    }

    /// Takes what is lost by a moment: the strictest exit routine of the limits that are broken by it, if one is.
    pub(super) fn watch(&mut self, lost: Lost, at: Timestamp) -> Option<ExitRoutine> {
        if self.day != Some(at.day()) {
            self.day = Some(at.day());
            self.stops.daily_loss = TradingState::Active;
        }
        let mut broken: Option<ExitRoutine> = None;
        let all = [
            (self.limits.max_daily_loss, lost.of_day, &mut self.stops.daily_loss),
            (self.limits.max_drawdown, lost.from_peak, &mut self.stops.drawdown),
        ];
        for (limit, lost, state) in all {
            let Some(limit) = limit.filter(|limit| lost > limit.limit && *state == TradingState::Active)
            else {
                continue;
            };
            *state = limit.state;
            broken = broken.max(Some(limit.exit));
        }
        broken
    }

    /// Takes whether the positions have lost the margin that they need.
    pub(super) fn margin_call(&mut self, is_called: bool) {
        self.stops.margin = if is_called { TradingState::Reducing } else { TradingState::Active };
    }

    /// Counts an order or change that is sent.
    pub(super) fn note_sent(&mut self, now: Timestamp) {
        let Some(OrderRate { count, .. }) = self.limits.max_order_rate else { return };
        // more than the limit never matters: closing orders are not limited, but counted
        let room = usize::try_from(count.min(OrderRate::COUNT_MAX)).unwrap_or(usize::MAX);
        while self.sent.len() >= room.max(1) {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }

    /// Orders and changes within the window of the rate.
    pub(super) fn sent_within(&self, now: Timestamp) -> u32 {
        let Some(rate) = self.limits.max_order_rate else { return 0 };
        let begin = now.get().saturating_sub(rate.window_ns);
        let old = self.sent.partition_point(|sent| sent.get() <= begin);
        u32::try_from(self.sent.len().saturating_sub(old)).unwrap_or(u32::MAX)
    }
}
