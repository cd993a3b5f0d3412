//! The command line.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::{CommandFactory as _, Parser};
use stratd_plugin_api::{Decimal, Money, Timestamp};
use stratd_simulation::venue::VenueConfig;

use crate::{
    clock,
    faults::{Faults, Rule, parse_file, parse_option},
    floor::{Floor, FloorConfig},
    limits::TEXT_BYTES_MAX,
    server::{ServerConfig, Speed, run},
};

/// Port, unless the option or the environment says another.
const PORT: u16 = 5_000;
/// Decimals of a fee rate.
const RATE_DECIMALS: u8 = 8;

/// A synthetic venue behind a WebSocket: books, participants, and accounts that trade with them and with each other.
///
/// One JSON object per message; docs/synthetic-venue.md is the protocol. Prints one line, where it listens, to standard
/// output, and what it does to standard error. SIGTERM and SIGINT end it.
#[derive(Debug, Parser)]
#[command(name = "stratd-synthetic", version, max_term_width = 100)]
struct Options {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1 with the port in the environment's PORT, or 5000]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Decides prices at the start, and all that participants do
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many instruments trade: AAA, BBB, CCC, …
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    instruments: u32,
    /// Actions of participants per second; 0 leaves the books to the accounts
    #[arg(long, default_value_t = 50, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    rate: u32,
    /// Lets participants act without a pause, by a time of the venue's own; subscribers are waited for
    #[arg(long, conflicts_with = "rate")]
    as_fast_as_possible: bool,
    /// With --as-fast-as-possible: the time at which the venue starts
    #[arg(
        long,
        value_name = "TIME",
        requires = "as_fast_as_possible",
        default_value = "2024-01-02T14:30:00Z"
    )]
    start: Timestamp,
    /// Actions of participants before anybody is let in, so that books are filled; 0 for empty books
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    warm_up: u32,
    /// Cash of an account that logs in for the first time, in USD
    #[arg(long, default_value = "1000000", allow_negative_numbers = true)]
    cash: Decimal,
    /// Fee of executions of orders that rested, as a share of the notional; negative = a rebate
    #[arg(long, default_value = "0", value_name = "SHARE", allow_negative_numbers = true)]
    maker_fee: Decimal,
    /// Fee of executions of incoming orders, likewise
    #[arg(long, default_value = "0", value_name = "SHARE", allow_negative_numbers = true)]
    taker_fee: Decimal,
    /// Time between two signs of life
    #[arg(long, default_value_t = 1_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    heartbeat_ms: u64,
    /// Most NEW, CANCEL and CHANGE of an account in a second; further ones are answered with rate_limit
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_second: Option<u32>,
    /// A file with the token that every LOGIN must have
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Keeps accounts, orders, fills and reports in this folder over restarts
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Faults to inject: a TOML file of [[fault]] tables
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// A fault to inject, KIND:SCOPE:PPM, or delay:SCOPE:PPM:MS; may be given several times
    #[arg(long, value_name = "RULE", value_parser = parse_option)]
    fault: Vec<Rule>,
    /// Decides which messages faults hit [default: that of the file, or --seed]
    #[arg(long, value_name = "SEED")]
    fault_seed: Option<u64>,
    /// Allows every client the request FAULTS, which shows and sets faults
    #[arg(long)]
    admin: bool,
}

/// The command line, for who makes pages and completions of it.
#[must_use]
pub fn program() -> clap::Command {
    Options::command()
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    match start(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stratd-synthetic: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: Options) -> Result<()> {
    let speed = if options.as_fast_as_possible { Speed::AsFastAsPossible } else { Speed::Rate(options.rate) };
    let rate = |name: &str, share: Decimal| {
        share.scaled(RATE_DECIMALS).map_err(|error| anyhow!("--{name}: {error}"))
    };
    let now = clock::now();
    let venue = VenueConfig {
        seed: options.seed,
        instruments: options.instruments,
        start: if options.as_fast_as_possible { options.start } else { now },
        maker_fee: rate("maker-fee", options.maker_fee)?,
        taker_fee: rate("taker-fee", options.taker_fee)?,
        cash: Money::try_from(options.cash).map_err(|error| anyhow!("--cash: {error}"))?,
        ..VenueConfig::default()
    };
    let config = ServerConfig {
        listen: match options.listen {
            Some(address) => address,
            None => default_address()?,
        },
        speed,
        warm_up: options.warm_up,
        heartbeat: Duration::from_millis(options.heartbeat_ms),
        requests_per_second: options.requests_per_second,
        token: options.token_file.as_deref().map(read_token).transpose()?,
        is_admin: options.admin,
    };
    let (file_seed, mut rules) = match &options.faults {
        Some(path) => parse_file(path)?,
        None => (None, Vec::new()),
    };
    rules.extend(options.fault);
    let fault_seed = options.fault_seed.or(file_seed).unwrap_or(options.seed);
    if !rules.is_empty() {
        eprintln!("{now} {} rules of faults, fault seed {fault_seed}", rules.len());
    }
    let floor = Floor::new(FloorConfig {
        venue,
        faults: Faults::new(fault_seed, rules),
        state: options.state,
        run: format!("{:x}-{:x}", now.get(), std::process::id()),
    })?;
    run(config, floor)
}

fn default_address() -> Result<SocketAddr> {
    let port = match std::env::var("PORT") {
        Ok(text) => text
            .parse()
            .map_err(|_| anyhow!("PORT in the environment is {text:?} (accepted: a port, 0 to 65535)"))?,
        Err(_) => PORT,
    };
    Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
}

fn read_token(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let token = text.trim();
    if token.is_empty() || token.len() > TEXT_BYTES_MAX {
        bail!("{} has a token of {} bytes (accepted: 1 to {TEXT_BYTES_MAX})", path.display(), token.len());
    }
    Ok(token.to_owned())
}
