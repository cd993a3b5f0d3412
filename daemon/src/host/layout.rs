//! abi_stable's report about a layout that differs, in one line.
//!
//! The full report prints every type on the way, some hundred lines; whoever rebuilds a plugin needs the field.

use abi_stable::{
    abi_stability::abi_checking::{AbiInstability, AbiInstabilityErrors, ExpectedFound},
    type_layout::{TLField, TLFieldOrFunction},
};
use stratd_plugin_api::abi::CRATE_VERSION;

use super::refusal::{Problem, Step};

/// So many differences are told; one change of a type often shows in several places.
const TOLD_MAX: usize = 3;

/// The refusal of a library whose contract is another one.
pub(super) fn problem(errors: &AbiInstabilityErrors) -> Problem {
    if let Some(version) = other_version(errors) {
        let found = format!("types of stratd-abi {version}");
        let draft = if version.starts_with("0.") { ", a draft of V1" } else { "" };
        let accepted = format!("those of stratd-abi {CRATE_VERSION}: build it again with the SDK of now");
        return Problem::new(Step::Layout, format!("{found}{draft}"), accepted);
    }
    let mut found = Vec::new();
    let mut accepted = Vec::new();
    let mut more = 0;
    for error in &errors.errors {
        let place = place(&error.stack_trace);
        for difference in &error.errs {
            if found.len() == TOLD_MAX {
                more += 1;
                continue;
            }
            let (ours, theirs) = difference_of(difference);
            found.push(format!("{place} has {theirs}"));
            accepted.push(ours);
        }
    }
    let more = if more == 0 { String::new() } else { format!(" (and {more} more differences)") };
    Problem::new(
        Step::Layout,
        format!("{}{more}", found.join("; ")),
        format!("{}; as in stratd-abi {CRATE_VERSION}", accepted.join("; ")),
    )
}

/// The version of the contract, if that is another one: then every type differs, and none of that says more.
fn other_version(errors: &AbiInstabilityErrors) -> Option<String> {
    let mut differences = errors.errors.iter().flat_map(|error| &error.errs);
    differences.find_map(|difference| match difference {
        AbiInstability::PackageVersion(pair) => Some(pair.found.to_string()),
        _ => None,
    })
}

/// Where the checker was, e.g. `OrderEvent` or `Event.instrument`.
fn place(stack: &[ExpectedFound<TLFieldOrFunction>]) -> String {
    let mut owner = "PluginModule";
    let mut place = owner.to_owned();
    for entry in stack {
        // a function has a name only through the field that holds it
        let TLFieldOrFunction::Field(field) = &entry.expected else { continue };
        let name = field.name();
        if name.starts_with("param_") || name == "__returns" {
            place = format!("{place} {}", name.replace('_', " ").trim());
        } else if name.starts_with(|c: char| c.is_ascii_digit()) {
            // what a pointer points to
            field.layout().name().clone_into(&mut place);
        } else {
            place = format!("{owner}.{name}");
        }
        owner = field.layout().name();
    }
    place
}

/// What we have and what the library has.
fn difference_of(difference: &AbiInstability) -> (String, String) {
    match difference {
        AbiInstability::UnexpectedField(pair) => {
            both(pair, |field| format!("the field {}", field_text(field)))
        }
        AbiInstability::FieldCountMismatch(pair) => both(pair, |count| format!("{count} fields")),
        AbiInstability::Size(pair) => both(pair, |size| format!("{size} bytes")),
        AbiInstability::Alignment(pair) => both(pair, |alignment| format!("alignment {alignment}")),
        AbiInstability::Name(pair) => both(pair, |name| format!("the type {}", one_line(name))),
        AbiInstability::MismatchedPrimitive(pair) => both(pair, |kind| format!("the type {kind:?}")),
        AbiInstability::Package(pair) => both(pair, |name| format!("a type of the package {name}")),
        other => {
            // the report's own word for the rest: `ReprAttr`, `FnQualifierMismatch`, …
            let text = format!("{other:?}");
            let kind = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            ("none".to_owned(), format!("a difference of kind {kind}"))
        }
    }
}

fn both<T>(pair: &ExpectedFound<T>, text: impl Fn(&T) -> String) -> (String, String) {
    (text(&pair.expected), text(&pair.found))
}

fn field_text(field: &TLField) -> String {
    format!("`{}: {}`", field.name(), one_line(&field.full_type()))
}

fn one_line(text: &impl std::fmt::Display) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
