//! Times by a format of `strptime`, as far as market data needs it: no weekdays, no zones, no locale.

use super::{DateTime, Duration};
use crate::error::{Error, ErrorKind};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// What was read so far; the defaults are those of Python.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: Option<i64>,
    hour: i64,
    is_afternoon: Option<bool>,
    minute: i64,
    second: i64,
    microsecond: i64,
}

/// The moment of a text.
pub(super) fn parse(text: &str, format: &str) -> Result<DateTime, Error> {
    let refused = |what: &str| Error::new(ErrorKind::BadTime, format!("'{text}' as '{format}': {what}"));
    let mut parts = Parts {
        year: 1900,
        month: 1,
        day: 1,
        day_of_year: None,
        hour: 0,
        is_afternoon: None,
        minute: 0,
        second: 0,
        microsecond: 0,
    };
    let mut rest = text;
    let mut pattern = format.chars();
    while let Some(expected) = pattern.next() {
        if expected == '%' {
            let directive = pattern.next().ok_or_else(|| refused("the format ends in '%'"))?;
            rest = parts.take(directive, rest).map_err(|what| refused(&what))?;
        } else if expected.is_whitespace() {
            rest = rest.trim_start();
        } else {
            rest = rest.strip_prefix(expected).ok_or_else(|| refused(&format!("expected '{expected}'")))?;
        }
    }
    if !rest.is_empty() {
        return Err(refused(&format!("'{rest}' is left over")));
    }
    parts.moment()
}

impl Parts {
    /// Takes what a directive stands for and returns the rest of the text.
    fn take<'a>(&mut self, directive: char, text: &'a str) -> Result<&'a str, String> {
        let (room, width, range) = match directive {
            'Y' => (&mut self.year, 4, 1..=9_999),
            'm' => (&mut self.month, 2, 1..=12),
            'd' => (&mut self.day, 2, 1..=31),
            'H' => (&mut self.hour, 2, 0..=23),
            'I' => (&mut self.hour, 2, 1..=12),
            'M' => (&mut self.minute, 2, 0..=59),
            'S' => (&mut self.second, 2, 0..=59),
            'j' => (self.day_of_year.insert(1), 3, 1..=366),
            'y' => {
                let (year, rest) = number(text, 2, 0..=99)?;
                // as POSIX divides the centuries
                self.year = if year < 69 { 2000 + year } else { 1900 + year };
                return Ok(rest);
            }
            'f' => return self.take_fraction(text),
            'b' | 'B' | 'h' => return self.take_month(text),
            'p' => return self.take_half_day(text),
            '%' => return text.strip_prefix('%').ok_or_else(|| "expected '%'".to_owned()),
            other => {
                return Err(format!(
                    "'%{other}' (expected one of %Y %m %d %H %M %S %f %y %j %b %B %I %p %%)"
                ));
            }
        };
        let (value, rest) = number(text, width, range)?;
        *room = value;
        Ok(rest)
    }

    fn take_fraction<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        let (value, rest) = number(text, 6, 0..=999_999)?;
        let digits = u32::try_from(text.len() - rest.len()).unwrap_or(6);
        self.microsecond = value * 10_i64.pow(6 - digits);
        Ok(rest)
    }

    fn take_month<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        for (number, name) in (1..).zip(MONTHS) {
            // the full name first: it begins with the short one
            for length in [name.len(), 3] {
                if let Some((head, rest)) = text.split_at_checked(length)
                    && name.get(..length).is_some_and(|name| name.eq_ignore_ascii_case(head))
                {
                    self.month = number;
                    return Ok(rest);
                }
            }
        }
        Err("expected the name of a month".to_owned())
    }

    fn take_half_day<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        let (half, rest) = text.split_at_checked(2).unwrap_or((text, ""));
        self.is_afternoon = match half.to_ascii_lowercase().as_str() {
            "am" => Some(false),
            "pm" => Some(true),
            _ => return Err("expected AM or PM".to_owned()),
        };
        Ok(rest)
    }

    fn moment(self) -> Result<DateTime, Error> {
        let date = match self.day_of_year {
            Some(day) => DateTime::new(self.year, 1, 1)? + Duration::days(day - 1),
            None => DateTime::new(self.year, self.month, self.day)?,
        };
        let hour = match self.is_afternoon {
            Some(is_afternoon) => self.hour % 12 + if is_afternoon { 12 } else { 0 },
            None => self.hour,
        };
        Ok(date.at(hour, self.minute, self.second, self.microsecond / 1_000))
    }
}

/// As many digits as there are, up to `width`.
fn number(text: &str, width: usize, range: std::ops::RangeInclusive<i64>) -> Result<(i64, &str), String> {
    let length = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    match digits.parse() {
        Ok(value) if range.contains(&value) => Ok((value, rest)),
        _ => Err(format!("expected a number from {} to {}", range.start(), range.end())),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn check(text: &str, format: &str, expect: &str) {
        let outcome = parse(text, format).map_or_else(|error| error.to_string(), |time| time.to_string());
        assert_eq!(outcome, expect);
    }

    #[test]
    fn formats_take_what_they_stand_for() {
        check("2007-05-31 18:00:07", "%Y-%m-%d %H:%M:%S", "2007-05-31 18:00:07:000");
        check("31May07 6.25pm", "%d%b%y %I.%M%p", "2007-05-31 18:25:00:000");
        check("1999/366", "%Y/%j", "2000-01-01 00:00:00:000");
        check("June 1 2000, .5", "%B %d %Y, .%f", "2000-06-01 00:00:00:500");
        check("2007-13", "%Y-%m", "'2007-13' as '%Y-%m': expected a number from 1 to 12");
        check("2007x", "%Y", "'2007x' as '%Y': 'x' is left over");
        check("2007", "%Y%", "'2007' as '%Y%': the format ends in '%'");
        check(
            "2007",
            "%Q",
            "'2007' as '%Q': '%Q' (expected one of %Y %m %d %H %M %S %f %y %j %b %B %I %p %%)",
        );
        check("2023-02-29", "%Y-%m-%d", "there is no date 2023-2-29 (expected the years 1 to 9999)");
        check("é", "%b", "'é' as '%b': expected the name of a month");
    }
}
