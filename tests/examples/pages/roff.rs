//! Markdown of the forms that `docs/configuration.md` has, as a page for `man`.
//!
//! Headings, paragraphs, lists of one level, blocks of code, emphasis and code within a line. Anything else comes out as
//! its text.

use std::fmt::Write as _;

/// A whole page.
pub(crate) fn page(name: &str, section: &str, about: &str, markdown: &str) -> String {
    let mut out = format!(
        ".TH {} {section} \"\" stratd stratd\n.SH NAME\n{} \\- {}\n.SH DESCRIPTION\n",
        name.to_uppercase(),
        escaped(name),
        escaped(about)
    );
    let mut is_code = false;
    let mut is_list = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            out.push_str(if is_code { ".fi\n.RE\n" } else { ".PP\n.RS 4\n.nf\n" });
            is_code = !is_code;
        } else if is_code {
            // a line that is empty in a block is not the end of a paragraph
            let _ = writeln!(out, "{}", protected(&escaped(line)));
        } else if line.is_empty() {
            is_list = false;
            out.push_str(".PP\n");
        } else if line.starts_with("<!--") || line.starts_with("# ") {
            // who made the file, and its title
        } else if let Some(heading) = line.strip_prefix("## ") {
            let _ = writeln!(out, ".SH {}", words(&heading.replace('`', "")));
        } else if let Some(heading) = line.strip_prefix("### ") {
            let _ = writeln!(out, ".SS {}", words(&heading.replace('`', "")));
        } else if let Some(item) = line.strip_prefix("- ") {
            is_list = true;
            let _ = writeln!(out, ".IP \\(bu 2\n{}", protected(&inline(item)));
        } else if is_list {
            let _ = writeln!(out, "{}", protected(&inline(line.trim_start())));
        } else {
            let _ = writeln!(out, "{}", protected(&inline(line)));
        }
    }
    out.push_str(&see_also(&["stratd(1)".to_owned(), "stratctl(1)".to_owned()]));
    out
}

/// The last section.
pub(crate) fn see_also(pages: &[String]) -> String {
    let mut out = String::from(".SH \"SEE ALSO\"\n");
    let last = pages.len().saturating_sub(1);
    for (index, page) in pages.iter().enumerate() {
        let (name, section) = page.split_once('(').unwrap_or((page, "1)"));
        let comma = if index == last { "" } else { "," };
        let _ = writeln!(out, ".BR {} ({section}{comma}", escaped(name));
    }
    out
}

/// The arguments of a heading are one.
fn words(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\(dq"))
}

/// `code` and *emphasis* in bold and italics; of a [link](to) its text.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut is_code = false;
    for piece in text.split('`').enumerate() {
        let (index, piece) = piece;
        if index > 0 {
            is_code = !is_code;
            out.push_str(if is_code { "\\fB" } else { "\\fR" });
        }
        out.push_str(&if is_code { escaped(piece) } else { emphasis(&without_links(piece)) });
    }
    if is_code {
        out.push_str("\\fR");
    }
    out
}

fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let Some((name, after)) = rest[start + 1..].split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        out.push_str(&rest[..start]);
        out.push_str(name);
        rest = after;
    }
    out + rest
}

fn emphasis(text: &str) -> String {
    let mut out = String::new();
    let mut is_marked = false;
    for (index, piece) in escaped(text).split('*').enumerate() {
        if index > 0 && !piece.is_empty() {
            is_marked = !is_marked;
            out.push_str(if is_marked { "\\fI" } else { "\\fR" });
        }
        out.push_str(piece);
    }
    if is_marked {
        out.push_str("\\fR");
    }
    out
}

/// What roff would take for something else.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga")
}

/// A line that begins with a point is none of roff's requests.
fn protected(line: &str) -> String {
    if line.starts_with('.') || line.starts_with("\\(aq") { format!("\\&{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn every_form_of_the_reference_has_its_roff() {
        let text = "# Title\n\n## Top of `x`\n\nA `key` of *mine*; see [there](there.md).\n.dot\n\n- one\n- two\n\n```toml\na-b = 'c'\n```\n";
        let out = page("x.toml", "5", "an x", text);
        assert_eq!(
            out,
            ".TH X.TOML 5 \"\" stratd stratd\n.SH NAME\nx.toml \\- an x\n.SH DESCRIPTION\n.PP\n\
             .SH \"Top of x\"\n.PP\nA \\fBkey\\fR of \\fImine\\fR; see there.\n\\&.dot\n.PP\n\
             .IP \\(bu 2\none\n.IP \\(bu 2\ntwo\n.PP\n.PP\n.RS 4\n.nf\na\\-b = \\(aqc\\(aq\n.fi\n.RE\n\
             .SH \"SEE ALSO\"\n.BR stratd (1),\n.BR stratctl (1)\n"
        );
    }
}
