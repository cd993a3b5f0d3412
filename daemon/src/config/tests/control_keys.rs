//! `[control]`.

use expect_test::{Expect, expect};

use super::{GOOD, check_file};

fn check_tcp(keys: &str, expected: Expect) {
    check_file(&format!("[control.tcp]\n{}\n{GOOD}", keys.replace("; ", "\n")), expected);
}

#[test]
fn a_listener_on_tcp_asks_for_a_token_or_certificates() {
    check_tcp("address = '127.0.0.1:9443'; token_file = 't'; role = 'admin'", expect!["no problems"]);
    check_tcp(
        "address = '[::]:9443'; cert_file = 'c'; key_file = 'k'; client_ca_file = 'a'",
        expect!["no problems"],
    );
    check_tcp(
        "address = '0.0.0.0:9443'; token_file = 't'; cert_file = 'c'; key_file = 'k'",
        expect!["no problems"],
    );
    check_tcp(
        "address = '127.0.0.1:9443'",
        expect![
            "etc/run.toml:2:11: control.tcp.address: a listener that anyone could use (accepted: token_file; or cert_file, key_file and client_ca_file)"
        ],
    );
    check_tcp(
        "address = '[::1]:9443'; cert_file = 'c'; key_file = 'k'",
        expect![
            "etc/run.toml:2:11: control.tcp.address: a listener that anyone could use (accepted: token_file; or cert_file, key_file and client_ca_file)"
        ],
    );
}

#[test]
fn a_listener_on_tcp_that_others_can_reach_speaks_tls() {
    check_tcp(
        "address = '0.0.0.0:9443'; token_file = 't'",
        expect![
            "etc/run.toml:2:11: control.tcp.address: 0.0.0.0:9443, which others can reach and read, without TLS (accepted: a loopback address; or cert_file and key_file)"
        ],
    );
    check_tcp(
        "address = '127.0.0.1:9443'; token_file = 't'; cert_file = 'c'",
        expect![
            "etc/run.toml:4:13: control.tcp.cert_file: cert_file without key_file (accepted: both or none)"
        ],
    );
    check_tcp(
        "address = '127.0.0.1:9443'; token_file = 't'; client_ca_file = 'a'",
        expect![
            "etc/run.toml:4:18: control.tcp.client_ca_file: a listener without TLS (accepted: with cert_file and key_file)"
        ],
    );
}

#[test]
fn keys_of_the_listener_are_what_they_must_be() {
    check_tcp(
        "address = 'localhost:9443'; token_file = 't'",
        expect![[
            r#"etc/run.toml:2:11: control.tcp.address: found "localhost:9443" (accepted: an IP address and a port, as 127.0.0.1:9443 or [::1]:9443)"#
        ]],
    );
    check_tcp(
        "token_file = 't'",
        expect!["etc/run.toml:1:10: control.tcp: missing key address (accepted: a text)"],
    );
    check_tcp(
        "address = '127.0.0.1:1'; token_file = 't'; role = 'root'",
        expect![[r#"etc/run.toml:4:8: control.tcp.role: found "root" (accepted: reader, operator, admin)"#]],
    );
    check_tcp(
        "address = 9443; tokn_file = 't'",
        expect![[r#"
        etc/run.toml:2:11: control.tcp.address: found 9443 (accepted: a text)
        etc/run.toml:2:11: control.tcp.address: a listener that anyone could use (accepted: token_file; or cert_file, key_file and client_ca_file)
        etc/run.toml:3:1: control.tcp.tokn_file: unknown key (accepted: address, role, token_file, cert_file, key_file, client_ca_file; did you mean token_file?)"#]],
    );
}
