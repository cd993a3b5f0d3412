//! What can be asked for: one constructor a route.

use serde::Serialize;

use crate::{
    API, BacktestRequest, ConfigApplyRequest, ConfigEdit, DisableRequest, Error, InspectRequest,
    LevelRequest, LoadRequest, LogConfigRequest, QuarantineRequest,
};

/// One request, ready to be sent.
///
/// A change means whatever is there (`If-Match: *`), unless [`if_match`](Self::if_match) says otherwise.
///
/// ```
/// # use stratd_control::Request;
/// assert_eq!(Request::reload("ema-cross").to_string(), "POST /v1/plugins/ema-cross/reload");
/// assert_eq!(
///     Request::reload("ema-cross").dry_run().to_string(),
///     "POST /v1/plugins/ema-cross/reload?dry_run=true"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) body: String,
    /// What a change depends on.
    pub(super) change: Option<Change>,
}

/// What makes a request a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The header `If-Match`.
    pub(super) if_match: String,
    /// What shows the tag.
    tag_of: String,
    /// The header `Idempotency-Key`.
    pub(super) key: Option<String>,
}

impl Request {
    /// The change is only done if this is the tag of what it changes: an [`Answer::etag`](crate::Answer::etag) as it
    /// came, with its quotation marks. Says nothing of a request that changes nothing.
    #[must_use]
    pub fn if_match(mut self, tag: &str) -> Self {
        if let Some(change) = &mut self.change {
            // a line break would be another header
            change.if_match = tag.chars().filter(|c| !c.is_control()).collect();
        }
        self
    }

