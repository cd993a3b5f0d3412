//! TeaFiles beside what the machine can do: `cargo bench -p teafile`, or `cargo xtask bench tea`.
//!
//! Every figure stands beside its limit, measured in the same run, in turns, on the same bytes: a mapping and a cast, read(2)
//! with buffers of 1 MiB, write(2) in chunks of 1 MiB. Only ratios of one run on one machine count. Files are in
//! `TEA_BENCH_FOLDER`, or else in the system's folder for temporary files.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^53, for a table")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot work ends")]

mod limits;
mod report;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use teafile::{
    CreateOptions, Description, Durability, Mapped, Merge, MergedRows, Reader, TeaItem, TimedItem,
};

use report::Report;

/// 20 million of these are 480 MB: more than any cache, less than any memory.
#[derive(Clone, Copy, Debug, PartialEq, TeaItem)]
#[repr(C)]
pub(crate) struct Tick {
    time: i64,
    price: f64,
    volume: i64,
}

const ITEMS: usize = 20_000_000;
const WRITTEN: usize = 5_000_000;
const SOURCES: usize = 100;
const ROUNDS: usize = 5;
const SEEKS: usize = 100_000;

fn main() -> std::io::Result<()> {
    // names of parts may follow: those only, and no file of numbers, which has all
    let asked: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let wants = |part: &str| asked.is_empty() || asked.iter().any(|name| name == part);
    let place = std::env::var_os("TEA_BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(place)?;
    let path = folder.path().join("ticks.tea");
    let mut report = Report::default();
    if wants("reads") {
        write_ticks(&path, ITEMS);
        scans(&path, &mut report);
        fresh(&path, &mut report);
        seeks(&path, &mut report);
        std::fs::remove_file(&path)?;
    }
    if wants("writes") {
        writes(folder.path(), &mut report);
    }
    if wants("merges") {
        merges(folder.path(), &mut report);
    }
    report.print();
    if asked.is_empty() {
        println!("\nnumbers in {}", report.write("tea")?.display());
    }
    Ok(())
}

fn tick(number: usize) -> Tick {
    let number = i64::try_from(number).unwrap();
    Tick { time: number * 10, price: (number % 1_000) as f64 * 0.01, volume: number % 77 }
}

fn write_ticks(path: &Path, count: usize) {
    let options = CreateOptions::default().overwrite(true);
    let mut file = options.create(path, &Description::of::<Tick>().unwrap()).unwrap().typed().unwrap();
    for number in 0..count {
        file.write(&tick(number)).unwrap();
    }
    file.close().unwrap();
}

/// Nanoseconds of this thread that `run` takes for each of `count` things. They are the processor's, so that others who use
/// the machine meanwhile count less; what waits for the disk is measured by the clock on the wall.
fn nanoseconds<T>(count: usize, run: impl FnOnce() -> T) -> f64 {
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let start = now();
    black_box(run());
    (now() - start).as_nanos() as f64 / count as f64
}

/// The medians of several measures that are taken in turns.
fn in_turns<const N: usize>(mut measure: impl FnMut(usize) -> f64) -> [f64; N] {
    let mut rounds: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (which, round) in rounds.iter_mut().enumerate() {
            round.push(measure(which));
        }
    }
    rounds.map(|mut round| {
        round.sort_by(f64::total_cmp);
        round[round.len() / 2]
    })
}

/// One column of what is mapped already.
fn scans(path: &Path, report: &mut Report) {
    let file = Mapped::open(path).unwrap();
    let bare = limits::BareMap::open(path);
    let start = usize::try_from(file.header().item_start()).unwrap();
    let expected: f64 = bare.ticks(start).iter().map(|tick| tick.price).sum();
    let [limit, typed, column, rows] = in_turns(|which| {
        nanoseconds(ITEMS, || {
            let sum: f64 = match which {
                0 => bare.ticks(start).iter().map(|tick| tick.price).sum(),
                1 => file.items::<Tick>().unwrap().iter().map(|tick| tick.price).sum(),
                2 => file.column::<f64>("price").unwrap().iter().sum(),
                _ => file.rows().filter_map(|row| row.get("price").unwrap().as_f64()).sum(),
            };
            assert_eq!(sum, expected);
        })
    });
    report.row("one column, a mapping and a cast", limit, "ns/item", None);
    report.row("one column, typed slice", typed, "ns/item", Some(("≤ 1.15", typed / limit)));
    report.row("one column, compiled column", column, "ns/item", Some(("≤ 2", column / limit)));
    report.row("one column, rows by name", rows, "ns/item", Some(("", rows / limit)));
    report.measure("tea.bare_scan_ns", limit);
    report.measure("tea.mapped_scan_ns", typed);
    report.measure("tea.mapped_scan_ratio", typed / limit);
    report.measure("tea.column_scan_ns", column);
    report.measure("tea.column_scan_ratio", column / limit);
    report.measure("tea.row_scan_ns", rows);
}

