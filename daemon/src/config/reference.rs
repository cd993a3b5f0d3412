//! `docs/configuration.md`, made from the schema of [`RunConfig`] and the help of [`Flags`].
//! `UPDATE_EXPECT=1 cargo test -p stratd --lib reference` rewrites it.

use std::fmt::Write as _;

use clap::{Args, Command};
use expect_test::expect_file;
use serde_json::Value;

use super::{Flags, RunConfig, describe::describe, schema};

const INTRODUCTION: &str = r#"# Configuration

<!-- Made from daemon/src/config by a test: UPDATE_EXPECT=1 cargo test -p stratd --lib reference -->

A run is described by a TOML file, by flags, or by both: `stratd backtest FILE FLAGS`.
Flags override the file.
A file that is named `stratd.toml` takes drop-ins, as systemd does: the files `*.toml` in `/usr/lib/stratd/conf.d` (packages) and in `conf.d` beside it (the administrator) are laid over it in the order of their names; `--conf-dir` names other folders.
Tables merge key by key, `[[exchange]]` and `[[strategy]]` by name, and of every other value the last one counts.
A file of the administrator masks the one of that name of a package; an empty file, or a link to `/dev/null`, masks it with nothing.
`stratd config show FILE` and, of a run, `stratctl config show` tell of every value which file, or which flag, it comes from.

A secret is written as a reference: `${NAME}` is a variable of the environment, `${credential:NAME}` a credential of systemd (`LoadCredential=`), in the texts of every `config` table; `$${` is `${` itself.
What it stands for goes to the plugin and is in no message, no result, no `state.db` and no environment of a child.
`[logging]` takes credentials, too.

`docs/stratd.schema.json` is the JSON schema of the file, for editors (`#:schema` in the examples) and for `stratctl config check`, which works without a daemon, too; `stratd config schema` prints it.
`docs/configuration-changes.md` tells how a run that goes on takes another configuration.

Flags that name strategies replace all strategies of the file, flags that name exchanges all its exchanges.

`stratd check FILE FLAGS` lists all problems at once, of the daemon's keys and of every plugin's, and runs nothing; the exit code is 78 if there are any.
A key that neither the daemon nor the plugin knows is a problem, never ignored.

Numbers where a price, a quantity or money is meant are exact decimals: `0.1` and `"0.1"` are the same, and no digit is lost or rounded.
A relative path starts in the folder of the file; in a flag it starts in the current folder.
Limits: a file has at most 1 MiB.

```toml
trading_type = "backtest"

[backtest]
cash = 1_000_000

[[exchange]]
plugin = "csv"
config = { file = "data/prices.csv" }

[[strategy]]
plugin = "ema-cross"
config = { fast = 10, slow = 50 }

[[strategy]]
name = "slow-one"
plugin = "ema-cross"
config = { fast = 50, slow = 200 }
```

More examples are in `configs/`.
"#;

fn reference() -> String {
    let schema = schemars::schema_for!(RunConfig).to_value();
    let mut text = INTRODUCTION.to_owned();
    write_table(&mut text, &schema, &schema, "");
    text.push_str("\n## Flags\n");
    for argument in Flags::augment_args(Command::new("stratd")).get_arguments() {
        let Some(long) = argument.get_long() else { continue };
        let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
        let values = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = values.and_then(|names| names.first()).map(|name| format!(" {name}")).unwrap_or_default();
        let help =
            argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "\n### `{short}--{long}{value}`\n\n{}\n", sentences(&help));
        let possible = argument.get_possible_values();
        if !possible.is_empty() && argument.get_action().takes_values() {
            text.push('\n');
        }
        for value in possible.iter().filter(|_| argument.get_action().takes_values()) {
            let help = value.get_help().map(|help| format!(": {help}")).unwrap_or_default();
            let _ = writeln!(text, "- `{}`{help}", value.get_name());
        }
    }
    text
}

/// A section for the keys of the table at `path`, then one for each table in it.
fn write_table(text: &mut String, root: &Value, node: &Value, path: &str) {
    let title = if path.is_empty() { "Top of the file" } else { path };
    let _ = write!(text, "\n## {title}\n");
    let mut tables = Vec::new();
    for key in schema::keys(root, node) {
        let Some(property) = schema::property(node, key) else { continue };
        let target = schema::target(root, property);
        let items = target.get("items").filter(|items| items.get("properties").is_some());
        // tables with names of the user's own, unless their keys are told elsewhere
        let named = target.get("additionalProperties").map(|named| schema::target(root, named));
        let named = named.filter(|named| named.get("properties").is_some() && node_is_plain(property));
        if target.get("properties").is_some() {
            tables.push((format!("`[{}]`", child(path, key)), property, target));
        } else if let Some(named) = named {
            tables.push((format!("`[{}.NAME]`", child(path, key)), property, named));
        } else if let Some(items) = items {
            tables.push((format!("`[[{}]]`", child(path, key)), property, items));
        } else {
            write_key(text, root, node, key);
        }
    }
    for (title, property, table) in tables {
        let mut inside = String::new();
        write_table(&mut inside, root, table, &title);
        let (heading, keys) = inside.split_at(inside[1..].find('\n').map_or(inside.len(), |at| at + 2));
        let _ = write!(text, "{heading}\n{}\n{keys}", description(property));
    }
}

fn node_is_plain(property: &Value) -> bool {
    property.get("x-accepted").is_none()
}

/// The dotted path of a key of the table with that title.
fn child(path: &str, key: &str) -> String {
    let parent = path.trim_matches(['`', '[', ']']);
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

fn write_key(text: &mut String, root: &Value, table: &Value, key: &str) {
    let Some(node) = schema::property(table, key) else { return };
    let _ = write!(text, "\n### `{key}`\n\n{}\n", description(node));
    let is_required = table["required"].as_array().is_some_and(|keys| keys.iter().any(|known| known == key));
    let default = node.get("default").filter(|default| !default.is_null());
    let _ = write!(text, "\n- Accepted: {}\n", describe(root, node).replace('|', "\\|"));
    match default {
        _ if is_required => text.push_str("- Required\n"),
        Some(default) => {
            let _ = writeln!(text, "- Default: `{default}`");
        }
        None => {}
    }
    // words beside other forms are in the description of the key
    let words = schema::alternatives(node).filter(|all| all.iter().all(|one| one.get("const").is_some()));
    for value in words.into_iter().flatten() {
        if let (Some(word), true) = (value["const"].as_str(), value.get("description").is_some()) {
            let _ = writeln!(text, "- `{word}`: {}", description(value).replace('\n', " "));
        }
    }
}

fn description(node: &Value) -> String {
    sentences(node["description"].as_str().unwrap_or_default())
}

/// One sentence a line, as Markdown is written here.
fn sentences(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let one_line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        one_line.replace(". ", ".\n")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn reference_is_up_to_date() {
    expect_file!["../../../docs/configuration.md"].assert_eq(&reference());
}

#[test]
fn reference_schema_is_up_to_date() {
    expect_file!["../../../docs/stratd.schema.json"].assert_eq(&schema::document());
}
