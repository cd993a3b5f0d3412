//! Pickles: reading what Python's socket handlers send, of protocols 0 to 5.
//!
//! A small stack machine that knows texts, bytes, numbers, None, lists, tuples, sets and dictionaries and nothing else.
//! It makes no object and calls nothing: the four functions by which old protocols write bytes and sets are known by
//! their names, and every other one is refused, together with what would call it.
//!
//! Invariants
//! - Values lie side by side and refer to each other by number, so that a value that is used twice is kept once, and
//!   reading has no recursion: ten thousand nested tuples are an error, not the end of the process.
//! - What is printed of it is bounded too, in depth and in bytes: a list that holds itself, and one that doubles at each
//!   level, are errors.

use std::collections::HashMap;

use crate::{
    error::{Error, ErrorKind, Result},
    format::{
        structured::{write_json_text, write_json_value},
        text_of,
    },
    value::Value,
    wire::expanded_max,
    wire::python_text::{digits, shown, unescape, unquote},
};

/// The largest pickle that is read, in bytes.
pub const PICKLE_BYTES_MAX: usize = 16 << 20;
/// How deep lists and dictionaries may be nested.
pub const PICKLE_DEPTH_MAX: usize = 32;
/// How many values one pickle may hold, and how many it may remember.
pub const PICKLE_VALUES_MAX: usize = 65_536;
/// The longest whole number in bytes; one above 16 becomes a text of its digits.
const NUMBER_BYTES_MAX: usize = 256;

/// Reads a pickled dictionary of a record's attributes. Values that are lists or dictionaries become JSON texts, bytes
/// are written as Python shows them.
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
    let mut machine = Machine {
        bytes,
        at: 0,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        pushed: 0,
    };
    let top = machine.run()?;
    machine.into_fields(top)
}

fn bad(at: usize, what: &str) -> Error {
    Error::new(ErrorKind::Wire, format!("reading a pickle: byte {at}: {what}"))
}

enum Node {
    Simple(Value<'static>),
    /// a list, a tuple or a set
    List(Vec<usize>),
    Dict(Vec<(usize, usize)>),
    Maker(Maker),
}

/// The functions of Python that protocols 0 to 3 name to write bytes and sets.
#[derive(Clone, Copy)]
enum Maker {
    Bytes,
    Set,
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: HashMap<u32, usize>,
    pushed: usize,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<usize> {
        loop {
            let [operation] = self.take()?;
            match operation {
                b'.' => return self.pop(),
                // the length of a frame changes nothing here
                0x95 => drop(self.take::<8>()?),
                0x80 => match self.take()? {
                    [0..=5] => {}
                    [other] => return Err(self.bad(&format!("protocol {other} (accepted: 0 to 5)"))),
                },
                b'(' => self.mark()?,
                b'0' => drop(self.pop()?),
                b'1' => drop(self.pop_to_mark()?),
                b'2' => {
                    let top = self.top()?;
                    self.push(top)?;
                }
                b'}' | b']' | b')' | 0x8f | b'd' | b'l' | b't' | 0x91 | 0x85..=0x87 => {
                    self.container(operation)?;
                }
                b'a' | b'e' | 0x90 => self.append(operation)?,
                b's' | b'u' => self.set(operation)?,
                b'q' | b'r' | b'p' | 0x94 => self.remember(operation)?,
                b'h' | b'j' | b'g' => self.recall(operation)?,
                b'c' => {
                    let maker = self.maker()?;
                    self.push_node(Node::Maker(maker))?;
                }
                b'R' => self.reduce()?,
                _ => {
                    let value = self.simple(operation)?;
                    self.push_node(Node::Simple(value))?;
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
            b'F' => Value::Float(self.line()?.parse().map_err(|_| self.bad("no number"))?),
            b'I' | b'L' => self.decimal()?,
            0x8a | 0x8b => {
                let length = if operation == 0x8a { self.length::<1>()? } else { self.length::<4>()? };
                self.long(length)?
            }
            // texts, and those of Python 2
            b'X' | b'T' => self.length::<4>().and_then(|length| self.text(length))?,
            0x8c | b'U' => self.length::<1>().and_then(|length| self.text(length))?,
            0x8d => self.length::<8>().and_then(|length| self.text(length))?,
            b'V' | b'S' => {
                let line = self.line_bytes()?;
                Value::from(unescape(if operation == b'S' { unquote(line) } else { line }, operation == b'S'))
            }
            b'C' => self.length::<1>().and_then(|length| self.blob(length))?,
            b'B' => self.length::<4>().and_then(|length| self.blob(length))?,
            0x8e | 0x96 => self.length::<8>().and_then(|length| self.blob(length))?,
            0x81 | 0x92 | 0x93 | b'b' | b'i' | b'o' | b'P' | b'Q' | 0x82..=0x84 => {
                return Err(self.bad(&format!("operation {operation:#04x} would make an object")));
            }
            other => return Err(self.bad(&format!("operation {other:#04x} is not one of a record's"))),
        })
    }

    fn bad(&self, what: &str) -> Error {
        bad(self.at, what)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8]> {
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

    /// A length of N bytes, the lowest first. One beyond what there is is found by whoever takes so many bytes.
    fn length<const N: usize>(&mut self) -> Result<usize> {
        let bytes: [u8; N] = self.take()?;
        Ok(bytes.iter().rev().fold(0_usize, |length, &byte| {
            length.checked_mul(256).map_or(usize::MAX, |length| length.saturating_add(usize::from(byte)))
        }))
    }

    fn text(&mut self, length: usize) -> Result<Value<'static>> {
        let text = String::from_utf8_lossy(self.slice(length)?).into_owned();
        Ok(Value::from(text))
    }

    fn blob(&mut self, length: usize) -> Result<Value<'static>> {
        Ok(Value::from(shown(self.slice(length)?.iter().copied())))
    }

