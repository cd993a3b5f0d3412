//! One plugin, in sections.

use stratd_control::{Done, Instance, Plugin, Probation, Refusal, Retired};

use super::{
    table::{Grid, line},
    words::{bytes, count, several},
};

/// So much of a build id tells one build from another.
const BUILD_ID_CHARACTERS: usize = 12;

/// What was done, and how the plugin stands now.
pub(crate) fn done(done: &Done) -> String {
    let Done { plugin, report, .. } = done;
    format!("{report}\n{}", headline(plugin))
}

pub(crate) fn plugin(plugin: &Plugin) -> String {
    let mut text = headline(plugin);
    text.push_str(&about(plugin));
    text.push_str(&instances(plugin));
    text.push_str(&generations(plugin));
    if let Some(refusal) = &plugin.last_refusal {
        text.push_str(&last_refusal(refusal));
    }
    text
}

fn headline(plugin: &Plugin) -> String {
    let Plugin { name, version, generation, state, since, .. } = plugin;
    format!("{name} {version}, generation {generation}, {} since {since}\n", state.name())
}

fn about(plugin: &Plugin) -> String {
    [
        line("kind", plugin.kind.name()),
        line("isolation", &plugin.isolation),
        line("file", &plugin.file),
        line("sha-256", &plugin.hash),
        line("build id", &plugin.build_id),
        line("tag", plugin.etag.trim_matches('"')),
        line(
            "reloads",
            &format!("{}, of which {} rolled back", count(plugin.reloads), count(plugin.rollbacks)),
        ),
    ]
    .concat()
}

fn instances(plugin: &Plugin) -> String {
    if plugin.instances.is_empty() {
        return "\nno instances\n".to_owned();
    }
    let header = ["instance", "state", "events", "orders", "denials", "faults", "restarts"];
    let mut grid = Grid::new(&header, 2);
    for instance in &plugin.instances {
        grid.add([
            instance.name.clone(),
            instance.state.name().to_owned(),
            count(instance.events),
            count(instance.orders),
            count(instance.denials),
            count(instance.faults),
            count(instance.restarts),
        ]);
    }
    let details: String = plugin.instances.iter().map(details).collect();
    format!("\n{}{details}", grid.text())
}

/// What is rarely there, or too long for a column.
fn details(instance: &Instance) -> String {
    let save = match &instance.last_save {
        Some(at) => format!("{} at {at}", bytes(instance.state_bytes)),
        None => "never".to_owned(),
    };
    let process = instance.pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    let pause = instance.pause_us_last.map(|us| format!("{} us", count(us))).unwrap_or_default();
    let probation = instance.probation.as_ref().map(|Probation { events_left, until }| {
        format!("{} left, or until {until}", several(*events_left, "event"))
    });
    [
        format!("\n{}\n", instance.name),
        line("  since", &instance.since),
        line("  generation", &instance.generation.to_string()),
        line("  isolation", &format!("{}{process}", instance.isolation)),
        line("  saved", &save),
        line("  last pause", &pause),
        line("  probation", probation.as_deref().unwrap_or_default()),
        line("  last fault", instance.last_fault.as_deref().unwrap_or_default()),
    ]
    .concat()
}

fn generations(plugin: &Plugin) -> String {
    let mut text = String::new();
    if !plugin.generations.is_empty() {
        let mut grid = Grid::new(&["generation", "version", "state", "loaded", "build id"], 5);
        for generation in &plugin.generations {
            grid.add([
                generation.generation.to_string(),
                generation.version.clone(),
                generation.state.name().to_owned(),
                generation.loaded_at.clone(),
                generation.build_id.chars().take(BUILD_ID_CHARACTERS).collect(),
            ]);
        }
        text = format!("\n{}", grid.text());
    }
    let Retired { count, mapped_bytes, resident_bytes, private_bytes } = plugin.retired;
    if count > 0 {
        let mapped = format!(
            "{}: {} mapped, {} resident, {} private",
            several(count, "generation"),
            bytes(mapped_bytes),
            bytes(resident_bytes),
            bytes(private_bytes)
        );
        text.push_str(&line("retired", &mapped));
    }
    text
}

fn last_refusal(refusal: &Refusal) -> String {
    [
        format!("\nlast refusal, at {}\n", refusal.at),
        line("  file", &refusal.file),
        line("  sha-256", refusal.hash.as_deref().unwrap_or_default()),
        line("  step", &refusal.step),
        line("  found", &refusal.found),
        line("  accepted", &refusal.accepted),
    ]
    .concat()
}
