//! What the strategy `counter` says of the events that it saw.

use std::collections::BTreeMap;

/// The last figures of one instance.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) build: String,
    by_name: BTreeMap<String, u64>,
}

impl Figures {
    /// The last ones in a log.
    ///
    /// `INFO strategy.counter: first build: count 5 first 2 last 6 gaps 0 … checksum cf80c00f86b4434f`
    pub(crate) fn last_of(log: &str, instance: &str) -> Self {
        let lines = log.lines().filter_map(|line| line.split_once(&format!("strategy.{instance}: ")));
        let mut figures = lines.filter_map(|(_, text)| text.split_once(" build: "));
        let (build, figures) =
            figures.next_back().unwrap_or_else(|| panic!("{instance} says nothing of its count:\n{log}"));
        let words: Vec<&str> = figures.split_whitespace().collect();
        let pairs = words.chunks_exact(2).filter(|pair| pair[0] != "checksum");
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("`{text}` in `{figures}`"));
        let by_name = pairs.map(|pair| (pair[0].to_owned(), number(pair[1]))).collect();
        Self { build: build.to_owned(), by_name }
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        *self.by_name.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// Every event from the first to the last was seen once, in order, and there were some.
    #[track_caller]
    pub(crate) fn assert_whole(&self) {
        for wrong in ["gaps", "duplicates", "out_of_order"] {
            assert_eq!(self.get(wrong), 0, "{wrong}: {self:?}");
        }
        assert!(self.get("count") > 0, "{self:?}");
        assert_eq!(self.get("count"), self.get("last") - self.get("first") + 1, "{self:?}");
    }
}

#[test]
fn figures_are_read_from_the_last_words() {
    let log = "INFO strategy.a: first build: count 5 first 2 last 6 gaps 0 duplicates 0 out_of_order 0 checksum ff\n\
               INFO strategy.b: third build: count 9 first 2 last 6 gaps 1 duplicates 0 out_of_order 0 checksum ff\n\
               INFO strategy.a: stopped: build";
    let figures = Figures::last_of(log, "a");
    assert_eq!((figures.build.as_str(), figures.get("count"), figures.get("gaps")), ("first", 5, 0));
    figures.assert_whole();
    assert!(std::panic::catch_unwind(|| Figures::last_of(log, "b").assert_whole()).is_err());
}