    /// The bytes up to the end of a line, without it.
    fn line_bytes(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or_else(|| self.bad("a line without its end"))?;
        let line = self.slice(end + 1)?;
        Ok(line.strip_suffix(b"\n").unwrap_or(line))
    }

    fn line(&mut self) -> Result<&'a str> {
        // what is no text is no number and no name either
        Ok(std::str::from_utf8(self.line_bytes()?).unwrap_or_default().trim_end())
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
        let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        if bytes.len() > 16 {
            return match bytes.len() > NUMBER_BYTES_MAX {
                true => Err(self.bad(&format!("a number of more than {NUMBER_BYTES_MAX} bytes"))),
                false => Ok(Value::from(digits(bytes, is_negative))),
            };
        }
        let mut number = [if is_negative { 0xff } else { 0 }; 16];
        number.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        Ok(Value::Int(i128::from_le_bytes(number)))
    }

    fn push_node(&mut self, node: Node) -> Result<()> {
        self.nodes.push(node);
        self.push(self.nodes.len() - 1)
    }

    fn push(&mut self, index: usize) -> Result<()> {
        self.pushed += 1;
        if self.pushed > PICKLE_VALUES_MAX {
            return Err(self.bad(&format!("more than {PICKLE_VALUES_MAX} values")));
        }
        self.stack.push(index);
        Ok(())
    }

