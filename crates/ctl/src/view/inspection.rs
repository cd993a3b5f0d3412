//! A file that was looked at.

use serde_json::Value;
use stratd_control::{Inspection, Verdict};

use super::table::line;

/// What a manifest says that people read; all of it is in `--json`.
const MANIFEST: [(&str, &str); 6] = [
    ("kind", "kind"),
    ("description", "description"),
    ("compiler", "compiler"),
    ("contract", "abi_crate"),
    ("state version", "state_version"),
    ("flags", "flags"),
];

pub(crate) fn inspection(inspection: &Inspection) -> String {
    let plugin = &inspection.plugin;
    let known = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut text = [
        line("file", &plugin.file),
        line("sha-256", &known(&plugin.hash)),
        line("build id", &known(&plugin.build_id)),
        line("name", &known(&plugin.name)),
        line("version", &known(&plugin.version)),
    ]
    .concat();
    if let Some(manifest) = &inspection.manifest {
        for (label, key) in MANIFEST {
            text.push_str(&line(label, &manifest.get(key).map(words).unwrap_or_default()));
        }
    }
    let verdict = match inspection.verdict {
        Verdict::Accepted => "accepted",
        Verdict::Refused => "refused",
    };
    text.push_str(&line("verdict", verdict));
    text.push_str(&line("step", &known(&inspection.step)));
    text.push_str(&line("found", &known(&inspection.found)));
    text.push_str(&line("accepted", &known(&inspection.accepted)));
    text
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
