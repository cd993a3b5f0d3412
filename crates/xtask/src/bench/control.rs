//! The control socket: how long a request takes, idle and while events flow; what it costs to configure the strategy anew
//! meanwhile; and what clients that do what they should not cost the engine.
//!
//! The exchange offers so many actions a second; whether the engine keeps up is what is measured, in windows with and
//! without the abuse that take turns, so that a machine that gets slower hits both. The abusers run on the same cores as
//! the daemon, at the lowest priority: what they compute themselves is not the daemon's to pay.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use nix::unistd::gettid;
use serde_json::json;
use stratd_control::{Client, ConfigDone, ConfigEdit, Request};

use crate::figures::{Numbers, Sample};
use crate::live::{Programs, Sandbox, Settings, Tally, now};
use crate::workspace::Workspace;

/// Actions at the venue per second: hardly any, and what a core is half busy with.
const RATE_IDLE: u32 = 10;
const RATE_LOADED: u32 = 30_000;
/// Requests of each kind.
const REQUESTS: usize = 2_000;
/// Changes of the strategy's configuration, each of which another instance takes over with.
const CHANGES: u64 = 200;
/// The key that is changed. The strategy logs after so many events: more than there are.
const CHANGED: &str = "strategy/counter/config/log_every";
const FIRST_VALUE: u64 = 1_000_000_000_000;
/// Pairs of windows, and how long each is.
const PAIRS: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);
/// Connections that are made in all windows, at least.
const CONNECTIONS: u64 = 10_000;
/// The body that is offered, and how much of it at once.
const BODY_BYTES: u64 = 1_000_000_000;
const CHUNK_BYTES: usize = 64 << 10;
/// Half requests that are held at once.
const HALVES: usize = 200;
/// The part of the event rate that may be lost.
const LOSS_MAX: f64 = 0.05;
/// What the daemon may take for its clients: a body of the largest size for each connection, and buffers.
const GROWTH_KIB_MAX: u64 = 96 << 10;
/// An abuser does not wait longer than that for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Measures, prints, and writes the numbers to a file.
pub(super) fn measure(workspace: &Workspace, numbers: &Path) -> Result<()> {
    let programs = Programs::build(workspace)?;
    let folder = numbers.parent().context("numbers lie in a folder")?.join("control");
    let mut report = Numbers::default();
    println!("{:<34}{:>10}{:>10}{:>10}", "request, µs", "p50", "p99", "max");
    let idle = Sandbox::start(&folder, &programs, &settings(RATE_IDLE))?;
    requests(&idle, "idle", &mut report)?;
    let memory = idle.memory()?;
    report.count("control.rss_idle_kib", memory.anonymous + memory.file);
    report.count("control.anonymous_idle_kib", memory.anonymous);
    println!(
        "resident, idle: {} KiB, of which {} KiB are no files",
        memory.anonymous + memory.file,
        memory.anonymous
    );
    idle.end()?;
    let loaded = Sandbox::start(&folder, &programs, &settings(RATE_LOADED))?;
    requests(&loaded, "loaded", &mut report)?;
    reconfigure(&loaded, &mut report)?;
    let verdict = under_abuse(&loaded, &mut report);
    let tally = loaded.end()?;
    let nothing_lost = told(tally, &mut report);
    report.write(numbers)?;
    verdict.and(nothing_lost)
}

/// What the strategy counted over all of it: each change of its configuration restored it once, and no event is missing.
fn told(tally: Tally, report: &mut Numbers) -> Result<()> {
    let Tally { count, lost, duplicated, reordered, restores, .. } = tally;
    println!(
        "the strategy counted {count} events over {restores} changes of it: {lost} lost, {duplicated} twice"
    );
    report.count("control.events_counted", count);
    report.count("control.events_lost", lost);
    report.count("control.events_duplicated", duplicated);
    report.count("control.events_reordered", reordered);
    if restores != CHANGES {
        bail!("the strategy was restored {restores} times (expected {CHANGES})");
    }
    if lost + duplicated + reordered > 0 {
        bail!("{lost} events were lost, {duplicated} came twice, {reordered} out of order (accepted: none)");
    }
    Ok(())
}

fn settings(rate: u32) -> Settings {
    Settings {
        rate,
        state_bytes: 0,
        resize: Vec::new(),
        has_probe: false,
        isolation: "none",
        unload: "never",
    }
}

