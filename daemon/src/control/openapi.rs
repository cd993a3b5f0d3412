//! `/v1/openapi.json`: the protocol as programs read it (OpenAPI 3.1), made of the table of routes and of the types.
//!
//! What every route of a kind has in common is said here once: the parameters of a change, the tag of a resource, the
//! problems. `docs/openapi.json` is this document; a test compares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use axum::{http::header, response::IntoResponse};
use serde_json::json;
use stratd_control::{API, Problem};
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Components, Content, Header, HttpMethod, Info, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
        ResponseBuilder,
        extensions::ExtensionsBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder},
        request_body::RequestBodyBuilder,
        schema::{Object, ObjectBuilder, Schema, Type},
    },
};

use super::{
    keys,
    peer::Role,
    problem::ProblemKind,
    routes,
    row::{Method, Row},
};

/// What the document says of the whole.
const ABOUT: &str = "\
The control protocol of stratd: HTTP/1.1 and JSON over a Unix socket. \
Changes ask for `If-Match` with the ETag of what they change, or `*`; `?dry_run=true` checks everything and changes \
nothing. Problems are RFC 9457, with a JSON pointer to the bad key. Each operation says in `x-stratd-role` who may use \
it. See docs/control.md.";

/// What `If-Match` may say: everything, or tags of visible characters.
const IF_MATCH: &str = r#"^(\*|"[!#-~]*"(, "[!#-~]*"){0,15})$"#;

/// What a key may be, without quotation marks: [`keys::KEY_CHARACTERS_MAX`].
const KEY: &str = r"^[!#-+\--\[\]-~]{1,64}$";

/// The text of the document: it never changes while the daemon lives.
static TEXT: LazyLock<String> = LazyLock::new(|| text_of(&routes::table()));

pub(super) async fn show() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// The document as it is sent, and as it lies in `docs/openapi.json`.
pub(super) fn text_of(rows: &[Row]) -> String {
    // plain data with text keys
    let mut text = serde_json::to_string_pretty(&document(rows)).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
fn document(rows: &[Row]) -> OpenApi {
    let tagged: Vec<&'static str> = rows.iter().filter(|row| row.is_tagged).map(|row| row.path).collect();
    let mut paths = PathsBuilder::new();
    let mut schemas = BTreeMap::new();
    schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut of_problem = Vec::new();
    Problem::schemas(&mut of_problem);
    schemas.extend(of_problem);
    let mut items: Vec<(&'static str, utoipa::openapi::PathItem)> = Vec::new();
    for row in rows {
        for body in row.takes.iter().map(|(body, _)| body).chain(&row.gives) {
            schemas.extend(body.schemas.iter().cloned());
        }
        let item = utoipa::openapi::PathItem::new(method(row.method), operation(row, &tagged));
        match items.iter_mut().find(|(path, _)| *path == row.path) {
            Some((_, known)) => known.merge_operations(item),
            None => items.push((row.path, item)),
        }
    }
    for (path, item) in items {
        // `{*path}` is how axum says that a parameter may have slashes
        paths = paths.path(path.replace("{*", "{"), item);
    }
    let mut info = Info::new("stratd", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut components = Components::new();
    components.schemas.extend(schemas);
    for kind in ProblemKind::ALL {
        components.responses.insert(kind.name().to_owned(), RefOr::T(response(kind)));
    }
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}

fn operation(row: &Row, tagged: &[&'static str]) -> Operation {
    let segments: Vec<&str> = row.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let words = segments.iter().filter(|segment| **segment != API);
    let words: Vec<String> =
        words.map(|segment| segment.replace(|c: char| !c.is_ascii_alphanumeric(), "")).collect();
    let id = format!("{}_{}", row.method.name().to_ascii_lowercase(), words.join("_"));
    let mut operation = OperationBuilder::new()
        .operation_id(Some(id))
        .tag(words.first().cloned().unwrap_or_default())
        .summary(Some(row.about))
        .description(about_sections(row))
        .extensions(Some(ExtensionsBuilder::new().add("x-stratd-role", json!(row.role.to_string())).build()));
    for parameter in parameters(row, &segments, tagged) {
        operation = operation.parameter(parameter);
    }
    if let Some((body, is_required)) = &row.takes {
        let required = if *is_required { Required::True } else { Required::False };
        let content = Content::new(Some(body.reference.clone()));
        let body = RequestBodyBuilder::new().content("application/json", content);
        operation = operation.request_body(Some(body.required(Some(required)).build()));
    }
    operation = operation.response("200", success(row));
    for kind in problems(row) {
        let reference = Ref::from_response_name(kind.name());
        operation = operation.response(kind.status().as_u16().to_string(), RefOr::Ref(reference));
    }
    operation.build()
}

/// What its role does not suffice for.
fn about_sections(row: &Row) -> Option<String> {
    let (last, others) = row.admin_sections.split_last()?;
    let (others, admin) = (others.join(", "), Role::Admin);
    Some(format!(
        "A change of anything in {others} or {last} needs the role {admin}, and is refused with 403."
    ))
}

fn text() -> RefOr<Schema> {
    RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build()))
}

/// The value of `If-Match`.
fn tag() -> RefOr<Schema> {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(IF_MATCH));
    RefOr::T(Schema::Object(schema.build()))
}

fn parameters(row: &Row, segments: &[&str], tagged: &[&'static str]) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for segment in segments {
        if let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            let name = name.trim_start_matches('*');
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
            let name = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
            let schema = RefOr::T(Schema::Object(name.build()));
            parameters.push(parameter.required(Required::True).schema(Some(schema)).build());
        }
    }
    parameters.extend(row.query.iter().cloned());
    if let Some(path) = row.tag_path(tagged) {
        let about = format!("The `ETag` of `GET {path}`, or `*` for whatever is there.");
        let parameter = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header);
        let parameter = parameter.required(Required::True).description(Some(about)).schema(Some(tag()));
        parameters.push(parameter.example(Some(json!("*"))).build());
        let flag = Schema::Object(ObjectBuilder::new().schema_type(Type::Boolean).build());
        let parameter = ParameterBuilder::new().name("dry_run").parameter_in(ParameterIn::Query);
        let about = "Check everything, change nothing, and say what would be done.";
        let parameter = parameter.required(Required::False).description(Some(about));
        parameters.push(parameter.schema(Some(RefOr::T(flag))).build());
    }
    if row.has_key {
        let about = "Done once a key: the same request with the same key gets the same answer. \
                     With another body it is refused with 422.";
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(KEY));
        let parameter = ParameterBuilder::new().name(keys::HEADER).parameter_in(ParameterIn::Header);
        let parameter = parameter.required(Required::False).description(Some(about));
        parameters.push(parameter.schema(Some(RefOr::T(Schema::Object(schema.build())))).build());
    }
    parameters
}

