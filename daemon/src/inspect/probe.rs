//! The child's side of a probe.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::fd::AsFd,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use nix::{
    sys::{
        prctl,
        resource::{Resource, setrlimit},
        signal::Signal,
    },
    unistd::{dup2_stdout, getppid},
};
use stratd_plugin_api::TradingType;

use super::trial_host::TrialHost;
use crate::{
    host::{Accepted, Identity, LoadedPlugin, Refusal, Report, Request, Run, Step, TrialRequest},
    plugin_kind::PluginKind,
    runtime::{Services, clock, trial_host},
};

/// The request of a run with a thousand instances whose configurations have the largest size is smaller.
const REQUEST_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Opens the plugin that the standard input names and creates its instances; reports on the standard output.
///
/// # Errors
/// The request cannot be read, or the report cannot be written.
pub fn probe() -> Result<ExitCode> {
    prctl::set_pdeathsig(Signal::SIGKILL).context("tying the life of the probe to its parent's")?;
    let mut input = BufReader::new(io::stdin());
    let request = read_request(&mut input)?;
    // a parent that ended before the first line of this function sends no signal
    let parent = u32::try_from(getppid().as_raw()).context("a process id is positive")?;
    ensure!(parent == request.parent, "the process {} that asked is gone", request.parent);
    limit(request.memory_bytes_max)?;
    let mut told = Told { output: private_output()?, failed: Ok(()) };
    let verdict = examine(&request, &mut input, &mut told)?;
    told.write(&match verdict {
        Ok(accepted) => Report::Accepted(Box::new(accepted)),
        Err(refusal) => Report::Refused(refusal),
    });
    told.failed?;
    Ok(ExitCode::SUCCESS)
}

fn read_request(input: &mut impl BufRead) -> Result<Request> {
    let mut line = Vec::new();
    input.take(REQUEST_BYTES_MAX).read_until(b'\n', &mut line).context("reading the request")?;
    serde_json::from_slice(&line).context("the request of a probe is a line of JSON, which the daemon writes")
}

fn limit(memory_bytes_max: u64) -> Result<()> {
    // a crash of the library is an expected outcome, not one to keep a core dump of
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("switching core dumps off")?;
    setrlimit(Resource::RLIMIT_AS, memory_bytes_max, memory_bytes_max).context("limiting the memory")
}

/// The standard output for the report alone: what the library prints goes to standard error.
fn private_output() -> Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned().context("duplicating the standard output")?;
    dup2_stdout(io::stderr().as_fd()).context("redirecting the standard output")?;
    Ok(File::from(output))
}

/// The way to the parent.
struct Told {
    output: File,
    /// The first failure; what comes after it is not told.
    failed: Result<()>,
}

impl Told {
    fn write(&mut self, report: &Report) {
        if self.failed.is_err() {
            return;
        }
        self.failed = serde_json::to_vec(report).context("writing a report as JSON").and_then(|mut line| {
            line.push(b'\n');
            // one call: the line is complete or not there, whatever the library does next
            self.output.write_all(&line).context("writing to the parent")
        });
    }

    fn step(&mut self, step: Step, plugin: &Identity, instance: Option<&str>) {
        let instance = instance.map(str::to_owned);
        self.write(&Report::Step { step, plugin: plugin.clone(), instance });
    }
}

/// Opens the library, and creates and ends the instances. The outer error is one of the request, not of the plugin.
fn examine(request: &Request, states: &mut impl Read, told: &mut Told) -> Result<Result<Accepted, Refusal>> {
    let opened = LoadedPlugin::open_copy(&request.copy, request.plugin.clone(), &mut |step, plugin| {
        told.step(step, plugin, None);
    });
    let plugin = match opened {
        Ok(plugin) => plugin,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for trial in &request.trials {
        let state = read_state(trial, states)?;
        if let Err(refusal) = try_instance(&plugin, trial, state.as_deref(), told) {
            return Ok(Err(refusal));
        }
    }
    Ok(Ok(Accepted {
        plugin: plugin.identity().clone(),
        manifest: plugin.manifest().clone(),
        is_layout_checked: plugin.is_layout_checked(),
    }))
}

fn read_state(trial: &TrialRequest, states: &mut impl Read) -> Result<Option<Vec<u8>>> {
    let Some((_, size)) = trial.state else { return Ok(None) };
    let mut state = Vec::new();
    let read = states.take(size).read_to_end(&mut state).context("reading a state")?;
    ensure!(read as u64 == size, "a state of {read} bytes (expected {size})");
    Ok(Some(state))
}

/// Creates an instance, lets it restore its state, and ends it.
fn try_instance(
    plugin: &LoadedPlugin,
    trial: &TrialRequest,
    state: Option<&[u8]>,
    told: &mut Told,
) -> Result<(), Refusal> {
    let name = trial.instance.as_str();
    let named =
        |refusal: Refusal| Refusal { found: format!("instance {name}: {}", refusal.found), ..refusal };
    let mut step = |step| told.step(step, plugin.identity(), Some(name));
    let services = Arc::new(Services::default());
    step(Step::Create);
    match plugin.manifest().kind {
        PluginKind::Strategy => {
            let run = Run { trading_type: trial.run, clock: clock_of(trial.run) };
            let mut made =
                plugin.create_strategy(name, &trial.config, run, services.clone()).map_err(named)?;
            if let (Some((version, _)), Some(state)) = (trial.state, state) {
                step(Step::Restore);
                let mut host = TrialHost::new(trial.run, &services);
                made.restore(&mut host, version, state).map_err(|fault| {
                    named(Refusal {
                        plugin: Box::new(plugin.identity().clone()),
                        step: Step::Restore,
                        found: fault.message,
                        accepted: format!(
                            "a plugin that restores {} bytes of version {version}",
                            state.len()
                        ),
                    })
                })?;
            }
            step(Step::Destroy);
            drop(made);
        }
        PluginKind::Exchange => {
            let host = trial_host(name, trial.run, &services);
            let made = plugin.create_exchange(name, &trial.config, host).map_err(named)?;
            step(Step::Destroy);
            drop(made);
        }
        // its parts are made by the log
        PluginKind::Log => {}
    }
    Ok(())
}

fn clock_of(run: TradingType) -> Option<fn() -> stratd_plugin_api::Timestamp> {
    match run {
        TradingType::Backtest => None,
        TradingType::Simulation | TradingType::Sandbox | TradingType::Live => Some(clock::now),
    }
}
