//! The plugin's side of a connector: its calls. What it sees of the host differs between thread and process.

use stratd_plugin_api::{ClientOrderId, ExchangeInstance, Fault, InstrumentId, Timestamp, abi::Event};

use super::{
    codec::{Decoder, Encoder},
    protocol::Entry,
    pump::Pump,
    ring::Broken,
};

/// More events than any host pulls at once.
const POLL_MAX: usize = 1024 * 1024;

/// Makes calls until the instance is destroyed or the host is gone.
pub(super) fn run(pump: &Pump, mut exchange: Box<dyn ExchangeInstance>) {
    let mut batch = Vec::new();
    let (mut arguments, mut returned) = (Vec::new(), Vec::new());
    while let Ok(entry) = pump.next_call(&mut arguments) {
        if entry == Entry::Destroy {
            drop(exchange);
            returned.clear();
            // a host that is gone needs no answer
            let _ = pump.answer(Ok(()), &mut returned);
            return;
        }
        let (mut message, mut out) = (Decoder::new(&arguments), Encoder::new(&mut returned));
        let result = call(&mut *exchange, entry, &mut message, &mut out, &mut batch);
        if result.and_then(|result| pump.answer(result, &mut returned)).is_err() {
            return;
        }
    }
}

fn call(
    exchange: &mut dyn ExchangeInstance,
    entry: Entry,
    arguments: &mut Decoder<'_>,
    returned: &mut Encoder<'_>,
    batch: &mut Vec<Event>,
) -> Result<Result<(), Fault>, Broken> {
    Ok(match entry {
        Entry::Connect => exchange.connect(arguments.number()?),
        Entry::Instruments => exchange.instruments(arguments.number()?),
        Entry::Subscribe => {
            let (correlation, instrument): (u64, u32) = (arguments.number()?, arguments.small()?);
            exchange.subscribe(correlation, (instrument != 0).then_some(InstrumentId(instrument)))
        }
        Entry::Poll => {
            let room: usize = arguments.small()?;
            batch.clear();
            batch.resize(room.min(POLL_MAX), Event::default());
            let polled = exchange.poll(batch);
            polled.map(|count| returned.records(&batch[..count.min(batch.len())]))
        }
        Entry::Lookup => exchange.lookup(arguments.number()?, &arguments.text()?),
        Entry::NewOrder => exchange.new_order(&arguments.record()?),
        Entry::CancelOrder => exchange.cancel_order(&arguments.record()?),
        Entry::ChangeOrder => exchange.change_order(&arguments.record()?),
        Entry::Accounts => exchange.accounts(arguments.number()?),
        Entry::OpenOrders => exchange.open_orders(arguments.number()?),
        Entry::FillsSince => exchange.fills_since(arguments.number()?, Timestamp::new(arguments.signed()?)),
        Entry::FindOrder => {
            exchange.find_order(arguments.number()?, ClientOrderId(arguments.number()?), arguments.number()?)
        }
        Entry::Stop => exchange.stop(),
        Entry::OnConfig => exchange.on_config(&arguments.text()?),
        Entry::Save => exchange.save().map(|state| {
            returned.flag(state.is_some());
            returned.bytes(&state.unwrap_or_default());
        }),
        Entry::Restore => exchange.restore(arguments.small()?, arguments.bytes()?),
        Entry::Quiesce => exchange.quiesce(Timestamp::new(arguments.signed()?)),
        other => return Err(Broken::Garbled(format!("`{}` of a connector", other.name()))),
    })
}