/// How long requests take, one connection each as `stratctl` makes them.
fn requests(sandbox: &Sandbox, name: &str, report: &mut Numbers) -> Result<()> {
    let client = sandbox.client();
    // answered by the control server alone, and by the event loop
    for (kind, request) in [("version", Request::version()), ("status", Request::status())] {
        let mut sample = Sample::default();
        for _ in 0..REQUESTS {
            let started = now();
            client.send(&request)?;
            sample.add(started.elapsed().as_secs_f64() * 1e6);
        }
        let figure =
            |percent| sample.percentile(percent).map_or("-".to_owned(), |value| format!("{value:.0}"));
        println!("{:<34}{:>10}{:>10}{:>10}", format!("{kind}, {name}"), figure(50), figure(99), figure(100));
        report.spread(&format!("control.{kind}_us_{name}"), "", &sample);
    }
    Ok(())
}

/// One strategy gets another configuration again and again, while events flow: how long the request takes, which has a
/// generation written to the disk, and how long the strategy was kept from its events.
fn reconfigure(sandbox: &Sandbox, report: &mut Numbers) -> Result<()> {
    let (mut took, mut pauses) = (Sample::default(), Sample::default());
    for number in 0..CHANGES {
        let request = Request::config_put(CHANGED, &ConfigEdit(json!(FIRST_VALUE + number)))?;
        let started = now();
        let done: ConfigDone = sandbox.client().send(&request)?.read()?;
        took.add(started.elapsed().as_secs_f64() * 1e3);
        let plugin = sandbox.plugin()?;
        let pause = plugin.instances.first().and_then(|instance| instance.pause_us_last);
        let pause = pause.with_context(|| format!("no instance took over: {}", done.report))?;
        pauses.add(f64::from(u32::try_from(pause).context("a pause is short")?));
    }
    println!("\n{:<34}{:>10}{:>10}{:>10}", "strategy configured anew, loaded", "p50", "p99", "max");
    for (name, sample, digits) in [("request, ms", &took, 1), ("its events waited, µs", &pauses, 0)] {
        let figure =
            |percent| sample.percentile(percent).map_or("-".to_owned(), |value| format!("{value:.digits$}"));
        println!("{name:<34}{:>10}{:>10}{:>10}", figure(50), figure(99), figure(100));
    }
    report.spread("control.reconfigure_ms", "", &took);
    report.spread("control.reconfigure_pause_us", "", &pauses);
    Ok(())
}

/// The event rate with and without abuse.
fn under_abuse(sandbox: &Sandbox, report: &mut Numbers) -> Result<()> {
    let before = sandbox.memory()?;
    let (mut quiet, mut abused) = (Sample::default(), Sample::default());
    let done = Done::default();
    let mut grown = 0;
    for _ in 0..PAIRS {
        quiet.add(rate(sandbox)?);
        let stop = AtomicBool::new(false);
        let (client, told, counts) = (sandbox.client(), &stop, &done);
        let measured = thread::scope(|scope| {
            for abuse in [garbage, halves, bodies] {
                scope.spawn(move || abuse(client, told, counts));
            }
            let measured = rate(sandbox);
            let memory = sandbox.memory();
            stop.store(true, Relaxed);
            Ok::<_, anyhow::Error>((measured?, memory?))
        });
        let (measured, memory) = measured?;
        abused.add(measured);
        grown = grown.max(memory.anonymous.saturating_sub(before.anonymous));
    }
    let (connections, bytes) = (done.connections.load(Relaxed), done.bytes.load(Relaxed));
    let (Some(quiet), Some(abused)) = (quiet.percentile(50), abused.percentile(50)) else {
        bail!("there was no window");
    };
    let loss = 1.0 - abused / quiet;
    println!("\nevents/s without and with abuse: {quiet:.0}, {abused:.0} ({:+.1} %)", -loss * 100.0);
    println!("abuse: {connections} connections, {bytes} bytes of bodies; the daemon grew by {grown} KiB");
    report.add("control.events_per_s_quiet", quiet);
    report.add("control.events_per_s_abused", abused);
    report.add("control.loss_part", loss);
    report.count("control.abuse_connections", connections);
    report.count("control.abuse_bytes", bytes);
    report.count("control.grown_kib", grown);
    if connections < CONNECTIONS {
        bail!("only {connections} connections were made (accepted: {CONNECTIONS})");
    }
    if loss > LOSS_MAX {
        bail!("{:.1} % of the event rate was lost (accepted: {:.0} %)", loss * 100.0, LOSS_MAX * 100.0);
    }
    if grown > GROWTH_KIB_MAX {
        bail!("the daemon grew by {grown} KiB (accepted: {GROWTH_KIB_MAX})");
    }
    Ok(())
}

