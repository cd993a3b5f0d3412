//! Bytes that make a state large and show whether they arrived.

/// A pattern of bytes. Written once, when the instance is made; a restore copies the saved bytes over it, because that is
/// what strategies with large states do.
pub(crate) struct Padding {
    bytes: Vec<u8>,
}

impl Padding {
    /// Memory for the largest size is taken and written here, where nobody waits: a restore then finds it mapped.
    pub(crate) fn new(size: usize, largest: usize) -> Self {
        let mut bytes: Vec<u8> = (0..largest.max(size)).map(byte).collect();
        bytes.truncate(size);
        Self { bytes }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes over what was saved, as large as it is: the configuration may have changed in between.
    pub(crate) fn take_over(&mut self, saved: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(saved);
    }

    /// Makes it as large as that; what is there stays.
    pub(crate) fn resize(&mut self, size: usize) {
        self.bytes.truncate(size);
        self.bytes.extend((self.bytes.len()..size).map(byte));
    }

    /// How many bytes are not what they were.
    pub(crate) fn damaged(&self) -> u64 {
        let wrong = |(index, found): &(usize, &u8)| **found != byte(*index);
        self.bytes.iter().enumerate().filter(wrong).count() as u64
    }
}

/// No period that divides a page or a block.
fn byte(index: usize) -> u8 {
    (index % 251).to_le_bytes()[0]
}
