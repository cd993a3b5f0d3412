//! plot, in the terminal, as SVG, and as PNG.

use std::fs;
use std::io::Cursor;
use std::path::Path;

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

/// The pixels of a picture, row by row, as red, green, blue.
fn pixels(path: &Path) -> (u32, Vec<[u8; 3]>) {
    let file = fs::read(path).unwrap();
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    (frame.width, bytes.as_chunks::<3>().0.to_vec())
}

#[test]
fn a_column_is_a_line_of_png() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let out = tea(folder.path(), "plot acme.tea Price --png price.png").well();
    assert_eq!(out, "3 items in price.png\n");
    let (width, pixels) = pixels(&folder.path().join("price.png"));
    assert_eq!((width, pixels.len()), (900, 900 * 360));
    let is_blue = |[red, _, blue]: [u8; 3]| blue - red.min(blue) > 0x50;
    let at = |x: usize, y: usize| pixels[y * 900 + x];
    // the same ends as in SVG, nothing of it above, below, or beside, and one pixel or two in each column between
    assert!(is_blue(at(76, 325)) && is_blue(at(883, 32)), "{:?} {:?}", at(76, 325), at(883, 32));
    let column = |x: usize| (0..360).filter(|y| is_blue(at(x, *y))).count();
    assert!(
        (76..=883).all(|x| (1..=4).contains(&column(x))),
        "{:?}",
        (76..=883).map(column).collect::<Vec<_>>()
    );
    assert!((0..75).chain(886..900).all(|x| column(x) == 0));
    // numbers beside it, and the title above
    let dark = |range: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
        rows.flat_map(|y| range.clone().map(move |x| at(x, y))).filter(|[red, ..]| *red < 0x60).count()
    };
    assert!(dark(76..300, 8..24) > 100 && dark(300..900, 0..24) == 0);
    assert!(dark(0..75, 30..330) > 100, "{}", dark(0..75, 30..330));
    let said = tea(folder.path(), "plot acme.tea Price --png price.png").refused();
    assert_eq!(said, "tea: price.png: there is such a file already (expected none, or --force)\n");
    let said = tea(folder.path(), "plot acme.tea Price --png a.png --svg a.svg").refused();
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn the_smallest_picture_and_odd_titles_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    fs::rename(acme(folder.path()), folder.path().join("ž🐎.tea")).unwrap();
    tea(folder.path(), "plot ž🐎.tea Volume --png small.png --width 20 --height 4").well();
    assert_eq!(pixels(&folder.path().join("small.png")).1.len(), 80);
    let told =
        tea(folder.path(), "plot ž🐎.tea Volume --json --png wide.png --width 8000 --height 20").json();
    assert_eq!((&told["png"], &told["svg"]), (&"wide.png".into(), &serde_json::Value::Null));
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
