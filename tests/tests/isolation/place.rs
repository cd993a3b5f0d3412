//! A folder with a loader, the three modes, and a strategy with the host that it talks to.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use serde_json::Value;
use stratd::host::{
    LoadedPlugin, Loader, Refusal, Run,
    isolation::{ChannelOptions, Isolated, Isolation, ProcessOptions, Watch, create_strategy},
};
use stratd_plugin_api::{Fault, StrategyInstance, TradingType, abi};
use stratd_tests::{RecordingHost, RecordingServices, c_library, stratd};

/// What has not happened by then does not happen: far more than any of it takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// A private folder; what is in it goes at the end.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    loader: Loader,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let loader = Loader::new(&folder.path().join("stage")).expect("a private folder");
        Self { folder, loader }
    }

    pub(crate) fn load(&self, file: &Path) -> Arc<LoadedPlugin> {
        self.loader.load(file).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Compiles a C file of `plugins/faulty/c`.
    pub(crate) fn c(&self, name: &str) -> PathBuf {
        c_library(&format!("plugins/faulty/c/{name}.c"), name, &["-pthread"], self.folder.path())
    }
}

/// A thread of its own, over small rings, so that larger messages pass in pieces.
pub(crate) fn thread() -> Isolation {
    Isolation::Thread(ChannelOptions { ring_bytes: 4096, ..ChannelOptions::default() })
}

/// A process of its own.
pub(crate) fn process() -> Isolation {
    Isolation::Process(of_process())
}

pub(crate) fn of_process() -> ProcessOptions {
    let channel = ChannelOptions { ring_bytes: 4096, ..ChannelOptions::default() };
    ProcessOptions { program: Some(stratd().to_owned()), channel, ..ProcessOptions::default() }
}

/// All modes with their names.
pub(crate) fn modes() -> [(&'static str, Isolation); 3] {
    [("none", Isolation::None), ("thread", thread()), ("process", process())]
}

/// A strategy with the host that it talks to.
pub(crate) struct Running {
    strategy: Option<Box<dyn StrategyInstance>>,
    pub(crate) watch: Option<Watch>,
    pub(crate) host: RecordingHost,
    pub(crate) services: Arc<RecordingServices>,
}

impl Running {
    pub(crate) fn new(
        plugin: &Arc<LoadedPlugin>,
        config: &Value,
        isolation: &Isolation,
    ) -> Result<Self, Refusal> {
        let services = RecordingServices::new();
        let run = Run { trading_type: TradingType::Simulation, clock: None };
        let shared: Arc<RecordingServices> = Arc::clone(&services);
        let Isolated { instance, watch } = create_strategy(plugin, "mine", config, run, shared, isolation)?;
        Ok(Self { strategy: Some(instance), watch, host: RecordingHost::default(), services })
    }

    pub(crate) fn of(plugin: &Arc<LoadedPlugin>, config: &Value, isolation: &Isolation) -> Self {
        Self::new(plugin, config, isolation).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Delivers trades of instrument 1 at these prices, in one slice.
    pub(crate) fn trades(&mut self, prices: &[i64]) -> Result<usize, Fault> {
        let trade = |(index, price): (usize, &i64)| abi::Event {
            ts: 100 + i64::try_from(index).expect("a short slice"),
            seq: 1 + index as u64,
            kind: abi::event_kind::TRADE,
            instrument: 1,
            data: [*price, 1, 0, 0, 0],
            ..abi::Event::default()
        };
        let events: Vec<abi::Event> = prices.iter().enumerate().map(trade).collect();
        self.call(|strategy, host| strategy.on_events(host, &events))
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

    pub(crate) fn watch(&self) -> &Watch {
        self.watch.as_ref().expect("it is isolated")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.watch().pid().expect("it is a process")
    }

    /// Waits until the watch tells of the death.
    pub(crate) fn death(&self) -> String {
        let (sender, receiver) = mpsc::channel();
        self.watch().on_death(move |death| {
            // the test may have given up
            let _ = sender.send(format!("{}: {}", death.reason, death.text));
        });
        receiver.recv_timeout(DEADLINE).expect("it dies")
    }
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    // the smallest nap: whoever is waited for needs the processor, too
    let (nap, naps) = (Duration::from_millis(2), 15_000);
    let woken = (0..naps).any(|_| {
        let is_done = is_so();
        if !is_done {
            std::thread::park_timeout(nap);
        }
        is_done
    });
    assert!(woken, "{what}: not within {DEADLINE:?}");
}

/// Whether a process is there, and no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z")
}
