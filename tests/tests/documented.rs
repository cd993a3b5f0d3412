//! Pages that claim something for every row of a list name a test for each: the tests must exist.
//!
//! In the last column of a table stands a link whose text is the name of a test in the file it leads to, `golden:TAG`
//! for the golden rows of that tag, kind or family, a command, or `–` for what does not apply.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_row_of_the_logging_page_names_a_test_that_exists() {
    let tags = golden_tags("tests/golden/logging");
    let problems = problems_of("docs/logging.md", &tags);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_rule_of_the_page_on_orders_names_a_test_that_exists() {
    let problems = problems_of("docs/orders.md", &BTreeSet::new());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_row_of_the_page_on_aat_names_a_test_that_exists() {
    let problems = problems_of("docs/aat-parity.md", &BTreeSet::new());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn a_row_without_a_test_and_one_with_a_wrong_name_are_found() {
    let tags = BTreeSet::from(["names".to_owned()]);
    let check =
        |evidence: &str| problem_of_row(&format!("| what | ours | {evidence} |"), Path::new("docs"), &tags);
    assert_eq!(check("`golden:names`"), None);
    assert_eq!(check("–"), None);
    assert_eq!(
        check("[a_row_without_a_test_and_one_with_a_wrong_name_are_found](../tests/tests/documented.rs)"),
        None
    );
    assert!(check("").is_some());
    assert!(check("it works").is_some());
    assert!(check("`golden:nothing`").is_some_and(|problem| problem.contains("golden:nothing")));
    assert!(check("[no_such_test](../tests/tests/documented.rs)").is_some());
    assert!(check("[main](../no/such/file.rs)").is_some());
}

/// The rows of all tables of a page whose last column is headed `shown by`.
fn problems_of(page: &str, tags: &BTreeSet<String>) -> Vec<String> {
    let path = root().join(page);
    let folder = path.parent().expect("a page is in a folder");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {page}: {error}"));
    let (mut is_claim, mut rows) = (false, 0);
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !line.starts_with('|') {
            is_claim = false;
        } else if line.ends_with("| shown by |") {
            is_claim = true;
        } else if is_claim && !line.starts_with("|--") {
            rows += 1;
            problems.extend(
                problem_of_row(line, folder, tags).map(|problem| format!("{page}:{}: {problem}", index + 1)),
            );
        }
    }
    assert!(rows > 0, "{page} has no table with a column `shown by`");
    problems
}

fn problem_of_row(line: &str, folder: &Path, tags: &BTreeSet<String>) -> Option<String> {
    let evidence = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
    if evidence == "–" {
        return None;
    }
    let mut named = 0;
    for code in evidence.split('`').skip(1).step_by(2) {
        match code.strip_prefix("golden:") {
            Some(tag) if !tags.contains(tag) => {
                return Some(format!("no golden row has the tag of `golden:{tag}`"));
            }
            Some(_) => named += 1,
            None if code.starts_with("cargo ") => named += 1,
            None => return Some(format!("`{code}` is neither golden:TAG nor a command")),
        }
    }
    for link in evidence.split('[').skip(1) {
        let Some((name, path)) =
            link.split_once("](").and_then(|(name, rest)| Some((name, rest.split_once(')')?.0)))
        else {
            return Some(format!("`[{link}` is no link"));
        };
        let Ok(text) = fs::read_to_string(root().join(folder).join(path)) else {
            return Some(format!("the file of [{name}]({path}) cannot be read"));
        };
        if !text.contains(&format!("fn {name}(")) {
            return Some(format!("there is no test `{name}` in {path}"));
        }
        named += 1;
    }
    (named == 0).then(|| format!("found {evidence:?} in the last column, expected a test"))
}

/// What golden rows are found by: their tags, kinds and families.
fn golden_tags(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join(folder)).expect("the golden files are there") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("golden files are text");
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("a golden row is JSON");
            let tags = row["tags"].as_array().into_iter().flatten();
            let names = tags.chain([&row["kind"], &row["family"]]);
            found.extend(names.filter_map(|name| name.as_str().map(str::to_owned)));
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
