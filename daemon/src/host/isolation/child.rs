//! The program of a child: `stratd plugin-host`.
//!
//! Its standard input is the shared memory, its output a pipe to the host's log. It opens no library before it is
//! confined, and its main thread is the one of the pump.

use std::{fs::File, io, os::fd::AsFd, process::ExitCode, rc::Rc, sync::Arc};

use anyhow::{Context, Result, bail};
use nix::unistd::dup2_stdin;
use stratd_plugin_api::{ExchangeHost, StrategyServices};

use crate::{
    host::{
        LoadedPlugin, Refusal, Run,
        refusal::{Problem, Step},
    },
    logging,
    plugin_kind::PluginKind,
    runtime::clock,
};

use super::{
    channel::Channel, codec::Decoder, confine, exchange_pump, mapping::Mapping, protocol::Entry, pump::Pump,
    remote::Remote, ring::Broken, setup::Setup, strategy_pump, thread::answered,
};

/// Serves one instance to the process `parent`, over rings of `capacity` words.
///
/// # Errors
/// It was not started by the daemon, or the daemon is gone.
pub fn serve(capacity: usize, parent: u32) -> Result<ExitCode> {
    confine::die_with(parent)?;
    confine::ignore_stops()?;
    if !capacity.is_power_of_two() {
        bail!("rings of {capacity} words (accepted: a power of two)");
    }
    let memory = io::stdin().as_fd().try_clone_to_owned().context("taking the standard input over")?;
    let mapping = Mapping::of(&memory, Channel::words(capacity))
        .context("mapping the standard input as shared memory")?;
    drop(memory);
    dup2_stdin(File::open("/dev/null")?).context("letting the standard input go")?;
    confine::close_others();
    logging::start(false);
    let channel = Channel::new(mapping, capacity);
    let line = channel.line();
    let pump = Pump::new(channel.plugin_main(), Arc::clone(&line), 0);
    let setup = match first_call(&pump) {
        Ok(setup) => setup,
        Err(broken) => bail!("waiting for the first call: {broken:?}"),
    };
    pump.set_spin(setup.spin);
    let remote = Remote::new(&pump, channel.plugin_side(), line, (setup.spin, setup.trading_type));
    run(&pump, &setup, remote);
    Ok(ExitCode::SUCCESS)
}

fn first_call(pump: &Pump) -> Result<Setup, Broken> {
    let mut arguments = Vec::new();
    match pump.next_call(&mut arguments)? {
        Entry::Create => Setup::read(&mut Decoder::new(&arguments)),
        other => Err(Broken::Garbled(format!("`{}` before `create`", other.name()))),
    }
}

/// Creates the instance and makes its calls.
fn run(pump: &Rc<Pump>, setup: &Setup, remote: Arc<Remote>) {
    let opened = opened(setup);
    match setup.kind {
        PluginKind::Strategy => {
            let run = Run { trading_type: setup.trading_type, clock: setup.has_clock.then_some(clock::now) };
            let services: Arc<dyn StrategyServices> = remote;
            let made = opened
                .and_then(|(plugin, config)| plugin.create_strategy(&setup.instance, &config, run, services));
            if let Some(strategy) = answered(pump, made) {
                strategy_pump::run(pump, strategy, setup.trading_type);
            }
        }
        PluginKind::Exchange => {
            let host: Arc<dyn ExchangeHost> = remote;
            let made =
                opened.and_then(|(plugin, config)| plugin.create_exchange(&setup.instance, &config, host));
            if let Some(exchange) = answered(pump, made) {
                exchange_pump::run(pump, exchange);
            }
        }
        // parts of the log run where the log is written
        PluginKind::Log => {}
    }
}

/// Confines this process, then opens the library.
fn opened(setup: &Setup) -> Result<(LoadedPlugin, serde_json::Value), Refusal> {
    confine::limit(setup).map_err(|error| {
        let found = format!("confining the process: {error:#}");
        Problem::new(Step::Create, found, "a system that can").of(&setup.identity)
    })?;
    let config = serde_json::from_str(&setup.config)
        .map_err(|error| Problem::new(Step::Config, error.to_string(), "JSON").of(&setup.identity))?;
    let plugin = LoadedPlugin::open_copy(&setup.copy, setup.identity.clone(), &mut |_, _| {})?;
    Ok((plugin, config))
}
