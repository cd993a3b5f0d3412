//! A row of the table of routes: what it answers to, who may use it, and how it describes itself to programs.

use axum::{
    handler::Handler,
    routing::{self, MethodRouter},
};
use serde::de::DeserializeOwned;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{Ref, RefOr, path::Parameter, schema::Schema},
};

use super::{desk::Desk, peer::Role};

/// A method of HTTP that a row can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A type of the protocol, as the description of the protocol refers to it and has it.
pub(super) struct Body {
    pub(super) reference: RefOr<Schema>,
    /// Itself, and all that it refers to, by name.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Body {
    fn of<T: ToSchema>() -> Self {
        let name = T::name().into_owned();
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        schemas.push((name.clone(), T::schema()));
        Self { reference: RefOr::Ref(Ref::from_schema_name(name)), schemas }
    }
}

/// What a request to a route changes.
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Nothing that is shown, but more than a reader may do.
    Run,
    /// A resource. `If-Match` has its tag: that of the nearest path above that shows one.
    Change,
}

/// A row.
pub(super) struct Row {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) role: Role,
    pub(super) handler: MethodRouter<Desk>,
    /// What it does, in a few words.
    pub(super) about: &'static str,
    pub(super) effect: Effect,
    pub(super) query: Vec<Parameter>,
    /// What a request says, and whether it must.
    pub(super) takes: Option<(Body, bool)>,
    pub(super) gives: Option<Body>,
    /// Content types of an answer that is no JSON.
    pub(super) sends: &'static [&'static str],
    /// The answer has the tag that changes of it ask for.
    pub(super) is_tagged: bool,
    /// A request may have a key, by which it is done once.
    pub(super) has_key: bool,
    /// Sections of the configuration whose change needs the role admin.
    pub(super) admin_sections: &'static [&'static str],
}

/// A look.
pub(super) fn get<H, T>(path: &'static str, role: Role, handler: H, about: &'static str) -> Row
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Row::new(Method::Get, path, role, routing::get(handler), about)
}

/// Work that changes nothing: no terms are asked for, but it goes on record.
pub(super) fn run<H, T>(path: &'static str, role: Role, handler: H, about: &'static str) -> Row
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Row { effect: Effect::Run, ..Row::new(Method::Post, path, role, routing::post(handler), about) }
}

/// A change.
pub(super) fn post<H, T>(path: &'static str, role: Role, handler: H, about: &'static str) -> Row
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Row::change(Method::Post, path, role, routing::post(handler), about)
}

/// A change that puts something whole in the place of what is there.
pub(super) fn put<H, T>(path: &'static str, role: Role, handler: H, about: &'static str) -> Row
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Row::change(Method::Put, path, role, routing::put(handler), about)
}

/// A change of some keys.
pub(super) fn patch<H, T>(path: &'static str, role: Role, handler: H, about: &'static str) -> Row
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Row::change(Method::Patch, path, role, routing::patch(handler), about)
}

/// A change that takes something away.
pub(super) fn delete<H, T>(path: &'static str, role: Role, handler: H, about: &'static str) -> Row
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Row::change(Method::Delete, path, role, routing::delete(handler), about)
}

impl Row {
    fn new(
        method: Method,
        path: &'static str,
        role: Role,
        handler: MethodRouter<Desk>,
        about: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            role,
            handler,
            about,
            effect: Effect::None,
            query: Vec::new(),
            takes: None,
            gives: None,
            sends: &[],
            is_tagged: false,
            has_key: false,
            admin_sections: &[],
        }
    }

    fn change(
        method: Method,
        path: &'static str,
        role: Role,
        handler: MethodRouter<Desk>,
        about: &'static str,
    ) -> Self {
        Self { effect: Effect::Change, ..Self::new(method, path, role, handler, about) }
    }

    /// The body of a request; it may be left out if nothing must be said in it.
    pub(super) fn takes<T: ToSchema + DeserializeOwned>(self) -> Self {
        let is_required = serde_json::from_str::<T>("{}").is_err();
        Self { takes: Some((Body::of::<T>(), is_required)), ..self }
    }

    /// The body of the answer.
    pub(super) fn gives<T: ToSchema>(self) -> Self {
        Self { gives: Some(Body::of::<T>()), ..self }
    }

    /// An answer that is no JSON, in one of these types.
    pub(super) fn sends(self, content_types: &'static [&'static str]) -> Self {
        Self { sends: content_types, ..self }
    }

    /// The keys of the query.
    pub(super) fn query<T: IntoParams>(self) -> Self {
        let query = T::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query));
        Self { query, ..self }
    }

    /// The answer has the tag of what it shows: changes of it, and of what is below it, ask for that.
    pub(super) fn tagged(self) -> Self {
        Self { is_tagged: true, ..self }
    }

    /// A request may have a key, by which it is done once.
    pub(super) fn keyed(self) -> Self {
        Self { has_key: true, ..self }
    }

    /// A change of these sections of the configuration needs the role admin.
    pub(super) fn but_admin_for(self, admin_sections: &'static [&'static str]) -> Self {
        Self { admin_sections, ..self }
    }

    /// Whether a request says on what terms it changes something.
    pub(super) fn has_terms(&self) -> bool {
        matches!(self.effect, Effect::Change)
    }

    /// The path whose tag a change asks for, of those that show one.
    pub(super) fn tag_path(&self, tagged: &[&'static str]) -> Option<&'static str> {
        match self.effect {
            Effect::None | Effect::Run => None,
            Effect::Change => {
                let is_above = |above: &&&str| {
                    self.path
                        .strip_prefix(**above)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                tagged.iter().filter(is_above).max_by_key(|above| above.len()).copied()
            }
        }
    }
}
