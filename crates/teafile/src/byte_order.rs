//! The byte order of a file: that of the machine that wrote it, for header and items alike.

/// The order of the bytes of every number in a file.
///
/// ```
/// use teafile::ByteOrder;
/// assert_eq!(ByteOrder::detect(b"\x0d\x0e\x0a\x04\x02\x08\x05\x00"), Some(ByteOrder::Big));
/// assert_eq!(ByteOrder::detect(b"not tea!"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// The first eight bytes, as a number in the order of the file.
const MAGIC: u64 = 0x0d0e_0a04_0208_0500;

impl ByteOrder {
    /// The order of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "little") { Self::Little } else { Self::Big };

    /// The order that the first eight bytes of a file stand for, or none if it is no TeaFile.
    ///
    /// ```
    /// use teafile::ByteOrder;
    /// assert_eq!(ByteOrder::detect(b"\x00\x05\x08\x02\x04\x0a\x0e\x0d"), Some(ByteOrder::Little));
    /// ```
    #[must_use]
    pub fn detect(magic: &[u8; 8]) -> Option<Self> {
        if *magic == MAGIC.to_le_bytes() {
            Some(Self::Little)
        } else if *magic == MAGIC.to_be_bytes() {
            Some(Self::Big)
        } else {
            None
        }
    }

    /// Whether it is not that of this machine, so that every number has to be turned round.
    ///
    /// ```
    /// assert!(!teafile::ByteOrder::NATIVE.is_foreign());
    /// ```
    #[must_use]
    pub fn is_foreign(self) -> bool {
        self != Self::NATIVE
    }

    /// `little` or `big`.
    ///
    /// ```
    /// assert_eq!(teafile::ByteOrder::Big.name(), "big");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Little => "little",
            Self::Big => "big",
        }
    }

    pub(crate) fn magic(self) -> [u8; 8] {
        self.u64_bytes(MAGIC)
    }

    #[inline(always)]
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u16_bytes(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    #[inline(always)]
    pub(crate) fn u32_bytes(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    #[inline(always)]
    pub(crate) fn u64_bytes(self, number: u64) -> [u8; 8] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}
