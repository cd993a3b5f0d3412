//! The configuration tree: TOML that is checked whole, without opening anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stratd_logging::{Config, ErrorKind, Kinds};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(error) = Config::parse(text) {
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!error.to_string().is_empty());
    }
    // what the daemon's own check says of each key is what the text's own check says
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return };
    let problems = Config::check_table(&table, &Kinds::default());
    assert_eq!(problems.is_ok(), Config::parse(text).is_ok());
});
