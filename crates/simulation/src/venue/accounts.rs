//! What the accounts of a venue have and ask.

use stratd_orderbook::{Order, OrderId};
use stratd_plugin_api::{ClientOrderId, InstrumentId, Money, Quantity, Timestamp, abi};

use super::{
    Venue,
    account::{Account, AccountId},
    config::ACCOUNTS_MAX,
    own::OwnOrder,
};

/// What an account is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueAccount {
    /// Cash: the start, less what was bought, plus what was sold, less fees.
    pub cash: Money,
    /// Cash and the value of all positions at the last prices.
    pub equity: Money,
}

impl Venue {
    /// Opens a further account with this cash and these positions; `None` if there are [`ACCOUNTS_MAX`] already.
    ///
    /// ```
    /// use stratd_plugin_api::{ClientOrderId, Money, OrderRequest, Price, Quantity, Side};
    /// use stratd_simulation::venue::{AccountId, Submission, Venue, VenueConfig};
    /// let mut venue = Venue::new(VenueConfig::default())?;
    /// let other = venue.open_account(Money::ZERO, &[]).unwrap();
    /// let instrument = venue.instruments().next().unwrap().id;
    /// let order = OrderRequest::limit(instrument, Quantity::new(5), Price::new(10_000));
    /// let mut events = Vec::new();
    /// let of = |id, request| Submission { client_order_id: ClientOrderId(id), correlation: 0, request };
    /// // the two meet, because nobody else is there yet
    /// venue.submit(of(1, order), &mut events);
    /// venue.submit_as(other, of(2, order.side(Side::Sell)), &mut events);
    /// assert_eq!(venue.position_of(AccountId::FIRST, instrument), 5);
    /// assert_eq!(venue.position_of(other, instrument), -5);
    /// # Ok::<(), stratd_simulation::venue::VenueError>(())
    /// ```
    pub fn open_account(&mut self, cash: Money, positions: &[(InstrumentId, i64)]) -> Option<AccountId> {
        if self.accounts.len() >= ACCOUNTS_MAX {
            return None;
        }
        let id = AccountId::new(u32::try_from(self.accounts.len()).ok()?);
        let mut account = Account::new(cash);
        for (instrument, quantity) in positions {
            account.set_position(*instrument, *quantity);
        }
        self.accounts.push(account);
        Some(id)
    }

    /// The first account; `None` if its value left the range of money.
    #[must_use]
    pub fn account(&self) -> Option<VenueAccount> {
        self.account_of(AccountId::FIRST)
    }

    /// An account; `None` if it does not exist or its value left the range of money.
    #[must_use]
    pub fn account_of(&self, id: AccountId) -> Option<VenueAccount> {
        let account = self.accounts.get(id.index())?;
        let cash = account.cash();
        let mut equity = cash;
        for market in &self.markets {
            let size = Quantity::new(account.position(market.instrument.id));
            equity = equity.checked_add(market.instrument.notional(market.last_price(), size)?)?;
        }
        Some(VenueAccount { cash, equity })
    }

    /// The position of the first account in an instrument, in units of its quantity scale.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> i64 {
        self.position_of(AccountId::FIRST, instrument)
    }

    /// The position of an account in an instrument, in units of its quantity scale.
    #[must_use]
    pub fn position_of(&self, id: AccountId, instrument: InstrumentId) -> i64 {
        self.accounts.get(id.index()).map_or(0, |account| account.position(instrument))
    }

    /// All orders of the first account that work, by client order id.
    pub fn open_orders(&self) -> impl Iterator<Item = abi::OrderRecord> {
        self.own.of_account(AccountId::FIRST).map(OwnOrder::record)
    }

    /// Executions of the first account at or after a time, oldest first; the last
    /// [`FILLS_MAX`](super::FILLS_MAX) are kept.
    pub fn fills_since(&self, since: Timestamp) -> impl Iterator<Item = &abi::FillRecord> {
        let fills = self.accounts.first().into_iter().flat_map(Account::fills);
        fills.filter(move |fill| fill.ts >= since.get())
    }

    /// The orders that rest in a book, anyone's: asks, then bids, each best and earliest first.
    pub fn resting_orders(&self, instrument: InstrumentId) -> impl Iterator<Item = Order> {
        let market = self.market(instrument).into_iter();
        market.flat_map(|market| market.book.iter().map(|order| market.whole(order)))
    }

    /// The id that the public feed has for an own order that works; `None` of a stop that waits, because it is not public.
    #[must_use]
    pub fn public_order_id(&self, id: ClientOrderId) -> Option<OrderId> {
        self.own.get(id).filter(|order| !order.is_stop_waiting()).map(|order| order.book_id)
    }
}
