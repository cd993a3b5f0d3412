//! The picture of a [`Screen`]: a pure function of it and of the size of the terminal.
//!
//! From top to bottom: the run, strategies, orders, the log, and one line for keys, questions and answers. Strategies and
//! orders take what they need, up to a share; the log takes what is left.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Clear, Paragraph, Wrap},
};

use super::{
    grid::{Column, Grid},
    screen::{Mode, Panel, Screen},
};
use crate::view::{count, short_span, span};

/// What is drawn on; anything smaller is told so.
const WIDTH_MIN: u16 = 40;
const HEIGHT_MIN: u16 = 12;
/// Lines above the strategies.
const HEAD: u16 = 3;
/// The title and the names of columns.
const TITLES: u16 = 2;
/// Lines of what a refusal says.
const FOOT_MAX: u16 = 4;

const KEYS: &str = "↑↓ move  Tab panel  / filter  h halt  c continue  r reload  ? help  q quit";
const HELP: &str = "\
 ↑ ↓ PgUp PgDn Home End   move in a panel; j and k do, too
 Tab                      next panel
 /                        show only lines that hold a text; Esc shows all
 h                        halt the selected strategy, after a question
 c                        let it trade again
 r                        replace its plugin by the file as it is now
 ?                        this help
 q  Ctrl-C                end

 What is shown is asked for every second; the log comes by itself.
 pnl: of all fills since the start, fees and costs included, and what open
 positions would bring. position: its value at the last price. latency:
 what 99 of 100 of its recent calls did not exceed. orders: those that
 work. One that may not trade shows that as its state.";

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen) {
    let area = frame.area();
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        let text = format!("{}x{} is too small (at least {WIDTH_MIN}x{HEIGHT_MIN})", area.width, area.height);
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let paint = Paint { has_colours: screen.has_colours };
    let body = area.height - HEAD - 1;
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).max(1).saturating_add(TITLES);
    let strategies = rows(screen.strategies().len()).min(body * 2 / 5);
    let orders = rows(screen.orders().len()).min(body * 3 / 10);
    let last = foot(screen, paint);
    let foot_height = u16::try_from(last.width()).unwrap_or(u16::MAX).div_ceil(area.width).clamp(1, FOOT_MAX);
    let parts = Layout::vertical([
        Constraint::Length(HEAD),
        Constraint::Length(strategies),
        Constraint::Length(orders),
        Constraint::Min(3),
        Constraint::Length(foot_height),
    ]);
    let [head, strategies, orders, log, foot] = parts.areas(area);
    draw_head(frame, head, screen, paint);
    draw_strategies(frame, strategies, screen, paint);
    draw_orders(frame, orders, screen, paint);
    draw_log(frame, log, screen, paint);
    frame.render_widget(Paragraph::new(last).wrap(Wrap { trim: true }), foot);
    if screen.mode == Mode::Help {
        draw_help(frame, area);
    }
}

/// Styles, without colours where nobody wants them.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    has_colours: bool,
}

impl Paint {
    fn colour(self, colour: Color) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new() }
    }

    fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// A state of a strategy or an order.
    fn state(self, state: &str) -> Style {
        match state {
            "started" | "filled" | "open" | "partially_filled" => self.colour(Color::Green),
            "faulted" | "quarantined" | "halted" | "rejected" | "denied" => self.bad(),
            "stopped" | "retired" | "canceled" | "expired" => Style::new(),
            _ => self.colour(Color::Yellow),
        }
    }

    fn amount(self, amount: &str) -> Style {
        if amount.starts_with('-') { self.colour(Color::Red) } else { self.colour(Color::Green) }
    }
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, screen: &Screen, paint: Paint) {
    let run = &screen.snapshot.run;
    let rate = screen.events_per_second.map(|rate| format!(", {} a second", count(rate))).unwrap_or_default();
    let first = format!(
        "stratd {}  {}, {}  up {}  events {}{rate}",
        run.version,
        run.trading_type,
        run.state,
        span(run.uptime_ns),
        count(run.events)
    );
    let second = format!(
        "equity {} {}  orders {} working  time {}",
        run.equity,
        run.currency,
        count(run.orders_working),
        if run.time.is_empty() { "no event yet" } else { &run.time }
    );
    let third = match (&screen.trouble, run.warnings.as_slice()) {
        (Some(trouble), _) => Line::styled(format!("NO ANSWER, this is old: {trouble}"), paint.bad()),
        (None, []) => Line::default(),
        (None, [warning]) => Line::styled(format!("WARNING {warning}"), paint.colour(Color::Yellow)),
        (None, [warning, rest @ ..]) => {
            let text = format!("WARNING {warning} (and {} more)", rest.len());
            Line::styled(text, paint.colour(Color::Yellow))
        }
    };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    frame.render_widget(Paragraph::new(vec![Line::styled(first, bold), Line::from(second), third]), area);
}

/// A line across, with a name; bold where keys go.
fn block(name: &str, shown: usize, all: usize, is_chosen: bool) -> Block<'static> {
    let title =
        if shown == all { format!(" {name} ({all}) ") } else { format!(" {name} ({shown} of {all}) ") };
    let style =
        if is_chosen { Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED) } else { Style::new() };
    Block::new().borders(Borders::TOP).title(Span::styled(title, style))
}

