//! Reads a struct and its attributes, and refuses what cannot be an item.

use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, LitInt, LitStr, Result, Type};

/// A struct that can be an item.
pub(crate) struct Item {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// One of its fields.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) field_type: Type,
    pub(crate) name: String,
    pub(crate) is_time: bool,
    pub(crate) kind: Option<LitInt>,
}

/// What the attributes of a struct or a field say.
#[derive(Default)]
struct Options {
    name: Option<String>,
    is_time: bool,
    kind: Option<LitInt>,
}

pub(crate) fn item(input: &DeriveInput) -> Result<Item> {
    let ident = input.ident.clone();
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "an item has no type parameters: its layout is one"));
    }
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&ident, "only a struct can be an item"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new_spanned(&ident, "the fields of an item have names"));
    };
    if named.named.is_empty() {
        return Err(Error::new_spanned(&ident, "an item has one field at least"));
    }
    if !is_repr_c(&input.attrs)? {
        return Err(Error::new_spanned(&ident, "the layout of an item is that of C: add #[repr(C)]"));
    }
    let options = options(&input.attrs)?;
    if options.is_time || options.kind.is_some() {
        return Err(Error::new_spanned(&ident, "#[tea(time)] and #[tea(kind)] are for fields"));
    }
    let mut fields = Vec::with_capacity(named.named.len());
    for field in &named.named {
        fields.push(item_field(field)?);
    }
    if !fields.iter().any(|field| field.is_time) {
        for field in &mut fields {
            field.is_time = field.name.eq_ignore_ascii_case("time") && !is_bytes(&field.field_type);
        }
    }
    let name = options.name.unwrap_or_else(|| ident.to_string());
    Ok(Item { ident, name, fields })
}

fn item_field(field: &syn::Field) -> Result<Field> {
    let Some(ident) = field.ident.clone() else {
        return Err(Error::new_spanned(field, "the fields of an item have names"));
    };
    let options = options(&field.attrs)?;
    let is_bytes = is_bytes(&field.ty);
    if options.is_time && is_bytes {
        return Err(Error::new_spanned(&field.ty, "a time is a number"));
    }
    if options.kind.is_some() && !is_bytes {
        return Err(Error::new_spanned(
            &field.ty,
            "#[tea(kind)] is for fields of type [u8; N]: numbers have theirs",
        ));
    }
    let plain = ident.to_string();
    let name = options.name.unwrap_or_else(|| plain.trim_start_matches("r#").to_owned());
    Ok(Field { ident, field_type: field.ty.clone(), name, is_time: options.is_time, kind: options.kind })
}

/// Whether it is written as an array; which type of array, the compiler checks.
fn is_bytes(field_type: &Type) -> bool {
    matches!(field_type, Type::Array(_))
}

fn is_repr_c(attributes: &[Attribute]) -> Result<bool> {
    let mut is_c = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        attribute.parse_nested_meta(|meta| {
            is_c |= meta.path.is_ident("C");
            // `packed(2)` and `align(16)` have an argument, which is the compiler's business
            if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<Expr>()?;
            }
            Ok(())
        })?;
    }
    Ok(is_c)
}

fn options(attributes: &[Attribute]) -> Result<Options> {
    let mut options = Options::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tea")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                options.name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("time") {
                options.is_time = true;
            } else if meta.path.is_ident("kind") {
                let kind: LitInt = meta.value()?.parse()?;
                if !kind.base10_parse::<i32>().is_ok_and(|kind| kind >= 0x1000) {
                    return Err(Error::new_spanned(&kind, "types of your own are 0x1000 and above"));
                }
                options.kind = Some(kind);
            } else {
                return Err(meta.error("expected name = \"…\", time, or kind = 0x1000"));
            }
            Ok(())
        })?;
    }
    Ok(options)
}
