//! D: the golden files. Each of them is a row of the test target `golden`; here is what the list says of them as a whole.

use std::fs;
use std::path::Path;

#[test]
fn d_golden_files_are_all_there_and_each_is_described() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/teafile");
    for (folder, count) in [("valid", 59), ("malformed", 49)] {
        let mut files = 0;
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "tea") {
                files += 1;
                assert!(path.with_extension("json").is_file(), "{} has nothing beside it", path.display());
                assert_eq!(teafile::Reader::open(&path).is_ok(), folder == "valid", "{}", path.display());
            }
        }
        assert_eq!(files, count, "files in {folder}");
    }
}
