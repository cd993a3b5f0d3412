//! Plugins in the throw-away process: what it accepts, what it refuses, and that it protects this one.

use std::{path::Path, time::Duration};

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use stratd::host::{Accepted, Probe, Refusal, Trial, Verified};
use stratd_plugin_api::TradingType;
use stratd_tests::{plugin, stratd};

use crate::place::{Place, Running};

fn probe() -> Probe {
    Probe { program: stratd().to_owned(), ..Probe::default() }
}

fn verified(place: &Place, file: &Path) -> Verified {
    let candidate = place.loader.read(file).unwrap_or_else(|refusal| panic!("{refusal}"));
    place.loader.verify(candidate).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn trial<'a>(instance: &'a str, config: &'a Value) -> Trial<'a> {
    Trial { instance, config, run: TradingType::Simulation, state: None }
}

fn examine(place: &Place, probe: &Probe, file: &Path, trials: &[Trial<'_>]) -> Result<Accepted, Refusal> {
    let verified = verified(place, file);
    let verdict = probe.examine(verified.copy(), verified.identity(), trials);
    assert!(!is_mapped(verified.copy()), "nothing of it runs in this process");
    verdict
}

fn is_mapped(file: &Path) -> bool {
    std::fs::read_to_string("/proc/self/maps")
        .expect("our own mappings")
        .contains(file.to_str().expect("text"))
}

fn refused(probe: &Probe, options: &[&str], expected: Expect) {
    let place = Place::new();
    let file = place.c_strategy("faulty", options);
    let refusal = examine(&place, probe, &file, &[trial("mine", &json!({}))]).expect_err("it is bad");
    expected.assert_eq(&place.told(&refusal));
    assert_eq!(refusal.plugin.hash.as_deref().map(str::len), Some(64));
}

#[test]
fn what_is_accepted_here_is_what_the_loader_finds() {
    let place = Place::new();
    let file = plugin("strategy_ema_cross");
    let config = json!({});
    let accepted = examine(&place, &probe(), &file, &[trial("one", &config), trial("two", &config)])
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let loaded = place.load(&file);
    assert_eq!(&accepted.manifest, loaded.manifest());
    assert_eq!(&accepted.plugin, loaded.identity());
    assert!(accepted.is_layout_checked);
    let csv =
        examine(&place, &probe(), &plugin("exchange_csv"), &[]).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(csv.manifest.name, "exchange-csv");
}

#[test]
fn crashes_hangs_and_greed_end_only_the_child() {
    let short = Probe { time_limit: Duration::from_secs(2), ..probe() };
    refused(
        &probe(),
        &["-DCONSTRUCTOR=1"],
        expect![
            "open: a library whose process was killed by SIGABRT (accepted: a library that can be opened, describes itself and creates its instances)"
        ],
    );
    refused(
        &short,
        &["-DCONSTRUCTOR=2"],
        expect![
            "open: a library that hangs: no verdict within 2s (accepted: a library that can be opened, describes itself and creates its instances)"
        ],
    );
    refused(
        &probe(),
        &["-DCONSTRUCTOR=3"],
        expect![
            "open: a library whose process ended by itself with exit code 3 (accepted: a library that can be opened, describes itself and creates its instances)"
        ],
    );
    refused(
        &probe(),
        &["-DABI_NUMBER=7"],
        expect![
            "abi: ABI number 7, a draft of V1, in the plugin record (accepted: 100: build it with stratd-abi or the header of 1.0 or later)"
        ],
    );
    refused(
        &probe(),
        &["-DCREATE=1"],
        expect![
            "create: instance mine: a library whose process was killed by SIGABRT (accepted: a library that can be opened, describes itself and creates its instances)"
        ],
    );
    refused(
        &short,
        &["-DCREATE=2"],
        expect![
            "create: instance mine: a library that hangs: no verdict within 2s (accepted: a library that can be opened, describes itself and creates its instances)"
        ],
    );
    refused(
        &probe(),
        &["-DCREATE=3"],
        expect!["create: instance mine: no memory (accepted: a configuration that the plugin takes)"],
    );
    let roomy = Probe { memory_bytes_max: 1 << 40, ..probe() };
    refused(
        &roomy,
        &["-DCREATE=3"],
        expect!["create: instance mine: memory (accepted: a configuration that the plugin takes)"],
    );
}

#[test]
fn a_configuration_is_tried() {
    let place = Place::new();
    let file = plugin("strategy_faulty");
    let told = |fault: &str| {
        let config = json!({ "fault": fault });
        match examine(&place, &probe(), &file, &[trial("good", &json!({})), trial("mine", &config)]) {
            Ok(accepted) => accepted.plugin.name.unwrap_or_default(),
            // the place of a panic moves with its file
            Err(refusal) => place.told(&refusal).replace(|c: char| c.is_ascii_digit(), "9"),
        }
    };
    expect!["strategy-faulty"].assert_eq(&told("none"));
    expect!["create: instance mine: fault is error-in-new (expected anything else) (accepted: a configuration that the plugin takes)"].assert_eq(&told("error-in-new"));
    expect!["create: instance mine: panicked at plugins/faulty/src/lib.rs:99: as configured, in new (accepted: a configuration that the plugin takes)"].assert_eq(&told("panic-in-new"));
}

#[test]
fn a_state_is_tried_at_any_size() {
    let place = Place::new();
    let file = plugin("strategy_faulty");
    let config = json!({});
    let told = |version: u32, state: &[u8]| {
        // behind another one, so that the second state is found behind the first
        let first = Trial { state: Some((1, &[0; 8])), ..trial("first", &config) };
        let second = Trial { state: Some((version, state)), ..trial("second", &config) };
        match examine(&place, &probe(), &file, &[first, second]) {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => place.told(&refusal),
        }
    };
    expect!["accepted"].assert_eq(&told(1, &7u64.to_le_bytes()));
    expect![
        "restore: instance second: state version 2 (expected 1) (accepted: a plugin that restores 8 bytes of version 2)"
    ]
    .assert_eq(&told(2, &7u64.to_le_bytes()));
    expect!["restore: instance second: a state of 67108864 bytes (expected 8) (accepted: a plugin that restores 67108864 bytes of version 1)"].assert_eq(&told(1, &vec![0; 64 << 20]));
}

#[test]
fn a_plugin_that_was_only_probed_is_opened_when_it_must_be() {
    let place = Place::new();
    let verified = verified(&place, &plugin("strategy_buy_and_hold"));
    let accepted = probe()
        .examine(verified.copy(), verified.identity(), &[])
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let plugin = place.loader.adopt(verified, accepted).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(!plugin.is_open() && !is_mapped(plugin.copy()) && plugin.copy().exists());
    assert_eq!(plugin.memory(), Some(stratd::host::Memory::default()));
    assert_eq!(plugin.manifest().name, "strategy-buy-and-hold");
    assert_eq!(Running::of(&plugin).trades(&[10]), Ok(1));
    assert!(plugin.is_open() && is_mapped(plugin.copy()));
    let memory = plugin.memory().expect("the kernel tells");
    assert!(memory.mapped_bytes > memory.resident_bytes && memory.resident_bytes > 0, "{memory:?}");
}