    /// Everything is checked, and nothing changed. Says nothing of a request that changes nothing.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        if self.change.is_some() {
            let mark = if self.target.contains('?') { '&' } else { '?' };
            self.target.push(mark);
            self.target.push_str("dry_run=true");
        }
        self
    }

    /// The change is done once: asked for again with the same key, the daemon gives the answer of the first time. For
    /// [`Request::new_order`]; other changes take no key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        if let Some(change) = &mut self.change {
            // a line break would be another header
            change.key = Some(key.chars().filter(|c| !c.is_control()).collect());
        }
        self
    }

    /// What shows the tag that this change depends on; none if this request changes nothing.
    #[must_use]
    pub fn tag_request(&self) -> Option<Self> {
        let Change { tag_of, .. } = self.change.as_ref()?;
        Some(Self { method: "GET", target: tag_of.clone(), body: String::new(), change: None })
    }

    /// Who answers.
    #[must_use]
    pub fn version() -> Self {
        Self::get("version")
    }

    /// Whether anything needs attention.
    #[must_use]
    pub fn health() -> Self {
        Self::get("health")
    }

    /// The run.
    #[must_use]
    pub fn status() -> Self {
        Self::get("status")
    }

    /// All plugins.
    #[must_use]
    pub fn plugins() -> Self {
        Self::get("plugins")
    }

    /// One plugin, by its full or its short name.
    #[must_use]
    pub fn plugin(name: &str) -> Self {
        Self::get(&format!("plugins/{}", encoded(name)))
    }

    /// What the daemon would say of a file.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn inspect(body: &InspectRequest) -> Result<Self, Error> {
        Self { method: "POST", ..Self::get("inspect") }.with_body(body)
    }

    /// One more instance.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn load(body: &LoadRequest) -> Result<Self, Error> {
        Self::post("plugins", "plugins").with_body(body)
    }

    /// Takes the file of the plugin as it is now.
    #[must_use]
    pub fn reload(name: &str) -> Self {
        Self::act(name, "reload")
    }

    /// Ends all instances of the plugin.
    #[must_use]
    pub fn stop(name: &str) -> Self {
        Self::act(name, "stop")
    }

    /// Starts the instances of the plugin that were stopped or that failed.
    #[must_use]
    pub fn start(name: &str) -> Self {
        Self::act(name, "start")
    }

    /// Goes back to the generation before.
    #[must_use]
    pub fn rollback(name: &str) -> Self {
        Self::act(name, "rollback")
    }

    /// Ends all instances of the plugin, and lets none start until it is released.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn quarantine(name: &str, body: &QuarantineRequest) -> Result<Self, Error> {
        Self::act(name, "quarantine").with_body(body)
    }

    /// Ends a quarantine.
    #[must_use]
    pub fn release(name: &str) -> Self {
        Self::act(name, "release")
    }

    /// The tree of loggers, and the handlers.
    #[must_use]
    pub fn log_tree() -> Self {
        Self::get("logging")
    }

    /// What would become of a record.
    #[must_use]
    pub fn log_resolve(logger: &str, level: &str) -> Self {
        Self::get(&format!("logging/resolve?logger={}&level={}", encoded(logger), encoded(level)))
    }

    /// The log as it is written, from one logger and those below it, for [`Client::stream`](crate::Client::stream).
    #[must_use]
    pub fn log_tap(logger: &str, level: &str, as_json: bool) -> Self {
        let format = if as_json { "json" } else { "text" };
        let (logger, level) = (encoded(logger), encoded(level));
        Self::get(&format!("logging/tap?logger={logger}&level={level}&format={format}"))
    }

    /// Sets the level of a logger.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn log_level(body: &LevelRequest) -> Result<Self, Error> {
        Self::post("logging/level", "logging").with_body(body)
    }

    /// Silences every logger up to a level.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn log_disable(body: &DisableRequest) -> Result<Self, Error> {
        Self::post("logging/disable", "logging").with_body(body)
    }

    /// Puts a configuration of the log in the place of the one in force, or changes levels by it.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn log_apply(body: &LogConfigRequest) -> Result<Self, Error> {
        Self::post("logging/apply", "logging").with_body(body)
    }

    /// Reads the configuration of the log again from the daemon's own file.
    #[must_use]
    pub fn log_reload() -> Self {
        Self::post("logging/reload", "logging")
    }

    /// What the flight recorder of a logger holds.
    #[must_use]
    pub fn log_flight(logger: &str) -> Self {
        Self::get(&format!("logging/flight/{}", encoded(logger)))
    }

    /// Hands what the handlers do not have of a flight recorder to them.
    #[must_use]
    pub fn log_flight_dump(logger: &str) -> Self {
        Self::post(&format!("logging/flight/{}", encoded(logger)), "logging")
    }

    /// What happens, as it happens, for [`Client::stream`](crate::Client::stream) and
    /// [`EventLines`](crate::EventLines).
    #[must_use]
    pub fn events(wish: &EventWish) -> Self {
        let EventWish { kinds, strategies, instruments, after, is_finite } = wish;
        let list = |key: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{key}={}", encoded(&names.join(","))))
        };
        let keys = [
            list("kind", kinds),
            list("strategy", strategies),
            list("instrument", instruments),
            after.as_ref().map(|id| format!("after={}", encoded(id))),
            is_finite.then(|| "follow=false".to_owned()),
        ];
        let query: Vec<String> = keys.into_iter().flatten().collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Self::get(&format!("events{mark}{}", query.join("&")))
    }

    /// All backtests.
    #[must_use]
    pub fn backtests() -> Self {
        Self::get("backtests")
    }

    /// One backtest, with its summary.
    #[must_use]
    pub fn backtest(id: &str) -> Self {
        Self::get(&format!("backtests/{}", encoded(id)))
    }

    /// A backtest to be run.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn submit_backtest(body: &BacktestRequest) -> Result<Self, Error> {
        Self::post("backtests", "backtests").with_body(body)
    }

    /// The end of a backtest that waits or runs.
    #[must_use]
    pub fn cancel_backtest(id: &str) -> Self {
        let path = format!("backtests/{}", encoded(id));
        Self { method: "DELETE", ..Self::post(&path, &path) }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config() -> Self {
        Self::get("config")
    }

    /// A part of it, by its path: `strategy/momentum/config`.
    #[must_use]
    pub fn config_part(path: &str) -> Self {
        Self::get(&config_path(path))
    }

    /// Puts a value in the place of a part.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    pub fn config_put(path: &str, value: &ConfigEdit) -> Result<Self, Error> {
        Self { method: "PUT", ..Self::post(&config_path(path), "config") }.with_body(value)
    }

    /// Merges a patch into a part.
    ///
    /// # Errors
    /// The patch cannot be written as JSON.
    pub fn config_patch(path: &str, patch: &ConfigEdit) -> Result<Self, Error> {
        Self { method: "PATCH", ..Self::post(&config_path(path), "config") }.with_body(patch)
    }

    /// Takes a part away.
    #[must_use]
    pub fn config_delete(path: &str) -> Self {
        Self { method: "DELETE", ..Self::post(&config_path(path), "config") }
    }

    /// Puts another configuration in force.
    ///
    /// # Errors
    /// The body cannot be written as JSON.
    pub fn config_apply(body: &ConfigApplyRequest) -> Result<Self, Error> {
        Self::post("config/apply", "config").with_body(body)
    }

    /// Goes back to an earlier generation.
    #[must_use]
    pub fn config_rollback(generation: u64) -> Self {
        Self::post(&format!("config/rollback/{generation}"), "config")
    }

    /// Keeps the generation in force, which would go back otherwise.
    #[must_use]
    pub fn config_confirm() -> Self {
        Self::post("config/confirm", "config")
    }

    /// All generations.
    #[must_use]
    pub fn config_history() -> Self {
        Self::get("config/history")
    }

    /// What differs between two generations, or a generation and the files. Without `from`, the one in force; without
    /// `to`, the files.
    #[must_use]
    pub fn config_diff(from: Option<u64>, to: Option<u64>) -> Self {
        let key = |name: &str, number: Option<u64>| number.map(|number| format!("{name}={number}"));
        let query: Vec<String> = key("from", from).into_iter().chain(key("to", to)).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Self::get(&format!("config/diff{mark}{}", query.join("&")))
    }

    fn act(name: &str, verb: &str) -> Self {
        let plugin = format!("plugins/{}", encoded(name));
        Self::post(&format!("{plugin}/{verb}"), &plugin)
    }

    pub(super) fn get(path: &str) -> Self {
        Self { method: "GET", target: format!("/{API}/{path}"), body: String::new(), change: None }
    }

    /// A change, and what shows the tag of what it changes.
    pub(super) fn post(path: &str, tag_of: &str) -> Self {
        let change = Change { if_match: "*".to_owned(), tag_of: format!("/{API}/{tag_of}"), key: None };
        Self { method: "POST", change: Some(change), ..Self::get(path) }
    }

    /// The same by another method.
    pub(super) fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(super) fn with_body(mut self, body: &impl Serialize) -> Result<Self, Error> {
        self.body = serde_json::to_string(body)
            .map_err(|error| Error::malformed(format!("{self}: writing the body: {error}")))?;
        Ok(self)
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.target)
    }
}

/// What a listener wants to hear. Empty lists let everything pass but market data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventWish {
    /// Kinds, in the words of [`Happening::KINDS`](crate::Happening::KINDS), or `market`.
    pub kinds: Vec<String>,
    /// Only events about one of these strategies.
    pub strategies: Vec<String>,
    /// Only events about one of these symbols.
    pub instruments: Vec<String>,
    /// The id of the event after which to begin; `0` for all that is kept, `None` for what happens from now on.
    pub after: Option<String>,
    /// The answer ends with what has happened until now.
    pub is_finite: bool,
}

/// The path of a part of the configuration, segment by segment.
fn config_path(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(encoded);
    ["config".to_owned()].into_iter().chain(segments).collect::<Vec<_>>().join("/")
}

/// The name as one segment of a path, whatever is in it.
pub(super) fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // dots too: `..` as a segment means something else
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment_of_the_path() {
        for (name, target) in [
            ("ema-cross", "/v1/plugins/ema-cross"),
            ("a/../b?c#d", "/v1/plugins/a%2F%2E%2E%2Fb%3Fc%23d"),
            ("ö \r\n", "/v1/plugins/%C3%B6%20%0D%0A"),
        ] {
            assert_eq!(Request::plugin(name).target, target);
        }
    }
}
