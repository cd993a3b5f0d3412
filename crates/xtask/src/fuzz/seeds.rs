//! What the fuzzer begins with: real formats, frames, messages and configurations out of golden files and examples.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

const FORMATTER_ROWS: &str = "tests/golden/logging/formatter.jsonl";
const SCENARIO_ROWS: &str = "tests/golden/logging/scenarios.jsonl";
const TEA_FILES: &str = "tests/golden/teafile";
const CONFIGS: &str = "configs/logging";
/// Seeds of one target: more teach the fuzzer nothing.
const SEEDS_MAX: usize = 2000;

/// Writes the seeds of every target into a folder of its name.
pub(super) fn write(root: &Path, into: &Path) -> Result<()> {
    if into.exists() {
        fs::remove_dir_all(into).with_context(|| format!("removing {}", into.display()))?;
    }
    let scenarios = rows(&root.join(SCENARIO_ROWS))?;
    put(into, "format", rows(&root.join(FORMATTER_ROWS))?.iter().filter_map(format))?;
    put(into, "pickle", scenarios.iter().filter_map(pickle))?;
    put(into, "syslog", scenarios.iter().flat_map(syslog).chain(SYSLOG.iter().map(|seed| seed.to_vec())))?;
    put(into, "json", scenarios.iter().filter_map(json))?;
    put(into, "cbor", CBOR.iter().map(|seed| seed.to_vec()))?;
    put(into, "tea", tea_files(&root.join(TEA_FILES))?.into_iter())?;
    put(into, "control", CONTROL.iter().map(|seed| seed.as_bytes().to_vec()))?;
    put(into, "config", configs(&root.join(CONFIGS))?.into_iter())
}

