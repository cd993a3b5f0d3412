//! CBOR (RFC 8949): reading one map of a record's attributes.
//!
//! Lengths are never trusted: nothing is reserved by them, and an item that does not fit what is left is an error. The
//! recursion of nested items ends at [`PICKLE_DEPTH_MAX`].

use super::{
    PICKLE_DEPTH_MAX, expanded_max,
    python_text::{digits, shown},
};
use crate::{
    error::{Error, ErrorKind, Result},
    format::{
        structured::{write_json_text, write_json_value},
        text_of,
    },
    value::Value,
};

/// A number of any size, as tags 2 and 3 carry it, has at most so many bytes.
const NUMBER_BYTES_MAX: usize = 256;

/// Reads a map. Nested items become JSON texts, bytes are written as Python shows them.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<(String, Value<'static>)>> {
    let mut reader = Reader { bytes, at: 0, written: 0 };
    let head = reader.head()?;
    if head.kind != 5 {
        return Err(reader.bad("no map"));
    }
    let mut fields = Vec::new();
    let mut left = head.length;
    while reader.has_next(&mut left)? {
        let key = reader.field()?;
        fields.push((text_of(&key), reader.field()?));
    }
    if reader.at < bytes.len() {
        return Err(reader.bad("more after the map"));
    }
    Ok(fields)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// bytes of JSON so far
    written: usize,
}

/// The first byte of an item and what belongs to it.
struct Head {
    /// major type
    kind: u8,
    /// the five bits below
    detail: u8,
    /// the argument; None for an item that goes on to a break
    length: Option<u64>,
}

impl<'a> Reader<'a> {
    fn bad(&self, what: &str) -> Error {
        Error::new(ErrorKind::Wire, format!("reading CBOR: byte {}: {what}", self.at))
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length);
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or_else(|| self.bad("it ends early"))?;
        self.at += length;
        Ok(slice)
    }

    fn head(&mut self) -> Result<Head> {
        let first = self.slice(1)?.first().copied().unwrap_or_default();
        let (kind, detail) = (first >> 5, first & 31);
        let length = match detail {
            0..=23 => Some(u64::from(detail)),
            24..=27 => {
                let bytes = self.slice(1 << (detail - 24))?;
                Some(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
            }
            31 if matches!(kind, 2..=5) => None,
            _ => return Err(self.bad(&format!("no item begins with {first:#04x}"))),
        };
        Ok(Head { kind, detail, length })
    }

    /// Whether a list or map goes on; takes the break at its end.
    fn has_next(&mut self, left: &mut Option<u64>) -> Result<bool> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.bytes.get(self.at) == Some(&0xff) => {
                self.at += 1;
                Ok(false)
            }
            None if self.at >= self.bytes.len() => Err(self.bad("it ends early")),
            None => Ok(true),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'static>> {
        if depth > PICKLE_DEPTH_MAX {
            return Err(self.bad("nested too deep"));
        }
        let head = self.head()?;
        let number = head.length.unwrap_or(0);
        Ok(match head.kind {
            0 => Value::from(number),
            1 => Value::Int(-1 - i128::from(number)),
            2 => Value::from(shown(self.string(&head)?.into_iter())),
            3 => Value::from(String::from_utf8_lossy(&self.string(&head)?).into_owned()),
            4 => {
                let (mut out, mut left) = (String::from("["), head.length);
                while self.has_next(&mut left)? {
                    out.push_str(if out.len() > 1 { ", " } else { "" });
                    let item = self.value(depth + 1)?;
                    write_json_value(&mut out, &item);
                    self.check(out.len())?;
                }
                out.push(']');
                Value::Json(out.into())
            }
            5 => {
                let (mut out, mut left) = (String::from("{"), head.length);
                while self.has_next(&mut left)? {
                    out.push_str(if out.len() > 1 { ", " } else { "" });
                    let key = self.value(depth + 1)?;
                    write_json_text(&mut out, &text_of(&key));
                    out.push_str(": ");
                    let item = self.value(depth + 1)?;
                    write_json_value(&mut out, &item);
                    self.check(out.len())?;
                }
                out.push('}');
                Value::Json(out.into())
            }
            6 if matches!(number, 2 | 3) => self.big_number(number == 3)?,
            // what else a tag says of its item is of no interest for a record
            6 => self.value(depth + 1)?,
            _ => self.simple(&head)?,
        })
    }

    /// A key or a value of the record itself.
    fn field(&mut self) -> Result<Value<'static>> {
        let value = self.value(1)?;
        if let Value::Json(text) = &value {
            self.written += text.len();
            self.check(self.written)?;
        }
        Ok(value)
    }

    /// Whether so many bytes are not beyond measure: within keys of keys each quote doubles at each level.
    fn check(&self, written: usize) -> Result<()> {
        let max = expanded_max(self.bytes.len());
        if written > max {
            return Err(self.bad(&format!("its values have more than {max} bytes")));
        }
        Ok(())
    }

    /// A string of bytes, in one piece or in several.
    fn string(&mut self, head: &Head) -> Result<Vec<u8>> {
        let size = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        if let Some(length) = head.length {
            return Ok(self.slice(size(length))?.to_vec());
        }
        let mut out = Vec::new();
        while self.has_next(&mut None)? {
            let part = self.head()?;
            let length = part.length.filter(|_| part.kind == head.kind);
            let length = length.ok_or_else(|| self.bad("a piece of a string that is none"))?;
            out.extend_from_slice(self.slice(size(length))?);
        }
        Ok(out)
    }

    fn big_number(&mut self, is_negative: bool) -> Result<Value<'static>> {
        let head = self.head()?;
        if head.kind != 2 {
            return Err(self.bad("a large number that is no string of bytes"));
        }
        let mut bytes = self.string(&head)?;
        if bytes.len() > NUMBER_BYTES_MAX {
            return Err(self.bad(&format!("a number of more than {NUMBER_BYTES_MAX} bytes")));
        }
        // as two's complement, the lowest byte first; -1 - n is n with every bit turned
        bytes.reverse();
        bytes.push(0);
        if is_negative {
            bytes.iter_mut().for_each(|byte| *byte = !*byte);
        }
        let digits = digits(&bytes, is_negative);
        Ok(digits.parse().map_or_else(|_| Value::from(digits.clone()), Value::Int))
    }

    fn simple(&mut self, head: &Head) -> Result<Value<'static>> {
        let bits = head.length.unwrap_or(0);
        Ok(match head.detail {
            20 => Value::Bool(false),
            21 => Value::Bool(true),
            22 | 23 => Value::Null,
            25 => Value::Float(half(u16::try_from(bits).unwrap_or(0))),
            26 => Value::Float(f64::from(f32::from_bits(u32::try_from(bits).unwrap_or(0)))),
            27 => Value::Float(f64::from_bits(bits)),
            _ => return Err(self.bad(&format!("simple value {bits} has no meaning"))),
        })
    }
}

