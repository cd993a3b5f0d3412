//! `derive(TeaItem)`: a struct of numbers as an item of a TeaFile. See the trait `TeaItem` of the crate `teafile`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod expand;
mod parse;

use proc_macro::TokenStream;

/// Makes items of a struct.
///
/// The struct is `repr(C)` and `Copy`, without type parameters, and its fields are `i8` to `i64`, `u8` to `u64`, `f32`,
/// `f64`, or `[u8; N]`. Attributes, all of them optional:
///
/// - `#[tea(name = "Tick")]` on the struct or a field: the name in the file, instead of the one in the source;
/// - `#[tea(time)]` on a field: it is a time. The first such field is the event time. If there is none, fields that are
///   called "time" in the file, in whatever case, are times;
/// - `#[tea(kind = 0x1001)]` on a field of type `[u8; N]`: the code of its type in the file, instead of 0x1000.
#[proc_macro_derive(TeaItem, attributes(tea))]
pub fn derive_tea_item(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    match parse::item(&input) {
        Ok(item) => expand::expand(&item).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
