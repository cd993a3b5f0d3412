//! What a file is made of: its kind, its instrument, where its numbers and times are.

use std::path::Path;

use stratd_plugin_api::{Error, Result, TextTable, abi};
use stratd_simulation::csv::TimeUnit;
use teafile::{Description, Field, ItemDescription, NamedValue, Reader, Row, TimeScale};

use crate::{
    columns::{Kind, Number},
    config::Settings,
    grid::{Grid, OffGrid},
};

const PRICE_DECIMALS_DEFAULT: u8 = 2;
const QUANTITY_DECIMALS_DEFAULT: u8 = 0;
/// As an instrument has at most.
const DECIMALS_MAX: i32 = 12;
const CURRENCY_DEFAULT: &str = "USD";

/// What a file is made of.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) kind: Kind,
    pub(crate) symbol: String,
    pub(crate) currency: String,
    /// Decimals of prices and of quantities.
    pub(crate) decimals: (u8, u8),
    pub(crate) time: Time,
    /// The numbers of the event in their order; none where the file has no such field, which is 0 then.
    numbers: Vec<(Number, Option<Field>)>,
    price: Grid,
    quantity: Grid,
    recorded: Recorded,
    pub(crate) has_trade_of_bar: bool,
}

/// The time of an item.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    pub(crate) field: Field,
    pub(crate) scale: TimeScale,
    /// Items are in its order, and can be found by it.
    pub(crate) is_event_time: bool,
}

/// What recordings have besides.
#[derive(Clone, Debug, Default)]
struct Recorded {
    seq: Option<Field>,
    flags: Option<Field>,
    received: Option<Field>,
    /// Of a trade or an order.
    id: Option<Field>,
}

impl Layout {
    /// That of a file, by what it says of itself and what the configuration says.
    ///
    /// # Errors
    /// A field that is needed is not there, or is no number.
    pub(crate) fn of(file: &Reader, settings: &Settings) -> Result<Self> {
        let path = file.path();
        let description = file.description();
        let in_file = |text: String| Error::new(format!("{}: {text}", path.display()));
        let item = description
            .item()
            .ok_or_else(|| in_file("it has no items (accepted: a TeaFile with fields)".to_owned()))?;
        let kind = kind_of(description, item, settings).map_err(in_file)?;
        let numbers = kind
            .numbers()
            .iter()
            .map(|(number, is_needed)| Ok((*number, field_of(*number, *is_needed, kind, item, settings)?)))
            .collect::<Result<Vec<_>, String>>()
            .map_err(in_file)?;
        let told = |name| decimals_told(description, name);
        let (units_of_prices, units_of_quantities) = (told("price_decimals"), told("quantity_decimals"));
        let price = settings
            .price_decimals
            .or(units_of_prices)
            .or(told("decimals"))
            .unwrap_or(PRICE_DECIMALS_DEFAULT);
        let quantity =
            settings.quantity_decimals.or(units_of_quantities).unwrap_or(QUANTITY_DECIMALS_DEFAULT);
        for (key, told, decimals) in
            [("price_decimals", units_of_prices, price), ("quantity_decimals", units_of_quantities, quantity)]
        {
            if let Some(told) = told.filter(|told| *told != decimals) {
                return Err(in_file(format!(
                    "{key} is {decimals}, and the numbers of the file have {told} (accepted: {told}, or no such key)"
                )));
            }
        }
        let is_recorded = units_of_prices.is_some() && text_told(description, "kind").is_some();
        Ok(Self {
            kind,
            symbol: symbol_of(path, description, settings).map_err(in_file)?,
            currency: settings
                .currency
                .clone()
                .or_else(|| text_told(description, "currency"))
                .unwrap_or_else(|| CURRENCY_DEFAULT.to_owned()),
            decimals: (price, quantity),
            time: time_of(description, item, settings).map_err(in_file)?,
            numbers,
            price: Grid::new(price, units_of_prices.is_some(), settings.round),
            quantity: Grid::new(quantity, units_of_quantities.is_some(), settings.round),
            recorded: if is_recorded { Recorded::of(item) } else { Recorded::default() },
            has_trade_of_bar: kind == Kind::Bar && settings.trade_of_bar.unwrap_or(!is_recorded),
        })
    }

