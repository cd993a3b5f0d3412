//! Plugins that were built when their version of the ABI was current (`tests/golden/abi/VERSION`) run in this daemon, as a
//! user runs them: inspected, and live in every isolation, with a part of the log, and over a WebSocket at a venue of
//! today. What they trade in backtests is compared by `equality`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use stratd_tests::{Place, Running, workspace};

use crate::desk::{Desk, Setup};

#[path = "synthetic_ws/agreement.rs"]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod agreement;
#[path = "synthetic_ws/desk.rs"]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod desk;
#[path = "synthetic_ws/venue.rs"]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod venue;

/// Reports of the account after which a run has seen enough.
const REPORTS: u64 = 50;

/// The archived versions, each with a private copy of its files: a checkout may be writable by a group, and then the
/// daemon would not trust them.
fn archives(place: &Place) -> BTreeMap<String, PathBuf> {
    let root = workspace().join("tests/golden/abi");
    let mut archives = BTreeMap::new();
    for entry in fs::read_dir(&root).expect("the archive").flatten() {
        let version = entry.file_name().into_string().expect("a version");
        let folder = place.path().join(&version);
        fs::create_dir(&folder).expect("a new folder");
        for file in libraries(&entry.path()) {
            let to = folder.join(file.file_name().expect("a name"));
            fs::write(to, fs::read(&file).expect("a library")).expect("a copy");
        }
        archives.insert(version, folder);
    }
    assert!(!archives.is_empty(), "{} has no version", root.display());
    archives
}

fn libraries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "so")).collect();
    files.sort();
    files
}

#[test]
fn every_archived_plugin_is_accepted() {
    let place = Place::new(&[]);
    for (version, folder) in archives(&place) {
        for file in libraries(&folder) {
            let ran = place.stratd(&["plugin", "inspect", &file.display().to_string()]);
            assert_eq!(ran.code, 0, "{version}: {}: {}", file.display(), ran.err);
            assert!(ran.out.contains("verdict         accepted"), "{version}: {}", ran.out);
        }
    }
}

#[test]
fn archived_plugins_trade_live_in_every_isolation() {
    for isolation in ["none", "thread", "process"] {
        let place = Place::new(&[]);
        for (version, folder) in archives(&place) {
            let config = format!(
                "trading_type = \"sandbox\"\n[[exchange]]\nname = \"venue\"\nplugin = \"{0}/libexchange_synthetic.so\"\n\
                 isolation = \"{isolation}\"\n[exchange.config]\ninstruments = 1\nrate = 2000\n\
                 [[strategy]]\nname = \"maker\"\nplugin = \"{0}/libstrategy_market_maker.so\"\nisolation = \"{isolation}\"\n\
                 [logging]\nschema = 1\n[logging.filters.quiet]\nkind = \"plugin\"\nplugin = \"{0}/liblog_filter.so\"\n\
                 name = \"noshow\"\noptions = {{ word = \"noshow\" }}\n\
                 [logging.handlers.console]\nkind = \"stream\"\ntarget = \"stderr\"\nfilters = [\"quiet\"]\n\
                 [logging.root]\nlevel = \"INFO\"\nhandlers = [\"console\"]\n",
                folder.display()
            );
            place.write("archive.toml", &config);
            let mut run =
                Running::start(place.command(&["run", "archive.toml"]), &format!("{isolation}-{version}"));
            let fills = place.path().join("runs/latest/fills.csv");
            run.wait_until("five executions", || {
                fs::read_to_string(&fills).map_or(0, |text| text.lines().count()) > 5
            });
            let ended = run.end("TERM");
            assert_eq!(ended.status.code(), Some(0), "{version} {isolation}: {}", ended.err);
            fs::remove_dir_all(place.path().join("runs")).expect("the results");
        }
    }
}

#[test]
fn an_archived_connector_trades_at_a_venue_of_today_and_both_sides_agree() {
    for isolation in ["none", "thread", "process"] {
        let place = Place::new(&[]);
        for (_, folder) in archives(&place) {
            let mut desk = Desk::start(&Setup { isolation, plugins: Some(folder), ..Setup::default() });
            desk.trades(REPORTS);
            // what it does when its connection breaks is part of what it was
            desk.venue.dies_and_comes_back();
            desk.trades(REPORTS);
            desk.agrees();
        }
    }
}
