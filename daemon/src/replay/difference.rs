//! The first difference, with both sides in words.

use serde::Serialize;
use stratd_engine::Engine;
use stratd_plugin_api::{InstrumentId, Price, Quantity, Timestamp};

use crate::recorder::{COLUMNS, Column, OutputRow};

/// Where a replay went another way than the run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    /// The number of the input.
    pub(crate) seq: u64,
    /// The time of the engine at that input.
    pub(crate) time: String,
    /// The input in words.
    pub(crate) input: String,
    /// What came of it in the run.
    pub(crate) recorded: String,
    /// What came of it now.
    pub(crate) replayed: String,
    /// The columns that differ, with both values.
    pub(crate) columns: Vec<ColumnDifference>,
}

/// A column that differs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ColumnDifference {
    pub(crate) column: String,
    pub(crate) recorded: String,
    pub(crate) replayed: String,
}

/// An output with its bytes.
pub(super) type Said<'a> = (&'a OutputRow, &'a [u8]);

/// The difference of two outputs of one input; one of them may be missing.
pub(super) fn between(
    (seq, at, input): (u64, Timestamp, String),
    recorded: Option<Said<'_>>,
    replayed: Option<Said<'_>>,
    engine: &Engine,
) -> Difference {
    let in_words = |side: Option<Said<'_>>| match side {
        Some((row, said)) => output_in_words(row, said, engine),
        None => "nothing".to_owned(),
    };
    let columns = match (recorded, replayed) {
        (Some(recorded), Some(replayed)) => columns(recorded, replayed, engine),
        _ => Vec::new(),
    };
    Difference {
        seq,
        time: at.to_string(),
        input,
        recorded: in_words(recorded),
        replayed: in_words(replayed),
        columns,
    }
}

fn columns(recorded: Said<'_>, replayed: Said<'_>, engine: &Engine) -> Vec<ColumnDifference> {
    let differ = COLUMNS.iter().filter(|column| recorded.0.value(**column) != replayed.0.value(**column));
    let mut all: Vec<_> = differ
        .map(|column| ColumnDifference {
            column: column.name.to_owned(),
            recorded: shown(recorded.0, *column, engine),
            replayed: shown(replayed.0, *column, engine),
        })
        .collect();
    if recorded.1 != replayed.1 {
        let [recorded, replayed] =
            [recorded.1, replayed.1].map(|said| String::from_utf8_lossy(said).into_owned());
        all.push(ColumnDifference { column: "text".to_owned(), recorded, replayed });
    }
    all
}

/// An output with all that it says: columns that are not 0.
fn output_in_words(row: &OutputRow, said: &[u8], engine: &Engine) -> String {
    const LEFT_OUT: [&str; 5] = ["time", "seq", "number", "kind", "bytes"];
    /// Those that belong to no strategy: its column says nothing then.
    const OF_NOBODY: [&str; 8] = [
        "cancel",
        "change",
        "trading",
        "session closed",
        "unknown order",
        "overfilled",
        "exited",
        "book gap",
    ];
    let mut text = row.kind().to_owned();
    let has_strategy = !OF_NOBODY.contains(&row.kind());
    for column in COLUMNS.iter().filter(|column| !LEFT_OUT.contains(&column.name)) {
        if row.value(*column) != 0 || (column.name == "strategy" && has_strategy) {
            text.push_str(&format!(" {}={}", column.name, shown(row, *column, engine)));
        }
    }
    if !said.is_empty() {
        text.push_str(&format!(" {:?}", String::from_utf8_lossy(said)));
    }
    text
}

/// The value of a column as people write it: prices with their decimals, strategies and instruments by their names.
fn shown(row: &OutputRow, column: Column, engine: &Engine) -> String {
    let value = row.value(column).cast_signed();
    let id = COLUMNS.iter().find(|known| known.name == "instrument").map_or(0, |known| row.value(*known));
    let instrument = u32::try_from(id).ok().and_then(|id| engine.instrument(InstrumentId(id)));
    let known = match (column.name, instrument) {
        ("price" | "stop_price" | "trail", Some(instrument)) => {
            Some(instrument.price_text(Price::new(value)).to_string())
        }
        ("quantity" | "filled", Some(instrument)) => {
            Some(instrument.quantity_text(Quantity::new(value)).to_string())
        }
        ("instrument", Some(instrument)) => Some(instrument.symbol.clone()),
        ("strategy", _) => usize::try_from(value)
            .ok()
            .and_then(|index| engine.strategies().nth(index).map(|(config, ..)| config.name.clone())),
        _ => None,
    };
    known.unwrap_or_else(|| row.shown(column))
}