/// A file that is in the page cache, but in no mapping of this process.
fn fresh(path: &Path, report: &mut Report) {
    let start = usize::try_from(Reader::open(path).unwrap().header().item_start()).unwrap();
    let [read, mapped, by_blocks] = in_turns(|which| {
        nanoseconds(ITEMS, || match which {
            0 => limits::sum_by_read(path, start),
            1 => Mapped::open(path).unwrap().items::<Tick>().unwrap().iter().map(|tick| tick.price).sum(),
            _ => {
                let mut file = Reader::open(path).unwrap().typed::<Tick>().unwrap();
                let mut sum = 0.0;
                loop {
                    let block = file.next_block().unwrap();
                    if block.is_empty() {
                        return sum;
                    }
                    sum += block.iter().map(|tick| tick.price).sum::<f64>();
                }
            }
        })
    });
    report.row("fresh file, read(2) with 1 MiB", read, "ns/item", None);
    report.row("fresh file, mapped", mapped, "ns/item", Some(("≤ 1", mapped / read)));
    report.row("fresh file, typed blocks by pread", by_blocks, "ns/item", Some(("", by_blocks / read)));
    report.measure("tea.read_ns", read);
    report.measure("tea.fresh_map_ns", mapped);
    report.measure("tea.fresh_map_ratio", mapped / read);
    report.measure("tea.block_read_ratio", by_blocks / read);
}

/// Random times among 20 million items.
fn seeks(path: &Path, report: &mut Report) {
    let file = Mapped::open(path).unwrap();
    let mut reader = Reader::open(path).unwrap();
    let times: Vec<i64> =
        random(SEEKS).map(|number| i64::try_from(number % (ITEMS as u64 * 10)).unwrap()).collect();
    let expected = |time: i64| usize::try_from((time + 9) / 10).unwrap();
    let [mapped, by_pread] = in_turns(|which| {
        nanoseconds(SEEKS, || {
            for &time in &times {
                let index = match which {
                    0 => file.seek_time(time).unwrap(),
                    _ => usize::try_from(reader.lower_bound(time).unwrap()).unwrap(),
                };
                assert_eq!(index, expected(time));
            }
        })
    });
    report.row("seek by time, mapped", mapped / 1_000.0, "us", Some(("≤ 5", mapped / 1_000.0)));
    report.row("seek by time, pread", by_pread / 1_000.0, "us", None);
    report.measure("tea.seek_us", mapped / 1_000.0);
    report.measure("tea.seek_pread_us", by_pread / 1_000.0);
}

/// Item by item into a new file, beside the same bytes in large chunks.
fn writes(folder: &Path, report: &mut Report) {
    let (ours, bare) = (folder.join("ours.tea"), folder.join("bare"));
    let ticks: Vec<Tick> = (0..WRITTEN).map(tick).collect();
    let bytes = bytes_of(&ticks);
    let [limit, typed, rows, chunks, small] = in_turns(|which| {
        nanoseconds(WRITTEN, || match which {
            0 => limits::write_chunks(&bare, &bytes, 1 << 20),
            3 => limits::write_chunks(&bare, &bytes, 64 << 10),
            1 | 4 => {
                let small = Durability::Buffered { bytes: 64 << 10, interval: None };
                let durability = if which == 1 { Durability::default() } else { small };
                let options = CreateOptions::default().overwrite(true).durability(durability);
                let mut file =
                    options.create(&ours, &Description::of::<Tick>().unwrap()).unwrap().typed().unwrap();
                for tick in &ticks {
                    file.write(tick).unwrap();
                }
                file.close().unwrap();
            }
            _ => {
                let options = CreateOptions::default().overwrite(true);
                let mut file = options.create(&ours, &Description::of::<Tick>().unwrap()).unwrap();
                for tick in &ticks {
                    file.write(&[tick.time.into(), tick.price.into(), tick.volume.into()]).unwrap();
                }
                file.close().unwrap();
            }
        })
    });
    let mut file = teafile::append(&ours).unwrap().typed::<Tick>().unwrap();
    let start = Instant::now();
    for number in 0..100 {
        file.write(&tick(WRITTEN + number)).unwrap();
        file.sync().unwrap();
    }
    let sync = start.elapsed().as_nanos() as f64 / 100.0;
    report.row("write(2) in chunks of 1 MiB", limit, "ns/item", None);
    report.row("buffered write, typed", typed, "ns/item", Some(("≥ 0.7", limit / typed)));
    report.row("write(2) in chunks of 64 KiB", chunks, "ns/item", Some(("", limit / chunks)));
    report.row("buffered write, typed, 64 KiB", small, "ns/item", Some(("", limit / small)));
    report.row("buffered write, values", rows, "ns/item", Some(("", limit / rows)));
    report.row("one item and a sync", sync / 1e6, "ms", None);
    report.measure("tea.bare_write_ns", limit);
    report.measure("tea.write_ns", typed);
    report.measure("tea.write_ratio", limit / typed);
    report.measure("tea.write_small_chunks_ns", chunks);
    report.measure("tea.write_small_ratio", limit / small);
    report.measure("tea.write_values_ns", rows);
    report.measure("tea.sync_ms", sync / 1e6);
}

