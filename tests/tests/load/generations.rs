//! One plugin after the other under one name.

use std::{fs, os::unix::fs::symlink, sync::Arc};

use expect_test::expect;

use crate::place::Place;

fn version(place: &Place, version: &str) -> Vec<u8> {
    let option = format!("-DVERSION=\"{version}\"");
    fs::read(place.c_strategy(&format!("build-{version}"), &[&option])).expect("a compiled library")
}

#[test]
fn each_new_content_is_a_generation_of_its_name() {
    let place = Place::new();
    let [one, two] = ["1", "2"].map(|name| version(&place, name));
    let generations: Vec<_> = [&one, &two, &two, &one]
        .map(|content| place.load(&place.file("x.so", content)))
        .iter()
        .map(|plugin| (plugin.generation(), plugin.manifest().version.clone()))
        .collect();
    let expected = [(1, "1"), (2, "2"), (2, "2"), (3, "1")].map(|(n, version)| (n, version.to_owned()));
    assert_eq!(generations, expected);
    assert_eq!(place.loader.loaded().len(), 1, "the latest of each name");
}

#[test]
fn a_link_that_flips_and_a_file_that_was_renamed_succeed_the_one_before() {
    let place = Place::new();
    place.file("one", &version(&place, "1"));
    place.file("two", &version(&place, "2"));
    let link = place.path("link.so");
    symlink("one", &link).unwrap();
    let first = place.load(&link);
    fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    assert_eq!(place.load(&link).generation(), 2);
    let third = place.file("third.so", &version(&place, "3"));
    place.refused(
        &third,
        expect!["name: the name strategy-faulty-c that link.so has, too (accepted: one file of each name)"],
    );
    fs::remove_file(&link).unwrap();
    assert_eq!(place.load(&third).generation(), 3);
    assert!(first.copy().exists() && first.is_open(), "the first one is mapped as before");
}

#[test]
fn content_is_known_before_anything_of_it_runs() {
    let place = Place::new();
    // its constructor would end this process
    let file = place.c_strategy("exit", &["-DCONSTRUCTOR=3"]);
    let candidate = place.loader.read(&file).unwrap();
    assert_eq!(candidate.hash().len(), 64);
    let verified = place.loader.verify(candidate).unwrap();
    let copy = verified.copy().to_owned();
    assert!(copy.exists() && verified.identity().build_id.is_some());
    assert_eq!((verified.needed(), verified.is_no_delete()), (&["libc.so.6".to_owned()][..], false));
    drop(verified);
    assert!(!copy.exists(), "what nobody opened is not kept");
    let pinned = place.loader.read(&place.c_strategy("pinned", &["-Wl,-z,nodelete"])).unwrap();
    assert!(place.loader.verify(pinned).unwrap().is_no_delete());
}

#[test]
fn the_same_plugin_is_shared() {
    let place = Place::new();
    let file = place.file("x.so", &version(&place, "1"));
    assert!(Arc::ptr_eq(&place.load(&file), &place.load(&file)));
}
