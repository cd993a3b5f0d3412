//! What is changed.

use expect_test::expect;

use super::Place;

#[test]
fn a_change_says_what_was_done() {
    let place = Place::new();
    place.check(
        &["plugin", "reload", "ema-cross"],
        expect![[r#"
        done: reload ema-cross
        strategy-ema-cross 0.2.0, generation 2, orphaned since 2026-01-02T03:04:05Z
        exit code 0
    "#]],
    );
}

#[test]
fn each_change_is_asked_for_as_it_was_typed() {
    let place = Place::new();
    for verb in ["reload", "stop", "start", "rollback", "quarantine", "release"] {
        assert!(place.stratctl().args(["plugin", verb, "ema-cross"]).output().unwrap().status.success());
    }
    for more in [
        &["quarantine", "ema-cross", "--reason", "looks odd"][..],
        &["load", "libx.so"],
        &["load", "/p/libx.so", "--name", "mine", "--set", "fast=10", "--set", "symbols.first=A"],
        &["load", "/p/libx.so", "--config", r#"{"fast": 10, "list": [1, "b"]}"#],
    ] {
        assert!(place.stratctl().arg("plugin").args(more).output().unwrap().status.success(), "{more:?}");
    }
    let folder = place.folder.path().display().to_string();
    expect![[r#"
        reload ema-cross
        stop ema-cross
        start ema-cross
        rollback ema-cross
        quarantine ema-cross
        release ema-cross
        quarantine ema-cross (looks odd)
        load DIR/libx.so with {}
        load /p/libx.so as mine with {"fast":10,"symbols":{"first":"A"}}
        load /p/libx.so with {"fast":10,"list":[1,"b"]}"#]]
    .assert_eq(&place.fake.done.lock().unwrap().join("\n").replace(&folder, "DIR"));
}

#[test]
fn a_dry_run_does_nothing() {
    let place = Place::new();
    place.check(
        &["plugin", "stop", "ema-cross", "--dry-run"],
        expect![[r#"
            would be done: stop ema-cross
            strategy-ema-cross 0.2.0, generation 2, orphaned since 2026-01-02T03:04:05Z
            exit code 0
        "#]],
    );
    assert!(place.fake.done.lock().unwrap().is_empty());
}

#[test]
fn a_change_with_a_tag_meets_what_had_it() {
    let place = Place::new();
    let tag = place.fake.basis().tag().to_string();
    // as a shell hands it over
    let tag = tag.trim_matches('"');
    place.check(
        &["plugin", "stop", "ema-cross", "--if-match", tag],
        expect![[r#"
            done: stop ema-cross
            strategy-ema-cross 0.2.0, generation 2, orphaned since 2026-01-02T03:04:05Z
            exit code 0
        "#]],
    );
    let said = super::run(place.stratctl().args(["plugin", "start", "ema-cross", "--if-match", tag]));
    assert!(said.starts_with("stderr: stratctl: ema-cross: it has changed since: If-Match has "), "{said}");
    assert!(said.ends_with("exit code 1\n"), "{said}");
    place.check(
        &["plugin", "start", "ema-cross", "--force"],
        expect![[r#"
            done: start ema-cross
            strategy-ema-cross 0.2.0, generation 2, orphaned since 2026-01-02T03:04:05Z
            exit code 0
        "#]],
    );
    assert_eq!(*place.fake.done.lock().unwrap(), ["stop ema-cross", "start ema-cross"]);
}
