//! Pickles: writing the attributes of a record, and reading what Python's socket handlers send.
//!
//! The reader is a small stack machine that knows texts, numbers, None, lists, tuples and dictionaries and nothing that
//! makes objects or calls anything. It has no recursion: a frame of ten thousand nested tuples is an error, not the end
//! of the process.

use super::attributes;
use crate::{
    error::{Error, ErrorKind, Result},
    format::structured::{write_json_text, write_json_value},
    record::Record,
    value::Value,
};

/// The largest pickle that is read.
pub const PICKLE_BYTES_MAX: usize = 1 << 20;
/// How deep lists and dictionaries may be nested.
pub const PICKLE_DEPTH_MAX: usize = 32;
/// How many values one pickle may hold.
const VALUES_MAX: usize = 65_536;

/// Appends a record.
pub(super) fn encode(out: &mut Vec<u8>, record: &Record<'_>) {
    // protocol 2, an empty dictionary, a mark: what follows is set together at the end
    out.extend_from_slice(b"\x80\x02}(");
    attributes::visit(record, &mut |key, value| {
        put_text(out, key);
        put(out, value);
    });
    out.extend_from_slice(b"u.");
}

fn put(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.push(b'N'),
        Value::Bool(true) => out.push(0x88),
        Value::Bool(false) => out.push(0x89),
        Value::Float(number) => {
            out.push(b'G');
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Int(number) => match (u8::try_from(*number), i32::try_from(*number)) {
            (Ok(number), _) => out.extend_from_slice(&[b'K', number]),
            (_, Ok(number)) => {
                out.push(b'J');
                out.extend_from_slice(&number.to_le_bytes());
            }
            _ => {
                out.extend_from_slice(&[0x8a, 16]);
                out.extend_from_slice(&number.to_le_bytes());
            }
        },
        Value::Text(text) | Value::Json(text) => put_text(out, text),
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    // a text of a record is far below 4 GiB
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a pickled dictionary of a record's attributes. Values that are lists or dictionaries become JSON texts.
///
/// # Errors
/// If it is no such dictionary, too large, too deep, or if it would make an object.
///
/// ```
/// use stratd_logging::{Value, decode_pickle};
///
/// let fields = decode_pickle(b"}(X\x01\x00\x00\x00aK\x07u.")?;
/// assert_eq!(fields, [("a".to_owned(), Value::from(7))]);
/// assert!(decode_pickle(b"cos\nsystem\n(X\x02\x00\x00\x00idtR.").is_err());
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub fn decode_pickle(bytes: &[u8]) -> Result<Vec<(String, Value<'static>)>> {
    if bytes.len() > PICKLE_BYTES_MAX {
        return Err(bad(0, &format!("{} bytes (accepted: at most {PICKLE_BYTES_MAX})", bytes.len())));
    }
    let mut machine =
        Machine { bytes, at: 0, stack: Vec::new(), marks: Vec::new(), memo: Vec::new(), count: 0 };
    match machine.run()? {
        Item::Dict(entries, _) => Ok(entries),
        Item::Simple(_) | Item::List(..) => Err(bad(bytes.len(), "no dictionary")),
    }
}

fn bad(at: usize, what: &str) -> Error {
    Error::new(ErrorKind::Wire, format!("reading a pickle: byte {at}: {what}"))
}

#[derive(Clone)]
enum Item {
    Simple(Value<'static>),
    /// the items, and how deep it is
    List(Vec<Value<'static>>, usize),
    Dict(Vec<(String, Value<'static>)>, usize),
}

impl Item {
    fn depth(&self) -> usize {
        match self {
            Self::Simple(_) => 0,
            Self::List(_, depth) | Self::Dict(_, depth) => *depth,
        }
    }

    /// As a value: what is nested becomes JSON.
    fn into_value(self) -> Value<'static> {
        let mut out = String::new();
        match self {
            Self::Simple(value) => return value,
            Self::List(items, _) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    write_json_value(&mut out, item);
                }
                out.push(']');
            }
            Self::Dict(entries, _) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    write_json_text(&mut out, key);
                    out.push_str(": ");
                    write_json_value(&mut out, value);
                }
                out.push('}');
            }
        }
        Value::Json(out.into())
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Item>,
    marks: Vec<usize>,
    memo: Vec<(u32, Item)>,
    count: usize,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Item> {
        loop {
            let [operation] = self.take()?;
            match operation {
                b'.' => return self.pop(),
                // the protocol and the length of a frame change nothing here
                0x80 => drop(self.take::<1>()?),
                0x95 => drop(self.take::<8>()?),
                b'(' => {
                    if self.marks.len() >= PICKLE_DEPTH_MAX {
                        return Err(self.bad("nested too deep"));
                    }
                    self.marks.push(self.stack.len());
                }
                b'}' => self.push(Item::Dict(Vec::new(), 1))?,
                b']' | b')' => self.push(Item::List(Vec::new(), 1))?,
                b't' => {
                    let items = self.pop_to_mark()?;
                    self.push_list(items)?;
                }
                0x85..=0x87 => {
                    let items = (0x85..=operation).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
                    self.push_list(items.into_iter().rev().collect())?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                b'e' => {
                    let items = self.pop_to_mark()?;
                    self.append(items)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(vec![key, value])?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set(items)?;
                }
                b'q' | b'r' | b'p' | 0x94 => self.remember(operation)?,
                b'h' | b'j' | b'g' => self.recall(operation)?,
                _ => {
                    let value = self.simple(operation)?;
                    self.push(Item::Simple(value))?;
                }
            }
        }
    }

    fn simple(&mut self, operation: u8) -> Result<Value<'static>> {
        Ok(match operation {
            b'N' => Value::Null,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::from(u32::from(u8::from_le_bytes(self.take()?))),
            b'M' => Value::from(u16::from_le_bytes(self.take()?)),
            b'J' => Value::from(i32::from_le_bytes(self.take()?)),
            b'G' => Value::Float(f64::from_be_bytes(self.take()?)),
            b'I' | b'L' => self.decimal()?,
            0x8a => {
                let [length] = self.take()?;
                self.long(usize::from(length))?
            }
            0x8c => {
                let [length] = self.take()?;
                self.text(usize::from(length))?
            }
            b'X' => {
                let length = u32::from_le_bytes(self.take()?);
                self.text(usize::try_from(length).unwrap_or(usize::MAX))?
            }
            other => return Err(self.bad(&format!("operation {other:#04x} is not one of a record's"))),
        })
    }

    fn bad(&self, what: &str) -> Error {
        bad(self.at, what)
    }

    fn slice(&mut self, length: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(length);
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or_else(|| self.bad("it ends early"))?;
        self.at += length;
        Ok(slice)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let chunk = self.slice(N)?.first_chunk().copied();
        chunk.ok_or_else(|| self.bad("it ends early"))
    }

    fn text(&mut self, length: usize) -> Result<Value<'static>> {
        let text = String::from_utf8_lossy(self.slice(length)?).into_owned();
        Ok(Value::from(text))
    }

    fn line(&mut self) -> Result<&str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end =
            rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| self.bad("a line without its end"))?;
        let line = std::str::from_utf8(self.slice(end + 1)?).unwrap_or_default();
        Ok(line.trim_end())
    }

    /// A number in decimal digits; `00` and `01` are truth values.
    fn decimal(&mut self) -> Result<Value<'static>> {
        let line = self.line()?.to_owned();
        match line.as_str() {
            "00" => return Ok(Value::Bool(false)),
            "01" => return Ok(Value::Bool(true)),
            _ => {}
        }
        let digits = line.trim_end_matches('L');
        // a number of more than 128 bits is kept as its digits
        let is_number =
            digits.trim_start_matches('-').chars().all(|c| c.is_ascii_digit()) && !digits.is_empty();
        match digits.parse() {
            Ok(number) => Ok(Value::Int(number)),
            Err(_) if is_number => Ok(Value::from(digits.to_owned())),
            Err(_) => Err(self.bad("no number")),
        }
    }

    /// A number in two's complement, the lowest byte first.
    fn long(&mut self, length: usize) -> Result<Value<'static>> {
        let bytes = self.slice(length)?;
        if bytes.len() > 16 {
            return Err(self.bad("a number above 128 bits"));
        }
        let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
        let mut number = [fill; 16];
        number.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        Ok(Value::Int(i128::from_le_bytes(number)))
    }

    fn push(&mut self, item: Item) -> Result<()> {
        self.count += 1;
        if self.count > VALUES_MAX {
            return Err(self.bad("too many values"));
        }
        self.stack.push(item);
        Ok(())
    }

    fn pop(&mut self) -> Result<Item> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.bad("a value is missing"));
        }
        self.stack.pop().ok_or_else(|| self.bad("a value is missing"))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Item>> {
        let mark = self.marks.pop().ok_or_else(|| self.bad("a mark is missing"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn depth_above(&self, items: &[Item]) -> Result<usize> {
        let depth = 1 + items.iter().map(Item::depth).max().unwrap_or(0);
        if depth > PICKLE_DEPTH_MAX { Err(self.bad("nested too deep")) } else { Ok(depth) }
    }

    fn push_list(&mut self, items: Vec<Item>) -> Result<()> {
        let depth = self.depth_above(&items)?;
        self.push(Item::List(items.into_iter().map(Item::into_value).collect(), depth))
    }

    fn append(&mut self, items: Vec<Item>) -> Result<()> {
        let above = self.depth_above(&items)?;
        match self.stack.last_mut() {
            Some(Item::List(list, depth)) => {
                list.extend(items.into_iter().map(Item::into_value));
                *depth = above.max(*depth);
                Ok(())
            }
            _ => Err(self.bad("no list to append to")),
        }
    }

    fn set(&mut self, items: Vec<Item>) -> Result<()> {
        let above = self.depth_above(&items)?;
        let mut entries = Vec::new();
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            let key = match key.into_value() {
                Value::Text(text) => text.into_owned(),
                other => crate::format::text_of(&other),
            };
            entries.push((key, value.into_value()));
        }
        match self.stack.last_mut() {
            Some(Item::Dict(dict, depth)) => {
                dict.extend(entries);
                *depth = above.max(*depth);
                Ok(())
            }
            _ => Err(self.bad("no dictionary to set in")),
        }
    }

    fn remember(&mut self, operation: u8) -> Result<()> {
        let key = match operation {
            b'q' => u32::from(u8::from_le_bytes(self.take()?)),
            b'r' => u32::from_le_bytes(self.take()?),
            b'p' => self.line()?.parse().unwrap_or(u32::MAX),
            _ => u32::try_from(self.memo.len()).unwrap_or(u32::MAX),
        };
        let item = self.stack.last().ok_or_else(|| self.bad("nothing to remember"))?;
        // containers are remembered while they are empty, and nobody asks for them again: records have no cycles
        if let Item::Simple(value) = item {
            self.memo.push((key, Item::Simple(value.clone())));
        } else {
            self.memo.push((key, Item::Simple(Value::Null)));
        }
        Ok(())
    }

    fn recall(&mut self, operation: u8) -> Result<()> {
        let key = match operation {
            b'h' => u32::from(u8::from_le_bytes(self.take()?)),
            b'j' => u32::from_le_bytes(self.take()?),
            _ => self.line()?.parse().unwrap_or(u32::MAX),
        };
        let item = self.memo.iter().rev().find(|(known, _)| *known == key).map(|(_, item)| item.clone());
        let item = item.ok_or_else(|| self.bad("nothing was remembered there"))?;
        self.push(item)
    }
}

#[cfg(test)]
mod tests {
    use super::{PICKLE_BYTES_MAX, decode_pickle};

    #[test]
    fn ten_thousand_nested_tuples_are_an_error_and_not_the_end() {
        let nested: Vec<u8> = [vec![b'('; 10_000], vec![b't'; 10_000], vec![b'.']].concat();
        assert!(decode_pickle(&nested).is_err());
        let lists: Vec<u8> = [vec![b']'; 10_000], vec![b'a'; 9_999], vec![b'.']].concat();
        assert!(decode_pickle(&lists).unwrap_err().to_string().contains("deep"));
        let singles: Vec<u8> = [b")".to_vec(), vec![0x85; 10_000], vec![b'.']].concat();
        assert!(decode_pickle(&singles).is_err());
    }

    #[test]
    fn what_would_make_an_object_or_ends_early_is_refused() {
        let bad: [&[u8]; 9] = [
            b"cos\nsystem\n(X\x02\x00\x00\x00idtR.",
            b"",
            b"}",
            b"}(X\xff\xff\xff\xffa",
            b"K\x01.",
            b"u.",
            b"(.",
            b"}(X\x01\x00\x00\x00ah\x07u.",
            b"}(I\nu.",
        ];
        for bytes in bad {
            assert!(decode_pickle(bytes).is_err(), "{bytes:?}");
        }
        assert!(decode_pickle(&vec![b'('; PICKLE_BYTES_MAX + 1]).is_err());
    }
}
