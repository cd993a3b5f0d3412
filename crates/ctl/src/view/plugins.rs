//! All plugins.

use stratd_control::{Instance, Plugin};

use super::{table::Grid, words::count};

pub(crate) fn plugins(plugins: &[Plugin]) -> String {
    if plugins.is_empty() {
        return "no plugins\n".to_owned();
    }
    let mut grid = Grid::new(&["plugin", "version", "state", "generation", "events", "faults"], 3);
    for plugin in plugins {
        let sum = |figure: fn(&Instance) -> u64| {
            count(plugin.instances.iter().fold(0, |sum, instance| sum.saturating_add(figure(instance))))
        };
        grid.add([
            plugin.name.clone(),
            plugin.version.clone(),
            plugin.state.name().to_owned(),
            plugin.generation.to_string(),
            sum(|instance| instance.events),
            sum(|instance| instance.faults),
        ]);
    }
    let mut text = grid.text();
    for plugin in plugins {
        if let Some(refusal) = &plugin.last_refusal {
            text.push_str(&format!("{}: {} was refused: {}\n", plugin.name, refusal.file, refusal.text));
        }
    }
    text
}
