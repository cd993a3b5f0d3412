//! Orders of which something was executed after they had ended: their rows are written again when the run is over.
//!
//! `orders.csv` has a row for each order, written when the order ends. An exchange may still report an execution of it
//! (a fill that crossed a cancel), and the row must not contradict `fills.csv`. That is rare, so the file is gone
//! through once, at the end, and only if there was one.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use stratd_engine::Order;

use super::row::Row;

/// Beyond so many orders, the rows of the further ones stay as they were, which is logged.
const LATE_MAX: usize = 100_000;

/// The orders, as they are now, by id.
#[derive(Default)]
pub(super) struct LateOrders {
    orders: BTreeMap<u64, Order>,
    left_out: u64,
}

impl LateOrders {
    /// Takes an order after its late execution; the engine remembers every order of which it books one.
    pub(super) fn note(&mut self, order: Option<&Order>) {
        let Some(order) = order else { return };
        if self.orders.len() >= LATE_MAX && !self.orders.contains_key(&order.id.0) {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.orders.insert(order.id.0, order.clone());
    }

    /// Writes their rows anew, each in its place. `cells` fills a row.
    pub(super) fn write(self, folder: &Path, mut cells: impl FnMut(&mut Row, &Order)) -> Result<()> {
        if self.left_out > 0 {
            tracing::warn!(
                left_out = self.left_out,
                "orders.csv does not tell what was executed late of more than {LATE_MAX} orders (fills.csv has it)"
            );
        }
        if self.orders.is_empty() {
            return Ok(());
        }
        let (path, next) = (folder.join("orders.csv"), folder.join("orders.csv.next"));
        let reading = || format!("reading {}", path.display());
        let writing = || format!("writing {}", next.display());
        // the header is a row like any other: no id is its first cell
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_path(&path).with_context(reading)?;
        let mut file = csv::Writer::from_path(&next).with_context(writing)?;
        let mut record = csv::StringRecord::new();
        while rows.read_record(&mut record).with_context(reading)? {
            let id = record.get(0).and_then(|id| id.parse().ok());
            match id.and_then(|id: u64| self.orders.get(&id)) {
                None => file.write_record(&record).with_context(writing)?,
                Some(order) => {
                    let mut row = Row::default();
                    cells(&mut row, order);
                    let line = row.into_line();
                    let mut cells = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
                    anyhow::ensure!(cells.read_record(&mut record)?, "a row of orders.csv without cells");
                    file.write_record(&record).with_context(writing)?;
                }
            }
        }
        file.flush().with_context(writing)?;
        drop(file);
        fs::rename(&next, &path).with_context(|| format!("replacing {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;
    use stratd_engine::{
        AccountRules, Accounting, ByHand, Engine, EngineConfig, Input, InputKind, OrderIds, Output,
        RiskLimits, StrategyId,
    };
    use stratd_plugin_api::{
        ExchangeId, Instrument, InstrumentId, InstrumentType, Money, NoCosts, OmsType, OrderEventKind,
        OrderRequest, Price, Quantity, StrategyServices, Timestamp, TradingType, abi,
        export::instrument_to_record,
    };

    use super::super::{Labels, Recorder, summary::Assumptions};
    use crate::runtime::Services;

    fn engine() -> Engine {
        let services = Arc::new(Services::default());
        let config = EngineConfig {
            trading_type: TradingType::Backtest,
            cash: "1000".parse().unwrap(),
            currency: 0,
            limits: RiskLimits::default(),
            account: AccountRules::default(),
            oms_type: OmsType::Netting,
            accounting: Accounting::Average,
            order_ids: OrderIds::default(),
            costs: Box::new(NoCosts),
        };
        let mut engine = Engine::new(config, services.clone());
        let mut instrument = Instrument::new("A,B \"C\"", InstrumentType::Equity).price_decimals(0);
        instrument.exchange = ExchangeId(1);
        let record = instrument_to_record(&instrument, |text| services.intern(text));
        engine.add_instrument(instrument, record).unwrap();
        engine.add_owner("manual").unwrap();
        engine
    }

    fn labels() -> Labels {
        Labels {
            trading_type: TradingType::Backtest,
            currency: "USD".to_owned(),
            cash: "1000".parse().unwrap(),
            fill: String::new(),
            assumptions: Assumptions {
                fill: "",
                latency: String::new(),
                liquidity: String::new(),
                fees: String::new(),
                slippage: String::new(),
                transaction_cost: String::new(),
            },
            exchanges: vec![("venue".to_owned(), "test".to_owned())],
            strategies: vec![("manual".to_owned(), "test".to_owned())],
            config: Value::Null,
        }
    }

    fn report(id: u64, kind: OrderEventKind, trade: (u64, i64)) -> InputKind {
        let (trade_id, last_quantity) = trade;
        InputKind::Order(abi::OrderEvent {
            ts: i64::try_from(trade_id).unwrap(),
            client_order_id: id,
            kind: kind.code(),
            last_price: 100,
            last_quantity,
            trade_id,
            ..abi::OrderEvent::default()
        })
    }

    /// Status, filled quantity and average price of each row of `orders.csv`.
    fn rows(inputs: impl Fn(&[u64]) -> Vec<InputKind>) -> (Vec<String>, Money) {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = engine();
        let mut recorder = Recorder::create(folder.path(), labels()).unwrap();
        let order = OrderRequest::limit(InstrumentId(1), Quantity::new(10), Price::new(100));
        let order = abi::OrderRequest::from(&order);
        let mut seq = 0;
        let mut step = |kind: InputKind| {
            seq += 1;
            let outputs = engine.step(&Input { seq, at: Timestamp::new(0), kind }).unwrap().to_vec();
            outputs.iter().for_each(|output| recorder.take(output, &engine).unwrap());
            outputs
        };
        let mut ids = Vec::new();
        for output in (0..3).flat_map(|_| step(InputKind::ByHand(ByHand::New(StrategyId(0), order)))) {
            if let Output::ByHand { order, .. } = output {
                ids.push(order.0);
            }
        }
        for kind in inputs(&ids) {
            step(kind);
        }
        recorder.close_instant(Timestamp::new(0), &engine).unwrap();
        let cash = engine.cash().unwrap();
        recorder.finish(&engine).unwrap();
        let mut file = csv::Reader::from_path(folder.path().join("orders.csv")).unwrap();
        let rows = file.records().map(|row| {
            let row = row.unwrap();
            assert_eq!(&row[3], "A,B \"C\"");
            [0, 11, 12, 13].map(|column| row[column].to_owned()).join(" ")
        });
        let rows: Vec<String> = rows.collect();
        let numbered = rows.iter().map(|row| {
            let (id, rest) = row.split_once(' ').unwrap();
            let number = ids.iter().position(|known| known.to_string() == id).unwrap() + 1;
            format!("{number} {rest}")
        });
        (numbered.collect(), cash)
    }

    #[test]
    fn an_order_has_one_row_with_what_was_executed_of_it_after_it_ended() {
        use OrderEventKind::{Bought, Canceled, Received};
        let (rows, cash) = rows(|ids| {
            let [one, two, three] = *ids else { unreachable!("three orders") };
            vec![
                report(one, Received, (0, 0)),
                report(two, Canceled, (0, 0)),
                report(one, Bought, (1, 3)),
                report(one, Canceled, (0, 0)),
                report(three, Bought, (2, 10)),
                report(one, Bought, (3, 4)),
                // told again: it is booked once
                report(one, Bought, (3, 4)),
                report(two, Bought, (4, 10)),
            ]
        });
        assert_eq!(rows, ["2 filled 10 100", "1 canceled 7 100", "3 filled 10 100"]);
        assert_eq!(cash, "-1700".parse().unwrap());
    }
}