    /// The time of an item in nanoseconds since 1970; `None` if 64 bits do not hold it.
    pub(crate) fn time(&self, row: &Row<'_>) -> Option<i64> {
        row.value(&self.time.field).as_i64().and_then(|ticks| self.time.scale.unix_ns(ticks))
    }

    /// Its place among the events of one time, as the recording engine gave it; 0 elsewhere.
    pub(crate) fn seq(&self, row: &Row<'_>) -> u64 {
        let seq = self.recorded.seq.as_ref().and_then(|field| row.value(field).as_i64());
        seq.and_then(|seq| u64::try_from(seq).ok()).unwrap_or_default()
    }

    /// The item as an event.
    ///
    /// # Errors
    /// A number that is none, or is not on its grid, in words.
    pub(crate) fn event(&self, row: &Row<'_>, ts: i64, instrument: u32) -> Result<abi::Event, String> {
        let mut data = [0; 5];
        for (place, (number, field)) in data.iter_mut().zip(&self.numbers) {
            if let Some(field) = field {
                *place = self.units(*number, field, row)?;
            }
        }
        let whole = |field: &Option<Field>| {
            field.as_ref().and_then(|field| row.value(field).as_i64()).unwrap_or_default()
        };
        let kind = match self.kind {
            Kind::Trade => abi::event_kind::TRADE,
            Kind::Quote => abi::event_kind::QUOTE,
            Kind::Bar => abi::event_kind::BAR,
            Kind::Book => abi::event_kind::BOOK_UPDATE,
        };
        match self.kind {
            Kind::Trade | Kind::Book => {
                // a text that was no number has none any more
                let id = u64::try_from(whole(&self.recorded.id)).ok().filter(|id| *id > 0);
                data[2] = id.map_or(0, TextTable::number).cast_signed();
                data[3] = whole(&self.recorded.received);
            }
            Kind::Quote => data[4] = whole(&self.recorded.received),
            Kind::Bar => {}
        }
        let flags = u16::try_from(whole(&self.recorded.flags)).unwrap_or_default();
        Ok(abi::Event { ts, seq: 0, instrument, kind, flags, data })
    }

    fn units(&self, number: Number, field: &Field, row: &Row<'_>) -> Result<i64, String> {
        let grid = if number.is_quantity() { self.quantity } else { self.price };
        grid.units(row.value(field)).map_err(|why| {
            let found = row.value_string(field);
            let (name, decimals) = (field.name(), grid.decimals());
            let key = if number.is_quantity() { "quantity_decimals" } else { "price_decimals" };
            match why {
                OffGrid::Decimals => format!("{name} is {found} (accepted: at most {decimals} decimals; {key} sets more, round = true rounds)"),
                OffGrid::Range => format!("{name} is {found} (accepted: a number that 64 bits hold with {decimals} decimals, and a double exactly)"),
                OffGrid::NoNumber => format!("{name} is {found} (accepted: a finite number)"),
            }
        })
    }
}

impl Recorded {
    fn of(item: &ItemDescription) -> Self {
        let field = |name| item.field(name).cloned();
        Self {
            seq: field("seq"),
            flags: field("flags"),
            received: field("received"),
            id: field("trade_id").or_else(|| field("order_id")),
        }
    }
}

fn names(item: &ItemDescription) -> String {
    item.fields().iter().take(20).map(Field::name).collect::<Vec<_>>().join(", ")
}

