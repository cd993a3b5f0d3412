//! The texts that formatters make of a record: one for each formatter, whatever the number of handlers that want it.

use crate::{
    error::{Error, ErrorKind, Result},
    format::Formatter,
    record::Record,
};

/// All formatters, with the text that each made last.
pub(super) struct Texts {
    pub(super) formatters: Vec<Option<FormatterSlot>>,
    /// rises with each record: a text of an older one is none of this one
    epoch: u64,
    own: String,
}

pub(super) struct FormatterSlot {
    formatter: Formatter,
    /// which record `text` is of
    epoch: u64,
    text: String,
}

impl FormatterSlot {
    pub(super) fn new(formatter: Formatter) -> Self {
        Self { formatter, epoch: 0, text: String::new() }
    }

    /// Fields that it had to rename.
    pub(super) fn renamed_fields(&self) -> u64 {
        self.formatter.renamed_fields()
    }
}

impl Texts {
    /// Every handler has a formatter, `default` as long as nobody gives it another.
    pub(super) fn new(default: Option<Formatter>) -> Self {
        Self { formatters: vec![default.map(FormatterSlot::new)], epoch: 0, own: String::new() }
    }

    /// The next text is of another record.
    pub(super) fn next_record(&mut self) {
        self.epoch += 1;
    }

    /// The text of a record, made once; made anew, and for nobody else, if the record is not what all others get.
    pub(super) fn of(&mut self, formatter: u32, record: &Record<'_>, is_shared: bool) -> Result<&str> {
        let slot = self.formatters.get_mut(formatter as usize).and_then(Option::as_mut);
        let slot = slot.ok_or_else(|| Error::new(ErrorKind::Handler, "its formatter is gone"))?;
        if !is_shared {
            self.own.clear();
            slot.formatter.format(record, &mut self.own)?;
            return Ok(&self.own);
        }
        if slot.epoch != self.epoch {
            slot.text.clear();
            slot.formatter.format(record, &mut slot.text)?;
            slot.epoch = self.epoch;
        }
        Ok(&slot.text)
    }
}
