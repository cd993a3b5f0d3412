//! From measurements to a table and a flat object of numbers.

use serde_json::{Map, Value};

use crate::run::Outcome;

/// All kinds of measurement, in the order in which they came first.
#[derive(Default)]
pub(crate) struct Rows(Vec<Row>);

/// One kind of measurement, round by round.
struct Row {
    name: &'static str,
    cpu_ns: Vec<f64>,
    wall_ns: Vec<f64>,
    /// Over the floor that was measured right before.
    ratios: Vec<f64>,
}

impl Rows {
    /// Takes a measurement and the floor before it.
    pub(crate) fn push(&mut self, name: &'static str, outcome: &Outcome, floor_ns: f64) {
        let known = self.0.iter().position(|row| row.name == name);
        let at = known.unwrap_or_else(|| {
            self.0.push(Row { name, cpu_ns: Vec::new(), wall_ns: Vec::new(), ratios: Vec::new() });
            self.0.len() - 1
        });
        let row = &mut self.0[at];
        row.cpu_ns.push(outcome.cpu_ns);
        row.wall_ns.push(outcome.wall_ns);
        row.ratios.push(outcome.cpu_ns / floor_ns);
    }

    fn row(&self, name: &str) -> &Row {
        self.0.iter().find(|row| row.name == name).expect("every kind was measured")
    }

    /// Two kinds of measurement of the same round, put together by `with`.
    fn paired(&self, [one, other]: [&str; 2], with: impl Fn(f64, f64) -> f64) -> Spread {
        let pairs = self.row(one).cpu_ns.iter().zip(&self.row(other).cpu_ns);
        Spread::of(&pairs.map(|(one, other)| with(*one, *other)).collect::<Vec<_>>())
    }
}

/// Median, lowest and highest.
#[derive(Clone, Copy)]
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self { median: sorted[sorted.len() / 2], lowest: sorted[0], highest: sorted[sorted.len() - 1] }
    }
}

/// Prints the table; the numbers for the file. An order of the busy runs came every `busy` ticks.
pub(crate) fn show(rows: &Rows, memory_kb: u64, busy: f64) -> Map<String, Value> {
    let mut numbers = Map::new();
    let mut note = |name: String, value: f64| {
        numbers.insert(format!("engine.{name}"), ((value * 1_000.0).round() / 1_000.0).into());
    };
    let head = ["median", "lowest", "highest", "passed", "floors", "lowest", "highest"];
    print!("{:<14}", "ns per tick");
    println!("{}", head.map(|title| format!("{title:>9}")).concat());
    for row in &rows.0 {
        let (cpu, wall, ratio) = (Spread::of(&row.cpu_ns), Spread::of(&row.wall_ns), Spread::of(&row.ratios));
        let name = row.name;
        println!(
            "{name:<14}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>9.1}{:>9.1}{:>9.1}",
            cpu.median, cpu.lowest, cpu.highest, wall.median, ratio.median, ratio.lowest, ratio.highest
        );
        note(format!("{name}_ns"), cpu.median);
        note(format!("{name}_ns_min"), cpu.lowest);
        note(format!("{name}_ns_max"), cpu.highest);
        note(format!("{name}_wall_ns"), wall.median);
        note(format!("{name}_ratio_to_floor"), ratio.median);
        note(format!("{name}_ratio_to_floor_min"), ratio.lowest);
        note(format!("{name}_ratio_to_floor_max"), ratio.highest);
    }
    let order =
        |with, without| rows.paired([with, without], |with, without| (with - without) * busy / 1_000.0);
    for (name, what, spread) in [
        ("order_us", "us per order, rows of results included", order("every_10", "held")),
        (
            "order_core_us",
            "us per order, engine, fill model and strategy alone",
            order("core_every_10", "core_held"),
        ),
        (
            "bar_core_us",
            "us per bar of a hundred ticks, engine and strategy alone, with what its ticks cost more",
            rows.paired(["core_bars", "core_noop"], |with, without| (with - without) * 100.0 / 1_000.0),
        ),
        (
            "long_ratio",
            "per tick at 10 M ticks, over 1 M",
            rows.paired(["noop_10m", "noop"], |long, short| long / short),
        ),
    ] {
        let Spread { median, lowest, highest } = spread;
        println!("{median:.3} {what} (lowest {lowest:.3}, highest {highest:.3})");
        note(name.to_owned(), median);
        note(format!("{name}_min"), lowest);
        note(format!("{name}_max"), highest);
    }
    let memory_mib = memory_kb as f64 / 1_024.0;
    println!("{memory_mib:.1} MiB of anonymous memory at most, at 5 M ticks");
    note("rss_anon_mib_5m".to_owned(), memory_mib);
    numbers
}
