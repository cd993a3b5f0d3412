//! What a strategy logs is there to be looked at, whichever way it was logged.

use stratd_plugin_api::{
    Context, Instrument, InstrumentType, Level, PluginLog, Result, Strategy, Trade, buffered, log,
};
use stratd_testkit::Desk;

struct Talks;

impl Strategy for Talks {
    type Config = serde_json::Map<String, serde_json::Value>;

    fn new(_: Self::Config) -> Result<Self> {
        log!(PluginLog, Level::INFO, "made");
        Ok(Self)
    }

    fn on_trade(&mut self, ctx: &mut Context<'_>, _: &Trade) -> Result<()> {
        log!(ctx, Level::DEBUG, ["n" => 1], "traded");
        let _: Result<(), ()> = buffered(10, Level::ERROR, || {
            log!(PluginLog, Level::INFO, "not shown");
            Ok(())
        });
        let _: Result<(), ()> = buffered(10, Level::ERROR, || {
            log!(ctx.logger("orders"), Level::INFO, "shown");
            Err(())
        });
        Ok(())
    }
}

#[test]
fn a_desk_has_what_was_logged_with_and_without_a_context() {
    let mut desk = Desk::new();
    let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
    desk.strategy::<Talks>("{}").unwrap();
    desk.start();
    desk.trade(aapl, "100", "1");
    desk.end();
    assert_eq!(desk.logs(), ["20 plugin: made", "10 Talks: traded", "20 plugin: shown"]);
}