/// Kinds of messages that are in no golden row.
const SYSLOG: &[&[u8]] = &[
    b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 [a@32473 iut=\"3\" s=\"A\\\"]\"][b@1 c=\"h\"] x",
    b"<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed for lonvick on /dev/pts/8",
    b"<13>2003-10-11T22:14:15.003+02:00 host cron: run",
];

/// A record, and one that holds every kind of item.
const CBOR: &[&[u8]] = &[
    b"\xbfcmsgehelloglevelno\x14\xff",
    b"\xa5cmsgexhellglevelno\x18\x28aa\x83\x01\x82\x02\x03\x9f\x04\xffab\xc2\x49\x01\0\0\0\0\0\0\0\0ac\xf9\x3e\x00",
];

/// One of each kind, which the first byte says.
const CONTROL: &[&str] = &[
    "c*",
    "c\"0a1b2c\", W/\"x\", \"y\"",
    "aHTTP/1.1 200 OK\r\netag: \"0a\"\r\ncontent-length: 2\r\n\r\n{}",
    "aHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 Conflict\r\ntransfer-encoding: chunked\r\n\r\n5;x=1\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
    "aHTTP/1.1 404 Not Found\r\n\r\n{\"type\":\"t\",\"title\":\"t\",\"status\":404,\"detail\":\"d\",\"pointer\":\"/a\"}",
    "l{\"file\":\"/p/x.so\",\"name\":\"a\",\"config\":{\"fast\":10,\"deep\":[{\"x\":1.5e300}]}}",
    "i{\"file\":\"/p/x.so\"}",
    "q{\"reason\":\"it looks odd\"}",
    "v{\"logger\":\"a.b\",\"level\":\"DEBUG\",\"seconds\":30}",
    "d{\"level\":\"20\"}",
    "g{\"text\":\"[root]\\nlevel = 'INFO'\",\"incremental\":true}",
    "f{\"files\":true}",
    "f{\"text\":\"trading_type = 'sandbox'\",\"file\":\"/etc/stratd/stratd.toml\",\"confirm_within_s\":60}",
    "f{\"patch\":{\"risk\":{\"max_order_quantity\":null},\"strategy\":[{\"name\":\"a\",\"config\":{\"fast\":10}}]},\"at_restart\":true}",
    "f{\"config\":{\"trading_type\":\"sandbox\",\"exchange\":[{\"plugin\":\"synthetic\",\"config\":{\"rate\":500}}]}}",
    "p{\"fast\":10,\"slow\":null,\"deep\":[1.5e300,-0.0,18446744073709551615,\"***\",{\"x\":[]}]}",
    "p\"${credential:exchange-key}\"",
    "o{\"instrument\":\"AAPL\",\"exchange\":\"nasdaq\",\"strategy\":\"ema-cross\",\"side\":\"buy\",\"type\":\"stop_limit\",\"quantity\":\"10\",\"price\":\"101.25\",\"stop_price\":\"101\",\"flags\":[\"post_only\",\"reduce_only\"],\"lifetime\":\"2026-01-02T03:04:05Z\"}",
    "o{\"instrument\":\"BTC/EUR\",\"side\":\"sell\",\"type\":\"market\",\"notional\":\"1000.50\",\"trail\":\"0.5\",\"lifetime\":\"day\"}",
    "k{\"quantity\":\"12\",\"price\":\"101.50\"}",
    "x{\"strategy\":\"manual\",\"instrument\":\"AAPL\",\"exchange\":\"nasdaq\"}",
    "h{\"exit\":\"cancel_all\",\"note\":\"odd prices\"}",
    "t{\"scope\":\"instrument\",\"instrument\":\"AAPL\",\"exchange\":\"nasdaq\",\"state\":\"reducing\",\"exit\":\"close_all\",\"note\":\"n\"}",
    "t{\"scope\":\"run\",\"state\":\"halted\"}",
    "b{\"file\":\"/home/a/backtest.toml\",\"name\":\"first\"}",
    "b{\"config\":{\"exchange\":[{\"plugin\":\"csv\",\"config\":{\"path\":\"a.csv\"}}]}}",
    "nema-cross\nAAPL",
    "nstrategy/momentum/config/fast\n../b?c#d\u{f6} \r",
    "e: alive\n\nid: 18c-7\nevent: run\ndata: {\"id\":\"18c-7\",\"at\":\"2026-01-02T03:04:05Z\",\"kind\":\"run\",\"state\":\"running\"}\n\n",
    "eid: 18c-8\r\ndata: {\"id\":\"18c-8\",\"at\":\"2026-01-02T03:04:05Z\",\"kind\":\"fill\",\r\ndata:\"strategy\":\"a\"}\r\n\r\n",
    "aHTTP/1.1 200 OK\r\ncontent-length: 31\r\n\r\n{\"orders\":[],\"next\":\"1\",\"x\":[]}",
];

fn put(into: &Path, target: &str, seeds: impl Iterator<Item = Vec<u8>>) -> Result<()> {
    let folder = into.join(target);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for (number, seed) in seeds.take(SEEDS_MAX).enumerate() {
        let file = folder.join(format!("{number:04}"));
        fs::write(&file, seed).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// Golden files, good and bad ones; what is longer than an input may be is cut by the fuzzer.
fn tea_files(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for part in ["valid", "malformed"] {
        let folder = folder.join(part);
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tea") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| fs::read(path).with_context(|| format!("reading {}", path.display()))).collect()
}

fn rows(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let row = |line| serde_json::from_str(line).with_context(|| format!("a row of {}", file.display()));
    text.lines().map(row).collect()
}

/// The byte that chooses the style, the format, and the format of the time.
fn format(row: &Value) -> Option<Vec<u8>> {
    let formatter = &row["formatter"];
    let style = match formatter["style"].as_str()? {
        "%" => 0,
        "{" => 1,
        _ => 2,
    };
    let mut seed = vec![style];
    seed.extend_from_slice(formatter["fmt"].as_str()?.as_bytes());
    if let Some(time_format) = formatter["datefmt"].as_str() {
        seed.push(0);
        seed.extend_from_slice(time_format.as_bytes());
    }
    Some(seed)
}

fn pickle(row: &Value) -> Option<Vec<u8>> {
    let frame = unhex(row["expect"]["frame_hex"].as_str()?);
    frame.get(4..).map(<[u8]>::to_vec)
}

fn syslog(row: &Value) -> Vec<Vec<u8>> {
    let frames = row["expect"]["frames"].as_array();
    frames.into_iter().flatten().filter_map(|frame| frame["hex"].as_str().map(unhex)).collect()
}

/// What a pickle of a golden row holds, as JSON.
fn json(row: &Value) -> Option<Vec<u8>> {
    let decoded = &row["expect"]["decoded"];
    decoded.is_object().then(|| decoded.to_string().into_bytes())
}

fn configs(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        seeds.push(fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
    }
    Ok(seeds)
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.as_chunks::<2>().0.iter().map(|&[high, low]| high << 4 | low).collect()
}
