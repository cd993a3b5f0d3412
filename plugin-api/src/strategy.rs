//! What an author writes.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    Bar, BookUpdate, Context, Data, Error, Exit, Fill, Halt, HandlerError, Money, OrderEvent, Quote, Result,
    StateSink, Timer, Timestamp, Trade,
};

/// A trading strategy. Only [`Strategy::new`] and [`Strategy::on_trade`] are required.
///
/// Handlers are called one at a time, in engine order. A handler that returns an error or panics ends this strategy
/// (its [`Strategy::on_error`] is called after an error, not after a panic); others go on.
/// Requests made through the [`Context`] are carried out after the handler returned.
pub trait Strategy: Sized + Send + 'static {
    /// The configuration: the TOML or JSON table that the user writes, checked against its schema before
    /// `new` is called. Use `#[serde(deny_unknown_fields)]` so that a misspelt key is refused.
    type Config: DeserializeOwned + JsonSchema;

    /// Version of the bytes that `save` writes; 0 = no state.
    const STATE_VERSION: u32 = 0;
    /// The oldest version that `restore` understands.
    const STATE_COMPAT_MIN: u32 = Self::STATE_VERSION;
    /// True if no market handler reads orders, positions, portfolio, risk or the price history: the host may then
    /// deliver many events in one call, which ends after an event whose handler made a request or set a timer.
    const BATCH_SAFE: bool = false;
    /// True if the strategy starts threads of its own.
    const SPAWNS_THREADS: bool = false;
    /// The author's promise that the library may be unmapped once its instances are dropped: no thread is left running,
    /// no thread-local has a destructor, and nothing was handed to C code that calls back. The host unmaps only where it
    /// was asked to (`unload = "try"`), and looks whether it came to be.
    const UNLOAD_SAFE: bool = !Self::SPAWNS_THREADS;

    /// Makes the strategy. Nothing of the market is known yet; subscribe in [`Strategy::on_start`].
    ///
    /// # Errors
    /// The configuration is not usable; the message says why and what would be.
    fn new(config: Self::Config) -> Result<Self>;

    /// A public print.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &Trade) -> Result<()>;

    /// Best bid and offer changed.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_quote(&mut self, ctx: &mut Context<'_>, quote: &Quote) -> Result<()> {
        let _ = (ctx, quote);
        Ok(())
    }

    /// A bar is complete.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) -> Result<()> {
        let _ = (ctx, bar);
        Ok(())
    }

    /// The book changed.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_book(&mut self, ctx: &mut Context<'_>, update: &BookUpdate) -> Result<()> {
        let _ = (ctx, update);
        Ok(())
    }

    /// Anything else that a connector delivers.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_data(&mut self, ctx: &mut Context<'_>, data: &Data) -> Result<()> {
        let _ = (ctx, data);
        Ok(())
    }

    /// The feed: anyone's order rests in the book.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_open(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// The feed: anyone's order left the book unfilled.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_cancel(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// The feed: anyone's order was changed or partly filled.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_change(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// The feed: anyone's order is completely filled.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_fill(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// After each of `on_open`, `on_cancel`, `on_change`, `on_fill`.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// Own order: the exchange has it.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_received(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// Own order: refused by our risk (status Denied) or the exchange (status Rejected); or a cancel or change
    /// request was refused (kind RequestRejected) and the order is as it was.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_rejected(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// Own order: canceled or expired; it may have fills.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_canceled(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) -> Result<()> {
        let _ = (ctx, order);
        Ok(())
    }

    /// Own order: an execution, we bought.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_bought(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        let _ = (ctx, fill);
        Ok(())
    }

    /// Own order: an execution, we sold.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_sold(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        let _ = (ctx, fill);
        Ok(())
    }

    /// After each of `on_bought` and `on_sold`.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_traded(&mut self, ctx: &mut Context<'_>, fill: &OrderEvent) -> Result<()> {
        let _ = (ctx, fill);
        Ok(())
    }

    /// The run starts: instruments are known, nothing happened yet.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_start(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// The run, or this strategy, ends. Orders requested here are not sent any more; cancels are.
    ///
    /// # Errors
    /// Logged.
    fn on_exit(&mut self, ctx: &mut Context<'_>, exit: &Exit) -> Result<()> {
        let _ = (ctx, exit);
        Ok(())
    }

    /// Trading is halted.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_halt(&mut self, ctx: &mut Context<'_>, halt: &Halt) -> Result<()> {
        let _ = (ctx, halt);
        Ok(())
    }

    /// Trading goes on.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_continue(&mut self, ctx: &mut Context<'_>, halt: &Halt) -> Result<()> {
        let _ = (ctx, halt);
        Ok(())
    }

    /// A handler of this strategy returned an error; the strategy ends after this call.
    ///
    /// # Errors
    /// Logged.
    fn on_error(&mut self, ctx: &mut Context<'_>, error: &HandlerError) -> Result<()> {
        let _ = (ctx, error);
        Ok(())
    }

    /// A timer set with [`Context::at`], [`Context::periodic`] or [`Context::once`] is due.
    ///
    /// # Errors
    /// Ends this strategy.
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: &Timer) -> Result<()> {
        let _ = (ctx, timer);
        Ok(())
    }

    /// A new configuration while running.
    ///
    /// # Errors
    /// Refused: the old configuration stays. The default refuses everything.
    fn on_config(&mut self, ctx: &mut Context<'_>, config: Self::Config) -> Result<()> {
        let _ = (ctx, config);
        Err(Error::new("this strategy takes no new configuration while it runs"))
    }

    /// The slippage of an own fill, positive when it costs us; `None` = the configured model decides.
    fn slippage(&mut self, fill: &Fill) -> Option<Money> {
        let _ = fill;
        None
    }

    /// The transaction cost of an own fill, positive when it costs us; `None` = the configured model decides.
    fn transaction_cost(&mut self, fill: &Fill) -> Option<Money> {
        let _ = fill;
        None
    }

    /// The state to carry over to the next version; `None` = there is none.
    ///
    /// # Errors
    /// The state cannot be saved; a reload is then refused.
    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// As [`Strategy::save`], for a large state: writes it to the host in parts, from where it is, so that no byte is
    /// copied twice. True = there is a state. Write the one or the other; the host calls this one.
    ///
    /// # Errors
    /// As [`Strategy::save`].
    fn save_to(&mut self, state: &mut StateSink<'_>) -> Result<bool> {
        state.write_whole(self.save()?)
    }

    /// Takes over what `save` of version `state_version` wrote.
    ///
    /// # Errors
    /// Refused; the message says why.
    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        let _ = state;
        Err(Error::new(format!("this strategy restores no state (found version {state_version})")))
    }

    /// Prepares for being replaced or stopped, by `deadline`. The strategy may go on afterwards: its replacement can
    /// refuse the state, or fail within its probation.
    ///
    /// # Errors
    /// A reload is refused.
    fn quiesce(&mut self, deadline: Timestamp) -> Result<()> {
        let _ = deadline;
        Ok(())
    }
}