fn draw_strategies(frame: &mut Frame<'_>, area: Rect, screen: &Screen, paint: Paint) {
    let shown = screen.strategies();
    let all = screen.snapshot.strategies.len();
    let block = block("strategies", shown.len(), all, screen.panel == Panel::Strategies);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut grid = Grid::new(vec![
        Column::text("strategy", 12),
        Column::text("state", 7),
        Column::figure("pnl", 9),
        Column::figure("position", 9),
        Column::figure("events/s", 8),
        Column::figure("latency", 7),
        Column::figure("orders", 6),
        Column::figure("faults", 6),
        Column::rest("remark"),
    ]);
    for strategy in &shown {
        grid.add(vec![
            Span::raw(strategy.name.clone()),
            Span::styled(strategy.state.clone(), paint.state(&strategy.state)),
            Span::styled(strategy.pnl.clone(), paint.amount(&strategy.pnl)),
            Span::raw(strategy.position.clone()),
            Span::raw(count(strategy.events_per_second)),
            Span::raw(strategy.latency_ns.map(short_span).unwrap_or_default()),
            Span::raw(count(strategy.orders_working)),
            Span::styled(
                count(strategy.faults),
                if strategy.faults > 0 { paint.bad() } else { Style::new() },
            ),
            Span::raw(strategy.remark.clone()),
        ]);
    }
    let cursor = screen.selected().filter(|_| screen.panel == Panel::Strategies);
    grid.draw(frame, inner, screen.selected().unwrap_or(0), cursor);
}

fn draw_orders(frame: &mut Frame<'_>, area: Rect, screen: &Screen, paint: Paint) {
    let shown = screen.orders();
    let all = screen.snapshot.orders.len();
    let block = block("orders", shown.len(), all, screen.panel == Panel::Orders);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut grid = Grid::new(vec![
        Column::text("strategy", 12),
        Column::text("instrument", 10),
        Column::text("side", 4),
        Column::text("type", 6),
        Column::figure("quantity", 8),
        Column::figure("filled", 8),
        Column::figure("price", 9),
        Column::text("state", 9),
        Column::rest("at"),
    ]);
    for order in &shown {
        grid.add(vec![
            Span::raw(order.strategy.clone()),
            Span::raw(order.instrument.clone()),
            Span::raw(order.side.clone()),
            Span::raw(order.kind.clone()),
            Span::raw(order.quantity.clone()),
            Span::raw(order.filled.clone()),
            Span::raw(order.price.clone()),
            Span::styled(order.state.clone(), paint.state(&order.state)),
            Span::raw(order.at.clone()),
        ]);
    }
    let cursor = Some(screen.orders_from).filter(|_| screen.panel == Panel::Orders && !shown.is_empty());
    grid.draw(frame, inner, screen.orders_from, cursor);
}

fn draw_log(frame: &mut Frame<'_>, area: Rect, screen: &Screen, paint: Paint) {
    let lines = screen.lines();
    let mut block = block("log", lines.len(), screen.log.len(), screen.panel == Panel::Log);
    if screen.log_up > 0 {
        block = block.title(format!(" {} lines further down ", screen.log_up));
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let end = lines.len().saturating_sub(screen.log_up);
    let start = end.saturating_sub(usize::from(inner.height));
    let mut text: Vec<Line<'_>> = Vec::new();
    for &line in lines.get(start..end).unwrap_or_default() {
        let style = if line.contains("ERROR") || line.contains("CRITICAL") {
            paint.bad()
        } else if line.contains("WARNING") {
            paint.colour(Color::Yellow)
        } else {
            Style::new()
        };
        text.push(Line::styled(line, style));
    }
    if text.is_empty()
        && let Some(remark) = &screen.log_remark
    {
        text.push(Line::from(remark.as_str()));
    }
    frame.render_widget(Paragraph::new(text), inner);
}

/// What keys do, a question, or what became of a command.
fn foot(screen: &Screen, paint: Paint) -> Line<'static> {
    let reversed = Style::new().add_modifier(Modifier::REVERSED);
    match (&screen.mode, &screen.message) {
        (Mode::Filter, _) => Line::from(format!("filter: {}▏  Enter keeps it, Esc shows all", screen.filter)),
        (Mode::Confirm(command), _) => {
            Line::styled(format!("{}? y does it, any other key does not", command.text()), reversed)
        }
        (_, Some(message)) if message.is_failure => Line::styled(message.text.clone(), paint.bad()),
        (_, Some(message)) => Line::from(message.text.clone()),
        (_, None) if screen.filter.is_empty() => Line::from(KEYS),
        (_, None) => {
            Line::from(format!("only with '{}': Esc shows all, / changes it  ? help  q quit", screen.filter))
        }
    }
}

fn draw_help(frame: &mut Frame<'_>, area: Rect) {
    let lines = u16::try_from(HELP.lines().count()).unwrap_or(u16::MAX);
    let [_, middle, _] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Max(lines.saturating_add(2)),
        Constraint::Fill(1),
    ])
    .areas(area);
    let [_, middle, _] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Max(78), Constraint::Fill(1)]).areas(middle);
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(HELP).block(Block::bordered().title(" keys ")), middle);
}
