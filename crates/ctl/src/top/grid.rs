//! Rows of columns, as wide as what is in them.

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::Paragraph,
};

/// Between two columns.
const GAP: usize = 2;

/// What takes the rest is not shown in less.
const REST_MIN: usize = 12;

/// A column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    /// What it gets even if it needs less, and keeps if there is too little for all.
    width_min: usize,
    is_figure: bool,
    is_rest: bool,
}

impl Column {
    /// Flush left.
    pub(super) fn text(name: &'static str, width_min: usize) -> Self {
        Self { name, width_min, is_figure: false, is_rest: false }
    }

    /// Flush right.
    pub(super) fn figure(name: &'static str, width_min: usize) -> Self {
        Self { is_figure: true, ..Self::text(name, width_min) }
    }

    /// Takes what is left over.
    pub(super) fn rest(name: &'static str) -> Self {
        Self { is_rest: true, ..Self::text(name, 0) }
    }
}

/// A table.
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Span<'static>>>,
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// One cell for each column.
    pub(super) fn add(&mut self, cells: Vec<Span<'static>>) {
        self.rows.push(cells);
    }

    /// Draws the names and so many rows that `visible` is among them; that of `cursor` is marked.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, visible: usize, cursor: Option<usize>) {
        let widths = self.widths(usize::from(area.width));
        let names: Vec<Span<'static>> = self.columns.iter().map(|column| Span::raw(column.name)).collect();
        let head = Style::new().add_modifier(Modifier::UNDERLINED);
        let mut lines = vec![self.line(&names, &widths).style(head)];
        let height = usize::from(area.height).saturating_sub(1);
        // the first row stays as long as what is asked for is in sight
        let from = (visible + 1).saturating_sub(height);
        for (index, row) in self.rows.iter().enumerate().skip(from).take(height) {
            let line = self.line(row, &widths);
            let is_marked = cursor == Some(index);
            lines.push(if is_marked {
                line.style(Style::new().add_modifier(Modifier::REVERSED))
            } else {
                line
            });
        }
        if self.rows.is_empty() {
            lines.push(Line::from("none"));
        }
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// As much as the longest cell needs; if that is too much for all, texts are cut before figures are.
    fn widths(&self, available: usize) -> Vec<usize> {
        let needed = |index: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).map(Span::width);
            cells.chain([column.name.len()]).max().unwrap_or(0).max(column.width_min)
        };
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| if column.is_rest { 0 } else { needed(index, column) })
            .collect();
        let gaps = GAP * self.columns.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(available);
        for is_figure in [false, true] {
            for (width, column) in widths.iter_mut().zip(&self.columns) {
                if column.is_figure == is_figure {
                    let cut = excess.min(width.saturating_sub(column.width_min));
                    *width -= cut;
                    excess -= cut;
                }
            }
        }
        let left = available.saturating_sub(widths.iter().sum::<usize>() + gaps);
        for (width, column) in widths.iter_mut().zip(&self.columns) {
            if column.is_rest {
                *width = if left < REST_MIN { 0 } else { left };
            }
        }
        widths
    }

    fn line(&self, cells: &[Span<'static>], widths: &[usize]) -> Line<'static> {
        let mut spans = Vec::with_capacity(cells.len() * 2);
        for ((cell, column), &width) in cells.iter().zip(&self.columns).zip(widths) {
            let text = cut(&cell.content, width);
            let blank = " ".repeat(width.saturating_sub(Span::raw(text.as_str()).width()));
            let padded = if column.is_figure { format!("{blank}{text}") } else { format!("{text}{blank}") };
            spans.push(Span::styled(padded, cell.style));
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        Line::from(spans)
    }
}

/// The text, or its beginning with a mark that there was more.
fn cut(text: &str, width: usize) -> String {
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let longer = format!("{out}{c}…");
        if Span::raw(longer.as_str()).width() > width {
            break;
        }
        out.push(c);
    }
    // no room is no column
    if width > 0 {
        out.push('…');
    }
    out
}
