//! One HTTP/1.1 answer off a connection, whatever the other side sends.
//!
//! Limits: a head of [`HEAD_BYTES_MAX`] and [`HEADERS_MAX`] headers, a body of [`BODY_BYTES_MAX`]. A body is as long
//! as its Content-Length, as its chunks, or as the connection; anything short of that is no answer.

use std::io::Read;

use serde::de::DeserializeOwned;

use crate::Error;

/// The largest head of an answer.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// The most headers of an answer.
const HEADERS_MAX: usize = 64;
/// The largest body of an answer.
const BODY_BYTES_MAX: usize = 16 << 20;
/// How long the line before a chunk may be: its length in hexadecimal and extensions that nobody uses.
const CHUNK_LINE_BYTES_MAX: usize = 256;
/// How much is read at once.
const READ_BYTES: usize = 16 << 10;

/// What the daemon answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) etag: Option<String>,
}

impl Answer {
    /// The status of HTTP.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The tag of what the answer shows, if a change of it asks for one.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Reads the body as `T`.
    ///
    /// # Errors
    /// The body is no JSON, or another value than `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.body)
            .map_err(|error| Error::malformed(format!("the answer is not what was asked for: {error}")))
    }

    /// Takes one answer off a connection, whose other end is the daemon's.
    ///
    /// # Errors
    /// What comes is no answer of this protocol, is larger than the limits, or breaks off.
    ///
    /// ```
    /// # use stratd_control::Answer;
    /// let mut connection = "HTTP/1.1 200 OK\r\netag: \"0a\"\r\ncontent-length: 2\r\n\r\n{}".as_bytes();
    /// let answer = Answer::receive(&mut connection)?;
    /// assert_eq!((answer.status(), answer.etag(), answer.body()), (200, Some("\"0a\""), "{}"));
    /// # Ok::<(), stratd_control::Error>(())
    /// ```
    pub fn receive(from: &mut impl Read) -> Result<Self, Error> {
        let mut input = Input { from, buffer: Vec::new(), at: 0 };
        let head = read_head(&mut input)?;
        let body = input.take_body(head.framing)?;
        let body =
            String::from_utf8(body).map_err(|_| Error::malformed("the body of the answer is no UTF-8"))?;
        Ok(Self { status: head.status, body, etag: head.etag })
    }
}

/// Reads an answer that goes on: its lines as they come, until it ends or `on_line` says false. `begun` is called when
/// its head is there. An answer that is a refusal is returned, whole.
pub(super) fn stream<R: Read>(
    from: &mut R,
    begun: impl FnOnce(&mut R),
    mut on_line: impl FnMut(&str) -> bool,
) -> Result<Option<Answer>, Error> {
    let mut input = Input { from, buffer: Vec::new(), at: 0 };
    let head = read_head(&mut input)?;
    if head.status >= 400 {
        let body = input.take_body(head.framing)?;
        let body =
            String::from_utf8(body).map_err(|_| Error::malformed("the body of the answer is no UTF-8"))?;
        return Ok(Some(Answer { status: head.status, body, etag: head.etag }));
    }
    if !matches!(head.framing, Framing::Chunked) {
        return Err(Error::malformed("an answer that does not go on (accepted: transfer-encoding chunked)"));
    }
    begun(input.from);
    let mut text = Vec::new();
    while let Some(chunk) = read_chunk(&mut input, BODY_BYTES_MAX)? {
        text.extend(chunk);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            if !on_line(String::from_utf8_lossy(&line).trim_end_matches('\n')) {
                return Ok(None);
            }
        }
        if text.len() > BODY_BYTES_MAX {
            return Err(Error::too_large(BODY_BYTES_MAX));
        }
    }
    Ok(None)
}

struct Head {
    status: u16,
    etag: Option<String>,
    framing: Framing,
}

/// How the end of the body is known.
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

fn read_head(input: &mut Input<'_, impl Read>) -> Result<Head, Error> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response
            .parse(input.rest())
            .map_err(|error| Error::malformed(format!("the answer is no HTTP/1.1: {error}")))?;
        if let httparse::Status::Complete(length) = parsed {
            let status = response.code.ok_or_else(|| Error::malformed("the answer has no status"))?;
            let framing = framing(response.headers)?;
            let etag = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("etag"));
            let etag = etag.map(|header| String::from_utf8_lossy(header.value).into_owned());
            input.at += length;
            // an interim answer says that the real one follows
            if (100..200).contains(&status) {
                continue;
            }
            return Ok(Head { status, etag, framing });
        }
        if input.rest().len() >= HEAD_BYTES_MAX {
            return Err(Error::too_large(HEAD_BYTES_MAX));
        }
        if !input.fill()? {
            let text = if input.rest().is_empty() {
                "the connection was closed without an answer"
            } else {
                "the connection was closed within the head of the answer"
            };
            return Err(Error::gone(text));
        }
    }
}

fn framing(headers: &[httparse::Header<'_>]) -> Result<Framing, Error> {
    let find = |name: &str| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if let Some(coding) = find("transfer-encoding") {
        if coding.value.eq_ignore_ascii_case(b"chunked") {
            return Ok(Framing::Chunked);
        }
        let found = String::from_utf8_lossy(coding.value);
        return Err(Error::malformed(format!("transfer-encoding {found:?} (accepted: chunked)")));
    }
    let Some(length) = find("content-length") else { return Ok(Framing::UntilClosed) };
    let text = String::from_utf8_lossy(length.value);
    let length = text
        .parse::<usize>()
        .map_err(|_| Error::malformed(format!("content-length {text:?} (accepted: a number)")))?;
    if length > BODY_BYTES_MAX {
        return Err(Error::too_large(BODY_BYTES_MAX));
    }
    Ok(Framing::Length(length))
}

fn read_chunks(input: &mut Input<'_, impl Read>) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = read_chunk(input, BODY_BYTES_MAX - body.len())? {
        body.extend(chunk);
    }
    Ok(body)
}

