//! The names of syslog, with the numbers that Python's `SysLogHandler` gives them.

use crate::{
    error::{Error, ErrorKind, Result},
    level::Level,
};

/// Facilities.
pub(super) const FACILITIES: [(&str, u8); 24] = [
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("ntp", 12),
    ("security", 13),
    ("console", 14),
    ("solaris-cron", 15),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// The facility of those who say nothing: `user`.
pub(super) const FACILITY_DEFAULT: u8 = 1;

/// Refuses a number that no facility has.
pub(super) fn check_facility(number: u8) -> Result<()> {
    if usize::from(number) < FACILITIES.len() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Handler,
        format!("facility {number} (accepted: 0 to {})", FACILITIES.len() - 1),
    ))
}

/// The name of a facility; one that syslog does not have is a number.
pub(crate) fn facility_name(number: u8) -> String {
    let known = FACILITIES.iter().find(|(_, known)| *known == number);
    known.map_or_else(|| number.to_string(), |&(name, _)| name.to_owned())
}

/// The priority of a level's name, as Python maps it: a name that is not one of the five is a warning.
pub(super) fn priority_of_name(name: &str) -> u8 {
    match name {
        "DEBUG" => 7,
        "INFO" => 6,
        "ERROR" => 3,
        "CRITICAL" => 2,
        _ => 4,
    }
}

/// The priority of a level.
pub(super) fn priority_of_level(level: Level) -> u8 {
    level.syslog_priority()
}
