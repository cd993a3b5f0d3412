//! The description of the protocol is what lies in `docs/openapi.json`, and the table of routes holds together.

use std::{collections::BTreeSet, path::Path};

use expect_test::expect_file;
use serde_json::Value;

use crate::control::{openapi, routes};

fn document() -> Value {
    serde_json::from_str(&openapi::text_of(&routes::table())).unwrap()
}

#[test]
fn the_committed_description_is_that_of_the_routes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    expect_file![file].assert_eq(&openapi::text_of(&routes::table()));
}

#[test]
fn every_change_has_a_tag_to_ask_for() {
    let rows = routes::table();
    let tagged: Vec<_> = rows.iter().filter(|row| row.is_tagged).map(|row| row.path).collect();
    for row in rows.iter().filter(|row| row.has_terms()) {
        let path = row.tag_path(&tagged);
        let at = format!("{} {}", row.method.name(), row.path);
        assert!(path.is_some_and(|path| tagged.contains(&path)), "{at} asks for the tag of {path:?}");
    }
}

#[test]
fn every_route_answers_with_something_and_every_reference_leads_somewhere() {
    for row in routes::table() {
        assert!(row.gives.is_some() == row.sends.is_empty(), "{} {}", row.method.name(), row.path);
    }
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                references.insert(reference.clone());
            }
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[test]
fn operations_have_ids_of_their_own_and_say_their_role() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{method} {path}: {id} is there twice");
            let role = operation["x-stratd-role"].as_str().unwrap();
            assert!(["reader", "operator", "admin"].contains(&role), "{method} {path}");
            assert!(operation["responses"]["403"].is_object(), "{method} {path}");
        }
    }
    assert_eq!(ids.len(), routes::table().len());
}
