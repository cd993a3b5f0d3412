//! CRC32C (Castagnoli), eight bytes a step by eight tables: some 2 GB/s, and no unsafe code.

/// The polynomial from behind.
const POLYNOMIAL: u32 = 0x82f6_3b78;

static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// The sum of what came before, and of these bytes behind it; that of nothing is 0.
pub(crate) fn extend(sum: u32, bytes: &[u8]) -> u32 {
    let mut sum = !sum;
    let (eights, rest) = bytes.as_chunks::<8>();
    for eight in eights {
        let word = u64::from_le_bytes(*eight) ^ u64::from(sum);
        let [a, b, c, d, e, f, g, h] = word.to_le_bytes().map(usize::from);
        sum = TABLES[7][a]
            ^ TABLES[6][b]
            ^ TABLES[5][c]
            ^ TABLES[4][d]
            ^ TABLES[3][e]
            ^ TABLES[2][f]
            ^ TABLES[1][g]
            ^ TABLES[0][h];
    }
    for byte in rest {
        sum = (sum >> 8) ^ TABLES[0][((sum ^ u32::from(*byte)) & 0xff) as usize];
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::extend;

    #[test]
    fn it_is_that_of_rfc_3720() {
        // appendix B.4 of it, and the usual check value
        assert_eq!(extend(0, b"123456789"), 0xe306_9283);
        assert_eq!(extend(0, &[0; 32]), 0x8a91_36aa);
        assert_eq!(extend(0, &[0xff; 32]), 0x62a8_ab43);
        let bytes: Vec<u8> = (0..32).collect();
        assert_eq!(extend(0, &bytes), 0x46dd_794e);
        for cut in 0..32 {
            assert_eq!(extend(extend(0, &bytes[..cut]), &bytes[cut..]), 0x46dd_794e);
        }
    }
}
