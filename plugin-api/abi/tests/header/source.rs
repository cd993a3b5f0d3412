//! The ABI's types as they are written, with their comments.

use syn::{Attribute, Expr, Fields, Item, Lit, Meta, ReturnType, Type};

/// The files in an order in which every type is declared before it is used.
const FILES: [(&str, &str); 13] = [
    ("lib", include_str!("../../src/lib.rs")),
    ("codes", include_str!("../../src/codes.rs")),
    ("text", include_str!("../../src/text.rs")),
    ("event", include_str!("../../src/event.rs")),
    ("order", include_str!("../../src/order.rs")),
    ("instrument", include_str!("../../src/instrument.rs")),
    ("record", include_str!("../../src/record.rs")),
    ("market", include_str!("../../src/market.rs")),
    ("host", include_str!("../../src/host.rs")),
    ("log", include_str!("../../src/log.rs")),
    ("strategy", include_str!("../../src/strategy.rs")),
    ("exchange", include_str!("../../src/exchange.rs")),
    ("manifest", include_str!("../../src/manifest.rs")),
];

/// Everything that C needs to know.
pub(crate) struct Source {
    pub(crate) items: Vec<SourceItem>,
}

pub(crate) enum SourceItem {
    Group { doc: Vec<String>, constants: Vec<Constant> },
    Alias { name: String, doc: Vec<String>, to: CType },
    Struct(Struct),
}

pub(crate) struct Constant {
    /// `event_kind::TRADE`.
    pub(crate) path: String,
    pub(crate) doc: Vec<String>,
    pub(crate) rust_type: String,
    pub(crate) value: String,
}

pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) doc: Vec<String>,
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) doc: Vec<String>,
    pub(crate) rust_type: String,
    pub(crate) c_type: CType,
}

/// A type as C spells it around a name.
pub(crate) enum CType {
    /// A number or a struct.
    Named(String),
    Pointer {
        to: String,
        is_const: bool,
    },
    Array {
        of: String,
        length: String,
    },
    Function {
        result: Box<CType>,
        parameters: Vec<(String, CType)>,
    },
}

impl Source {
    pub(crate) fn structs(&self) -> impl Iterator<Item = &Struct> {
        self.items.iter().filter_map(|item| match item {
            SourceItem::Struct(s) => Some(s),
            SourceItem::Group { .. } | SourceItem::Alias { .. } => None,
        })
    }

    pub(crate) fn constants(&self) -> impl Iterator<Item = &Constant> {
        self.items.iter().flat_map(|item| match item {
            SourceItem::Group { constants, .. } => constants.as_slice(),
            SourceItem::Alias { .. } | SourceItem::Struct(_) => &[],
        })
    }
}

/// Reads all files.
pub(crate) fn read() -> Source {
    let mut items = Vec::new();
    for (name, text) in FILES {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("src/{name}.rs: {e}"));
        items.extend(file.items.iter().filter_map(item));
    }
    Source { items }
}

fn item(item: &Item) -> Option<SourceItem> {
    match item {
        Item::Const(c) => {
            let constant = constant(c, "")?;
            Some(SourceItem::Group { doc: Vec::new(), constants: vec![constant] })
        }
        Item::Mod(module) => {
            let (_, content) = module.content.as_ref()?;
            let prefix = format!("{}::", module.ident);
            let constants = content
                .iter()
                .filter_map(|item| if let Item::Const(c) = item { constant(c, &prefix) } else { None })
                .collect();
            Some(SourceItem::Group { doc: doc(&module.attrs), constants })
        }
        Item::Type(alias) => Some(SourceItem::Alias {
            name: alias.ident.to_string(),
            doc: doc(&alias.attrs),
            to: c_type(&alias.ty),
        }),
        Item::Struct(s) => {
            let Fields::Named(fields) = &s.fields else { panic!("{}: fields without names", s.ident) };
            let fields = fields.named.iter().map(|field| Field {
                name: field.ident.as_ref().expect("named").to_string(),
                doc: doc(&field.attrs),
                rust_type: rust_type(&field.ty),
                c_type: c_type(&field.ty),
            });
            Some(SourceItem::Struct(Struct {
                name: s.ident.to_string(),
                doc: doc(&s.attrs),
                fields: fields.collect(),
            }))
        }
        _ => None,
    }
}

