//! Files that change after they were loaded.

use std::{fs, sync::Arc};

use stratd_plugin_api::abi;
use stratd_tests::plugin;

use crate::place::{Place, Running};

fn versions(place: &Place) -> [Vec<u8>; 2] {
    ["1", "2"].map(|version| {
        let option = format!("-DVERSION=\"{version}\"");
        fs::read(place.c_strategy(&format!("v{version}"), &[&option])).expect("a compiled library")
    })
}

#[test]
fn overwriting_or_cutting_the_loaded_file_does_no_harm() {
    let place = Place::new();
    let [one, two] = versions(&place);
    let file = place.file("plugin.so", &one);
    let mut running = Running::of(&place.load(&file));
    // in place, as `cp` does it: the same inode gets other bytes, then none
    fs::write(&file, &two).unwrap();
    running.trades(&[0]).expect("the private copy is untouched");
    fs::File::options().write(true).open(&file).unwrap().set_len(0).unwrap();
    running.trades(&[0]).expect("the private copy is untouched");
    fs::remove_file(&file).unwrap();
    running.trades(&[0]).expect("the private copy is untouched");
    running.end();
    assert_eq!(running.services.messages()[..3], ["code of version 1"; 3]);
}

#[test]
fn the_same_path_with_new_content_gives_the_new_code() {
    let place = Place::new();
    let [one, two] = versions(&place);
    let file = place.file("plugin.so", &one);
    let old = place.load(&file);
    let mut before = Running::of(&old);
    fs::write(&file, &two).unwrap();
    let new = place.load(&file);
    let mut after = Running::of(&new);
    assert_eq!((old.manifest().version.as_str(), new.manifest().version.as_str()), ("1", "2"));
    before.trades(&[0]).expect("the old one goes on");
    after.trades(&[0]).expect("the new one works");
    assert_eq!(before.services.messages(), ["code of version 1"]);
    assert_eq!(after.services.messages(), ["code of version 2"]);
}

#[test]
fn the_same_content_is_the_same_plugin_wherever_it_lies() {
    let place = Place::new();
    let [one, _] = versions(&place);
    let first = place.load(&place.file("a.so", &one));
    let again = place.load(&place.file("a.so", &one));
    let copy = place.load(&place.file("b.so", &one));
    assert!(Arc::ptr_eq(&first, &again) && Arc::ptr_eq(&first, &copy));
    assert_eq!(place.loader.loaded().len(), 1);
}

#[test]
fn an_instance_outlives_the_loader_and_its_folder() {
    let place = Place::new();
    let mut running = Running::of(&place.load(&plugin("strategy_buy_and_hold")));
    drop(place);
    running.trades(&[10]).expect("the library is still mapped");
    assert_eq!(running.host.calls, ["buy 1 of 1"]);
    let stop = abi::Event { kind: abi::event_kind::EXIT, ..abi::Event::default() };
    assert_eq!(running.call(|s, host| s.on_events(host, &[stop])), Ok(1));
}

#[test]
fn rust_plugins_are_compared_type_by_type_and_live_side_by_side() {
    let place = Place::new();
    let ema = place.load(&plugin("strategy_ema_cross"));
    let hold = place.load(&plugin("strategy_buy_and_hold"));
    assert!(ema.is_layout_checked() && hold.is_layout_checked());
    assert_eq!(ema.manifest().name, "strategy-ema-cross");
    assert_eq!(ema.build_id().map(str::len), Some(40));
    assert_eq!(Running::of(&ema).trades(&[10, 11]), Ok(2));
    assert_eq!(Running::of(&hold).trades(&[10, 11]), Ok(1));
}
