//! Each bad file is refused with step, what was found and what would be accepted.

use std::{fs, path::Path};

use expect_test::expect;
use serde_json::json;
use stratd::host::Step;
use stratd_tests::{Edit, Variant, plugin};

use crate::place::{Place, Running};

#[test]
fn a_text_file() {
    let place = Place::new();
    place.refused(
        &place.file("text.so", b"[workspace]\n"),
        expect![[r#"elf: a file of 12 bytes that starts with "[wor" (accepted: an ELF library)"#]],
    );
    place.refused(
        &place.path("absent.so"),
        expect!["read: No such file or directory (os error 2) (accepted: a file that can be read)"],
    );
    place.refused(Path::new("/tmp"), expect!["read: a directory or special file (accepted: a regular file)"]);
}

#[test]
fn a_file_cut_short_at_five_places() {
    let place = Place::new();
    let whole = fs::read(place.c_strategy("whole", &[])).unwrap();
    // in the identification, in the ELF header, in the code, in the symbols, and one byte before the end
    for length in [3, 40, whole.len() / 4, whole.len() * 3 / 4, whole.len() - 1] {
        let refusal = place.loader.load(&place.file("cut.so", &whole[..length])).expect_err("cut short");
        assert_eq!(refusal.step, Step::Elf, "{length} of {} bytes: {refusal}", whole.len());
    }
    let rust = fs::read(plugin("strategy_ema_cross")).unwrap();
    for length in [3, 40, rust.len() / 4, rust.len() * 3 / 4, rust.len() - 1] {
        let refusal = place.loader.load(&place.file("cut.so", &rust[..length])).expect_err("cut short");
        assert_eq!(refusal.step, Step::Elf, "{length} of {} bytes: {refusal}", rust.len());
    }
}

#[test]
fn a_library_of_another_machine() {
    let place = Place::new();
    let mut bytes = fs::read(place.c_strategy("here", &[])).unwrap();
    // e_machine: s390
    bytes[18] = 22;
    let refusal = place.loader.load(&place.file("there.so", &bytes)).expect_err("another machine");
    assert_eq!((refusal.step, refusal.found.as_str()), (Step::Elf, "machine 22"));
}

#[test]
fn a_library_that_asks_for_an_executable_stack() {
    let place = Place::new();
    place.refused(
        &place.c_strategy("stack", &["-z", "execstack"]),
        expect!["elf: a GNU_STACK segment that asks for an executable stack (accepted: a stack that is not executable (link with -z noexecstack))"],
    );
}

#[test]
fn a_library_without_the_symbol() {
    let place = Place::new();
    place.refused(
        &place.c_strategy("other", &["-DNO_SYMBOL"]),
        expect!["symbol: no exported function `stratd_plugin_v1` (accepted: a library made with export_strategy!, export_exchange!, export_log! or stratd/plugin.h)"],
    );
    place.refused(
        &place.c_strategy("undefined", &["-DUNDEFINED"]),
        expect!["open: undefined symbol: stratd_has_no_such_function (accepted: a library whose needs this system can meet)"],
    );
}

#[test]
fn another_abi_number_or_size() {
    let place = Place::new();
    place.refused(
        &place.c_strategy("abi", &["-DABI_NUMBER=3"]),
        expect!["abi: ABI number 3, a draft of V1, in the plugin record (accepted: 100: build it with stratd-abi or the header of 1.0 or later)"],
    );
    place.refused(
        &place.c_strategy("size", &["-DTABLE_SIZE=88"]),
        expect!["abi: the strategy table of 88 bytes (accepted: 96)"],
    );
}

#[test]
fn tables_that_do_not_fit() {
    let place = Place::new();
    place.refused(
        &place.c_strategy("null_entry", &["-DNULL_ENTRY"]),
        expect!["abi: the strategy table without `on_orders` (accepted: a function there)"],
    );
    place.refused(
        &place.c_strategy("no_table", &["-DNO_TABLE"]),
        expect!["abi: a plugin of kind strategy without its table (accepted: exactly the table of its kind)"],
    );
    place.refused(
        &place.c_strategy("both", &["-DBOTH_TABLES"]),
        expect!["abi: a plugin of kind strategy with a table of another kind, too (accepted: exactly the table of its kind)"],
    );
    place.refused(
        &place.c_strategy("null", &["-DNULL_PLUGIN"]),
        expect!["abi: `stratd_plugin_v1` returned null: the plugin could not describe itself (accepted: the address of its description)"],
    );
    place.refused(
        &place.c_strategy("name", &["-DNAME=\"Strategy X\""]),
        expect![[r#"manifest: the name "Strategy X" (accepted: 1 to 64 of a-z 0-9 -)"#]],
    );
}

/// Two numbers of one type change places: sizes and the ABI number stay as they are.
const SWAPPED: &[Edit] = &[(
    "plugin-api/abi/src/event.rs",
    "    /// Price of the order; 0 for a market order.\n    pub price: i64,\n    /// Total quantity of the order.\n    pub quantity: i64,",
    "    /// Total quantity of the order.\n    pub quantity: i64,\n    /// Price of the order; 0 for a market order.\n    pub price: i64,",
)];

/// A spare number gets a sign: same name, same place, same size.
const SIGNED: &[Edit] = &[(
    "plugin-api/abi/src/record.rs",
    "    pub reserved: u32,\n    /// The group",
    "    pub reserved: i32,\n    /// The group",
)];

#[test]
fn a_changed_layout_of_a_rust_plugin() {
    let place = Place::new();
    place.refused(
        &Variant { name: "swapped", edits: SWAPPED, rustc: &[] }.build(),
        expect!["layout: OrderEvent has the field `quantity: i64`; OrderEvent has the field `price: i64` (accepted: the field `price: i64`; the field `quantity: i64`; as in stratd-abi 1.0.0)"],
    );
    place.refused(
        &Variant { name: "signed", edits: SIGNED, rustc: &[] }.build(),
        expect![
            "layout: OrderRecord.reserved has the type i32 (accepted: the type u32; as in stratd-abi 1.0.0)"
        ],
    );
}

#[test]
fn a_panic_that_would_end_the_process() {
    let place = Place::new();
    let refusal = place.refused(
        &Variant { name: "aborting", edits: &[], rustc: &["-C", "panic=abort"] }.build(),
        expect![[r#"panic mode: a plugin in which a panic ends the process (accepted: one whose panics can be caught (build it with panic = "unwind"))"#]],
    );
    // by then all is known, and every message says it
    assert_eq!(refusal.plugin.name.as_deref(), Some("strategy-aborting"));
    assert!(refusal.plugin.hash.is_some() && refusal.plugin.build_id.is_some());
}

#[test]
fn a_configuration_that_the_plugin_refuses() {
    let place = Place::new();
    let ema = place.load(&plugin("strategy_ema_cross"));
    let told = |config| place.told(&Running::new(&ema, &config).err().expect("the configuration is bad"));
    expect!["create: reading the configuration: unknown field `fats`, expected one of `fast`, `slow`, `quantity`, `reverse` at line 1 column 7 (accepted: a configuration that the plugin takes)"]
        .assert_eq(&told(json!({"fats": 3})));
    expect![
        "create: slow is 5 (expected more than fast, 9) (accepted: a configuration that the plugin takes)"
    ]
    .assert_eq(&told(json!({"fast": 9, "slow": 5})));
    let c = place.load(&place.c_strategy("c", &[]));
    let refusal = Running::new(&c, &json!({"a": 1})).err().expect("the configuration is bad");
    assert_eq!(refusal.found, "no keys are accepted");
    let large = json!({"text": "x".repeat(2_000_000)});
    let refusal = Running::new(&c, &large).err().expect("the configuration is too large");
    assert_eq!((refusal.step, refusal.accepted.as_str()), (Step::Config, "at most 1048576"));
}

#[test]
fn a_constructor_that_panics_or_refuses() {
    let place = Place::new();
    let faulty = place.load(&plugin("strategy_faulty"));
    let panicked = Running::new(&faulty, &json!({"fault": "panic-in-new"})).err().expect("it panics");
    assert_eq!(panicked.step, Step::Create);
    assert!(panicked.found.starts_with("panicked at plugins/faulty/src/lib.rs:"), "{panicked}");
    assert!(panicked.found.ends_with(": as configured, in new"), "{panicked}");
    let refused = Running::new(&faulty, &json!({"fault": "error-in-new"})).err().expect("it refuses");
    assert_eq!(refused.found, "fault is error-in-new (expected anything else)");
    // the next one is not touched by it
    assert_eq!(Running::of(&faulty).trades(&[7]), Ok(1));
}

#[test]
fn two_files_of_one_name() {
    let place = Place::new();
    place.load(&place.c_strategy("first", &["-DVERSION=\"1.0.0\""]));
    place.refused(
        &place.c_strategy("second", &["-DVERSION=\"2.0.0\""]),
        expect![
            "name: the name strategy-faulty-c that libfirst.so has, too (accepted: one file of each name)"
        ],
    );
}

#[test]
fn a_plugin_of_the_other_kind() {
    let place = Place::new();
    let ema = place.load(&plugin("strategy_ema_cross"));
    let refusal = ema
        .create_exchange("mine", &json!({}), crate::connectors::Recording::new())
        .err()
        .expect("it is a strategy");
    expect!["create: a plugin of kind strategy (accepted: kind exchange)"].assert_eq(&place.told(&refusal));
}

#[test]
fn a_stage_that_cannot_be_made() {
    let refusal = stratd::host::Loader::new(Path::new("/proc/none")).expect_err("not writable");
    assert_eq!(refusal.step, Step::Stage);
}
