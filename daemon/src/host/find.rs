//! From the name of a plugin to its file.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::plugin_kind::PluginKind;

use super::{
    refusal::{Identity, Problem, Refusal, Step},
    stage,
};

/// So many names are offered instead of one that is not there.
const NEAR_MAX: usize = 3;
/// How alike (0 to 1, Jaro-Winkler) an offered name must be: `ema-cros` and `ema-cross` are 0.98, `csv` and `ema` 0.
const NEAR_MIN: f64 = 0.75;

/// The file of the plugin `name` of a kind: `ema-cross` and `strategy-ema-cross` are `libstrategy_ema_cross.so` in one
/// of the directories. A name that ends in `.so` is a path already.
///
/// # Errors
/// There is none, or two directories have different ones.
pub fn find(kind: PluginKind, name: &str, directories: &[PathBuf]) -> Result<PathBuf, Refusal> {
    let refuse = |found: String, accepted: String| {
        let plugin = Identity { file: name.into(), ..Identity::default() };
        Err(Problem::new(Step::Find, found, accepted).of(&plugin))
    };
    if name.ends_with(".so") {
        let path = PathBuf::from(name);
        return if path.is_file() {
            Ok(path)
        } else {
            refuse("no such file".to_owned(), "the path of a plugin, or its name".to_owned())
        };
    }
    let prefix = format!("{kind}-");
    let short = name.strip_prefix(&prefix).unwrap_or(name);
    let is_name =
        !short.is_empty() && short.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_name {
        return refuse(
            "no name of a plugin".to_owned(),
            "a name of a-z 0-9 -, or a path that ends in .so".to_owned(),
        );
    }
    let file = file_name(kind, short);
    let found: Vec<PathBuf> =
        directories.iter().map(|directory| directory.join(&file)).filter(|path| path.is_file()).collect();
    let Some((first, others)) = found.split_first() else {
        return refuse(not_found(&file, directories), near(kind, short, directories));
    };
    if let Some(other) = others.iter().find(|other| !is_same(first, other)) {
        return refuse(
            format!("different files {} and {}", first.display(), other.display()),
            "one of them, or the path of the one to take".to_owned(),
        );
    }
    Ok(first.clone())
}

fn file_name(kind: PluginKind, short: &str) -> String {
    format!("lib{kind}_{}.so", short.replace('-', "_"))
}

/// The same content in two directories is no question that the user must answer.
fn is_same(a: &Path, b: &Path) -> bool {
    match (stage::read(a), stage::read(b)) {
        (Ok(a), Ok(b)) => a.hash == b.hash,
        _ => false,
    }
}

fn not_found(file: &str, directories: &[PathBuf]) -> String {
    if directories.is_empty() {
        return format!("no {file}, and no plugin directory to look in");
    }
    let searched: Vec<String> = directories
        .iter()
        .map(|d| if d.is_dir() { d.display().to_string() } else { format!("{} (not there)", d.display()) })
        .collect();
    format!("no {file} in {}", searched.join(", "))
}

/// What there is: names that are nearly the one asked for, else all of them.
fn near(kind: PluginKind, short: &str, directories: &[PathBuf]) -> String {
    let all = names(kind, directories);
    if all.is_empty() {
        return format!(
            "a directory with a plugin of kind {kind}: `--plugin-dir`, `plugin_dirs`, STRATD_PLUGINS, or what `cargo xtask plugins` builds"
        );
    }
    let mut scored: Vec<(f64, &String)> = all
        .iter()
        .map(|name| (strsim::jaro_winkler(name, short), name))
        .filter(|(s, _)| *s >= NEAR_MIN)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let names: Vec<&str> = match scored.as_slice() {
        [] => all.iter().map(String::as_str).collect(),
        scored => scored.iter().take(NEAR_MAX).map(|(_, name)| name.as_str()).collect(),
    };
    names.join(", ")
}

/// The short names of all plugins of a kind.
#[must_use]
pub fn names(kind: PluginKind, directories: &[PathBuf]) -> BTreeSet<String> {
    let prefix = format!("lib{kind}_");
    directories
        .iter()
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flat_map(Iterator::flatten)
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let stem = file.strip_prefix(&prefix)?.strip_suffix(".so")?;
            Some(stem.replace('_', "-"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    struct Place {
        base: tempfile::TempDir,
    }

    impl Place {
        fn new(files: &[(&str, &str)]) -> Self {
            let base = tempfile::tempdir().unwrap();
            for (file, content) in files {
                let path = base.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Self { base }
        }

        fn find(&self, kind: PluginKind, name: &str) -> String {
            let directories = ["a", "b", "c"].map(|d| self.base.path().join(d));
            let text = match find(kind, name, &directories) {
                Ok(path) => path.display().to_string(),
                Err(refusal) => refusal.to_string(),
            };
            text.replace(&format!("{}/", self.base.path().display()), "")
        }

        fn check(&self, kind: PluginKind, name: &str, expected: Expect) {
            expected.assert_eq(&self.find(kind, name));
        }
    }

    #[test]
    fn a_name_leads_to_a_file() {
        let place = Place::new(&[("a/libexchange_csv.so", ""), ("b/libstrategy_ema_cross.so", "")]);
        for name in ["ema-cross", "strategy-ema-cross"] {
            place.check(PluginKind::Strategy, name, expect!["b/libstrategy_ema_cross.so"]);
        }
        place.check(PluginKind::Exchange, "csv", expect!["a/libexchange_csv.so"]);
        let path = place.base.path().join("a/libexchange_csv.so");
        place.check(PluginKind::Strategy, path.to_str().unwrap(), expect!["a/libexchange_csv.so"]);
    }

    #[test]
    fn what_is_not_there_is_refused_with_the_places_and_near_names() {
        let place = Place::new(&[
            ("a/libstrategy_ema_cross.so", ""),
            ("b/libstrategy_buy_and_hold.so", ""),
            ("b/libexchange_csv.so", ""),
            ("b/readme.txt", ""),
        ]);
        place.check(
            PluginKind::Strategy,
            "ema-cros",
            expect!["finding ema-cros: find: no libstrategy_ema_cros.so in a, b, c (not there) (accepted: ema-cross)"],
        );
        place.check(
            PluginKind::Strategy,
            "zzz",
            expect!["finding zzz: find: no libstrategy_zzz.so in a, b, c (not there) (accepted: buy-and-hold, ema-cross)"],
        );
        place.check(
            PluginKind::Strategy,
            "../ema",
            expect!["finding ../ema: find: no name of a plugin (accepted: a name of a-z 0-9 -, or a path that ends in .so)"],
        );
        place.check(
            PluginKind::Strategy,
            "/nowhere/libx.so",
            expect![
                "finding /nowhere/libx.so: find: no such file (accepted: the path of a plugin, or its name)"
            ],
        );
    }

    #[test]
    fn two_different_files_of_one_name_are_refused_and_copies_are_not() {
        let different = Place::new(&[("a/libexchange_csv.so", "one"), ("b/libexchange_csv.so", "two")]);
        different.check(
            PluginKind::Exchange,
            "csv",
            expect!["finding csv: find: different files a/libexchange_csv.so and b/libexchange_csv.so (accepted: one of them, or the path of the one to take)"],
        );
        let copies = Place::new(&[("a/libexchange_csv.so", "one"), ("b/libexchange_csv.so", "one")]);
        copies.check(PluginKind::Exchange, "csv", expect!["a/libexchange_csv.so"]);
    }
}
