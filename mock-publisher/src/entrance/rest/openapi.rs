//! The OpenAPI document, made from the table of routes.

use serde_json::{Map, Value, json};

use super::resources;
use super::route::{Content, Kind, Operation, Outcome, Parameter, Route, is_name};
use super::version::Version;

const DESCRIPTION: &str = "The REST API of a mock publisher. Versions have the same paths and differ in their statuses. \
                           Bodies may also be forms, `fields[email]=...`. `POST` does what `PUT` does where it has nothing \
                           of its own to do, and the reverse. What is superfluous in a path behind a list is ignored. \
                           Any error has status 400 and a message.";

pub(super) fn document(base_url: &str, versions: &[Version]) -> Value {
    let mut paths = Map::new();
    for version in versions {
        for route in resources::all() {
            let mut item: Map<String, Value> = route
                .operations
                .iter()
                .filter(|operation| operation.is_in(*version))
                .map(|operation| (operation.verb.name().to_owned(), described(route, operation, *version)))
                .collect();
            if !item.is_empty() {
                item.insert("parameters".to_owned(), path_parameters(route.path));
                paths.insert(format!("/{}/{}", version.name(), route.path), item.into());
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "mock-publisher REST API", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION},
        "servers": [{"url": base_url}],
        "security": [{"bearer": []}, {"query": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "access_token"},
            },
            "responses": {"Error": {
                "description": "The call was refused, and changed nothing",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }},
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {
                        "type": "object",
                        "required": ["message"],
                        "properties": {"message": {"type": "string"}, "detail": {"type": "string"}},
                    }},
                },
                "Page": {
                    "type": "object",
                    "required": ["start", "limit", "count", "data"],
                    "properties": {
                        "start": {"type": "integer"},
                        "limit": {"type": "integer"},
                        "count": {"type": "integer"},
                        "data": {"type": "array", "items": {"type": "object"}},
                        "nextid": {"type": "integer"},
                        "total": {"type": "integer"},
                    },
                },
            },
        },
    })
}

fn described(route: &Route, operation: &Operation, version: Version) -> Value {
    let name = |part: &str| part.trim_matches(['{', '}']).to_owned();
    let id: Vec<String> = [version.name().to_owned(), operation.verb.name().to_owned()]
        .into_iter()
        .chain(route.path.split('/').map(name))
        .collect();
    let mut described = json!({
        "operationId": id.join("_"),
        "summary": operation.summary,
        "responses": responses(operation.outcome, version),
    });
    if !operation.query.is_empty() {
        described["parameters"] = operation.query.iter().map(query_parameter).collect();
    }
    if let Some(schema) = content(operation.content, version) {
        let media = json!({"schema": schema});
        described["requestBody"] =
            json!({"content": {"application/json": media, "application/x-www-form-urlencoded": media}});
    }
    described
}

fn path_parameters(path: &str) -> Value {
    let names = path.split('/').filter(|part| is_name(part)).map(|part| part.trim_matches(['{', '}']));
    let parameter = |name: &str| {
        let about = match name {
            "database" | "collection" => "a number, or a name in any case",
            _ => "a number",
        };
        json!({"name": name, "in": "path", "required": true, "description": about, "example": "1",
               "schema": {"type": "string"}})
    };
    names.map(parameter).collect()
}

fn query_parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema(parameter.kind),
    })
}

fn content(content: Content, version: Version) -> Option<Value> {
    let members = |members: &[Parameter]| {
        let properties: Map<String, Value> = members
            .iter()
            .map(|member| {
                let mut schema = schema(member.kind);
                schema["description"] = member.about.into();
                (member.name.to_owned(), schema)
            })
            .collect();
        let required: Vec<_> = members.iter().filter(|member| member.required).map(|member| member.name).collect();
        json!({"type": "object", "properties": properties, "required": required})
    };
    match content {
        Content::Nothing => None,
        Content::MembersOrValues(_) if version == Version::V1 => Some(schema(Kind::Map)),
        Content::Members(list) | Content::MembersOrValues(list) => Some(members(list)),
        Content::Values => Some(schema(Kind::Map)),
        Content::Interests => Some(schema(Kind::Interests)),
    }
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Truth => json!({"type": "boolean"}),
        Kind::Number => json!({"type": "integer", "minimum": 0}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Map => json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
        Kind::Interests => json!({"oneOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": ["boolean", "integer"]}},
        ]}),
        Kind::Ids => json!({"type": "array", "items": {"type": "integer"}}),
        Kind::Anything => json!({}),
    }
}

/// What is answered, by status.
fn responses(outcome: Outcome, version: Version) -> Value {
    let text = |text: &str| json!({"type": "string", "description": text});
    let header = |about: &str| json!({"schema": text(about)});
    let created = json!({"X-Created": header("the number of what was created")});
    let redirect = json!({"description": "Done", "headers": {"Location": header("where it is")}});
    let content =
        |schema: Value| json!({"200": {"description": "Found", "content": {"application/json": {"schema": schema}}}});
    let mut responses = match (outcome, version.redirects()) {
        (Outcome::Page, _) => content(json!({"$ref": "#/components/schemas/Page"})),
        (Outcome::Object, _) => content(json!({"type": "object"})),
        (Outcome::Array, _) => content(json!({"type": "array"})),
        (Outcome::Created, _) => json!({"201": {"description": "Created", "headers": created}}),
        (Outcome::Updated, true) => json!({"200": {"description": "Done, by `POST`"}, "303": redirect}),
        (Outcome::UpdatedOrCreated, true) => json!({"303": redirect}),
        (Outcome::Updated, false) => json!({"204": {"description": "Done"}}),
        (Outcome::UpdatedOrCreated, false) => {
            json!({"201": {"description": "Created", "headers": created}, "204": {"description": "Done"}})
        }
        (Outcome::Removed, true) => {
            json!({"200": {"description": "Removed"}, "204": {"description": "There was nothing to remove"}})
        }
        (Outcome::Removed, false) => json!({"204": {"description": "Removed"}}),
    };
    responses["400"] = json!({"$ref": "#/components/responses/Error"});
    responses
}
