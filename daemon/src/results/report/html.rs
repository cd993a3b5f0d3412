//! Writing HTML: what is text is escaped, and a page is put around it.

use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The body of a page as it grows.
#[derive(Debug, Default)]
pub(crate) struct Html {
    body: String,
}

impl Html {
    /// `<tag class="class">`.
    pub(crate) fn open(&mut self, tag: &str, class: &str) {
        let _ = if class.is_empty() {
            write!(self.body, "<{tag}>")
        } else {
            write!(self.body, "<{tag} class=\"{class}\">")
        };
    }

    /// `</tag>` and the end of a line.
    pub(crate) fn close(&mut self, tag: &str) {
        let _ = writeln!(self.body, "</{tag}>");
    }

    /// An element with text, which is escaped.
    pub(crate) fn text(&mut self, tag: &str, class: &str, text: &str) {
        self.open(tag, class);
        self.body.push_str(&escape(text));
        self.close(tag);
    }

    /// Markup that was made here.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    /// A section with its title.
    pub(crate) fn section(&mut self, title: &str) {
        self.open("section", "");
        self.text("h2", "", title);
    }

    /// A table: the class of each cell, and its text.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<(&str, String)>]) {
        self.raw("<div class=\"scroll\"><table>\n<thead><tr>");
        for (index, text) in head.iter().enumerate() {
            // figures stand to the right, and so do their heads
            let first = rows.first().and_then(|row| row.get(index));
            let is_figure = first.is_some_and(|(class, _)| class.split(' ').any(|class| class == "n"));
            self.text("th", if is_figure { "n" } else { "" }, text);
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.raw("<tr>");
            for (class, text) in row {
                self.text("td", class, text);
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table></div>\n");
    }

    /// The whole page.
    pub(crate) fn page(self, title: &str) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n\
             <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
            escape(title),
            self.body
        )
    }
}

/// Text as it may stand in an element or between quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // control characters are not allowed in HTML, and say nothing
            control if control.is_control() && control != '\n' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escape("<script>alert('\"&\u{0}')</script>"),
            "&lt;script&gt;alert(&#39;&quot;&amp;\u{fffd}&#39;)&lt;/script&gt;"
        );
    }
}