/// The next chunk, of at most `bytes_max`; None behind the last.
fn read_chunk(input: &mut Input<'_, impl Read>, bytes_max: usize) -> Result<Option<Vec<u8>>, Error> {
    let line = input.take_line()?;
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let length = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Error::malformed("a chunk of the answer has no length"))?;
    if length == 0 {
        // trailers and the empty line behind them are of no use to anyone: the connection ends here
        return Ok(None);
    }
    if length > bytes_max {
        return Err(Error::too_large(BODY_BYTES_MAX));
    }
    let chunk = input.take(length)?;
    if !input.take_line()?.is_empty() {
        return Err(Error::malformed("a chunk of the answer is longer than its length"));
    }
    Ok(Some(chunk))
}

/// What was read and not yet used.
struct Input<'a, R> {
    from: &'a mut R,
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> Input<'_, R> {
    fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// Reads more; `false` at the end of the connection.
    fn fill(&mut self) -> Result<bool, Error> {
        // what was used goes, so that many small chunks with long lines before them do not pile up
        self.buffer.drain(..self.at);
        self.at = 0;
        let mut block = [0; READ_BYTES];
        loop {
            match self.from.read(&mut block) {
                Ok(count) => {
                    self.buffer.extend_from_slice(&block[..count]);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("reading the answer", error)),
            }
        }
    }

    /// The next `length` bytes, of which the caller has seen that they are not too many.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, Error> {
        while self.rest().len() < length {
            if !self.fill()? {
                let found = self.rest().len();
                let text = format!("the connection was closed after {found} of {length} bytes of the answer");
                return Err(Error::gone(text));
            }
        }
        let bytes = self.rest()[..length].to_vec();
        self.at += length;
        Ok(bytes)
    }

    /// The bytes before the next line break.
    fn take_line(&mut self) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(end) = self.rest().windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(end)?;
                self.at += 2;
                return Ok(line);
            }
            if self.rest().len() > CHUNK_LINE_BYTES_MAX {
                return Err(Error::malformed("a chunk of the answer has no length"));
            }
            if !self.fill()? {
                return Err(Error::gone("the connection was closed within a chunk of the answer"));
            }
        }
    }

    fn take_body(&mut self, framing: Framing) -> Result<Vec<u8>, Error> {
        match framing {
            Framing::Length(length) => self.take(length),
            Framing::Chunked => read_chunks(self),
            Framing::UntilClosed => self.take_all(),
        }
    }

    fn take_all(&mut self) -> Result<Vec<u8>, Error> {
        while self.fill()? {
            if self.rest().len() > BODY_BYTES_MAX {
                return Err(Error::too_large(BODY_BYTES_MAX));
            }
        }
        self.take(self.rest().len())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Hands over one byte at a time: the worst that a socket may do.
    struct Slowly<'a>(&'a [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            into[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn check(input: &str, expected: Expect) {
        let text = |answer: Result<Answer, Error>| match answer {
            Ok(answer) => format!("{} {:?}", answer.status, answer.body),
            Err(error) => format!("{:?}: {error}", error.kind()),
        };
        let at_once = text(Answer::receive(&mut input.as_bytes()));
        expected.assert_eq(&at_once);
        assert_eq!(text(Answer::receive(&mut Slowly(input.as_bytes()))), at_once);
    }

    #[test]
    fn a_body_is_framed_in_three_ways() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}rest", expect![[r#"200 "{}""#]]);
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
            expect![[r#"200 "{\"a\":1}""#]],
        );
        check("HTTP/1.1 404 Not Found\r\n\r\nuntil the end", expect![[r#"404 "until the end""#]]);
        check(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            expect![[r#"200 """#]],
        );
    }

    #[test]
    fn half_an_answer_is_none() {
        check("", expect!["Gone: the connection was closed without an answer"]);
        check("HTTP/1.1 200", expect!["Gone: the connection was closed within the head of the answer"]);
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\"",
            expect!["Gone: the connection was closed after 4 of 10 bytes of the answer"],
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            expect!["Gone: the connection was closed after 2 of 3 bytes of the answer"],
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            expect!["Gone: the connection was closed within a chunk of the answer"],
        );
    }

    #[test]
    fn garbage_is_refused() {
        check(
            "220 mail.example ESMTP\r\n",
            expect!["Malformed: the answer is no HTTP/1.1: invalid HTTP version"],
        );
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            expect![[r#"Malformed: content-length "-1" (accepted: a number)"#]],
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            expect![[r#"Malformed: transfer-encoding "gzip" (accepted: chunked)"#]],
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n",
            expect!["Malformed: a chunk of the answer has no length"],
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
            expect!["Malformed: a chunk of the answer is longer than its length"],
        );
    }

    #[test]
    fn what_is_too_large_is_not_read_to_its_end() {
        let large = BODY_BYTES_MAX + 1;
        check(
            &format!("HTTP/1.1 200 OK\r\nContent-Length: {large}\r\n\r\n"),
            expect!["TooLarge: the answer is larger than 16777216 bytes"],
        );
        check(
            &format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{large:x}\r\n"),
            expect!["TooLarge: the answer is larger than 16777216 bytes"],
        );
        check(
            &format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(HEAD_BYTES_MAX)),
            expect!["TooLarge: the answer is larger than 16384 bytes"],
        );
        let endless = std::io::repeat(b' ');
        let mut input = std::io::Read::chain(&b"HTTP/1.1 200 OK\r\n\r\n"[..], endless);
        let error = Answer::receive(&mut input).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::TooLarge);
    }
}
