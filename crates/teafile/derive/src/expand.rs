//! Writes the implementations.

use proc_macro2::TokenStream;
use quote::quote;

use crate::parse::Item;

pub(crate) fn expand(item: &Item) -> TokenStream {
    let Item { ident, name, .. } = item;
    let fields = item.fields.iter().map(|field| {
        let (ident_of, field_type, name, is_time) =
            (&field.ident, &field.field_type, &field.name, field.is_time);
        let kind = match &field.kind {
            Some(kind) => quote!(::teafile::FieldType::Opaque(#kind)),
            None => quote!(<#field_type as ::teafile::TeaField>::TYPE),
        };
        quote! {
            ::teafile::ItemField {
                name: #name,
                field_type: #kind,
                offset: ::core::mem::offset_of!(#ident, #ident_of),
                size: ::core::mem::size_of::<#field_type>(),
                is_time: #is_time,
            }
        }
    });
    let writes = item.fields.iter().map(|field| {
        let (ident_of, field_type) = (&field.ident, &field.field_type);
        quote! {
            <#field_type as ::teafile::TeaField>::write(
                self.#ident_of,
                bytes.get_mut(::core::mem::offset_of!(#ident, #ident_of)..).unwrap_or_default(),
            );
        }
    });
    let swaps = item.fields.iter().map(|field| {
        let (ident, field_type) = (&field.ident, &field.field_type);
        quote!(#ident: <#field_type as ::teafile::TeaField>::swap_bytes(self.#ident))
    });
    let timed = item.fields.iter().find(|field| field.is_time).map(|field| {
        let (ident_of, field_type) = (&field.ident, &field.field_type);
        quote! {
            impl ::teafile::TimedItem for #ident {
                #[inline]
                fn event_time(&self) -> i64 {
                    <#field_type as ::teafile::TeaField>::ticks(self.#ident_of)
                }
            }
        }
    });
    let is_plain = is_plain(item);
    quote! {
        #is_plain

        impl ::teafile::TeaItem for #ident {
            const NAME: &'static str = #name;
            const FIELDS: &'static [::teafile::ItemField] = &[#(#fields),*];

            #[inline]
            fn write(&self, bytes: &mut [u8]) {
                #(#writes)*
            }

            #[inline]
            fn swap_bytes(self) -> Self {
                Self { #(#swaps),* }
            }
        }

        #timed
    }
}

/// Any bytes are a value of the struct if they are one of each field: the bounds make the compiler refuse other fields.
fn is_plain(item: &Item) -> TokenStream {
    let ident = &item.ident;
    let types: Vec<_> = item.fields.iter().map(|field| &field.field_type).collect();
    quote! {
        const _: () = {
            const fn is_a_field<T: ::teafile::TeaField>() {}
            #(is_a_field::<#types>();)*
        };

        ::teafile::__private::any_bytes_are_an_item!(#ident);
    }
}
