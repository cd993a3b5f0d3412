//! Instances in a thread or a process of their own, behind the same traits as those that run on the calling thread.
//!
//! ```text
//! engine ─ IsolatedStrategy ─ Link ═ main rings ═ Pump ─ HostedStrategy ─ plugin      one thread or process per instance
//! engine ◄─ StrategyHost ──── serve ◄═══ asks ═══ RemoteHost ◄─ HostV1 ◄──────┘
//! host   ◄─ services, ExchangeHost ◄══ side rings ══ Remote ◄── any other thread of a child
//! ```
//! Invariants:
//! - There is one ring for both modes, in shared memory. What a broken plugin writes there costs its own life at most.
//! - Effects come in the order in which the code in the other place caused them: it waits for each answer.
//! - A call ends: with a result, with a fault of the plugin, at its deadline, or when the place is gone. After the
//!   last two the instance is dead, and each further call says so at once.
//! - The library of a process is opened only there; that of a thread is created, called and destroyed on it alone.
//!
//! Threads: per process `plugin-watch` (it started the child, reads its output, waits for its end) and `plugin-side`;
//! per isolated thread the thread itself, and `lost-plugin` for one that was abandoned.
//!
//! Limits: a process confined like this is no sandbox against malice: it reads and writes the files of its user and
//! opens sockets. A thread that hangs is lost, with its memory, and a crash of it is the daemon's.

mod channel;
mod child;
mod codec;
mod confine;
mod exchange;
mod exchange_pump;
mod fate;
mod futex;
mod link;
mod log;
mod mapping;
mod options;
mod output;
mod pidfd;
mod place;
mod plain;
mod process;
mod protocol;
mod pump;
mod remote;
mod ring;
mod seccomp;
mod serve;
mod serve_exchange;
mod setup;
mod strategy;
mod strategy_pump;
mod thread;

use std::sync::Arc;

use serde_json::Value;
use stratd_plugin_api::{ExchangeHost, ExchangeInstance, Log, StrategyInstance, StrategyServices};

use super::{LoadedPlugin, Refusal, Run, refusal::Problem, strategy::config_text};

pub use child::serve as plugin_host;
pub(crate) use confine::die_with;
pub use fate::{Death, Watch};
pub use options::{ChannelOptions, Isolation, ProcessOptions};
pub use place::abandoned_threads;
pub(crate) use place::living_threads;

use codec::{Decoder, Encoder};
use exchange::IsolatedExchange;
use serve_exchange::{Desk, GatedHost};
use setup::Setup;
use strategy::IsolatedStrategy;

use crate::plugin_kind::PluginKind;

/// An instance, and how to learn of its end if it lives elsewhere.
pub struct Isolated<T: ?Sized> {
    /// The instance.
    pub instance: Box<T>,
    /// `None` where the instance runs on the calling thread.
    pub watch: Option<Watch>,
}

/// Creates a strategy where `isolation` says. `instance` is its name in logs; the configuration was checked against
/// the schema before.
///
/// # Errors
/// The plugin is no strategy, it refuses the configuration, it dies or hangs meanwhile, or the place cannot be made.
pub fn create_strategy(
    plugin: &Arc<LoadedPlugin>,
    instance: &str,
    config: &Value,
    run: Run,
    services: Arc<dyn StrategyServices>,
    isolation: &Isolation,
) -> Result<Isolated<dyn StrategyInstance>, Refusal> {
    let problem = |problem: Problem| problem.of(plugin.identity());
    let ((link, place), setup) = match isolation {
        Isolation::None => {
            let instance = plugin.create_strategy(instance, config, run, services)?;
            return Ok(Isolated { instance, watch: None });
        }
        Isolation::Thread(options) => {
            let (plugin, config, name) = (Arc::clone(plugin), config.clone(), instance.to_owned());
            let services = Arc::clone(&services);
            let make = move || plugin.create_strategy(&name, &config, run, services);
            let started = thread::start(instance, options, move |pump, _| {
                if let Some(made) = thread::created(pump, make) {
                    strategy_pump::run(pump, made, run.trading_type);
                }
            });
            (started.map_err(problem)?, None)
        }
        Isolation::Process(options) => {
            let config = config_text(config).map_err(problem)?;
            let kind = PluginKind::Strategy;
            let run = (run.trading_type, run.clock.is_some());
            let setup = Setup::new(plugin, kind, instance, config, run, options);
            let (side, output) = (Arc::clone(&services), Arc::clone(&services));
            let (side_name, output_name) = (instance.to_owned(), instance.to_owned());
            let serve = move |function, message: &mut Decoder<'_>, answer: &mut Encoder<'_>| {
                serve::only_any_time(&*side, &side_name, function, message, answer)
            };
            let tell = move |record: &Log<'_>| output.log(&output_name, record);
            (process::start(options, Box::new(serve), Box::new(tell)).map_err(problem)?, Some(setup))
        }
    };
    let watch = link.watch();
    let write = |out: &mut Encoder<'_>| setup.iter().for_each(|setup| setup.write(out));
    let made = IsolatedStrategy::create(instance, services, link, place, write).map_err(problem)?;
    Ok(Isolated { instance: Box::new(made), watch: Some(watch) })
}

/// Creates a connector, as [`create_strategy`].
///
/// # Errors
/// As [`create_strategy`].
pub fn create_exchange(
    plugin: &Arc<LoadedPlugin>,
    instance: &str,
    config: &Value,
    host: Arc<dyn ExchangeHost>,
    isolation: &Isolation,
) -> Result<Isolated<dyn ExchangeInstance>, Refusal> {
    let problem = |problem: Problem| problem.of(plugin.identity());
    let desk = Desk::new(Arc::clone(&host));
    let ((link, place), setup) = match isolation {
        Isolation::None => {
            let instance = plugin.create_exchange(instance, config, host)?;
            return Ok(Isolated { instance, watch: None });
        }
        Isolation::Thread(options) => {
            let (plugin, config, name) = (Arc::clone(plugin), config.clone(), instance.to_owned());
            let started = thread::start(instance, options, move |pump, line| {
                let host = Arc::new(GatedHost { host, line: Arc::clone(line) });
                if let Some(made) = thread::created(pump, || plugin.create_exchange(&name, &config, host)) {
                    exchange_pump::run(pump, made);
                }
            });
            (started.map_err(problem)?, None)
        }
        Isolation::Process(options) => {
            let config = config_text(config).map_err(problem)?;
            let run = (host.trading_type(), true);
            let setup = Setup::new(plugin, PluginKind::Exchange, instance, config, run, options);
            let (side, output) = (desk.clone(), desk.clone());
            let serve = move |function, message: &mut Decoder<'_>, answer: &mut Encoder<'_>| {
                side.serve(function, message, answer)
            };
            let tell = move |record: &Log<'_>| output.log(record);
            (process::start(options, Box::new(serve), Box::new(tell)).map_err(problem)?, Some(setup))
        }
    };
    let watch = link.watch();
    let write = |out: &mut Encoder<'_>| setup.iter().for_each(|setup| setup.write(out));
    let made = IsolatedExchange::create(instance, desk, link, place, write).map_err(problem)?;
    Ok(Isolated { instance: Box::new(made), watch: Some(watch) })
}
