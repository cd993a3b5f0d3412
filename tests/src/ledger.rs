//! Books kept a second time, from the files that a run left, to compare with what it says of itself.
//!
//! Nothing here comes from the engine: amounts are integers of 1e-8, read from text and written to text.

use std::collections::BTreeMap;

/// Decimals of every amount here.
const DECIMALS: usize = 8;
const CENT: i128 = 1_000_000;

/// A CSV file without quotes: its rows by column name.
#[derive(Debug)]
pub struct Table<'a>(Vec<BTreeMap<&'a str, &'a str>>);

impl<'a> Table<'a> {
    /// Reads it.
    ///
    /// # Panics
    /// It is no such file.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        assert!(!text.contains('"'), "no field needs quotes");
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().expect("a file has a header").split(',').collect();
        let row = |line: &'a str| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), header.len(), "{line}");
            header.iter().copied().zip(fields).collect()
        };
        Self(lines.map(row).collect())
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[BTreeMap<&'a str, &'a str>] {
        &self.0
    }
}

/// What one holder has of one instrument.
#[derive(Clone, Copy, Debug, Default)]
struct Book {
    size: i128,
    cost: i128,
    realized: i128,
    fills: u64,
    fees: i128,
    slippage: i128,
    transaction_costs: i128,
}

/// Cash, positions and prices.
#[derive(Debug)]
pub struct Ledger {
    cash: i128,
    /// By strategy and symbol.
    books: BTreeMap<(String, String), Book>,
    price_last: BTreeMap<String, i128>,
}

impl Ledger {
    /// A ledger with this much cash.
    #[must_use]
    pub fn new(cash: &str) -> Self {
        Self { cash: units(cash), books: BTreeMap::new(), price_last: BTreeMap::new() }
    }

    /// Books a row of `fills.csv`, whose quantities are whole.
    ///
    /// # Panics
    /// The row contradicts itself.
    pub fn fill(&mut self, row: &BTreeMap<&str, &str>) {
        let price = units(row["price"]);
        let quantity: i128 = row["quantity"].parse().unwrap_or_else(|e| panic!("{row:?}: {e}"));
        let signed = match row["side"] {
            "buy" => quantity,
            "sell" => -quantity,
            _ => panic!("{row:?}: no side"),
        };
        assert_eq!(row["notional"], cents(price * quantity), "{row:?}");
        let [fee, slippage, transaction_cost] =
            ["fee", "slippage", "transaction_cost"].map(|column| units(row[column]));
        self.cash -= price * signed + fee + slippage + transaction_cost;
        let book = self.books.entry((row["strategy"].to_owned(), row["symbol"].to_owned())).or_default();
        let is_growing = book.size.signum() * signed.signum() >= 0;
        let closed = if is_growing { 0 } else { signed.abs().min(book.size.abs()) * book.size.signum() };
        if closed != 0 {
            let cost = book.cost * closed;
            assert_eq!(cost % book.size, 0, "{row:?}: the cost of what is closed is exact");
            book.realized += price * closed - cost / book.size;
            book.cost -= cost / book.size;
        }
        book.cost += price * (signed + closed);
        book.size += signed;
        book.fills += 1;
        book.fees += fee;
        book.slippage += slippage;
        book.transaction_costs += transaction_cost;
        self.price_last.insert(row["symbol"].to_owned(), price);
    }

    /// The last price of an instrument, in units of 1e-8.
    pub fn mark(&mut self, symbol: &str, price: i128) {
        self.price_last.insert(symbol.to_owned(), price);
    }

    /// Cash, in cents.
    #[must_use]
    pub fn cash(&self) -> String {
        cents(self.cash)
    }

    /// Cash and the value of all positions, in units of 1e-8.
    #[must_use]
    pub fn equity(&self) -> i128 {
        let value = |((_, symbol), book): (&(String, String), &Book)| book.size * self.price_last[symbol];
        self.cash + self.books.iter().map(value).sum::<i128>()
    }

    /// Executions of a strategy in a symbol, `None` standing for all.
    #[must_use]
    pub fn fills(&self, strategy: Option<&str>, symbol: Option<&str>) -> u64 {
        self.books(strategy, symbol).map(|(_, book)| book.fills).sum()
    }

    /// PnL before fees and costs, and these, of all positions of a strategy and a symbol, `None` standing for all; by
    /// their keys in a summary, in units of 1e-8.
    #[must_use]
    pub fn amounts(&self, strategy: Option<&str>, symbol: Option<&str>) -> [(&'static str, i128); 5] {
        let (mut realized, mut unrealized, mut fees, mut slippage, mut transaction_costs) = (0, 0, 0, 0, 0);
        for (of, book) in self.books(strategy, symbol) {
            realized += book.realized;
            unrealized += book.size * self.price_last[of] - book.cost;
            fees += book.fees;
            slippage += book.slippage;
            transaction_costs += book.transaction_costs;
        }
        [
            ("realized", realized),
            ("unrealized", unrealized),
            ("fees", fees),
            ("slippage", slippage),
            ("transaction_costs", transaction_costs),
        ]
    }

    /// PnL of a strategy after fees and costs, in units of 1e-8.
    #[must_use]
    pub fn pnl(&self, strategy: &str) -> i128 {
        let [(_, realized), (_, unrealized), costs @ ..] = self.amounts(Some(strategy), None);
        realized + unrealized - costs.iter().map(|(_, amount)| amount).sum::<i128>()
    }

    /// The position of a strategy, `None` standing for all of them.
    #[must_use]
    pub fn position(&self, strategy: Option<&str>, symbol: &str) -> i128 {
        self.books(strategy, Some(symbol)).map(|(_, book)| book.size).sum()
    }

    /// The books of a strategy and a symbol, each with its symbol.
    fn books(&self, strategy: Option<&str>, symbol: Option<&str>) -> impl Iterator<Item = (&str, &Book)> {
        let all = self.books.iter().map(|((holder, of), book)| (holder.as_str(), of.as_str(), book));
        let wanted = all.filter(move |(holder, of, _)| {
            strategy.is_none_or(|s| s == *holder) && symbol.is_none_or(|s| s == *of)
        });
        wanted.map(|(_, of, book)| (of, book))
    }
}

/// `12.5` as 1_250_000_000.
///
/// # Panics
/// It is no number with at most 8 decimals.
#[must_use]
pub fn units(text: &str) -> i128 {
    scaled(text, DECIMALS)
}

/// A decimal number as an integer with that many decimals.
///
/// # Panics
/// It is no number, or has more decimals.
#[must_use]
pub fn scaled(text: &str, decimals: usize) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= decimals, "{text} has at most {decimals} decimals");
    let digits = format!("{whole}{part:0<decimals$}");
    digits.parse().unwrap_or_else(|e| panic!("`{text}`: {e}"))
}

/// An amount as reports show it: rounded to cents, halves away from zero.
#[must_use]
pub fn cents(units: i128) -> String {
    let rounded = (units.abs() + CENT / 2) / CENT;
    let sign = if units < 0 && rounded > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", rounded / 100, rounded % 100)
}