fn constant(c: &syn::ItemConst, prefix: &str) -> Option<Constant> {
    if c.ident == "_" {
        return None;
    }
    let value = match &*c.expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_digits().to_owned(),
            Lit::Str(text) => format!("\"{}\"", text.value()),
            _ => panic!("{}: neither a number nor a text", c.ident),
        },
        // the only constant that is no number: the version of the package
        Expr::Macro(_) => format!("\"{}\"", stratd_abi::CRATE_VERSION),
        _ => panic!("{}: not a literal", c.ident),
    };
    let path = format!("{prefix}{}", c.ident);
    Some(Constant { path, doc: doc(&c.attrs), rust_type: rust_type(&c.ty), value })
}

/// The lines of a doc comment.
fn doc(attributes: &[Attribute]) -> Vec<String> {
    attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The type as it is written, without the spelling that depends on the formatter.
fn rust_type(ty: &Type) -> String {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a segment");
            match &last.arguments {
                syn::PathArguments::AngleBracketed(list) => match list.args.first() {
                    Some(syn::GenericArgument::Type(inner)) => {
                        format!("{}<{}>", last.ident, rust_type(inner))
                    }
                    _ => panic!("{}: an argument that is no type", last.ident),
                },
                _ => last.ident.to_string(),
            }
        }
        Type::Ptr(pointer) => {
            let kind = if pointer.const_token.is_some() { "const" } else { "mut" };
            format!("*{kind} {}", rust_type(&pointer.elem))
        }
        Type::Array(array) => format!("[{}; {}]", rust_type(&array.elem), length(array)),
        Type::Reference(reference) => format!("&{}", rust_type(&reference.elem)),
        Type::BareFn(function) => {
            let parameters: Vec<String> = function.inputs.iter().map(|p| rust_type(&p.ty)).collect();
            let result = match &function.output {
                ReturnType::Default => String::new(),
                ReturnType::Type(_, ty) => format!(" -> {}", rust_type(ty)),
            };
            format!("fn({}){result}", parameters.join(", "))
        }
        _ => panic!("a type that the ABI must not have"),
    }
}

fn c_type(ty: &Type) -> CType {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a segment");
            if last.ident == "Option" {
                let syn::PathArguments::AngleBracketed(list) = &last.arguments else {
                    panic!("Option of what?")
                };
                let Some(syn::GenericArgument::Type(inner)) = list.args.first() else {
                    panic!("Option of what?")
                };
                // a function pointer that may be null is the same type to C
                return c_type(inner);
            }
            CType::Named(super::c::type_name(&last.ident.to_string()))
        }
        Type::Ptr(pointer) => {
            CType::Pointer { to: named(&pointer.elem), is_const: pointer.const_token.is_some() }
        }
        Type::Array(array) => CType::Array { of: named(&array.elem), length: length(array) },
        Type::BareFn(function) => {
            let parameters = function.inputs.iter().map(|parameter| {
                let (name, _) = parameter.name.as_ref().expect("parameters of the ABI have names");
                (name.to_string(), c_type(&parameter.ty))
            });
            let result = match &function.output {
                ReturnType::Default => CType::Named("void".to_owned()),
                ReturnType::Type(_, ty) => c_type(ty),
            };
            CType::Function { result: Box::new(result), parameters: parameters.collect() }
        }
        _ => panic!("a type that C does not have"),
    }
}

fn named(ty: &Type) -> String {
    match c_type(ty) {
        CType::Named(name) => name,
        _ => panic!("a pointer or array of something without a name"),
    }
}

fn length(array: &syn::TypeArray) -> String {
    match &array.len {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_digits().to_owned(),
            _ => panic!("an array length that is no number"),
        },
        _ => panic!("an array length that is no number"),
    }
}
