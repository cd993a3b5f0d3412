//! A file that is made of the rows of something else: its fields, its times, and what is told of it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use teafile::{CreateOptions, Description, Field, ItemDescription, TimeOrder, TimeScale, Writer};

use crate::csv_cells::{BYTES_TYPE, Kind};
use crate::fresh;
use crate::output::Output;
use crate::times;

/// What the new file says about itself.
#[derive(Debug, Args)]
pub(crate) struct NewFile {
    /// The column of the event time; otherwise the first one with times
    #[arg(long, value_name = "NAME")]
    pub(crate) time: Option<String>,
    /// How times are counted: java, net, s, ms, us, ns, or DAYS:TICKS_PER_DAY
    #[arg(long, value_parser = times::scale)]
    pub(crate) scale: Option<TimeScale>,
    /// The name of an item
    #[arg(long, default_value = "Item")]
    name: String,
    /// A text about the content
    #[arg(long, default_value = "")]
    content: String,
    /// How many decimals prices are shown with
    #[arg(long)]
    decimals: Option<i32>,
    /// In place of a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Order {
    /// Nothing is written
    Refuse,
    /// It is written, and told how often
    Count,
    /// It becomes the time before it
    Clamp,
}

impl From<Order> for TimeOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Refuse => Self::Refuse,
            Order::Count => Self::Count,
            Order::Clamp => Self::Clamp,
        }
    }
}

/// A column that becomes a field.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

impl Column {
    pub(crate) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind }
    }
}

/// A column that becomes none.
#[derive(Clone, Debug)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    pub(crate) because: String,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) items: u64,
    pub(crate) time_violations: u64,
}

/// A file that was made.
#[derive(Debug)]
pub(crate) struct Made {
    path: String,
    event_time: Option<String>,
    scale: TimeScale,
    written: Written,
}

impl NewFile {
    /// Makes the file; `fill` writes its items.
    pub(crate) fn make(
        &self,
        path: &Path,
        columns: &[Column],
        scale: TimeScale,
        order: Order,
        fill: impl FnOnce(Writer) -> Result<Written>,
    ) -> Result<Made> {
        let description = self.description(columns, scale)?;
        let written = fresh::make(path, self.force, |part| {
            fill(CreateOptions::default().time_order(order.into()).create(part, &description)?)
        })?;
        let event_time = description.event_time().map(|field: &Field| field.name().to_owned());
        Ok(Made { path: path.display().to_string(), event_time, scale, written })
    }

    fn description(&self, columns: &[Column], scale: TimeScale) -> Result<Description> {
        let mut item = ItemDescription::builder(&self.name);
        for Column { name, kind } in columns {
            item = match kind {
                Kind::Bytes(size) => item.opaque(name, BYTES_TYPE, *size),
                Kind::Time | Kind::Number(_) => item.field(name, kind.field_type()),
            };
        }
        let mut times: Vec<&str> = columns
            .iter()
            .filter(|column| column.kind == Kind::Time)
            .map(|column| column.name.as_str())
            .collect();
        if let Some(first) = &self.time {
            let place = times.iter().position(|name| name == first).with_context(|| {
                format!("--time {first}: it is no column with times (expected one of {})", times.join(", "))
            })?;
            times.swap(0, place);
        }
        let description = Description::of_items(item.build()?)
            .content(&self.content)
            .time_scale(scale)
            .time_fields(&times)?;
        Ok(match self.decimals {
            Some(decimals) => description.name_value("decimals", decimals),
            None => description,
        })
    }
}

impl Made {
    pub(crate) fn tell(&self, output: &mut Output, columns: &[Column], left_out: &[LeftOut]) -> Result<()> {
        let scale = times::scale_name(self.scale);
        if output.json {
            let fields: Vec<_> = columns
                .iter()
                .map(|column| json!({ "name": column.name, "type": column.kind.name() }))
                .collect();
            output.object(&json!({
                "file": self.path,
                "items": self.written.items,
                "fields": fields,
                "event_time": self.event_time,
                "scale": scale,
                "left_out": left_out.iter().map(|column| &column.name).collect::<Vec<_>>(),
                "time_violations": self.written.time_violations,
            }))?;
            return Ok(());
        }
        for Column { name, kind } in columns {
            let is_event_time = self.event_time.as_deref() == Some(name);
            let role = if is_event_time { format!(", event time, scale {scale}") } else { String::new() };
            writeln!(output, "{name}: {}{role}", kind.name())?;
        }
        for LeftOut { name, because } in left_out {
            writeln!(output, "{name}: left out, {because}")?;
        }
        writeln!(output, "{} items in {}", self.written.items, self.path)?;
        self.written.tell_violations(output)
    }
}

impl Written {
    /// Makes all durable, and closes the file.
    pub(crate) fn of(mut writer: Writer) -> Result<Self> {
        writer.sync()?;
        let written = Self { items: writer.item_count(), time_violations: writer.time_violations() };
        writer.close()?;
        Ok(written)
    }

    pub(crate) fn tell_violations(self, output: &mut Output) -> Result<()> {
        if self.time_violations > 0 {
            writeln!(output, "times went backwards {} times", self.time_violations)?;
        }
        Ok(())
    }
}
