//! Compares a file with its index, along with whatever else is looked at.

use std::ops::Range;

use super::sums::Sums;
use super::{BLOCK_ITEMS, Index};
use crate::error::Error;
use crate::header::Header;

/// What the index beside a file has to say.
///
/// ```
/// use teafile::IndexCheckup;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// std::fs::write(folder.path().join("a.tea.idx"), b"coffee")?;
/// assert!(matches!(teafile::verify(&path)?.index, Some(IndexCheckup::Ignored(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexCheckup {
    /// It is not whole, or that of another file; the reason.
    Ignored(String),
    /// It was compared.
    Compared(IndexCheck),
}

/// How a file compares with its index.
///
/// ```
/// use teafile::{CreateOptions, IndexCheckup, State};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = CreateOptions::default().index(true).create(&path, &teafile::Description::new("A", "q")?)?;
/// file.write(&[1.into()])?;
/// file.write(&[2.into()])?;
/// file.close()?;
/// let mut bytes = std::fs::read(&path)?;
/// *bytes.last_mut().unwrap() ^= 1;
/// std::fs::write(&path, bytes)?;
/// let found = teafile::verify(&path)?;
/// let Some(IndexCheckup::Compared(check)) = &found.index else { panic!("there is an index") };
/// assert_eq!((check.items, &check.first_bad_items), (2, &Some(0..2)));
/// assert_eq!(found.state(), State::Broken);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexCheck {
    /// The items that it knows: those that were in the file at the last sync.
    pub items: u64,
    /// How many of them are not in the file any more.
    pub missing_items: u64,
    /// Blocks of 4,096 items that are not what they were.
    pub bad_blocks: u64,
    /// The items of the first of those.
    pub first_bad_items: Option<Range<u64>>,
}

impl IndexCheck {
    /// Whether everything that it knows is there as it was.
    ///
    /// ```
    /// assert!(teafile::IndexCheck::default().is_good());
    /// ```
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.missing_items == 0 && self.bad_blocks == 0
    }
}

/// Takes the items of a file, from the first on.
pub(crate) struct Checker {
    index: Index,
    sums: Sums,
    item_size: usize,
    check: IndexCheck,
}

impl Checker {
    /// For a file of so many items.
    pub(crate) fn new(index: Index, header: &Header, items: u64) -> Result<Self, Error> {
        let known = index.items();
        let check =
            IndexCheck { items: known, missing_items: known.saturating_sub(items), ..IndexCheck::default() };
        let item_size = usize::try_from(header.item_size()?).unwrap_or(usize::MAX);
        Ok(Self { index, sums: Sums::new(header, 0)?, item_size, check })
    }

    /// Whole items.
    pub(crate) fn add(&mut self, items: &[u8]) -> Result<(), Error> {
        let left = usize::try_from(self.index.items() - self.sums.items()).unwrap_or(usize::MAX);
        let known = items.get(..left.saturating_mul(self.item_size)).unwrap_or(items);
        let Self { index, sums, check, .. } = self;
        sums.add(known, |block, entry| {
            if index.entry(block)? != Some(entry) {
                check.note(block, (block + 1) * BLOCK_ITEMS);
            }
            Ok(())
        })
    }

    /// When all items were taken.
    pub(crate) fn finish(mut self) -> Result<IndexCheck, Error> {
        // a block of which items are missing has no sum to compare with
        if self.check.missing_items == 0
            && let Some((block, entry)) = self.sums.last()
            && self.index.entry(block)? != Some(entry)
        {
            self.check.note(block, self.sums.items());
        }
        Ok(self.check)
    }
}

impl IndexCheck {
    fn note(&mut self, block: u64, end: u64) {
        self.bad_blocks += 1;
        self.first_bad_items.get_or_insert(block * BLOCK_ITEMS..end);
    }
}
