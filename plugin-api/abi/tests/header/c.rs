//! From the types to C.

use std::fmt::Write;

use super::{
    measured::Layout,
    source::{CType, Constant, Source, SourceItem, Struct},
};

/// Lines of the header are at most this long.
const COLUMNS: usize = 110;

/// The generated part of the header.
pub(crate) fn header(source: &Source, layouts: &[Layout]) -> String {
    let mut out = String::new();
    for item in &source.items {
        match item {
            SourceItem::Group { doc, constants } => {
                comment(&mut out, "", doc);
                constants.iter().for_each(|constant| define(&mut out, constant));
            }
            SourceItem::Alias { name, doc, to } => {
                comment(&mut out, "", doc);
                let _ = writeln!(out, "typedef {};", declaration(to, &type_name(name)));
            }
            SourceItem::Struct(s) => declare(&mut out, s),
        }
        out.push('\n');
    }
    out.push_str("// What the host was compiled with. An assertion that fails means that this compiler lays a struct\n");
    out.push_str("// out differently; such a plugin cannot work.\n");
    for layout in layouts {
        let name = type_name(layout.name);
        let _ = writeln!(out, "STRATD_ASSERT_TYPE({name}, {}, {});", layout.size, layout.align);
        for (field, offset) in &layout.fields {
            let _ = writeln!(out, "STRATD_ASSERT_FIELD({name}, {field}, {offset});");
        }
    }
    out
}

/// `StrategyV1` is `stratd_strategy_v1_t`; the numbers have the names of `stdint.h`.
pub(crate) fn type_name(rust: &str) -> String {
    match rust {
        "i8" | "i16" | "i32" | "i64" => format!("int{}_t", &rust[1..]),
        "u8" | "u16" | "u32" | "u64" => format!("uint{}_t", &rust[1..]),
        "c_void" => "void".to_owned(),
        name => {
            let mut snake = String::from("stratd");
            for character in name.chars() {
                if character.is_ascii_uppercase() {
                    snake.push('_');
                }
                snake.push(character.to_ascii_lowercase());
            }
            snake + "_t"
        }
    }
}

fn define(out: &mut String, constant: &Constant) {
    comment(out, "", &constant.doc);
    let name = format!("STRATD_{}", constant.path.replace("::", "_").to_ascii_uppercase());
    let value = match constant.rust_type.as_str() {
        number @ ("u8" | "u16" | "u32" | "u64") => {
            format!("UINT{}_C({})", &number[1..], constant.value)
        }
        // sizes and texts are used as they are
        _ => constant.value.clone(),
    };
    let _ = writeln!(out, "#define {name} {value}");
}

fn declare(out: &mut String, s: &Struct) {
    comment(out, "", &s.doc);
    let name = type_name(&s.name);
    let tag = name.strip_suffix("_t").unwrap_or(&name);
    let _ = writeln!(out, "typedef struct {tag} {{");
    for field in &s.fields {
        comment(out, "    ", &field.doc);
        let line = format!("    {};", declaration(&field.c_type, &field.name));
        out.push_str(&wrap(&line));
        out.push('\n');
    }
    let _ = writeln!(out, "}} {name};");
}

/// A declaration of `name`.
fn declaration(ty: &CType, name: &str) -> String {
    match ty {
        CType::Named(of) => format!("{of} {name}"),
        CType::Pointer { to, is_const } => format!("{}{to} *{name}", if *is_const { "const " } else { "" }),
        CType::Array { of, length } => format!("{of} {name}[{length}]"),
        CType::Function { result, parameters } => {
            let parameters: Vec<String> = parameters.iter().map(|(name, ty)| declaration(ty, name)).collect();
            let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
            declaration(result, &format!("(*{name})({parameters})"))
        }
    }
}

/// Breaks a long line after commas.
fn wrap(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.to_owned();
    while rest.len() > COLUMNS {
        let Some(at) = rest[..COLUMNS].rfind(", ") else { break };
        out.push_str(&rest[..=at]);
        out.push('\n');
        rest = format!("        {}", &rest[at + 2..]);
    }
    out + &rest
}

/// A comment with the names that C has.
fn comment(out: &mut String, indent: &str, doc: &[String]) {
    for line in doc {
        let text = in_c(line);
        let _ = writeln!(out, "{}", format!("{indent}// {text}").trim_end());
    }
}

/// Replaces what is in backticks, and the links of rustdoc around it.
fn in_c(line: &str) -> String {
    let mut out = String::new();
    for (index, part) in line.replace("[`", "`").replace("`]", "`").split('`').enumerate() {
        if index % 2 == 0 {
            out.push_str(part);
        } else {
            out.push_str(&name_in_c(part));
        }
    }
    out
}

fn name_in_c(rust: &str) -> String {
    let path = rust.trim_start_matches("crate::");
    let (first, rest) = path.split_once("::").unwrap_or((path, ""));
    let is_type = first.starts_with(|c: char| c.is_ascii_uppercase())
        && first.contains(|c: char| c.is_ascii_lowercase());
    let is_constant = first.len() > 2 && first.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if is_type {
        let name = type_name(first);
        if rest.is_empty() { name } else { format!("{name}.{rest}") }
    } else if rust.starts_with("crate::") && !is_constant {
        // a module of constants
        format!("STRATD_{}_*", first.to_ascii_uppercase())
    } else if rust.starts_with("crate::") {
        format!("STRATD_{first}")
    } else {
        format!("`{rust}`")
    }
}
