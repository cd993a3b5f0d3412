//! The log.

use stratd_control::{LogFlight, LogResolution, LogTree};

use super::{
    table::Grid,
    words::{count, several, span},
};

pub(crate) fn log_tree(tree: &LogTree) -> String {
    let mut grid = Grid::new(&["logger", "level", "in force", "handlers", "notes"], 5);
    for logger in &tree.loggers {
        let mut notes = Vec::new();
        if logger.disabled {
            notes.push("silenced".to_owned());
        }
        if !logger.propagate {
            notes.push("does not propagate".to_owned());
        }
        if logger.filters > 0 {
            notes.push(several(logger.filters, "filter"));
        }
        if let (Some(level), Some(left)) = (&logger.reverts_to, logger.reverts_in_ns) {
            notes.push(format!("{level} again in {}", span(left)));
        }
        grid.add([
            logger.name.clone(),
            logger.level.clone().unwrap_or_default(),
            logger.effective_level.clone(),
            logger.handlers.join(", "),
            notes.join(", "),
        ]);
    }
    let mut text = grid.text();
    if let Some(level) = &tree.disabled_to {
        text.push_str(&format!("\nall loggers are silent up to {level} (log disable)\n"));
    }
    text
}

pub(crate) fn log_handlers(tree: &LogTree) -> String {
    let header = ["handler", "kind", "level", "queued", "written", "dropped", "errors"];
    let mut grid = Grid::new(&header, 3);
    for handler in &tree.handlers {
        grid.add([
            handler.name.clone(),
            handler.kind.clone(),
            handler.level.clone(),
            count(handler.queued),
            count(handler.written),
            count(handler.dropped),
            count(handler.errors),
        ]);
    }
    let mut text = grid.text();
    for handler in &tree.handlers {
        if let Some(error) = &handler.last_error {
            text.push_str(&format!("{}: last error: {error}\n", handler.name));
        }
    }
    if tree.lost > 0 {
        text.push_str(&format!("{} lost before they reached a handler\n", several(tree.lost, "record")));
    }
    text
}

pub(crate) fn log_receivers(tree: &LogTree) -> String {
    let header = ["receiver", "kind", "address", "connections", "received", "refused", "dropped"];
    let mut grid = Grid::new(&header, 3);
    for receiver in &tree.receivers {
        grid.add([
            receiver.name.clone(),
            receiver.kind.clone(),
            receiver.address.clone(),
            count(receiver.connections),
            count(receiver.received),
            count(receiver.refused),
            count(receiver.dropped),
        ]);
    }
    let mut text = grid.text();
    for receiver in &tree.receivers {
        if receiver.connections_refused > 0 {
            let refused = several(receiver.connections_refused, "connection");
            text.push_str(&format!("{}: {refused} closed at once, there were too many\n", receiver.name));
        }
        if let Some(error) = &receiver.last_error {
            text.push_str(&format!("{}: last error: {error}\n", receiver.name));
        }
    }
    text
}

pub(crate) fn log_resolution(found: &LogResolution) -> String {
    let filters = |count: u64| match count {
        0 => String::new(),
        count => format!(", if {} let it pass", several(count, "filter")),
    };
    let logger = &found.logger;
    let verdict = match &found.refusal {
        Some(refusal) => format!("is not taken: {refusal}"),
        None => format!("is taken{}", filters(found.filters)),
    };
    let mut text = format!("{} on {logger} {verdict}\n", found.level);
    for reach in &found.handlers {
        let through = reach.logger.as_ref().map_or_else(String::new, |logger| format!(" (at {logger})"));
        let verdict = match (&found.refusal, &reach.refusal) {
            (_, Some(refusal)) => format!("no: {refusal}"),
            (Some(_), None) => "not reached: the logger does not take it".to_owned(),
            (None, None) => format!("yes{}", filters(reach.filters)),
        };
        text.push_str(&format!("  {}{through}: {verdict}\n", reach.handler));
    }
    text
}

