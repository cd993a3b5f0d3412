//! A folder with a loader, and what tests do with the plugins of it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use expect_test::Expect;
use serde_json::{Value, json};
use stratd::host::{LoadedPlugin, Loader, Refusal, Run};
use stratd_plugin_api::{Fault, StrategyInstance, TradingType, abi};
use stratd_tests::{RecordingHost, RecordingServices, c_library};

/// A private folder; what is in it goes at the end.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) loader: Loader,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let loader = Loader::new(&folder.path().join("stage")).expect("a private folder");
        Self { folder, loader }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file to load.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file in our own folder");
        path
    }

    /// Compiles the faulty strategy in C.
    pub(crate) fn c_strategy(&self, name: &str, options: &[&str]) -> PathBuf {
        c_library("plugins/faulty/c/strategy.c", name, options, self.folder.path())
    }

    pub(crate) fn load(&self, file: &Path) -> Arc<LoadedPlugin> {
        self.loader.load(file).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Loads a file that must be refused, as expected.
    pub(crate) fn refused(&self, file: &Path, expected: Expect) -> Refusal {
        let refusal = self.loader.load(file).expect_err("the file is bad");
        expected.assert_eq(&self.told(&refusal));
        refusal
    }

    /// What a refusal tells, without what differs from run to run.
    pub(crate) fn told(&self, refusal: &Refusal) -> String {
        format!("{}: {} (accepted: {})", refusal.step, refusal.found, refusal.accepted)
            .replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// A strategy with the host that it talks to.
pub(crate) struct Running {
    strategy: Option<Box<dyn StrategyInstance>>,
    pub(crate) host: RecordingHost,
    pub(crate) services: Arc<RecordingServices>,
}

impl Running {
    pub(crate) fn new(plugin: &LoadedPlugin, config: &Value) -> Result<Self, Refusal> {
        let services = RecordingServices::new();
        let run = Run { trading_type: TradingType::Simulation, clock: None };
        let shared: Arc<RecordingServices> = Arc::clone(&services);
        let strategy = plugin.create_strategy("mine", config, run, shared)?;
        Ok(Self { strategy: Some(strategy), host: RecordingHost::default(), services })
    }

    pub(crate) fn of(plugin: &LoadedPlugin) -> Self {
        Self::new(plugin, &json!({})).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Delivers trades of instrument 1 at these prices, in one slice.
    pub(crate) fn trades(&mut self, prices: &[i64]) -> Result<usize, Fault> {
        let trade = |(index, price): (usize, &i64)| abi::Event {
            ts: 100 + i64::try_from(index).expect("a short slice"),
            kind: abi::event_kind::TRADE,
            instrument: 1,
            data: [*price, 1, 0, 0, 0],
            ..abi::Event::default()
        };
        let events: Vec<abi::Event> = prices.iter().enumerate().map(trade).collect();
        self.strategy.as_mut().expect("not ended").on_events(&mut self.host, &events)
    }

    /// Delivers an event of this kind that carries nothing.
    pub(crate) fn event(&mut self, kind: u16) -> Result<usize, Fault> {
        let event = abi::Event { ts: 100, kind, ..abi::Event::default() };
        self.call(|strategy, host| strategy.on_events(host, &[event]))
    }

    /// Runs a call of the instance.
    pub(crate) fn call<R>(
        &mut self,
        call: impl FnOnce(&mut dyn StrategyInstance, &mut RecordingHost) -> R,
    ) -> R {
        call(&mut **self.strategy.as_mut().expect("not ended"), &mut self.host)
    }

    /// Destroys the instance.
    pub(crate) fn end(&mut self) {
        self.strategy = None;
    }
}
