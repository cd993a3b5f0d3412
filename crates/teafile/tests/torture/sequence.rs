//! Items that tell which one they are and whether they are whole.

use std::path::Path;

use teafile::{Description, TeaItem};

/// Three numbers of which the third is made of the others, so that no part of one passes for an item.
#[derive(Clone, Copy, Debug, PartialEq, TeaItem)]
#[repr(C)]
pub(crate) struct Numbered {
    time: i64,
    number: u64,
    check: u64,
}

impl Numbered {
    pub(crate) const fn new(number: u64) -> Self {
        // never zero, so that no prefix of zeros is one either
        let check = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5555_5555_5555_5555;
        Self { time: 1 + number.cast_signed(), number, check }
    }

    pub(crate) fn is(&self, number: u64) -> bool {
        *self == Self::new(number)
    }
}

pub(crate) fn description() -> Description {
    Description::of::<Numbered>().unwrap()
}

/// Every item of a file is the one that its place says; returns how many there are.
pub(crate) fn check_all(path: &Path) -> u64 {
    let mut file = teafile::Reader::open(path).unwrap().typed::<Numbered>().unwrap();
    let mut number = 0;
    loop {
        let block = file.next_block().unwrap();
        if block.is_empty() {
            return number;
        }
        for item in block {
            assert!(item.is(number), "item {number} of {} is {item:?}", path.display());
            number += 1;
        }
    }
}