    fn top(&self) -> Result<usize> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let top = self.stack.last().filter(|_| self.stack.len() > floor);
        top.copied().ok_or_else(|| self.bad("a value is missing"))
    }

    fn pop(&mut self) -> Result<usize> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn mark(&mut self) -> Result<()> {
        if self.marks.len() >= PICKLE_DEPTH_MAX {
            return Err(self.bad("nested too deep"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<usize>> {
        let mark = self.marks.pop().ok_or_else(|| self.bad("a mark is missing"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn container(&mut self, operation: u8) -> Result<()> {
        let node = match operation {
            b'}' => Node::Dict(Vec::new()),
            b'd' => Node::Dict(pairs(&self.pop_to_mark()?)),
            b'l' | b't' | 0x91 => Node::List(self.pop_to_mark()?),
            0x85..=0x87 => {
                let mut items = (0x85..=operation).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
                items.reverse();
                Node::List(items)
            }
            _ => Node::List(Vec::new()),
        };
        self.push_node(node)
    }

    fn append(&mut self, operation: u8) -> Result<()> {
        let items = if operation == b'a' { vec![self.pop()?] } else { self.pop_to_mark()? };
        let top = self.top()?;
        match self.nodes.get_mut(top) {
            Some(Node::List(list)) => list.extend(items),
            _ => return Err(self.bad("no list to append to")),
        }
        Ok(())
    }

    fn set(&mut self, operation: u8) -> Result<()> {
        let items = if operation == b's' {
            let (value, key) = (self.pop()?, self.pop()?);
            vec![key, value]
        } else {
            self.pop_to_mark()?
        };
        let top = self.top()?;
        match self.nodes.get_mut(top) {
            Some(Node::Dict(dict)) => dict.extend(pairs(&items)),
            _ => return Err(self.bad("no dictionary to set in")),
        }
        Ok(())
    }

    fn remember(&mut self, operation: u8) -> Result<()> {
        let key = match operation {
            b'q' => u32::from(u8::from_le_bytes(self.take()?)),
            b'r' => u32::from_le_bytes(self.take()?),
            b'p' => self.memo_line()?,
            _ => u32::try_from(self.memo.len()).unwrap_or(u32::MAX),
        };
        let top = self.top()?;
        if self.memo.len() >= PICKLE_VALUES_MAX {
            return Err(self.bad(&format!("more than {PICKLE_VALUES_MAX} values to remember")));
        }
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, operation: u8) -> Result<()> {
        let key = match operation {
            b'h' => u32::from(u8::from_le_bytes(self.take()?)),
            b'j' => u32::from_le_bytes(self.take()?),
            _ => self.memo_line()?,
        };
        let item = self.memo.get(&key).copied();
        let item = item.ok_or_else(|| self.bad("nothing was remembered there"))?;
        self.push(item)
    }

    fn memo_line(&mut self) -> Result<u32> {
        self.line()?.parse().map_err(|_| self.bad("no number of a place to remember"))
    }

    /// The function of a name, if it is one of the four.
    fn maker(&mut self) -> Result<Maker> {
        let module = self.line()?.to_owned();
        let name = self.line()?.to_owned();
        match (module.as_str(), name.as_str()) {
            ("_codecs", "encode") | ("__builtin__" | "builtins", "bytes" | "bytearray") => Ok(Maker::Bytes),
            ("__builtin__" | "builtins", "set" | "frozenset") => Ok(Maker::Set),
            _ => Err(self.bad(&format!("it names {module}.{name}, which would make an object"))),
        }
    }

    /// What the function would make of its arguments. Nothing is called.
    fn reduce(&mut self) -> Result<()> {
        let (arguments, maker) = (self.pop()?, self.pop()?);
        let Some(Node::Maker(maker)) = self.nodes.get(maker) else {
            return Err(self.bad("operation 0x52 would make an object"));
        };
        let Some(Node::List(arguments)) = self.nodes.get(arguments) else {
            return Err(self.bad("a call without arguments"));
        };
        let first = arguments.first().and_then(|&first| self.nodes.get(first));
        let node = match (maker, first) {
            (Maker::Bytes, None) => Some(Node::Simple(Value::from("b''"))),
            // the bytes, each as the character of its number
            (Maker::Bytes, Some(Node::Simple(Value::Text(text)))) => {
                let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
                bytes.map(|bytes| Node::Simple(Value::from(shown(bytes.into_iter()))))
            }
            (Maker::Set, None) => Some(Node::List(Vec::new())),
            (Maker::Set, Some(Node::List(items))) => Some(Node::List(items.clone())),
            (Maker::Bytes | Maker::Set, Some(_)) => None,
        };
        let node = node.ok_or_else(|| self.bad("arguments that make neither bytes nor a set"))?;
        self.push_node(node)
    }

    fn into_fields(self, top: usize) -> Result<Vec<(String, Value<'static>)>> {
        let Some(Node::Dict(entries)) = self.nodes.get(top) else {
            return Err(self.bad("no dictionary"));
        };
        let mut spent = 0;
        let mut fields = Vec::with_capacity(entries.len());
        for &(key, value) in entries {
            let key = match self.value(key, &mut spent)? {
                Value::Text(text) => text.into_owned(),
                other => text_of(&other),
            };
            fields.push((key, self.value(value, &mut spent)?));
        }
        Ok(fields)
    }

    /// A value of its own; what is nested becomes JSON.
    fn value(&self, index: usize, spent: &mut usize) -> Result<Value<'static>> {
        let value = match self.nodes.get(index) {
            Some(Node::Simple(value)) => value.clone(),
            Some(Node::Maker(_)) | None => return Err(self.bad("a function as a value")),
            Some(Node::List(_) | Node::Dict(_)) => {
                let mut out = String::new();
                self.write(&mut out, index, (1, *spent))?;
                Value::Json(out.into())
            }
        };
        if let Value::Text(text) | Value::Json(text) = &value {
            *spent += text.len();
            self.check_spent(*spent)?;
        }
        Ok(value)
    }

    fn check_spent(&self, spent: usize) -> Result<()> {
        let max = expanded_max(self.bytes.len());
        if spent > max {
            return Err(self.bad(&format!("its values have more than {max} bytes")));
        }
        Ok(())
    }

    /// Appends JSON. The recursion ends at [`PICKLE_DEPTH_MAX`], also for a list that holds itself.
    fn write(&self, out: &mut String, index: usize, (depth, spent): (usize, usize)) -> Result<()> {
        if depth > PICKLE_DEPTH_MAX {
            return Err(self.bad("nested too deep"));
        }
        self.check_spent(spent + out.len())?;
        match self.nodes.get(index) {
            Some(Node::Simple(value)) => write_json_value(out, value),
            Some(Node::Maker(_)) | None => return Err(self.bad("a function as a value")),
            Some(Node::List(items)) => {
                out.push('[');
                for (number, &item) in items.iter().enumerate() {
                    out.push_str(if number > 0 { ", " } else { "" });
                    self.write(out, item, (depth + 1, spent))?;
                }
                out.push(']');
            }
            Some(Node::Dict(entries)) => {
                out.push('{');
                for (number, &(key, value)) in entries.iter().enumerate() {
                    out.push_str(if number > 0 { ", " } else { "" });
                    let mut text = String::new();
                    match self.nodes.get(key) {
                        Some(Node::Simple(key)) => text.push_str(&text_of(key)),
                        _ => self.write(&mut text, key, (depth + 1, spent + out.len()))?,
                    }
                    write_json_text(out, &text);
                    // within keys of keys each quote doubles at each level
                    self.check_spent(spent + out.len())?;
                    out.push_str(": ");
                    self.write(out, value, (depth + 1, spent))?;
                }
                out.push('}');
            }
        }
        Ok(())
    }
}

fn pairs(items: &[usize]) -> Vec<(usize, usize)> {
    items.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::{PICKLE_BYTES_MAX, decode_pickle};
    use crate::value::Value;

    /// `{"a": VALUE}` with the operations of a value.
    fn value_of(operations: &[u8]) -> crate::Result<Value<'static>> {
        let bytes = [b"}(X\x01\0\0\0a", operations, b"u."].concat();
        decode_pickle(&bytes).map(|mut fields| fields.remove(0).1)
    }

    #[test]
    fn ten_thousand_nested_tuples_are_an_error_and_not_the_end() {
        let nested: Vec<u8> = [vec![b'('; 10_000], vec![b't'; 10_000], vec![b'.']].concat();
        assert!(decode_pickle(&nested).is_err());
        let lists: Vec<u8> = [vec![b']'; 10_000], vec![b'a'; 9_999]].concat();
        assert!(value_of(&lists).unwrap_err().to_string().contains("deep"));
        let singles: Vec<u8> = [b")".to_vec(), vec![0x85; 10_000]].concat();
        assert!(value_of(&singles).unwrap_err().to_string().contains("deep"));
    }

    #[test]
    fn a_list_that_holds_itself_and_one_that_doubles_at_each_level_are_errors() {
        assert!(value_of(b"]q\0h\0a").unwrap_err().to_string().contains("deep"));
        // each level is twice the one below: 2^30 texts
        let mut doubling = b"X\x0a\0\0\0aaaaaaaaaaq\0".to_vec();
        (0..30_u8).for_each(|level| doubling.extend_from_slice(&[b'h', level, 0x86, b'q', level + 1]));
        assert!(value_of(&doubling).unwrap_err().to_string().contains("bytes"));
        // a dictionary whose key is one: the quotes of the innermost double at each level
        let mut nested = b"K\x01".to_vec();
        (0..30).for_each(|_| nested = [b"}", &nested[..], b"K\x01s"].concat());
        assert!(value_of(&nested).unwrap_err().to_string().contains("bytes"));
        // one large text as the value of many keys
        let large =
            [&b"X\0\0\x10\0"[..], &vec![b'x'; 1 << 20], b"q\0", &b"X\x01\0\0\0bh\0".repeat(100)].concat();
        assert!(value_of(&large).unwrap_err().to_string().contains("bytes"));
    }

    #[test]
    fn what_would_make_an_object_or_ends_early_is_refused() {
        let bad: [&[u8]; 12] = [
            b"cos\nsystem\n(X\x02\x00\x00\x00idtR.",
            b"",
            b"}",
            b"}(X\xff\xff\xff\xffa",
            b"K\x01.",
            b"u.",
            b"(.",
            b"}(X\x01\x00\x00\x00ah\x07u.",
            b"}(I\nu.",
            b"\x80\x06}.",
            b"(i__main__\nA\n.",
            b"}(X\x01\x00\x00\x00ac_codecs\nencode\nu.",
        ];
        for bytes in bad {
            assert!(decode_pickle(bytes).is_err(), "{bytes:?}");
        }
        assert!(decode_pickle(&vec![b'('; PICKLE_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn every_protocol_s_way_to_write_a_value_reads_the_same() {
        let (text, json) =
            (|text: &'static str| Value::from(text), |text: &'static str| Value::Json(text.into()));
        let cases: [(&[u8], Value<'static>); 20] = [
            // 0: lines of text
            (b"Vh\\u20ac\xe9\n", text("h€é")),
            (b"S'a\\n\\x41'\n", text("a\nA")),
            (b"F1.5\n", Value::Float(1.5)),
            (b"L1180591620717411303424L\n", Value::Int(1 << 70)),
            (b"I01\n", Value::Bool(true)),
            (b"(lp0\nI1\naNa", json("[1, null]")),
            (b"(dp0\nVk\nI1\ns", json("{\"k\": 1}")),
            (b"(I1\nI2\nt", json("[1, 2]")),
            // 1 and 2
            (b"\x8a\x09\0\0\0\0\0\0\0\0\x40", Value::Int(1 << 70)),
            (b"\x8b\x01\0\0\0\xff", Value::Int(-1)),
            (b"U\x03abc", text("abc")),
            (b"c_codecs\nencode\n(X\x03\0\0\0a\xc3\xbfX\x06\0\0\0latin1tR", text("b'a\\xff'")),
            (b"c__builtin__\nbytes\n)R", text("b''")),
            (b"c__builtin__\nset\n(](K\x01K\x02etR", json("[1, 2]")),
            // 3 to 5
            (b"C\x02'\x00", text("b\"'\\x00\"")),
            (b"\x8c\x02\xc3\xa9\x94", text("é")),
            (b"\x8f\x94(K\x01K\x02\x90", json("[1, 2]")),
            (b"\x96\x01\0\0\0\0\0\0\0a", text("b'a'")),
            // a list that is used twice is there twice
            (b"]q\x01(K\x01eh\x01\x86", json("[[1], [1]]")),
            (b"(K\x01K\x021K\x070N", Value::Null),
        ];
        for (operations, expected) in cases {
            let found = value_of(operations);
            assert_eq!(found.unwrap_or_else(|error| panic!("{operations:?}: {error}")), expected);
        }
    }

    #[test]
    fn a_number_above_128_bits_is_its_digits() {
        let number = [&[0x8a, 25][..], &[0; 24], &[1]].concat();
        let digits = "6277101735386680763835789423207666416102355444464034512896";
        assert_eq!(value_of(&number).unwrap(), Value::from(digits));
        let negative = [&[0x8a, 25][..], &[0; 24], &[0xff]].concat();
        assert_eq!(value_of(&negative).unwrap(), Value::from(format!("-{digits}")));
    }
}
