//! The host's functions for an isolated strategy, on the host's side: from a message to [`StrategyHost`].

use stratd_plugin_api::{
    StrategyHost, StrategyServices,
    abi::{BarSpec, MoneyBits, OrderRequest, Schedule},
};

use super::{
    codec::{Decoder, Encoder},
    log,
    protocol::Function,
    ring::Broken,
};

/// Serves what works at any time; false if the function is none of these.
pub(super) fn any_time(
    services: &dyn StrategyServices,
    instance: &str,
    function: Function,
    message: &mut Decoder<'_>,
    answer: &mut Encoder<'_>,
) -> Result<bool, Broken> {
    match function {
        Function::Log => log::read(message, |record| services.log(instance, record))?,
        Function::Text => {
            let mut is_written = false;
            services.text(message.number()?, &mut |text| {
                // one text is wanted, however often a host calls
                if !is_written {
                    answer.text(text);
                    is_written = true;
                }
            });
            if !is_written {
                answer.text("");
            }
        }
        Function::Intern => answer.number(services.intern(&message.text()?)),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Serves what works at any time, where nothing else does: on the side, and while an instance is made or ended. A
/// sound one asks for nothing else there.
pub(super) fn only_any_time(
    services: &dyn StrategyServices,
    instance: &str,
    function: Function,
    message: &mut Decoder<'_>,
    answer: &mut Encoder<'_>,
) -> Result<(), Broken> {
    if any_time(services, instance, function, message, answer)? {
        return Ok(());
    }
    Err(Broken::Garbled(format!("{function:?} outside of a call")))
}

/// Serves what works during a call.
pub(super) fn during_call(
    host: &mut dyn StrategyHost,
    function: Function,
    message: &mut Decoder<'_>,
    answer: &mut Encoder<'_>,
) -> Result<(), Broken> {
    match function {
        Function::Submit => {
            let request: OrderRequest = message.record()?;
            answer.number(host.submit(&request).unwrap_or(0));
        }
        Function::Cancel => answer.flag(host.cancel(message.number()?)),
        Function::Change => {
            answer.flag(host.change(message.number()?, message.signed()?, message.signed()?));
        }
        Function::CancelAll => answer.flag(host.cancel_all(message.small()?)),
        Function::CloseAll => answer.flag(host.close_all(message.small()?)),
        Function::Subscribe => answer.flag(host.subscribe(message.small()?, message.small()?)),
        Function::SubscribeBars => {
            let instrument = message.small()?;
            let spec: BarSpec = message.record()?;
            answer.number(host.subscribe_bars(instrument, &spec).unwrap_or(0).into());
        }
        Function::Timer => {
            let schedule: Schedule = message.record()?;
            answer.number(host.timer(&schedule).unwrap_or(0));
        }
        Function::TimerCancel => answer.flag(host.timer_cancel(message.number()?)),
        Function::Stop => host.stop(&message.text()?),
        Function::Shutdown => host.shutdown(&message.text()?),
        Function::Metric => {
            let (name, value): (String, MoneyBits) = (message.text()?, message.record()?);
            host.metric(&name, value.into());
        }
        other => query(host, other, message, answer)?,
    }
    Ok(())
}

/// Serves what only reads.
fn query(
    host: &dyn StrategyHost,
    function: Function,
    message: &mut Decoder<'_>,
    answer: &mut Encoder<'_>,
) -> Result<(), Broken> {
    match function {
        Function::Lookup => {
            let symbol = message.text()?;
            answer.number(host.lookup(&symbol, message.small()?).into());
        }
        Function::Portfolio => answer.record(&host.portfolio()),
        Function::Risk => {
            let instrument = message.small()?;
            let figures = answer.visited(|visit| host.risk(instrument, visit));
            answer.record(&figures);
        }
        Function::PriceHistory => {
            let instrument = message.small()?;
            answer.visited(|visit| host.price_history(instrument, visit));
        }
        Function::Book => {
            let query = message.record()?;
            let record = answer.visited(|visit| host.book(&query, visit));
            answer.record(&record);
        }
        Function::Instruments => {
            let filter = message.record()?;
            answer.visited(|visit| host.instruments(&filter, visit));
        }
        Function::Exchanges => {
            let filter = message.record()?;
            answer.visited(|visit| host.exchanges(&filter, visit));
        }
        Function::Orders => {
            let filter = message.record()?;
            answer.visited(|visit| host.orders(&filter, visit));
        }
        Function::PastOrders => {
            let filter = message.record()?;
            answer.visited(|visit| host.past_orders(&filter, visit));
        }
        Function::Fills => {
            let filter = message.record()?;
            answer.visited(|visit| host.fills(&filter, visit));
        }
        Function::Positions => {
            let filter = message.record()?;
            answer.visited(|visit| host.positions(&filter, visit));
        }
        Function::Accounts => {
            let filter = message.record()?;
            answer.visited(|visit| host.accounts(&filter, visit));
        }
        other => return Err(Broken::Garbled(format!("{other:?}, which no strategy asks for"))),
    }
    Ok(())
}