/// A number of 16 bits: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1.0 + fraction / 1024.0) * 2.0_f64.powi(exponent - 15),
    };
    if bits & 0x8000 != 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::value::Value;

    fn value_of(item: &[u8]) -> crate::Result<Value<'static>> {
        decode(&[&[0xa1, 0x61, b'a'], item].concat()).map(|mut fields| fields.remove(0).1)
    }

    #[test]
    fn the_standard_s_examples_read_as_it_says() {
        let json = |text: &'static str| Value::Json(text.into());
        let cases: [(&[u8], Value<'static>); 16] = [
            (&[0x18, 0x64], Value::from(100)),
            (&[0x39, 0x03, 0xe7], Value::from(-1000)),
            (&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255], Value::Int(-18_446_744_073_709_551_616)),
            (&[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], Value::Int(18_446_744_073_709_551_616)),
            (&[0xc3, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], Value::Int(-18_446_744_073_709_551_617)),
            (&[0xf9, 0x3e, 0x00], Value::Float(1.5)),
            (&[0xf9, 0x00, 0x01], Value::Float(5.960_464_477_539_063e-8)),
            (&[0xf9, 0xfc, 0x00], Value::Float(f64::NEG_INFINITY)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], Value::Float(100_000.0)),
            (&[0xf6], Value::Null),
            (&[0x62, 0xc3, 0xbc], Value::from("ü")),
            (&[0x44, 1, 2, 3, 4], Value::from("b'\\x01\\x02\\x03\\x04'")),
            (&[0x7f, 0x61, b's', 0x61, b't', 0xff], Value::from("st")),
            (&[0x83, 1, 0x82, 2, 3, 0x9f, 4, 0xff], json("[1, [2, 3], [4]]")),
            (&[0xbf, 0x61, b'F', 0xf5, 0xff], json("{\"F\": true}")),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], Value::from(1_363_896_240)),
        ];
        for (item, expected) in cases {
            assert_eq!(value_of(item).unwrap_or_else(|error| panic!("{item:?}: {error}")), expected);
        }
    }

    #[test]
    fn what_ends_early_is_too_deep_or_no_item_is_refused() {
        let deep = [vec![0x81; 10_000], vec![0]].concat();
        assert!(value_of(&deep).unwrap_err().to_string().contains("deep"));
        let tags = vec![0xc1; 10_000];
        assert!(value_of(&tags).unwrap_err().to_string().contains("deep"));
        // a map whose key is a map whose key …
        let keys = [vec![0xa1; 30], vec![1; 31]].concat();
        assert!(value_of(&keys).unwrap_err().to_string().contains("bytes"));
        // several that are below the limit each, behind tags
        let some = [vec![0xc1, 0xa1], vec![0xa1; 12], vec![1; 14]].concat();
        let many: Vec<u8> = (0..23).flat_map(|key| [&[key], &some[..]].concat()).collect();
        assert!(decode(&[&[0xa1, 0], &some[..]].concat()).is_ok());
        assert!(decode(&[&[0xb7], &many[..]].concat()).unwrap_err().to_string().contains("bytes"));
        let bad: [&[u8]; 8] = [
            &[],
            &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x9f, 1],
            &[0x1c],
            &[0xff],
            &[0x7f, 0x41, b'x', 0xff],
            &[1, 1],
        ];
        for item in bad {
            assert!(value_of(item).is_err(), "{item:?}");
        }
    }
}
