//! Whom the daemon believes.

use std::{
    fs::{self, Permissions},
    io::Cursor,
    os::unix::fs::PermissionsExt as _,
    process::Command,
};

use minisign::KeyPair;
use stratd_control::Plugin;
use stratd_tests::plugin;

use crate::desk::{COUNTER, COUNTING, Desk, SYNTHETIC};

/// Waits until the second build is refused for want of trust.
fn wait_for_distrust(desk: &mut Desk, words: &str) -> Plugin {
    let refused = desk.wait("counter", words, |found| {
        found.last_refusal.as_ref().is_some_and(|refusal| refusal.text.contains(words))
    });
    let refusal = refused.last_refusal.as_ref().expect("it was waited for");
    assert_eq!((refusal.step.as_str(), refused.version.as_str()), ("trust", "0.1.0"), "{refusal:?}");
    refused
}

/// Waits until the second build runs; nothing was lost on the way.
fn wait_for_trust(mut desk: Desk) {
    desk.wait("counter", "the second build", |found| found.version == "0.2.0");
    desk.wait_for_events("counter", "counter", 50);
    assert_eq!(desk.end_whole().build, "second");
}

#[test]
fn a_file_that_anyone_may_write_is_refused_until_that_is_mended() {
    let mut desk = Desk::counting("");
    let (file, source) = (desk.plugin_file(COUNTER), desk.path("second.so"));
    fs::copy(plugin("strategy_counter_second"), &source).expect("a copy");
    fs::set_permissions(&source, Permissions::from_mode(0o666)).expect("a file of ours");
    fs::rename(&source, &file).expect("the same file system");
    wait_for_distrust(&mut desk, "can be written by everybody");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a file of ours");
    wait_for_trust(desk);
}

#[test]
fn a_checksum_beside_the_file_decides() {
    let mut desk = Desk::counting("");
    let sidecar = desk.plugin_file(&format!("{COUNTER}.sha256"));
    // that of the file that runs, which is not that of the one that comes
    let sum = |library: &str| {
        let output = Command::new("sha256sum").arg(plugin(library)).output().expect("sha256sum is there");
        let text = String::from_utf8(output.stdout).expect("a hexadecimal number and a path");
        text.split(' ').next().expect("a line").to_owned()
    };
    fs::write(&sidecar, sum("strategy_counter")).expect("a file that can be written");
    desk.put("strategy_counter_second", COUNTER);
    wait_for_distrust(&mut desk, "sha256 says");
    fs::write(&sidecar, format!("{}  {COUNTER}\n", sum("strategy_counter_second"))).expect("a file of ours");
    wait_for_trust(desk);
}

#[test]
fn a_required_signature_must_be_that_of_a_known_key() {
    let [known, other] = [(), ()].map(|()| KeyPair::generate_unencrypted_keypair().expect("a pair of keys"));
    let key = known.pk.to_base64();
    let sign = |keys: &KeyPair, library: &str| {
        let content = Cursor::new(fs::read(plugin(library)).expect("a built plugin"));
        let signed = minisign::sign(Some(&keys.pk), &keys.sk, content, Some("for a test"), None);
        signed.expect("a signature").into_string()
    };
    let trust = format!("[plugins.trust]\nrequire_signature = true\nkeys = [\"{key}\"]\n");
    let mut desk = Desk::new(&format!("{trust}{SYNTHETIC}{COUNTING}"));
    // the exchange needs one, too
    let exchange = desk.path("exchanges/libexchange_synthetic.so.minisig");
    fs::write(exchange, sign(&known, "exchange_synthetic")).expect("a file that can be written");
    let signature = desk.plugin_file(&format!("{COUNTER}.minisig"));
    fs::write(&signature, sign(&known, "strategy_counter")).expect("a file that can be written");
    desk.start();
    desk.wait_for_events("counter", "counter", 50);

    // the signature of the first build does not fit the second one
    desk.put("strategy_counter_second", COUNTER);
    wait_for_distrust(&mut desk, "does not fit");
    // one of somebody else
    let hash = desk.plugin("counter").last_refusal.expect("a refusal").at;
    fs::write(&signature, sign(&other, "strategy_counter_second")).expect("a file of ours");
    desk.wait("counter", "another refusal", |found| {
        found.last_refusal.as_ref().is_some_and(|refusal| refusal.at > hash)
    });
    wait_for_distrust(&mut desk, "does not fit");
    // none
    fs::remove_file(&signature).expect("a file that is there");
    wait_for_distrust(&mut desk, "no signature");
    fs::write(&signature, sign(&known, "strategy_counter_second")).expect("a file that can be written");
    wait_for_trust(desk);
}
