//! A daemon at an exchange that outlives it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde::de::DeserializeOwned;
use serde_json::Value;
use stratd_control::{Client, Order, Request, Status};
use stratd_tests::{Place, Ran, Running, plugin};

/// A question is answered at once or not at all, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
const MAKER: &str = "[[strategy]]\nplugin = \"plug/libstrategy_market_maker.so\"\nname = \"maker\"\n";

/// A folder with a daemon, its state, and the server of its exchange.
pub(crate) struct Desk {
    // before the folder goes with its log
    running: Option<Running>,
    place: Place,
    /// What is set in the environment of the daemon.
    environment: Vec<(&'static str, PathBuf)>,
}

impl Desk {
    /// The market maker at the fake exchange, with these keys of the run.
    pub(crate) fn new(of_run: &str) -> Self {
        let place = Place::new(&[]);
        fs::create_dir(place.path().join("plug")).expect("a new folder");
        for name in ["exchange_fake", "strategy_market_maker"] {
            let file = place.path().join(format!("plug/lib{name}.so"));
            fs::copy(plugin(name), file).expect("a copy of a plugin");
        }
        let desk = Self { running: None, place, environment: Vec::new() };
        desk.configure(of_run);
        desk
    }

    /// The configuration: what it is at the first start stays, because it is kept in the state.
    fn configure(&self, of_run: &str) {
        let file = |name: &str| format!("{name} = {:?}", self.path(name.trim_end_matches("_file")));
        let files =
            ["ledger", "silent_file", "deaf_file", "quiet_file", "forgetful_file"].map(file).join(", ");
        let exchange = format!(
            "[[exchange]]\nplugin = \"plug/libexchange_fake.so\"\nname = \"fake\"\nconfig = {{ {files}, interval_ms = 3 }}\n"
        );
        let text = format!("{of_run}\n{exchange}{MAKER}");
        fs::write(self.path("stratd.toml"), text).expect("a file that can be written");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// What later starts have in their environment.
    pub(crate) fn set_environment(&mut self, name: &'static str, value: PathBuf) {
        self.environment.push((name, value));
    }

    /// Starts the daemon, and waits until it answers.
    pub(crate) fn start(&mut self) {
        let mut command = self.place.command(&["run", "stratd.toml", "--trading-type", "sandbox"]);
        command.args(["--plugin-dir", "plug", "--control-socket", "c.sock", "--state-dir", "state"]);
        command.env_remove("STRATD_PLUGINS").envs(self.environment.iter().cloned());
        self.running = Some(Running::start(command, "run"));
        let client = self.client();
        self.running().wait_until("answer", || client.send(&Request::status()).is_ok());
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the daemon was started")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.path("c.sock")).with_time_limit(PATIENCE)
    }

    #[track_caller]
    pub(crate) fn ask<T: DeserializeOwned>(&self, request: &Request) -> T {
        let answer = self.client().send(request).and_then(|answer| answer.read());
        answer.unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    pub(crate) fn order(&self, id: u64) -> Order {
        self.ask(&Request::order(&id.to_string()))
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.ask::<Status>(&Request::status()).warnings
    }

    /// Waits until something is so.
    pub(crate) fn wait(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let mut running = self.running.take().expect("the daemon was started");
        running.wait_until(what, || is_so(self));
        self.running = Some(running);
    }

    /// Waits until so many orders have come to the exchange since.
    pub(crate) fn wait_for_orders(&mut self, more: usize) {
        let goal = self.received().len() + more;
        self.wait("orders at the exchange", |desk| desk.received().len() >= goal);
    }

    pub(crate) fn log(&mut self) -> String {
        self.running().log()
    }

    pub(crate) fn wait_for_log(&mut self, text: &str) {
        self.running().wait_for_log(text);
    }

    /// The daemon dies at once.
    pub(crate) fn kill(&mut self) {
        let running = self.running.take().expect("the daemon was started");
        drop(running.end("KILL"));
    }

    /// The daemon ends in good order.
    pub(crate) fn end(&mut self) {
        let ended = self.running.take().expect("the daemon was started").end("TERM");
        assert!(ended.status.success(), "{ended:?}");
    }

    /// Replays a recording.
    pub(crate) fn replay(&self, recording: &Path) -> Ran {
        let mut command = self.place.command(&["replay", "--json"]);
        command.arg(recording).env_remove("STRATD_PLUGINS");
        self.place.run(command)
    }

    pub(crate) fn touch(&self, name: &str) {
        fs::write(self.path(name), "").expect("a file that can be written");
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("a file that is there");
    }

    /// What the server of the exchange has.
    pub(crate) fn ledger(&self) -> Value {
        let text = fs::read_to_string(self.path("ledger")).unwrap_or_else(|_| "{}".to_owned());
        serde_json::from_str(&text).expect("a ledger that is whole")
    }

    /// Changes what the server has, while nobody is connected.
    pub(crate) fn edit_ledger(&self, edit: impl FnOnce(&mut Value)) {
        let mut ledger = self.ledger();
        edit(&mut ledger);
        fs::write(self.path("ledger"), ledger.to_string()).expect("a file that can be written");
    }

    /// The client order ids of all orders that ever came to the exchange.
    pub(crate) fn received(&self) -> Vec<u64> {
        numbers(&self.ledger()["received"])
    }

    /// The client order ids of the orders that work at the exchange.
    pub(crate) fn working(&self) -> Vec<u64> {
        let ledger = self.ledger();
        let orders = ledger["orders"].as_array().cloned().unwrap_or_default();
        orders.iter().filter_map(|order| order["client_order_id"].as_u64()).collect()
    }

    /// The rows of a question to `state.db`, each as text.
    pub(crate) fn rows(&self, question: &str) -> Vec<String> {
        let file = self.path("state/state.db");
        let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("state.db");
        db.busy_timeout(PATIENCE).expect("a time limit");
        let mut statement = db.prepare(question).unwrap_or_else(|error| panic!("{question}: {error}"));
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cells = (0..columns).map(|at| match row.get_ref(at).expect("a column") {
                ValueRef::Null => "-".to_owned(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                ValueRef::Real(_) | ValueRef::Blob(_) => panic!("{question}: a number that is not exact"),
            });
            Ok(cells.collect::<Vec<_>>().join(" "))
        };
        statement.query_map([], row).expect("rows").map(|row| row.expect("a row")).collect()
    }

    /// Asserts that state.db and the server agree, while nobody trades: each order came once and is kept, each fill is kept
    /// once, positions and cash are equal.
    #[track_caller]
    pub(crate) fn assert_equal(&self) {
        let received = self.received();
        let mut once = received.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), received.len(), "an order was sent twice");
        let kept = self.rows("SELECT client_order_id FROM orders");
        let kept: Vec<u64> = kept.iter().map(|id| id.parse().expect("a number")).collect();
        let lost: Vec<_> = once.iter().filter(|id| !kept.contains(id)).collect();
        assert!(lost.is_empty(), "orders that were sent and forgotten: {lost:?}");
        let ledger = self.ledger();
        assert_eq!(
            self.rows("SELECT client_order_id FROM orders WHERE phase = 'acknowledged' ORDER BY 1"),
            sorted(self.working()),
            "working orders"
        );
        let fills = ledger["fills"].as_array().expect("fills").iter();
        let mut fills: Vec<String> =
            fills.map(|fill| fill["id"].as_str().expect("an id").to_owned()).collect();
        fills.sort();
        assert_eq!(self.rows("SELECT trade_id FROM fills ORDER BY trade_id"), fills, "fills");
        let sizes: BTreeMap<String, String> = self
            .rows("SELECT instrument, size FROM positions ORDER BY 1")
            .iter()
            .filter_map(|row| row.split_once(' ').map(|(of, size)| (of.to_owned(), size.to_owned())))
            .collect();
        for (symbol, size) in
            ["FAKE-A", "FAKE-B"].iter().zip(ledger["positions"].as_array().expect("positions"))
        {
            let kept = sizes.get(*symbol).map_or("0", String::as_str);
            assert_eq!(kept, size.to_string(), "position in {symbol}");
        }
        let cents = ledger["cash_cents"].as_i64().expect("cash");
        let cash = self.rows("SELECT round(sum(cash) * 100) || '' FROM portfolios");
        assert_eq!(cash, [format!("{cents}.0")], "cash");
    }
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().map(|all| all.iter().filter_map(Value::as_u64).collect()).unwrap_or_default()
}

fn sorted(mut ids: Vec<u64>) -> Vec<String> {
    ids.sort_unstable();
    ids.iter().map(u64::to_string).collect()
}