fn text_told(description: &Description, name: &str) -> Option<String> {
    match description.name_values().get(name)? {
        NamedValue::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn decimals_told(description: &Description, name: &str) -> Option<u8> {
    match description.name_values().get(name)? {
        NamedValue::Int32(number) if (0..=DECIMALS_MAX).contains(number) => u8::try_from(*number).ok(),
        _ => None,
    }
}

fn kind_of(description: &Description, item: &ItemDescription, settings: &Settings) -> Result<Kind, String> {
    let told = text_told(description, "kind");
    let told = Kind::ALL.into_iter().find(|kind| told.as_deref() == Some(kind.name()));
    if let Some(kind) = settings.kind.or(told) {
        return Ok(kind);
    }
    let has = |number: &(Number, bool)| {
        !number.1 || settings.columns.name(number.0).is_some() || number.0.find(item).is_some()
    };
    let kinds = [Kind::Bar, Kind::Quote, Kind::Trade];
    kinds.into_iter().find(|kind| kind.numbers().iter().all(has)).ok_or_else(|| {
        format!(
            "no fields of a trade, quote or bar among {} (accepted: kind and columns in the configuration, for example columns = {{ price = \"{}\" }})",
            names(item),
            item.fields().last().map_or("", Field::name)
        )
    })
}

fn field_of(
    number: Number,
    is_needed: bool,
    kind: Kind,
    item: &ItemDescription,
    settings: &Settings,
) -> Result<Option<Field>, String> {
    let named = settings.columns.name(number);
    let found = match named {
        Some(name) => item.field(name),
        None => number.find(item),
    };
    match found {
        Some(field) if field.field_type().is_number() => Ok(Some(field.clone())),
        Some(field) => {
            let (name, what) = (field.name(), field.field_type());
            Err(format!("field {name} is of type {what} (accepted: a number, for columns.{})", number.key()))
        }
        None if named.is_some() || is_needed => {
            let name = named.unwrap_or(number.key());
            Err(format!(
                "there is no field {name} for a {} (accepted: columns.{} = one of {})",
                kind.name(),
                number.key(),
                names(item)
            ))
        }
        None => Ok(None),
    }
}

fn symbol_of(path: &Path, description: &Description, settings: &Settings) -> Result<String, String> {
    let stem =
        || path.file_name()?.to_str()?.split('.').next().filter(|stem| !stem.is_empty()).map(str::to_owned);
    let symbol = settings.symbol.clone().or_else(|| text_told(description, "symbol")).or_else(stem);
    symbol.filter(|symbol| symbol.len() <= abi::TEXT_BYTES_MAX).ok_or_else(|| {
        format!(
            "there is no symbol of 1 to {} bytes (accepted: symbol in the configuration)",
            abi::TEXT_BYTES_MAX
        )
    })
}

fn time_of(description: &Description, item: &ItemDescription, settings: &Settings) -> Result<Time, String> {
    let event_time = description.event_time();
    let field = match &settings.columns.time {
        Some(name) => item.field(name).ok_or_else(|| {
            format!("there is no field {name} (accepted: columns.time = one of {})", names(item))
        })?,
        None => event_time.ok_or_else(|| {
            format!("no field is the event time (accepted: columns.time = one of {})", names(item))
        })?,
    };
    if !field.field_type().is_number() {
        return Err(format!(
            "field {} is of type {} (accepted: a number, for columns.time)",
            field.name(),
            field.field_type()
        ));
    }
    let unit = settings.time_unit.map(|unit| match unit {
        TimeUnit::S => TimeScale::UNIX_SECONDS,
        TimeUnit::Ms => TimeScale::JAVA,
        TimeUnit::Us => TimeScale::UNIX_MICROS,
        TimeUnit::Ns => TimeScale::UNIX_NANOS,
    });
    // a file that lists no time may still have a scale, as the original Python API always writes one
    let scale = description.scale().filter(|_| event_time.is_some()).or(unit).ok_or_else(|| {
        "the file does not tell the scale of its times (accepted: time_unit = \"s\", \"ms\", \"us\" or \"ns\")".to_owned()
    })?;
    let is_event_time = event_time.is_some_and(|event_time| event_time.index() == field.index());
    Ok(Time { field: field.clone(), scale, is_event_time })
}
