//! The zone that times are told in.

use std::ffi::CString;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    error::{Error, Result},
    sys::{BrokenTime, pattern},
};

/// Which zone times are told in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// The zone of the process: `TZ`, or `/etc/localtime`.
    #[default]
    Local,
    /// Universal time.
    Utc,
    /// A zone of the system's table.
    Named(NamedZone),
}

/// A zone of the system's table (`/usr/share/zoneinfo`).
///
/// ```
/// use stratd_logging::{NamedZone, Zone};
///
/// assert_eq!(Zone::parse("Europe/Berlin")?, Zone::Named(NamedZone::new("Europe/Berlin")?));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedZone(TimeZone);

impl Zone {
    /// Reads `utc`, `local`, or the name of a zone.
    ///
    /// # Errors
    /// If the system knows no zone of this name.
    ///
    /// ```
    /// # use stratd_logging::Zone;
    /// assert_eq!(Zone::parse("utc")?, Zone::Utc);
    /// assert!(Zone::parse("Europe/Atlantis").is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "utc" => Ok(Self::Utc),
            "local" => Ok(Self::Local),
            name => NamedZone::new(name).map(Self::Named),
        }
    }

    /// Appends the text of a second.
    pub(super) fn write(&self, second: i64, format: &CString, out: &mut String) -> Result<()> {
        let is_written = match self {
            Self::Local => BrokenTime::local(second).map(|broken| broken.write(format, out)).is_some(),
            Self::Utc => BrokenTime::utc(second).map(|broken| broken.write(format, out)).is_some(),
            Self::Named(zone) => zone.write(second, format, out),
        };
        if is_written { Ok(()) } else { Err(Error::record(format!("second {second} is in no year"))) }
    }
}

impl NamedZone {
    /// The zone of a name.
    ///
    /// # Errors
    /// If the system knows none of this name.
    ///
    /// ```
    /// # use stratd_logging::NamedZone;
    /// assert!(NamedZone::new("America/New_York").is_ok());
    /// ```
    pub fn new(name: &str) -> Result<Self> {
        TimeZone::get(name).map(Self).map_err(|error| {
            Error::format(format!(
                "found {name:?}: {error} (accepted: utc, local, or a name below /usr/share/zoneinfo like \"Europe/Berlin\")"
            ))
        })
    }

    fn write(&self, second: i64, format: &CString, out: &mut String) -> bool {
        let Ok(timestamp) = Timestamp::from_second(second) else { return false };
        let info = self.0.to_offset_info(timestamp);
        let name = pattern(info.abbreviation()).unwrap_or_default();
        let zone = (info.offset().seconds(), info.dst().is_dst(), name.as_c_str());
        BrokenTime::write_in_zone(second, zone, &with_epoch(format, second), out)
    }
}

/// The format with `%s` filled in: libc would count the seconds in the zone of the process.
fn with_epoch(format: &CString, second: i64) -> CString {
    let text = format.to_string_lossy();
    if !text.contains("%s") {
        return format.clone();
    }
    let (mut out, mut is_marked) = (String::new(), false);
    for c in text.chars() {
        match (is_marked, c) {
            (true, 's') => {
                out.pop();
                out.push_str(&second.to_string());
            }
            _ => out.push(c),
        }
        is_marked = c == '%' && !is_marked;
    }
    // digits hold no zero byte either
    pattern(&out).unwrap_or_else(|| format.clone())
}

#[cfg(test)]
mod tests {
    use super::Zone;
    use crate::sys::pattern;

    #[test]
    fn a_named_zone_has_its_own_clock_name_and_offset() {
        let cases = [
            ("Europe/Berlin", 1_445_086_409, "2015-10-17 14:53:29 CEST +0200 1445086409"),
            ("Europe/Berlin", 1_450_000_000, "2015-12-13 10:46:40 CET +0100 1450000000"),
            ("Asia/Kathmandu", 0, "1970-01-01 05:30:00 +0530 +0530 0"),
            ("America/New_York", 1_445_086_409, "2015-10-17 08:53:29 EDT -0400 1445086409"),
        ];
        let format = pattern("%Y-%m-%d %H:%M:%S %Z %z %s").unwrap();
        for (name, second, expected) in cases {
            let mut out = String::new();
            Zone::parse(name).unwrap().write(second, &format, &mut out).unwrap();
            assert_eq!(out, expected, "{name}");
        }
    }
}
