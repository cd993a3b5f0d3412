//! The accounts of exchanges, as they told them last. Nothing is counted with them: strategies may look at them.
//!
//! An account in several currencies is one entry for each. Of an exchange that has left nothing is shown.

use stratd_plugin_api::{ExchangeId, abi};

use crate::Engine;

/// Accounts that are kept, of all exchanges together; what further ones are is not kept, and strategies do not see them.
const ACCOUNTS_MAX: usize = 1_024;

/// In the order in which they were first told.
#[derive(Default)]
pub(crate) struct Accounts(Vec<abi::AccountRecord>);

impl Accounts {
    /// Takes an account in the place of what was told of it before.
    pub(crate) fn take(&mut self, told: &abi::AccountRecord) {
        if let Some(known) = self.0.iter_mut().find(|known| is_same(known, told)) {
            *known = *told;
        } else if self.0.len() < ACCOUNTS_MAX {
            self.0.push(*told);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &abi::AccountRecord> {
        self.0.iter()
    }
}

fn is_same(one: &abi::AccountRecord, other: &abi::AccountRecord) -> bool {
    (one.exchange, one.id, one.currency) == (other.exchange, other.id, other.currency)
}

impl Engine {
    /// The accounts of exchanges that are there, as they told them last.
    pub fn exchange_accounts(&self) -> impl Iterator<Item = &abi::AccountRecord> {
        self.core.exchange_accounts()
    }

    /// Whether an account is known as it is told here, so that taking it again changes nothing.
    #[must_use]
    pub fn knows_account(&self, told: &abi::AccountRecord) -> bool {
        self.core.accounts.iter().any(|known| known == told)
    }
}

impl crate::core::Core {
    pub(crate) fn exchange_accounts(&self) -> impl Iterator<Item = &abi::AccountRecord> {
        let is_there =
            |account: &&abi::AccountRecord| self.instruments.exchange(ExchangeId(account.exchange)).is_some();
        self.accounts.iter().filter(is_there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: u64, cash: u64) -> abi::AccountRecord {
        let cash = abi::MoneyBits { lo: cash, hi: 0 };
        abi::AccountRecord { id, exchange: 1, cash, ..abi::AccountRecord::default() }
    }

    #[test]
    fn the_last_word_on_an_account_counts_and_their_number_is_bounded() {
        let mut accounts = Accounts::default();
        for id in 1..=ACCOUNTS_MAX as u64 + 1 {
            accounts.take(&account(id, 1));
        }
        accounts.take(&account(1, 2));
        let euros = abi::AccountRecord { currency: 9, ..account(2, 3) };
        accounts.take(&euros);
        assert_eq!(accounts.iter().count(), ACCOUNTS_MAX);
        assert_eq!(accounts.iter().next(), Some(&account(1, 2)));
        assert!(!accounts.iter().any(|known| *known == euros), "another currency is another entry");
    }
}
