//! Tags, and the header `If-Match` that a change sends them in.

use std::fmt;

/// The entity tag of something that can be changed.
///
/// It is sent as a strong one, because `If-Match` knows no other, though counters may differ under the same tag: it
/// tells whether a change would meet what its author saw, not whether two answers are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// A tag by what stands between its quotation marks, if every character of it may be in one.
    ///
    /// ```
    /// # use stratd_control::Tag;
    /// assert_eq!(Tag::new("0a1b").map(|tag| tag.to_string()), Some("\"0a1b\"".to_owned()));
    /// assert_eq!(Tag::new("a b"), None);
    /// ```
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80;
        text.bytes().all(is_allowed).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// Which state of its resource a change may meet: the header `If-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there: `*`.
    Any,
    /// One of these tags; without any, nothing that there is.
    OneOf(Vec<Tag>),
}

impl Condition {
    /// So many tags may be in one header.
    pub const TAGS_MAX: usize = 16;

    /// Reads the value of the header. A weak tag is a tag, and equals none.
    ///
    /// ```
    /// # use stratd_control::{Condition, Tag};
    /// assert_eq!(Condition::parse("*"), Some(Condition::Any));
    /// let tags = vec![Tag::new("a").unwrap(), Tag::new("b").unwrap()];
    /// assert_eq!(Condition::parse("\"a\", \"b\""), Some(Condition::OneOf(tags)));
    /// assert_eq!(Condition::parse("a"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        for _ in 0..Self::TAGS_MAX {
            let (is_weak, quoted) = match rest.strip_prefix("W/") {
                Some(quoted) => (true, quoted),
                None => (false, rest),
            };
            let (tag, behind) = quoted.strip_prefix('"')?.split_once('"')?;
            let tag = Tag::new(tag)?;
            if !is_weak {
                tags.push(tag);
            }
            match behind.trim_start() {
                "" => return Some(Self::OneOf(tags)),
                more => rest = more.strip_prefix(',')?.trim_start(),
            }
        }
        None
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::OneOf(tags) => {
                for (index, tag) in tags.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{tag}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&Condition::parse(text).map_or("malformed".to_owned(), |found| found.to_string()));
    }

    #[test]
    fn a_condition_is_a_star_or_tags() {
        check("*", expect!["*"]);
        check(" * ", expect!["*"]);
        check(r#""a1""#, expect![[r#""a1""#]]);
        check(r#""a,1" ,"b""#, expect![[r#""a,1", "b""#]]);
        // equals nothing, because If-Match compares strongly
        check(r#"W/"a1""#, expect![""]);
        check(r#"W/"a1", "b""#, expect![[r#""b""#]]);
        for text in ["", "a1", "\"a1", "\"a1\",", "\"a1\" \"b\"", "*, \"a\"", "\"a b\"", "w/\"a\""] {
            check(text, expect!["malformed"]);
        }
        check(
            &[r#""a""#; Condition::TAGS_MAX].join(",").replace("\"a\"", "\"b\""),
            expect![[r#""b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b""#]],
        );
        check(&[r#""a""#; Condition::TAGS_MAX + 1].join(","), expect!["malformed"]);
    }
}
