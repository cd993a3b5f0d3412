//! Unmapping libraries. One test, as it counts the threads of its process.

use std::{fs, path::Path, process, sync::Arc};

use serde_json::json;
use stratd::host::{LoadedPlugin, Loader, Run, Unloaded};
use stratd_plugin_api::{StrategyInstance, TradingType};
use stratd_tests::{RecordingServices, c_library};

/// STRATD_PLUGIN_FLAG_UNLOAD_SAFE
const UNLOAD_SAFE: &str = "-DFLAGS=2";

struct Place {
    folder: tempfile::TempDir,
    loader: Loader,
}

impl Place {
    /// Builds and loads a plugin as the next generation of its name.
    fn load(&self, options: &[&str]) -> Arc<LoadedPlugin> {
        let file = c_library("plugins/faulty/c/strategy.c", "x", options, self.folder.path());
        let verified = self.loader.read(&file).and_then(|candidate| self.loader.verify(candidate));
        verified.and_then(|verified| self.loader.open(verified)).unwrap_or_else(|refusal| panic!("{refusal}"))
    }
}

/// The loader shares the latest plugin of each name: what is to be closed must have a successor.
fn close(place: &Place, plugin: Arc<LoadedPlugin>, own_threads: usize) -> Unloaded {
    place.load(&["-DVERSION=\"next\""]);
    plugin.close(own_threads)
}

fn instance(plugin: &LoadedPlugin) -> Box<dyn StrategyInstance> {
    let run = Run { trading_type: TradingType::Simulation, clock: None };
    plugin.create_strategy("mine", &json!({}), run, RecordingServices::new()).expect("it is created")
}

fn is_mapped(file: &Path) -> bool {
    fs::read_to_string("/proc/self/maps").expect("our own mappings").contains(file.to_str().expect("text"))
}

fn pinned(unloaded: &Unloaded) -> &str {
    match unloaded {
        Unloaded::Pinned(reason) => reason,
        Unloaded::Unmapped | Unloaded::InUse(_) => panic!("it is pinned: {unloaded:?}"),
    }
}

#[test]
fn a_library_is_unmapped_only_if_nothing_of_it_can_be_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loader = Loader::new(&folder.path().join("stage")).expect("a private folder");
    let place = Place { folder, loader };

    let plugin = place.load(&[]);
    assert_eq!(pinned(&close(&place, plugin, 0)), "its manifest does not say that it can be unloaded");

    let plugin = place.load(&[UNLOAD_SAFE]);
    let copy = plugin.copy().to_owned();
    let shared = plugin.close(0);
    let Unloaded::InUse(plugin) = shared else { panic!("the loader has it: {shared:?}") };
    let living = instance(&plugin);
    let Unloaded::InUse(plugin) = close(&place, plugin, 0) else { panic!("an instance lives") };
    assert!(is_mapped(&copy));
    drop(living);
    assert!(matches!(plugin.close(0), Unloaded::Unmapped));
    assert!(!is_mapped(&copy) && !copy.exists(), "neither mapped nor on the disk");

    // many times, as the checks and the loader must not keep pointers into what was unmapped
    for number in 0..20 {
        let plugin = place.load(&[UNLOAD_SAFE, &format!("-DVERSION=\"{number}\"")]);
        drop(instance(&plugin));
        assert!(plugin.memory().is_some_and(|memory| memory.mapped_bytes > 0));
        let copy = plugin.copy().to_owned();
        let unloaded = close(&place, plugin, 0);
        assert!(matches!(unloaded, Unloaded::Unmapped), "{number}: {unloaded:?}");
        assert!(!is_mapped(&copy));
    }

    // last, as its thread stays for ever
    let plugin = place.load(&[UNLOAD_SAFE, "-DCONSTRUCTOR=5"]);
    let copy = plugin.copy().to_owned();
    let unloaded = close(&place, plugin, 0);
    let threads = fs::read_dir(format!("/proc/{}/task", process::id())).expect("our own threads").count();
    assert_eq!(
        pinned(&unloaded),
        format!("{threads} threads in this process, {} are accounted for", threads - 1)
    );
    assert!(is_mapped(&copy));
}
