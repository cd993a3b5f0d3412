//! C: moments and durations.

use teafile::clockwise::{DateTime, Duration, range, rangen};

#[test]
fn c01_datetime() {
    let start = DateTime::new(1970, 1, 1).unwrap();
    assert_eq!((start.ticks(), start), (0, DateTime::from_ticks(0)));
    assert_eq!(start.to_string(), "1970-01-01 00:00:00:000");
    assert_eq!(DateTime::new(2000, 1, 1).unwrap().at(77, 88, 99, 5_240_000).ticks(), 946_972_619_000);
    assert!(DateTime::new(0, 1, 1).is_err() && DateTime::new(10_000, 1, 1).is_err());
    assert_eq!(DateTime::new(1, 1, 1).unwrap().to_string(), "0001-01-01 00:00:00:000");
    assert_eq!(DateTime::new(9_999, 12, 31).unwrap().to_string(), "9999-12-31 00:00:00:000");
    assert_eq!(DateTime::from_ticks(-1).to_string(), "1969-12-31 23:59:59:999");
    assert!(DateTime::from_ticks(1) > start && start + Duration::days(1) > start);
    assert_eq!(DateTime::from_ticks(86_400_001).date(), DateTime::from_ticks(86_400_000));
    let parsed = DateTime::parse("2007-05-31 18:00:07", "%Y-%m-%d %H:%M:%S").unwrap();
    assert_eq!(parsed, DateTime::new(2007, 5, 31).unwrap().at(18, 0, 7, 0));
}

#[test]
fn c02_duration() {
    assert_eq!(Duration::days(3).to_string(), "3 days 00:00:00:000");
    assert_eq!(Duration::milliseconds(86_400_000 + 1_050).to_string(), "1 days 00:00:01:050");
    let sum = Duration::weeks(1) + Duration::hours(1) + Duration::minutes(1) + Duration::seconds(1) + 1;
    assert_eq!(sum.to_string(), "7 days 01:01:01:001");
    assert!(Duration::weeks(1) > Duration::days(6));
}

#[test]
fn c03_ranges() {
    let (start, end) = (DateTime::new(2000, 9, 1).unwrap(), DateTime::new(2001, 1, 1).unwrap());
    let times: Vec<DateTime> = range(start, end, Duration::weeks(2)).collect();
    assert_eq!((times.len(), times[8]), (9, DateTime::new(2000, 12, 22).unwrap()));
    // half-open, and a step that leads nowhere ends it
    assert_eq!(range(start, start + 2, Duration::milliseconds(1)).count(), 2);
    assert_eq!(range(start, end, Duration::milliseconds(0)).count(), 0);
    assert_eq!(range(end, start, Duration::days(1)).count(), 0);
    assert_eq!(
        range(DateTime::from_ticks(i64::MAX - 1), DateTime::from_ticks(i64::MAX), Duration::days(1)).count(),
        1
    );
    let three: Vec<String> = rangen(start, Duration::days(1), 3).map(|time| time.to_string()).collect();
    assert_eq!(three[2], "2000-09-03 00:00:00:000");
    assert_eq!(rangen(start, Duration::days(1), 0).count(), 0);
}
