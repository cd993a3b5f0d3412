//! cp, diff, merge, pack and unpack.

use std::fs;
use std::path::Path;

use serde_json::json;
use teafile::{ByteOrder, Description, Reader, TimeScale};

use super::{acme, golden, tea};

fn texts(path: &Path) -> Vec<String> {
    let mut file = Reader::open(path).unwrap();
    let texts = file.items(..).unwrap().map(|item| item.unwrap().to_string());
    texts.collect()
}

#[test]
fn a_copy_in_the_other_byte_order_and_back_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut turned = 0;
    for entry in fs::read_dir(golden("valid")).unwrap() {
        let path = entry.unwrap().path();
        let is_number = |path: &Path| {
            let file = Reader::open(path).unwrap();
            let fields = file.description().fields().to_vec();
            !fields.is_empty() && fields.iter().all(|field| field.field_type().is_number())
        };
        if path.extension().is_none_or(|extension| extension != "tea") || !is_number(&path) {
            continue;
        }
        let is_little = Reader::open(&path).unwrap().header().byte_order() == ByteOrder::Little;
        let (other, same) = if is_little { ("big", "little") } else { ("little", "big") };
        tea(folder.path(), &format!("cp --force {} turned.tea --endian {other}", path.display())).well();
        let file = Reader::open(folder.path().join("turned.tea")).unwrap();
        assert_eq!(file.header().byte_order().name(), other);
        assert_eq!(texts(&folder.path().join("turned.tea")), texts(&path), "{}", path.display());
        tea(folder.path(), &format!("cp --force turned.tea back.tea --endian {same}")).well();
        let same = tea(folder.path(), &format!("diff {} back.tea", path.display()));
        assert_eq!((same.code, same.out.as_str()), (Some(0), ""), "{}", path.display());
        turned += 1;
    }
    assert!(turned > 40, "{turned}");
}

#[test]
fn a_copy_counts_times_otherwise_and_has_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = acme(folder.path());
    let told =
        tea(folder.path(), "cp acme.tea part.tea --scale ns --fields Volume,Time --from 2011-03-04T10:00")
            .well();
    assert_eq!(told, "2 items in part.tea\n");
    assert_eq!(
        texts(&folder.path().join("part.tea")),
        [
            "TPV(Volume=1100, Time=2011-03-04 10:00:00:000000000)",
            "TPV(Volume=300, Time=2011-03-04 11:00:00:000000000)"
        ]
    );
    let file = Reader::open(folder.path().join("part.tea")).unwrap();
    assert_eq!(file.description().scale(), Some(TimeScale::UNIX_NANOS));
    assert_eq!(file.description().content_description(), Some("prices of acme"));
    assert_eq!(file.description().decimals(), Some(2));
    assert_eq!(file.description().event_time().unwrap().name(), "Time");
    // a whole copy is the file, bit by bit
    tea(folder.path(), "cp acme.tea same.tea").well();
    assert_eq!(fs::read(folder.path().join("same.tea")).unwrap(), fs::read(path).unwrap());
}

#[test]
fn a_scale_that_loses_something_is_refused_or_rounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ns.tea");
    let description = Description::new("Time", "q").unwrap().time_scale(TimeScale::UNIX_NANOS);
    let mut file = teafile::create(&path, &description).unwrap();
    file.write(&[1_999_999_i64.into()]).unwrap();
    file.close().unwrap();
    let said = tea(folder.path(), "cp ns.tea ms.tea --scale ms").refused();
    assert_eq!(
        said,
        "tea: ns.tea: item 0: time 'Time' is 1970-01-01 00:00:00:001999999, which the other scale cannot express \
         (expected whole ticks that fit both scales, or --round)\n"
    );
    assert!(!folder.path().join("ms.tea").exists());
    tea(folder.path(), "cp ns.tea ms.tea --scale ms --round").well();
    assert_eq!(texts(&folder.path().join("ms.tea")), ["T(Time=1970-01-01 00:00:00:001)"]);
    let file = golden("valid/layout_custom_type.tea");
    let said = tea(folder.path(), &format!("cp {} x.tea --endian big", file.display())).refused();
    assert!(said.contains("is no number, so its bytes cannot be turned round"), "{said}");
}

#[test]
fn the_first_difference_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    tea(folder.path(), "cp acme.tea other.tea").well();
    tea(folder.path(), "cp acme.tea ns.tea --scale ns").well();
    fs::write(folder.path().join("more.csv"), "Time,Price,Volume\n2011-03-04T12:00,1,2\n").unwrap();
    tea(folder.path(), "append other.tea more.csv").well();
    let found = tea(folder.path(), "diff acme.tea other.tea");
    assert_eq!((found.code, found.out.as_str(), found.err.as_str()), (Some(1), "items: 3 | 4\n", ""));
    // the same moments by another scale
    let found = tea(folder.path(), "diff acme.tea ns.tea");
    assert_eq!((found.code, found.out.as_str()), (Some(1), "time scale: java | ns\n"));

    let path = folder.path().join("changed.tea");
    let mut bytes = fs::read(folder.path().join("acme.tea")).unwrap();
    let end = bytes.len();
    bytes[end - 24 - 8] = 77;
    bytes[end - 8] = 78;
    fs::write(&path, bytes).unwrap();
    let found = tea(folder.path(), "diff acme.tea changed.tea");
    assert_eq!((found.code, found.out.as_str()), (Some(1), "item 1, Volume: 1100 | 1101\n2 items differ\n"));
    let found = tea(folder.path(), "diff --json acme.tea changed.tea");
    let told: serde_json::Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((&told["same"], &told["items_that_differ"]), (&json!(false), &json!(2)));
    assert_eq!(told["differences"][0]["what"], "item 1, Volume");
    let said = tea(folder.path(), "diff acme.tea nothing.tea").refused();
    assert!(said.starts_with("tea: nothing.tea: "), "{said}");
}

