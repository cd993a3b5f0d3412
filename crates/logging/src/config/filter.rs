//! `[logging.filters.NAME]`

use regex::Regex;

use super::{kinds::Kinds, section::Section};
use crate::{
    error::{Error, ErrorKind, Result},
    filter::{Filter, NameFilter, Operand, Predicate},
};

/// Reads a filter.
pub(super) fn read(section: &Section<'_>, kinds: &Kinds) -> Option<Box<dyn Filter>> {
    let kind = section.required("kind", section.text("kind"))?;
    let filter: Option<Box<dyn Filter>> = if kind == "name" {
        let name = section.required("name", section.text("name"));
        name.map(|name| Box::new(NameFilter::new(name)) as Box<dyn Filter>)
    } else if let Some(make) = kinds.filter(kind) {
        make(section.rest()).map_err(|error| section.problem("kind", error.to_string())).ok()
    } else {
        predicate(kind, section).map(|predicate| Box::new(predicate) as Box<dyn Filter>)
    };
    section.finish();
    filter
}

fn predicate(kind: &str, section: &Section<'_>) -> Option<Predicate> {
    let level = |key| section.required(key, section.level(key));
    let count = |key| section.required(key, section.count(key));
    let negate = || section.flag("negate").unwrap_or(false);
    let operand = || section.required("field", section.text("field")).map(Operand::new);
    Some(match kind {
        "level_max" => Predicate::LevelMax(level("level")?),
        "level_min" => Predicate::LevelMin(level("level")?),
        "level_range" => Predicate::LevelRange(level("min")?, level("max")?),
        "level_in" => Predicate::LevelIn(section.required("levels", section.level_list("levels"))?),
        "contains" => {
            let text = section.required("value", section.text("value"));
            Predicate::Contains(operand()?, text?.to_owned(), negate())
        }
        "regex" => {
            let pattern = section.required("pattern", section.parsed("pattern", compile));
            Predicate::Regex(operand()?, pattern?, negate())
        }
        "equals" => {
            let value = section.required("value", section.field_value("value"));
            Predicate::Equals(operand()?, value?, negate())
        }
        "has" => Predicate::Has(operand()?, negate()),
        "every" => Predicate::Every { n: count("n")?, seen: 0 },
        "first" => Predicate::First { n: count("n")?, seen: 0 },
        "rate_limit" => {
            let per = section.required("per", section.duration("per"))?;
            let interval_ns = i64::try_from(per.as_nanos()).unwrap_or(i64::MAX);
            Predicate::RateLimit { n: count("n")?, interval_ns, since_ns: 0, seen: 0, suppressed: 0 }
        }
        "const" => Predicate::Const(section.required("value", section.flag("value"))?),
        "add_fields" => Predicate::AddFields(section.required("fields", section.fields("fields"))?),
        "prefix" => Predicate::Prefix(section.required("prefix", section.text("prefix"))?.to_owned()),
        "set_level" => Predicate::SetLevel(level("level")?),
        "mark" => {
            let stop = section.required("stop", section.text("stop"));
            let prefix = section.required("prefix", section.text("prefix"));
            Predicate::Mark(stop?.to_owned(), prefix?.to_owned())
        }
        _ => {
            section.problem(
                "kind",
                format!(
                    "no filter {kind:?} (accepted: name, level_max, level_min, level_range, level_in, contains, regex, \
                     equals, has, every, first, rate_limit, const, add_fields, prefix, set_level, mark)"
                ),
            );
            section.rest();
            return None;
        }
    })
}

fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern)
        .map_err(|error| Error::new(ErrorKind::Filter, format!("pattern {pattern:?}: {}", one_line(&error))))
}

/// What is wrong, without the drawing of the place, which needs lines of its own.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn problem(text: &str) -> String {
        let error = Config::parse(text).unwrap_err();
        let [(key, problem)] = error.problems() else { panic!("{error}") };
        assert!(!problem.contains('\n'), "{problem}");
        format!("{key}: {problem}")
    }

    #[test]
    fn what_is_refused_is_told_in_one_plain_line() {
        let filter = "[filters.f]\nkind = \"regex\"\nfield = \"message\"\npattern = \"a(\"";
        assert_eq!(problem(filter), "filters.f.pattern: pattern \"a(\": unclosed group");
        let said = problem("[formatters.f]\nstyle = \"{\"\nformat = \"{message:>10d}\"");
        assert!(said.contains("of type 'd' does not fit a text (accepted: "), "{said}");
        let said = problem("[formatters.f]\nformat = \"%(message)y\"");
        assert!(said.contains("'y' is no conversion"), "{said}");
        assert!(
            problem("[handlers.f]\nkind = \"http\"\nurl = \"ftp://x\"").starts_with("handlers.f.url: found ")
        );
        let smtp = "[handlers.f]\nkind = \"smtp\"\nhost = \"a:25\"\nfrom = \"a@b\"\nto = []";
        assert_eq!(problem(smtp), "handlers.f.to: found an empty list (accepted: one address at least)");
    }

    #[test]
    fn kinds_of_the_program_are_among_those_accepted() {
        let mut kinds = crate::Kinds::default();
        kinds.add_handler("console", |_| Err(crate::Error::refused("not made here")));
        let error = Config::parse_with("handlers.f.kind = \"fil\"", &kinds).unwrap_err().to_string();
        assert!(error.contains("smtp, command, console)"), "{error}");
    }
}