fn success(row: &Row) -> utoipa::openapi::Response {
    let mut response = ResponseBuilder::new().description(match row.has_terms() {
        true => "It was done, unless it was a dry run.",
        false => "What was asked for.",
    });
    if let Some(body) = &row.gives {
        response = response.content("application/json", Content::new(Some(body.reference.clone())));
    }
    for content_type in row.sends {
        let is_json = *content_type == "application/json";
        let schema = if is_json { RefOr::T(Schema::Object(Object::new())) } else { text() };
        response = response.content(*content_type, Content::new(Some(schema)));
    }
    if row.is_tagged || row.has_terms() {
        let mut header = Header::new(text());
        header.description =
            Some("The tag of the resource: what a change of it sends as `If-Match`.".to_owned());
        response = response.header("ETag", header);
    }
    response.build()
}

/// The problems that a route can answer with, each once by its status.
fn problems(row: &Row) -> Vec<ProblemKind> {
    use ProblemKind as Kind;
    // a bad body, a bad name, a bad query; a token; a role; a daemon that is busy or fails
    let mut kinds = vec![Kind::BadRequest, Kind::Unauthorized, Kind::Forbidden, Kind::Failed, Kind::Busy];
    // the log can be off; a name can be that of nothing, or leave another path behind, as `..` does in some clients
    kinds.extend([Kind::NotFound, Kind::Conflict, Kind::Method]);
    if row.method != Method::Get {
        kinds.extend([Kind::BodyTime, Kind::TooLarge, Kind::Refused]);
    } else if !row.query.is_empty() {
        kinds.push(Kind::Refused);
    }
    if row.has_terms() {
        kinds.extend([Kind::Stale, Kind::NoCondition]);
    }
    let mut seen = BTreeSet::new();
    kinds.retain(|kind| seen.insert(kind.status()));
    kinds
}

fn response(kind: ProblemKind) -> utoipa::openapi::Response {
    let reference = RefOr::Ref(Ref::from_schema_name(Problem::name()));
    let mut response = ResponseBuilder::new()
        .description(kind.title())
        .content("application/problem+json", Content::new(Some(reference)));
    if kind == ProblemKind::Busy {
        response = response.header("Retry-After", Header::new(text()));
    }
    response.build()
}
