//! On what terms something is changed: `--dry-run`, `--if-match`, `--force`.

use clap::Args;
use stratd_control::Request;

/// The options of every command that changes something. Without any, the change is done if nobody else changed the same
/// between a look at it and the change.
#[derive(Args, Clone)]
pub(crate) struct Terms {
    /// Check everything, change nothing, and say what would be done
    #[arg(long, help_heading = "Terms")]
    dry_run: bool,
    /// Change it only if it has this tag, as show prints it [default: the one that it has just now]
    #[arg(long, value_name = "TAG", help_heading = "Terms")]
    if_match: Option<String>,
    /// Change it whatever became of it meanwhile
    #[arg(long, conflicts_with = "if_match", help_heading = "Terms")]
    force: bool,
}

impl Terms {
    /// Whether nothing is to be changed.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The same for what stops trading: unless a tag was given, it is done whatever others changed meanwhile.
    pub(super) fn at_once(&self) -> Self {
        Self { force: self.if_match.is_none(), ..self.clone() }
    }

    /// The request on these terms, and whether its tag is still to be looked up.
    pub(super) fn apply(&self, request: Request) -> (Request, bool) {
        let request = if self.dry_run { request.dry_run() } else { request };
        match &self.if_match {
            Some(tag) => (request.if_match(&quoted(tag)), false),
            None if self.force => (request.if_match("*"), false),
            None => (request, true),
        }
    }
}

/// A tag with the quotation marks that a shell may have taken away.
fn quoted(tag: &str) -> String {
    if tag == "*" || tag.starts_with('"') || tag.starts_with("W/") {
        tag.to_owned()
    } else {
        format!("\"{tag}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_tag_gets_back_what_a_shell_took() {
        for (tag, sent) in [("0a", "\"0a\""), ("\"0a\"", "\"0a\""), ("*", "*"), ("W/\"0a\"", "W/\"0a\"")] {
            assert_eq!(quoted(tag), sent);
        }
    }
}
