//! What an exchange takes of all that an order can ask for.

use std::fmt;

use stratd_abi as abi;

use super::{Lifetime, OrderFlags, OrderType};

/// The order types, flags and lifetimes that an exchange takes. What it does not take the host emulates where that can be
/// done truthfully, and denies otherwise.
///
/// ```
/// use stratd_plugin_api::{OrderFlags, OrderType, Takes};
/// const TAKES: Takes = Takes::of(&[OrderType::Market, OrderType::Limit]).flags(OrderFlags::POST_ONLY);
/// assert!(TAKES.has_type(OrderType::Limit) && !TAKES.has_type(OrderType::TrailingStop));
/// assert_eq!(TAKES.to_string(), "market, limit; post_only; gtc");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    types: u32,
    flags: OrderFlags,
    lifetimes: u32,
    has_groups: bool,
}

/// The flags that an exchange can take: brackets are the host's.
const FLAGS: OrderFlags = OrderFlags::FILL_OR_KILL
    .with(OrderFlags::ALL_OR_NONE)
    .with(OrderFlags::IMMEDIATE_OR_CANCEL)
    .with(OrderFlags::POST_ONLY)
    .with(OrderFlags::REDUCE_ONLY);
const GTC: u32 = 1 << abi::order_lifetime::GTC;
const DAY: u32 = 1 << abi::order_lifetime::DAY;
const GTD: u32 = 1 << abi::order_lifetime::GTD;

impl Takes {
    /// Nothing: an exchange without order entry.
    pub const NONE: Self = Self { types: 0, flags: OrderFlags::NONE, lifetimes: 0, has_groups: false };
    /// All types, flags and lifetimes, and no groups.
    pub const ALL: Self = Self::of(OrderType::ALL).flags(FLAGS).day().gtd();

    /// These types, without flags, good till canceled.
    #[must_use]
    pub const fn of(types: &[OrderType]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < types.len() {
            bits |= 1 << types[i].code();
            i += 1;
        }
        Self { types: bits, flags: OrderFlags::NONE, lifetimes: GTC, has_groups: false }
    }

    /// With these flags besides.
    #[must_use]
    pub const fn flags(mut self, flags: OrderFlags) -> Self {
        self.flags = self.flags.with(flags.without(OrderFlags::ATTACHED));
        self
    }

    /// With orders that live until the end of the trading day.
    #[must_use]
    pub const fn day(mut self) -> Self {
        self.lifetimes |= DAY;
        self
    }

    /// With orders that live until a time.
    #[must_use]
    pub const fn gtd(mut self) -> Self {
        self.lifetimes |= GTD;
        self
    }

    /// With groups of orders that exclude each other.
    #[must_use]
    pub const fn groups(mut self) -> Self {
        self.has_groups = true;
        self
    }

    /// From the numbers of a manifest; unknown bits mean nothing.
    #[must_use]
    pub fn from_bits([types, flags, lifetimes, groups]: [u32; 4]) -> Self {
        let known = flags & u32::from(FLAGS.bits());
        let flags = u8::try_from(known).ok().and_then(OrderFlags::from_bits).unwrap_or_default();
        Self { types, flags, lifetimes, has_groups: groups != 0 }
    }

    /// Types, flags, lifetimes and groups as numbers of a manifest.
    #[must_use]
    pub fn bits(self) -> [u32; 4] {
        [self.types, u32::from(self.flags.bits()), self.lifetimes, u32::from(self.has_groups)]
    }

    /// The same without the types that are not among these.
    #[must_use]
    pub const fn only(mut self, types: &[OrderType]) -> Self {
        self.types &= Self::of(types).types;
        self
    }

    /// What both take.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let refused = FLAGS.without(other.flags);
        Self {
            types: self.types & other.types,
            flags: self.flags.without(refused),
            lifetimes: self.lifetimes & other.lifetimes,
            has_groups: self.has_groups && other.has_groups,
        }
    }

    /// Whether orders of a type are taken.
    #[must_use]
    pub const fn has_type(self, order_type: OrderType) -> bool {
        self.types & (1 << order_type.code()) != 0
    }

    /// The flags that are taken.
    #[must_use]
    pub const fn all_flags(self) -> OrderFlags {
        self.flags
    }

    /// Whether orders with these flags are taken.
    #[must_use]
    pub const fn has_flags(self, flags: OrderFlags) -> bool {
        self.flags.contains(flags)
    }

    /// Whether orders of a lifetime are taken.
    #[must_use]
    pub const fn has_lifetime(self, lifetime: Lifetime) -> bool {
        let bit = match lifetime {
            Lifetime::Gtc => GTC,
            Lifetime::Day => DAY,
            Lifetime::Gtd(_) => GTD,
        };
        self.lifetimes & bit != 0
    }

    /// Whether the exchange sees to it that orders of a group exclude each other.
    #[must_use]
    pub const fn has_groups(self) -> bool {
        self.has_groups
    }
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> =
            OrderType::ALL.iter().filter(|one| self.has_type(**one)).map(|t| t.name()).collect();
        let lifetimes: Vec<_> = [("gtc", GTC), ("day", DAY), ("gtd", GTD)]
            .into_iter()
            .filter(|(_, bit)| self.lifetimes & bit != 0)
            .map(|(name, _)| name)
            .collect();
        if types.is_empty() {
            return f.write_str("no orders");
        }
        f.write_str(&types.join(", "))?;
        if !self.flags.is_empty() {
            write!(f, "; {}", self.flags.to_string().replace('+', ", "))?;
        }
        write!(f, "; {}", lifetimes.join(", "))?;
        if self.has_groups { f.write_str("; groups") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_from_its_numbers() {
        let some = Takes::of(&[OrderType::Market, OrderType::StopLimit]).flags(OrderFlags::REDUCE_ONLY).day();
        for takes in [Takes::NONE, Takes::ALL, some, some.groups()] {
            assert_eq!(Takes::from_bits(takes.bits()), takes);
            assert_eq!((takes.and(Takes::ALL.groups()), takes.and(Takes::NONE)), (takes, Takes::NONE));
        }
        assert_eq!(Takes::from_bits([2, 0xffff, 1, 0]).bits(), [2, 31, 1, 0], "no exchange takes brackets");
        assert_eq!(Takes::NONE.to_string(), "no orders");
        assert_eq!(some.groups().to_string(), "market, stop_limit; reduce_only; gtc, day; groups");
    }
}
