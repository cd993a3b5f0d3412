//! A picture as SVG, without a script and without a font of its own.

use std::fmt::Write;

use super::layout::{Anchor, BACKGROUND, CURVE, CURVE_WIDTH, Color, Layout};

/// The text of the file.
pub(super) fn draw(layout: &Layout) -> String {
    let Layout { width, height, lines, texts, curve } = layout;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"{}\"/>\n",
        hex(BACKGROUND)
    );
    // writing to a String cannot fail
    for line in lines {
        let ((x1, y1), (x2, y2)) = (line.from, line.to);
        let color = hex(line.color);
        let _ = writeln!(
            svg,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{color}\"/>"
        );
    }
    for text in texts {
        let (x, y) = text.at;
        let anchor = match text.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let size = if text.is_title { " font-size=\"14\"" } else { "" };
        let (color, text) = (hex(text.color), escaped(&text.text));
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\"{anchor}{size} fill=\"{color}\">{text}</text>");
    }
    let points: Vec<String> = curve.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{CURVE_WIDTH}\" stroke-linejoin=\"round\" \
         points=\"{}\"/>\n</svg>",
        hex(CURVE),
        points.join(" ")
    );
    svg
}

fn hex([red, green, blue]: Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