/// Events per second over a window, by the counter of the daemon. Asked until it answers: there may be no place for one
/// more connection.
fn rate(sandbox: &Sandbox) -> Result<f64> {
    let look = || -> Result<(u64, std::time::Instant)> {
        let deadline = now() + PATIENCE * 30;
        loop {
            match sandbox.status() {
                Ok(status) => return Ok((status.events, now())),
                Err(error) if now() > deadline => return Err(error),
                Err(_) => thread::yield_now(),
            }
        }
    };
    let (first, started) = look()?;
    thread::park_timeout(WINDOW);
    let (last, ended) = look()?;
    let events = u32::try_from(last.saturating_sub(first)).context("a window has few events")?;
    Ok(f64::from(events) / ended.duration_since(started).as_secs_f64())
}

/// What the abusers did.
#[derive(Default)]
struct Done {
    connections: AtomicU64,
    bytes: AtomicU64,
}

impl Done {
    fn connect(&self, client: &Client) -> Option<UnixStream> {
        let stream = UnixStream::connect(client.path()).ok()?;
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.set_write_timeout(Some(PATIENCE));
        self.connections.fetch_add(1, Relaxed);
        Some(stream)
    }
}

/// The lowest priority, for this thread alone.
fn yield_to_the_daemon() {
    // Linux takes the number of a thread as that of a process; without the program the figures are worse than they should be
    let renice = Command::new("renice").args(["-n", "19", "-p", &gettid().to_string()]).output();
    if !renice.is_ok_and(|output| output.status.success()) {
        eprintln!("no renice: the abusers run at the priority of the daemon");
    }
}

/// Connections that send what is no request, and go.
fn garbage(client: &Client, stop: &AtomicBool, done: &Done) {
    yield_to_the_daemon();
    let texts: [&[u8]; 4] =
        [b"\0\xff\x16\x03\x01\x02\x00", b"status\n\n", b"GET /v9 HTTP/1.1\r\nhost: x\r\n\r\n", b""];
    for text in texts.iter().cycle() {
        if stop.load(Relaxed) {
            return;
        }
        if let Some(mut stream) = done.connect(client) {
            let _ = stream.write_all(text);
        }
    }
}

/// Half requests, held.
fn halves(client: &Client, stop: &AtomicBool, done: &Done) {
    yield_to_the_daemon();
    let mut held = Vec::new();
    while !stop.load(Relaxed) {
        if held.len() >= HALVES {
            held.drain(..HALVES / 2);
        }
        if let Some(mut stream) = done.connect(client) {
            let half: &[u8] = if held.len() % 2 == 0 {
                b"GET /v1/sta"
            } else {
                b"POST /v1/plugins HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"
            };
            let _ = stream.write_all(half);
            held.push(stream);
        }
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// Bodies of a gigabyte: announced, and in chunks.
fn bodies(client: &Client, stop: &AtomicBool, done: &Done) {
    yield_to_the_daemon();
    let chunk = format!("{CHUNK_BYTES:x}\r\n{}\r\n", "x".repeat(CHUNK_BYTES));
    let head = "POST /v1/plugins HTTP/1.1\r\nhost: x\r\nif-match: *\r\n";
    for is_announced in [true, false].into_iter().cycle() {
        let Some(mut stream) = done.connect(client) else { continue };
        let framing = if is_announced {
            format!("content-length: {BODY_BYTES}")
        } else {
            "transfer-encoding: chunked".to_owned()
        };
        let _ = stream.write_all(format!("{head}{framing}\r\n\r\n").as_bytes());
        let mut sent = 0;
        while sent < BODY_BYTES && !stop.load(Relaxed) && stream.write_all(chunk.as_bytes()).is_ok() {
            sent += CHUNK_BYTES as u64;
        }
        done.bytes.fetch_add(sent, Relaxed);
        let _ = stream.read(&mut [0; 1024]);
        if stop.load(Relaxed) {
            return;
        }
    }
}
