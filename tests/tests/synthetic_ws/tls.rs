//! `wss://`: the connector at a venue behind TLS.

use std::{
    fs,
    sync::{Arc, OnceLock},
};

use stratd_tests::{Place, Ran, plugin};

use crate::{
    desk::{Desk, Setup},
    terminator::{Authority, Terminator},
    trading::REPORTS,
    venue::Venue,
};

#[test]
fn a_strategy_trades_over_tls_and_a_cut_changes_nothing() {
    for isolation in ["none", "process"] {
        let made: Arc<OnceLock<Terminator>> = Arc::default();
        let terminator = Arc::clone(&made);
        let way = Box::new(move |venue: &Venue, place: &Place| {
            let authority = Authority::new(place, "ca.pem", "A");
            let terminator = made.get_or_init(|| Terminator::start(&authority, "localhost", &venue.url));
            // its path starts in the folder of the configuration
            format!("url = {:?}, ca_file = \"ca.pem\"", terminator.url())
        });
        let mut desk = Desk::start(&Setup { isolation, way, ..Setup::default() });
        for _ in 0..2 {
            desk.trades(REPORTS / 3);
            terminator.get().unwrap().cuts();
        }
        desk.trades(REPORTS / 3);
        let log = desk.agrees();
        assert_eq!(log.matches("the connection to wss://localhost:").count(), 2, "{log}");
        assert_eq!(log.matches("broke: ").count(), 2, "{log}");
    }
}

/// Starts a daemon at a venue behind TLS that it cannot connect to. The authority A has signed its certificate.
fn refused(host: &str, keys: &str, system: &str) -> Ran {
    let place = Place::new(&[]);
    let venue = Venue::start(place.path(), &[]);
    let authorities = [("a.pem", "A"), ("b.pem", "B"), ("also_a.pem", "A")];
    let [authority, ..] = authorities.map(|(file, name)| Authority::new(&place, file, name));
    let terminator = Terminator::start(&authority, host, &venue.url);
    let url = terminator.url();
    let config = format!(
        "trading_type = \"sandbox\"\n[[exchange]]\nname = \"venue\"\nplugin = \"synthetic-ws\"\n\
         config = {{ url = {url:?}, account = \"desk\", connect_timeout_ms = 10{keys} }}\n\
         [[strategy]]\nplugin = \"buy-and-hold\"\n"
    );
    place.write("stratd.toml", &config);
    fs::create_dir(place.path().join("plug")).unwrap();
    for name in ["exchange_synthetic_ws", "strategy_buy_and_hold"] {
        fs::copy(plugin(name), place.path().join(format!("plug/lib{name}.so"))).unwrap();
    }
    let mut command = place.command(&["run", "stratd.toml", "--plugin-dir", "plug"]);
    command.env_remove("STRATD_PLUGINS").env("SSL_CERT_FILE", place.path().join(system));
    command.env_remove("SSL_CERT_DIR");
    let ran = place.run(command);
    assert_ne!(ran.code, 0, "{ran:#?}");
    ran
}

#[test]
fn a_venue_that_is_not_who_it_should_be_is_told_with_the_reason() {
    let said = |ran: &Ran, words: &str| assert!(ran.error().contains(words), "{ran:#?}");
    said(
        &refused("elsewhere.example", ", ca_file = \"a.pem\"", "a.pem"),
        "the venue's certificate is refused: certificate not valid for name \"localhost\"; certificate is only valid for DnsName(\"elsewhere.example\")",
    );
    let untrusted = "the venue's certificate is of an authority that is not trusted (accepted: those of ca_file, or without it those of the system)";
    said(&refused("localhost", ", ca_file = \"b.pem\"", "a.pem"), untrusted);
    said(&refused("localhost", ", ca_file = \"also_a.pem\"", "a.pem"), untrusted);
    said(&refused("localhost", "", "b.pem"), untrusted);
    said(&refused("localhost", ", ca_file = \"c.pem\"", "a.pem"), "c.pem: ");
}