#[test]
fn files_are_merged_by_their_times() {
    let folder = tempfile::tempdir().unwrap();
    acme(folder.path());
    let rows = "Time,Price,Volume\n2011-03-04T09:30,1,1\n2011-03-04T10:00,2,2\n2011-03-04T12:00,3,3\n";
    fs::write(folder.path().join("b.csv"), rows).unwrap();
    tea(folder.path(), "from-csv b.csv b.tea --types Time:time,Price:f64,Volume:i64 --scale ns").well();
    let said = tea(folder.path(), "merge all.tea b.tea acme.tea").well();
    assert_eq!(said, "6 items of 2 files in all.tea\n");
    let told = tea(folder.path(), "merge all.tea acme.tea b.tea --force --source file").well();
    assert_eq!(told, "6 items of 2 files in all.tea\n");
    assert_eq!(
        tea(folder.path(), "cat all.tea --fields Volume,file").well(),
        "Volume  file\n4500       0\n1          1\n1100       0\n2          1\n300        0\n3          1\n"
    );
    let told = tea(folder.path(), "info --json all.tea").json();
    let names =
        [json!({ "name": "file 0", "value": "acme.tea" }), json!({ "name": "file 1", "value": "b.tea" })];
    assert_eq!(told["name_values"].as_array().unwrap()[1..], names);
    assert_eq!(told["time_scale"]["name"], "java");
    let file = golden("valid/seed_ab40.tea");
    let said = tea(folder.path(), &format!("merge x.tea acme.tea {}", file.display())).refused();
    assert!(said.ends_with("its fields are not those of the first file (expected equal ones)\n"), "{said}");
}

#[test]
fn what_is_packed_is_unpacked_bit_by_bit_and_read_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.tea");
    let mut file = teafile::create(&path, &Description::new("Time Price", "qd").unwrap()).unwrap();
    for number in 0..150_000_i32 {
        file.write(&[number.into(), f64::from(number % 977).into()]).unwrap();
    }
    file.close().unwrap();
    let whole = fs::read(&path).unwrap();
    let told = tea(folder.path(), "pack --json long.tea").json();
    let packed = fs::read(folder.path().join("long.tea.zst")).unwrap();
    assert_eq!((&told["bytes"], &told["packed"]), (&json!(whole.len()), &json!(packed.len())));
    assert!(packed.len() < whole.len() / 4, "{}", packed.len());
    // without us: frames and frames to be skipped, as everybody reads them
    assert!(zstd::stream::decode_all(&packed[..]).unwrap() == whole);

    let said = tea(folder.path(), "unpack long.tea.zst").refused();
    assert_eq!(said, "tea: long.tea: there is such a file already (expected none, or --force)\n");
    tea(folder.path(), "unpack long.tea.zst again.tea").well();
    assert!(fs::read(folder.path().join("again.tea")).unwrap() == whole);
    // the items of the first frame alone: it is known where it ends
    let entries = packed.len() - 9 - 8 * 4;
    let first = u32::from_le_bytes(packed[entries..entries + 4].try_into().unwrap()) as usize;
    assert!(zstd::stream::decode_all(&packed[..first]).unwrap() == whole[..1 << 20]);

    for place in (0..packed.len()).step_by(packed.len() / 40).chain(packed.len() - 60..packed.len()) {
        let mut damaged = packed.clone();
        damaged[place] ^= 0x40;
        fs::write(folder.path().join("damaged.zst"), damaged).unwrap();
        let said = tea(folder.path(), "unpack damaged.zst").refused();
        assert!(said.starts_with("tea: unpacking damaged.zst: "), "{place}: {said}");
        assert!(!folder.path().join("damaged").exists());
    }
}

#[test]
fn pages_and_completions_are_made_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(tea(folder.path(), "pages out").well(), "");
    let page = fs::read_to_string(folder.path().join("out/man1/tea-range.1")).unwrap();
    assert!(page.contains("\\-\\-from") && page.contains("Before this time"), "{page}");
    assert!(folder.path().join("out/man1/tea.1").exists());
    for (shell, name) in [("bash", "tea.bash"), ("zsh", "_tea"), ("fish", "tea.fish")] {
        let made = fs::read_to_string(folder.path().join("out/completions").join(name)).unwrap();
        assert_eq!(tea(folder.path(), &format!("completions {shell}")).well(), made);
        assert!(made.contains("from-csv"), "{shell}");
    }
}
