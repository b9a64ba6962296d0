use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::Entry;
use super::super::handler::check_script;
use super::destination::Destination;
use crate::clock;
use crate::mock_api::{CallError, Part, Posted, Queried};
use crate::platform::{EntityRef, Id, Occasion};
use crate::store::{Link, LinkDraft};

/// What a link is to be, as it comes in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    profile: Option<Id>,
    subprofile: Option<Id>,
    kind: String,
    url: Option<String>,
    script: Option<String>,
    mailing: Option<Value>,
    message: Option<Value>,
    template: Option<Value>,
}

/// `GET /mock/v1/links`: oldest first. `next` is the `after` of the following part.
pub(super) async fn list(State(state): State<Entry>, Queried(part): Queried<Part>) -> Result<Json<Value>, CallError> {
    let links = state.store.links(part.after, part.limit.rows()).await?;
    let next = links.last().map_or(part.after, |last| last.id);
    let links: Vec<Value> = links.iter().map(|link| shown(link, &state.base_url)).collect();
    Ok(Json(json!({"links": links, "next": next})))
}

/// `POST /mock/v1/links`
pub(super) async fn create(
    State(state): State<Entry>,
    Posted(body): Posted<Body>,
) -> Result<(StatusCode, Json<Value>), CallError> {
    let link = state.store.create_link(body.draft()?, state.store.clock().now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&link, &state.base_url))))
}

/// `GET /mock/v1/links/$id`
pub(super) async fn show(
    State(state): State<Entry>,
    path: Result<Path<Id>, PathRejection>,
) -> Result<Json<Value>, CallError> {
    let Path(id) = path?;
    Ok(Json(shown(&state.store.link(id).await?, &state.base_url)))
}

/// `DELETE /mock/v1/links/$id`
pub(super) async fn remove(
    State(state): State<Entry>,
    path: Result<Path<Id>, PathRejection>,
) -> Result<StatusCode, CallError> {
    let Path(id) = path?;
    state.store.remove_link(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Body {
    fn draft(self) -> Result<LinkDraft, CallError> {
        let bad = |message: &str| Err(CallError::BadRequest(message.to_owned()));
        let entity = match (self.profile, self.subprofile) {
            (Some(id), None) => EntityRef::profile(id),
            (None, Some(id)) => EntityRef::subprofile(id),
            _ => return bad("say for whom the link is: the number of a `profile`, or of a `subprofile`"),
        };
        let occasion = match Occasion::from_name(&self.kind) {
            Some(occasion @ (Occasion::Click | Occasion::Open)) => occasion,
            _ => return bad("`kind` must be `click` or `open`"),
        };
        if occasion == Occasion::Open && self.url.is_some() {
            return bad("only a `click` leads to a `url`");
        }
        let url = self.url.map(|url| Destination::parse(&url)).transpose();
        let url = url.map_err(|error| CallError::BadRequest(error.to_string()))?;
        if let Some(script) = &self.script {
            check_script(script)?;
        }
        let mut about = Map::new();
        for (name, given) in [("mailing", self.mailing), ("message", self.message), ("template", self.template)] {
            match given {
                None => {}
                Some(object @ Value::Object(_)) => drop(about.insert(name.to_owned(), object)),
                Some(id @ (Value::Number(_) | Value::String(_))) => {
                    drop(about.insert(name.to_owned(), json!({"ID": id})))
                }
                Some(_) => return bad(&format!("`{name}` must be a number, or an object with its properties")),
            }
        }
        Ok(LinkDraft { occasion, entity, url: url.map(Destination::into_text), script: self.script, about })
    }
}

fn shown(link: &Link, base_url: &str) -> Value {
    let LinkDraft { occasion, entity, url, script, about } = &link.draft;
    let ending = if *occasion == Occasion::Open { ".gif" } else { "" };
    let mut shown = json!({
        "id": link.id,
        "kind": occasion,
        (entity.kind.name()): entity.id,
        "link": format!("{base_url}/track/{}/{}{ending}", occasion.name(), link.token),
        "url": url,
        "script": script,
        "created": clock::stamp(link.created),
        "followed": link.followed,
        "last_error": link.last_error,
    });
    for (name, about) in about {
        shown[name] = about.clone();
    }
    shown
}