fn bytes_of(ticks: &[Tick]) -> Vec<u8> {
    let mut bytes = vec![0; size_of_val(ticks)];
    for (room, tick) in bytes.chunks_exact_mut(size_of::<Tick>()).zip(ticks) {
        tick.write(room);
    }
    bytes
}

/// 100 files whose items come in any order, and 100 whose items come in bursts.
fn merges(folder: &Path, report: &mut Report) {
    for (name, measure, burst) in [("any order", "random", 1), ("bursts of 16", "bursts", 16)] {
        let mut sources: Vec<Vec<Tick>> = vec![Vec::new(); SOURCES];
        let mut numbers = random(ITEMS / burst);
        for number in 0..ITEMS / burst {
            let source = usize::try_from(numbers.next().unwrap() % SOURCES as u64).unwrap();
            sources[source].extend((0..burst).map(|place| tick(number * burst + place)));
        }
        let paths: Vec<PathBuf> = (0..SOURCES).map(|number| folder.join(format!("{number}.tea"))).collect();
        for (path, ticks) in paths.iter().zip(&sources) {
            let options = CreateOptions::default().overwrite(true);
            let mut file =
                options.create(path, &Description::of::<Tick>().unwrap()).unwrap().typed().unwrap();
            ticks.iter().for_each(|tick| file.write(tick).unwrap());
            file.close().unwrap();
        }
        drop(sources);
        let files: Vec<Mapped> = paths.iter().map(|path| Mapped::open(path).unwrap()).collect();
        let [items, runs, rows] = in_turns(|which| {
            let slices = files.iter().map(|file| file.items::<Tick>().unwrap());
            nanoseconds(ITEMS, || match which {
                0 => Merge::new(slices).map(|(_, tick)| tick.event_time()).fold(0, in_order),
                1 => {
                    let times =
                        |(_, run): (usize, &[Tick])| run.iter().map(Tick::event_time).fold(0, i64::max);
                    Merge::new(slices).runs().map(times).fold(0, in_order)
                }
                _ => {
                    let readers = paths.iter().map(|path| Reader::open(path).unwrap()).collect();
                    let mut rows = MergedRows::new(readers).unwrap();
                    let mut last = 0;
                    while let Some((_, row)) = rows.next_row().unwrap() {
                        last = in_order(last, row.event_time().unwrap());
                    }
                    last
                }
            })
        });
        let millions = |ns: f64| 1_000.0 / ns;
        report.row(
            &format!("merge of {SOURCES}, {name}"),
            millions(items),
            "M items/s",
            Some(("≥ 50", millions(items))),
        );
        report.row(&format!("merge of {SOURCES}, {name}, in runs"), millions(runs), "M items/s", None);
        report.row(&format!("merge of {SOURCES}, {name}, rows by pread"), millions(rows), "M items/s", None);
        report.measure(&format!("tea.merge_{measure}_millions"), millions(items));
        report.measure(&format!("tea.merge_{measure}_runs_millions"), millions(runs));
        report.measure(&format!("tea.merge_{measure}_rows_millions"), millions(rows));
    }
}

fn in_order(last: i64, time: i64) -> i64 {
    assert!(last <= time, "{time} after {last}");
    time
}

/// Numbers without an order, the same ones each time (xorshift).
fn random(count: usize) -> impl Iterator<Item = u64> {
    let step = |state: &u64| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    };
    std::iter::successors(Some(0x9e37_79b9_7f4a_7c15), step).take(count)
}
