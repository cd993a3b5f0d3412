//! plot, in the terminal and as SVG.

use std::fs;

use super::{acme, golden, tea};

#[test]
fn a_column_is_a_line_in_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let out = tea(folder.path(), "plot acme.tea Price --width 52 --height 8").well();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0].trim(), "Price of acme.tea");
    assert!(lines[1].trim_start().starts_with("46.50 │"), "{out}");
    assert!(lines[6].trim_start().starts_with("45.11 │"), "{out}");
    assert_eq!(lines[7].trim(), "2011-03-04 09:00:00  2011-03-04 11:00:00");
    let is_dot = |character: char| ('\u{2801}'..='\u{28ff}').contains(&character);
    // from the left below to the right above
    assert!(lines[6].chars().nth(12).is_some_and(is_dot), "{out}");
    assert!(lines[1].chars().last().is_some_and(is_dot), "{out}");
    assert!(lines[1].chars().count() == 52, "{out}");
}

#[test]
fn a_column_is_a_line_of_svg() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let out = tea(folder.path(), "plot acme.tea Price --svg price.svg").well();
    assert_eq!(out, "3 items in price.svg\n");
    let svg = fs::read_to_string(folder.path().join("price.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains(">Price of acme.tea</text>"), "{svg}");
    let points = svg.split_once("points=\"").unwrap().1.split_once('"').unwrap().0;
    // the least at the bottom of the area, the greatest at its top, first and last at its sides
    assert_eq!(points.split(' ').next(), Some("76.0,326.0"));
    assert_eq!(points.split(' ').next_back(), Some("884.0,32.0"));
    assert_eq!(points.split(' ').count(), 3);
    let said = tea(folder.path(), "plot acme.tea Price --svg price.svg").refused();
    assert_eq!(said, "tea: price.svg: there is such a file already (expected none, or --force)\n");
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let said = tea(folder.path(), "plot acme.tea Price --items 3..").refused();
    assert_eq!(said, "tea: acme.tea: there is no item to draw (expected one at least)\n");
    let file = golden("valid/layout_custom_type.tea");
    let fields = tea(folder.path(), &format!("info --json {}", file.display())).json();
    let custom = fields["item"]["fields"].as_array().unwrap();
    let name = custom.iter().find(|field| field["type"] == "Custom").unwrap()["name"].as_str().unwrap();
    let said = tea(folder.path(), &format!("plot {} {name}", file.display())).refused();
    assert!(said.ends_with("is no number (expected one)\n"), "{said}");
}

#[test]
fn a_file_without_times_is_drawn_over_its_items() {
    let folder = tempfile::tempdir().unwrap();
    let file = golden("valid/seed_ab40.tea");
    let out = tea(folder.path(), &format!("plot {} A --height 6", file.display())).well();
    let axis = out.lines().last().unwrap();
    assert!(axis.trim_start().starts_with('0') && axis.ends_with(" 39"), "{out}");
}
