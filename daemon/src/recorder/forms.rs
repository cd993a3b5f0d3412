//! The descriptions of all files that the recorder writes.
//!
//! Prices and quantities are whole numbers in units of the instrument's decimals, which the name-values tell: a float would
//! lose digits beyond 2^51 units, and a recording must lose none.

use stratd_plugin_api::abi;

use super::{
    columns::{COLUMNS, Column, Form as Kind},
    output_row::OUTPUT_BYTES,
};

/// A description in the making.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// Name of the items, and of the file where it has one of its own.
    pub(crate) name: &'static str,
    /// Bytes of an item.
    pub(crate) size: usize,
    pub(crate) columns: Vec<Column>,
    /// The column of the time, if there is one.
    pub(crate) time: Option<&'static str>,
    /// What the file holds, in words.
    pub(crate) content: String,
    pub(crate) values: Vec<(&'static str, Value)>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(i32),
    Text(String),
}

/// Columns one after the other.
fn columns(named: &[(&'static str, Kind)]) -> (usize, Vec<Column>) {
    let mut size = 0;
    let mut all = Vec::new();
    for (name, form) in named {
        all.push(Column { name, offset: size, form: *form });
        size += form.size();
    }
    (size, all)
}

fn form(
    name: &'static str,
    time: Option<&'static str>,
    content: &str,
    named: &[(&'static str, Kind)],
) -> Form {
    let (size, columns) = columns(named);
    Form { name, size, columns, time, content: content.to_owned(), values: Vec::new() }
}

/// The inputs of a run.
pub(crate) fn inputs() -> Form {
    let named = [
        ("time", Kind::I64),
        ("seq", Kind::U64),
        ("instrument", Kind::U32),
        ("kind", Kind::U16),
        ("flags", Kind::U16),
        ("exchange_time", Kind::I64),
        ("a", Kind::I64),
        ("b", Kind::I64),
        ("c", Kind::I64),
        ("d", Kind::I64),
        ("e", Kind::I64),
    ];
    form("inputs", Some("time"), "what came into the engine of a run, in its order", &named)
}

/// What came out of a run.
pub(crate) fn outputs() -> Form {
    Form {
        name: "outputs",
        size: OUTPUT_BYTES,
        columns: COLUMNS.to_vec(),
        time: Some("time"),
        content: "what came out of the engine of a run, in its order".to_owned(),
        values: Vec::new(),
    }
}

/// The order events among the inputs, whole.
pub(crate) fn reports() -> Form {
    let named = [
        ("row", Kind::U64),
        ("exchange_time", Kind::I64),
        ("seq", Kind::U64),
        ("order", Kind::U64),
        ("exchange_order_id", Kind::U64),
        ("instrument", Kind::U32),
        ("kind", Kind::U16),
        ("status", Kind::U8),
        ("side", Kind::U8),
        ("price", Kind::I64),
        ("quantity", Kind::I64),
        ("last_price", Kind::I64),
        ("last_quantity", Kind::I64),
        ("filled", Kind::I64),
        ("fee_low", Kind::U64),
        ("fee_high", Kind::I64),
        ("trade_id", Kind::U64),
        ("reason", Kind::U32),
        ("exchange", Kind::U16),
        ("order_type", Kind::U8),
        ("flags", Kind::U8),
        ("received", Kind::I64),
        ("correlation", Kind::U64),
    ];
    form("reports", None, "the order events among the inputs of a run", &named)
}

/// Bytes that belong to rows of another file.
pub(crate) fn bytes(name: &'static str) -> Form {
    let words = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"].map(|word| (word, Kind::U64));
    let named = [("row", Kind::U64), ("part", Kind::U32), ("bytes", Kind::U32)];
    let named: Vec<_> = named.into_iter().chain(words).collect();
    form(name, None, "bytes that belong to rows of another file", &named)
}

/// The texts of a run by their handles.
pub(crate) fn texts() -> Form {
    Form { content: "the texts of a run by their handles".to_owned(), ..bytes("texts") }
}

/// The kinds of market events that have files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MarketKind {
    Trade,
    Quote,
    Bar,
    Book,
}

impl MarketKind {
    pub(crate) const ALL: [Self; 4] = [Self::Trade, Self::Quote, Self::Bar, Self::Book];

    /// Its name in the configuration and in names of files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Quote => "quote",
            Self::Bar => "bar",
            Self::Book => "book",
        }
    }

    /// The code of the event.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Trade => abi::event_kind::TRADE,
            Self::Quote => abi::event_kind::QUOTE,
            Self::Bar => abi::event_kind::BAR,
            Self::Book => abi::event_kind::BOOK_UPDATE,
        }
    }

    pub(crate) fn of_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What its five numbers are.
    const fn numbers(self) -> [(&'static str, Kind); 5] {
        match self {
            Self::Trade => [
                ("price", Kind::I64),
                ("quantity", Kind::I64),
                ("trade_id", Kind::I64),
                ("received", Kind::I64),
                ("spare", Kind::I64),
            ],
            Self::Quote => [
                ("bid", Kind::I64),
                ("bid_quantity", Kind::I64),
                ("ask", Kind::I64),
                ("ask_quantity", Kind::I64),
                ("received", Kind::I64),
            ],
            Self::Bar => [
                ("open", Kind::I64),
                ("high", Kind::I64),
                ("low", Kind::I64),
                ("close", Kind::I64),
                ("volume", Kind::I64),
            ],
            Self::Book => [
                ("price", Kind::I64),
                ("quantity", Kind::I64),
                ("order_id", Kind::I64),
                ("received", Kind::I64),
                ("spare", Kind::I64),
            ],
        }
    }
}

/// The market events of one kind and instrument.
pub(crate) fn market(kind: MarketKind) -> Form {
    let [a, b, c, d, e] = kind.numbers();
    let named = [("time", Kind::I64), ("exchange_time", Kind::I64), a, b, c, d, e];
    let last = [("seq", Kind::U64), ("flags", Kind::U32), ("run", Kind::U32)];
    let named: Vec<_> = named.into_iter().filter(|(name, _)| *name != "spare").chain(last).collect();
    form(kind.name(), Some("time"), "", &named)
}