/// One line a record, as a log has them.
pub(crate) fn log_flight(flight: &LogFlight) -> String {
    let mut text = String::new();
    for record in &flight.records {
        text.push_str(&format!("{} {} {}: {}", record.at, record.level, record.logger, record.message));
        for (key, value) in &record.fields {
            text.push_str(&format!(" {key}={value}"));
        }
        text.push('\n');
    }
    let kept = flight.records.len() as u64;
    let forgotten = match flight.forgotten {
        0 => String::new(),
        forgotten => format!("; {} were forgotten", self::count(forgotten)),
    };
    text.push_str(&format!("{} of {}{forgotten}\n", several(kept, "record"), flight.logger));
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use stratd_control::{LogHandler, LogLogger, LogReach, LogReceiver};

    use super::*;

    #[test]
    fn a_tree_tells_what_is_not_as_usual() {
        let logger = |name: &str| LogLogger {
            name: name.into(),
            level: None,
            effective_level: "INFO".into(),
            propagate: true,
            disabled: false,
            handlers: Vec::new(),
            filters: 0,
            reverts_to: None,
            reverts_in_ns: None,
        };
        let tree = LogTree {
            disabled_to: None,
            loggers: vec![
                LogLogger { level: Some("INFO".into()), handlers: vec!["stderr".into()], ..logger("root") },
                LogLogger {
                    level: Some("DEBUG".into()),
                    effective_level: "DEBUG".into(),
                    propagate: false,
                    filters: 1,
                    reverts_to: Some("NOTSET".into()),
                    reverts_in_ns: Some(61_000_000_000),
                    ..logger("strategy.a")
                },
                LogLogger { disabled: true, ..logger("strategy.b") },
            ],
            handlers: vec![LogHandler {
                name: "stderr".into(),
                kind: "console".into(),
                level: "NOTSET".into(),
                queued: 0,
                written: 1234,
                dropped: 0,
                errors: 1,
                last_error: Some("broken pipe".into()),
            }],
            receivers: Vec::new(),
            lost: 2,
            renamed_fields: 0,
        };
        expect![[r#"
            +--------------------------------------------------------------------------------------------------+
            | logger       level   in force   handlers   notes                                                 |
            +==================================================================================================+
            | root         INFO    INFO       stderr                                                           |
            | strategy.a   DEBUG   DEBUG                 does not propagate, 1 filter, NOTSET again in 1min 1s |
            | strategy.b           INFO                  silenced                                              |
            +--------------------------------------------------------------------------------------------------+
        "#]].assert_eq(&log_tree(&tree));
        expect![[r#"
            +------------------------------------------------------------------+
            | handler   kind      level    queued   written   dropped   errors |
            +==================================================================+
            | stderr    console   NOTSET        0     1,234         0        1 |
            +------------------------------------------------------------------+
            stderr: last error: broken pipe
            2 records lost before they reached a handler
        "#]]
        .assert_eq(&log_handlers(&tree));
    }

    #[test]
    fn a_tree_says_up_to_which_level_all_is_silent() {
        let tree = LogTree {
            disabled_to: Some("WARNING".into()),
            loggers: Vec::new(),
            handlers: Vec::new(),
            receivers: Vec::new(),
            lost: 0,
            renamed_fields: 0,
        };
        assert!(log_tree(&tree).ends_with("\nall loggers are silent up to WARNING (log disable)\n"));
    }

    #[test]
    fn receivers_tell_what_they_refused() {
        let tree = LogTree {
            disabled_to: None,
            loggers: Vec::new(),
            handlers: Vec::new(),
            receivers: vec![LogReceiver {
                name: "fleet".into(),
                kind: "socket".into(),
                address: "tcp 127.0.0.1:9020".into(),
                connections: 4,
                received: 1234,
                refused: 1,
                connections_refused: 3,
                dropped: 0,
                last_error: Some("127.0.0.1:40000: a frame of 5 bytes".into()),
            }],
            lost: 0,
            renamed_fields: 0,
        };
        expect![[r#"
            +-------------------------------------------------------------------------------------+
            | receiver   kind     address              connections   received   refused   dropped |
            +=====================================================================================+
            | fleet      socket   tcp 127.0.0.1:9020             4      1,234         1         0 |
            +-------------------------------------------------------------------------------------+
            fleet: 3 connections closed at once, there were too many
            fleet: last error: 127.0.0.1:40000: a frame of 5 bytes
        "#]]
        .assert_eq(&log_receivers(&tree));
    }

    #[test]
    fn a_resolution_says_why() {
        let reach = |handler: &str, logger: Option<&str>, refusal: Option<&str>| LogReach {
            handler: handler.into(),
            logger: logger.map(str::to_owned),
            refusal: refusal.map(str::to_owned),
            filters: 0,
        };
        let mut found = LogResolution {
            logger: "strategy.a".into(),
            level: "INFO".into(),
            refusal: None,
            filters: 2,
            handlers: vec![
                reach("all", Some("root"), None),
                reach("mail", Some("root"), Some("its level is ERROR, above INFO")),
                reach("audit", None, Some("it is attached to no logger on the way")),
            ],
        };
        expect![[r#"
            INFO on strategy.a is taken, if 2 filters let it pass
              all (at root): yes
              mail (at root): no: its level is ERROR, above INFO
              audit: no: it is attached to no logger on the way
        "#]]
        .assert_eq(&log_resolution(&found));
        found.refusal = Some("logger strategy.a is silenced".into());
        expect![[r#"
            INFO on strategy.a is not taken: logger strategy.a is silenced
              all (at root): not reached: the logger does not take it
              mail (at root): no: its level is ERROR, above INFO
              audit: no: it is attached to no logger on the way
        "#]]
        .assert_eq(&log_resolution(&found));
    }
}
