//! The columns of `outputs.tea`, and the types that columns of recordings have.

/// A column: its name, its place in bytes, its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) offset: usize,
    pub(crate) form: Form,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    U8,
    U16,
    U32,
    U64,
    I64,
}

impl Form {
    /// Bytes of a value.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
            Self::U64 | Self::I64 => 8,
        }
    }
}

const fn column(name: &'static str, offset: usize, form: Form) -> Column {
    Column { name, offset, form }
}

/// The columns. What is an amount of money has two: the lower half, and the higher half with its sign.
pub(crate) const COLUMNS: [Column; 48] = [
    column("time", 0, Form::I64),
    column("seq", 8, Form::U64),
    column("number", 16, Form::U32),
    column("kind", 20, Form::U16),
    column("strategy", 22, Form::U16),
    column("order", 24, Form::U64),
    column("instrument", 32, Form::U32),
    column("exchange", 36, Form::U16),
    column("side", 38, Form::U8),
    column("order_type", 39, Form::U8),
    column("flags", 40, Form::U8),
    column("lifetime", 41, Form::U8),
    column("status", 42, Form::U8),
    // of a fill its position; of a change that was denied 1; of a finished order 1 if it was by hand
    column("detail", 43, Form::U8),
    column("tag", 44, Form::U32),
    column("reason", 48, Form::U32),
    // of a fill how it came about; of what may be traded the scope: 0 the run, 1 a strategy, 2 an instrument
    column("scope", 52, Form::U32),
    column("price", 56, Form::I64),
    column("stop_price", 64, Form::I64),
    column("trail", 72, Form::I64),
    column("quantity", 80, Form::I64),
    // of a finished order what was executed; of a denial what passes
    column("filled", 88, Form::I64),
    column("expires", 96, Form::I64),
    column("notional_low", 104, Form::U64),
    column("notional_high", 112, Form::I64),
    column("group", 120, Form::U64),
    column("exchange_order_id", 128, Form::U64),
    column("trade_id", 136, Form::U64),
    column("created", 144, Form::I64),
    column("updated", 152, Form::I64),
    column("order_seq", 160, Form::U64),
    // of a fill its value in the currency of the run, of a finished order the sum of price times quantity, of a denial
    // what would be used, of a figure itself
    column("value_low", 168, Form::U64),
    column("value_high", 176, Form::I64),
    column("fee_low", 184, Form::U64),
    column("fee_high", 192, Form::I64),
    column("slippage_low", 200, Form::U64),
    column("slippage_high", 208, Form::I64),
    column("cost_low", 216, Form::U64),
    column("cost_high", 224, Form::I64),
    // of a denial the limit
    column("limit_low", 232, Form::U64),
    column("limit_high", 240, Form::I64),
    column("run_fee_low", 248, Form::U64),
    column("run_fee_high", 256, Form::I64),
    column("run_slippage_low", 264, Form::U64),
    column("run_slippage_high", 272, Form::I64),
    column("run_cost_low", 280, Form::U64),
    column("run_cost_high", 288, Form::I64),
    column("bytes", 296, Form::U64),
];
