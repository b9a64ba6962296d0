use serde_json::{Map, Value, json};

use super::super::body::{Body, Members};
use super::super::call::Call;
use super::super::error::RestError;
use super::super::paging::Paging;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::PAGING;
use crate::callback::{ActionType, Callback, ConditionDraft, Scope};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::excerpt::excerpt;
use crate::platform::{Dialect, Trigger, TriggerSet};
use crate::store::CallbackDraft;
use crate::wire_profile::WireProfile;

const NEW: Content = Content::Members(&[
    Parameter::required("url", Kind::Text, "where callbacks are sent"),
    METHOD,
    ACTION,
    EXPRESSION,
    TRIGGERS,
    CONDITIONS,
    ACTIVE,
    DIALECT,
    WIRE,
]);
const CHANGED: Content = Content::Members(MEMBERS);
const MEMBERS: &[Parameter] = &[
    Parameter::optional("url", Kind::Text, "where callbacks are sent"),
    METHOD,
    ACTION,
    EXPRESSION,
    TRIGGERS,
    CONDITIONS,
    ACTIVE,
    DIALECT,
    WIRE,
];
const SHOWN_ONLY: [&str; 3] = ["ID", "collection", "database"];
const METHOD: Parameter = Parameter::optional("method", Kind::Text, "`json`, `xml` or `form`");
const ACTION: Parameter = Parameter::optional("action", Kind::Text, "`create`, `update`, `delete` or `all`");
const EXPRESSION: Parameter =
    Parameter::optional("expression", Kind::Text, "JavaScript; only if it is true, it is sent");
// These are ours: the platform never documented them in its REST API.
const TRIGGERS: Parameter = Parameter::optional("triggers", Kind::Texts, "names of entrances; an extension");
const CONDITIONS: Parameter = Parameter::optional(
    "conditions",
    Kind::Anything,
    "a set of rules, which must hold besides the expression; an extension",
);
const ACTIVE: Parameter = Parameter::optional("active", Kind::Truth, "whether it is sent at all; an extension");
const DIALECT: Parameter = Parameter::optional("dialect", Kind::Text, "`current` or `legacy`; an extension");
const WIRE: Parameter = Parameter::optional("wire", Kind::Text, "`lowercase` or `documented`; an extension");

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "database/{database}/callbacks",
        &[
            Operation::get("The callbacks of a database", Outcome::Page, |call| Box::pin(of_database(call)))
                .with_query(PAGING),
            Operation::post("Creates a callback that tells of profiles", NEW, Outcome::Created, |call| {
                Box::pin(create_in_database(call))
            }),
        ],
    ),
    Route::list(
        "collection/{collection}/callbacks",
        &[
            Operation::get("The callbacks of a collection", Outcome::Page, |call| Box::pin(of_collection(call)))
                .with_query(PAGING),
            Operation::post("Creates a callback that tells of subprofiles", NEW, Outcome::Created, |call| {
                Box::pin(create_in_collection(call))
            }),
        ],
    ),
    Route::exact(
        "callback/{callback}",
        &[
            Operation::get("A callback, as a list of one", Outcome::Object, |call| Box::pin(show(call))),
            Operation::put("Changes a callback", CHANGED, |call| Box::pin(update(call))),
            Operation::delete("Removes a callback", Content::Nothing, |call| Box::pin(remove(call))),
        ],
    ),
];

async fn of_database(call: Call) -> Result<Reply, RestError> {
    let scope = Scope::Database(call.database().await?.id);
    list(call, scope).await
}

async fn of_collection(call: Call) -> Result<Reply, RestError> {
    let scope = Scope::Collection(call.collection().await?.id);
    list(call, scope).await
}

async fn list(call: Call, scope: Scope) -> Result<Reply, RestError> {
    let callbacks = call.store().callbacks(scope).await?;
    Ok(Reply::Content(Paging::of(&call.query).page(&callbacks, shown)))
}

async fn create_in_database(call: Call) -> Result<Reply, RestError> {
    let scope = Scope::Database(call.database().await?.id);
    create(call, scope).await
}

async fn create_in_collection(call: Call) -> Result<Reply, RestError> {
    let scope = Scope::Collection(call.collection().await?.id);
    create(call, scope).await
}

async fn create(call: Call, scope: Scope) -> Result<Reply, RestError> {
    let mut draft = draft(&call.body()?)?;
    let url = draft.url.take().ok_or_else(|| RestError::InvalidData("`url` is missing".to_owned()))?;
    let id = call.store().create_callback(scope, url, draft).await?;
    Ok(Reply::Created(Place { kind: "callback", id }))
}

async fn show(call: Call) -> Result<Reply, RestError> {
    let callback = call.store().callback(call.number(0)).await?;
    Ok(Reply::Content(json!({"start": 0, "limit": 1, "total": 1, "data": [shown(&callback)]})))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let callback = call.store().callback(call.number(0)).await?;
    call.store().update_callback(callback.id, draft(&call.body()?)?).await?;
    Ok(Reply::Updated)
}

async fn remove(call: Call) -> Result<Reply, RestError> {
    let id = call.number(0);
    call.store().remove_callback(id).await?;
    Ok(Reply::Removed(Some(Place { kind: "callback", id })))
}

/// Reads a callback, flat or, as the documentation's sample has it, wrapped into `data`.
fn draft(body: &Body) -> Result<CallbackDraft, RestError> {
    let members = body.members()?;
    let wrapped = members.value("data").and_then(|data| data.get(0)).and_then(Value::as_object);
    let members = wrapped.map_or(members, Members);
    // A callback shows where it is, too, which whoever writes it back may leave in.
    let is_known = |name: &str| SHOWN_ONLY.contains(&name) || MEMBERS.iter().any(|member| member.name == name);
    for unknown in members.0.keys().filter(|name| !is_known(name)) {
        tracing::warn!(member = excerpt(unknown, 100), "a callback has no such member, so it is ignored");
    }
    Ok(CallbackDraft {
        url: members
            .text("url")?
            .map(|url| TargetUrl::parse(url).map_err(|error| RestError::invalid("url", error)))
            .transpose()?,
        method: members
            .text("method")?
            .map(|name| {
                PayloadMethod::from_name(name)
                    .ok_or_else(|| RestError::invalid("method", "expected `json`, `xml` or `form`"))
            })
            .transpose()?,
        dialect: members
            .text("dialect")?
            .map(|name| {
                Dialect::from_name(name).ok_or_else(|| RestError::invalid("dialect", "expected `current` or `legacy`"))
            })
            .transpose()?,
        wire: members
            .text("wire")?
            .map(|name| {
                let expected = "expected `lowercase` or `documented`";
                WireProfile::from_name(name).ok_or_else(|| RestError::invalid("wire", expected))
            })
            .transpose()?,
        action: members
            .text("action")?
            .map(|name| {
                let expected = "expected `create`, `update`, `delete` or `all`";
                ActionType::from_name(name).ok_or_else(|| RestError::invalid("action", expected))
            })
            .transpose()?,
        triggers: members.value("triggers").map(triggers).transpose()?,
        condition: condition(members.0)?,
        active: members.value("active").map(truth).transpose()?,
    })
}

/// The JavaScript `expression`, and `conditions`, which are ours: a set of rules.
fn condition(members: &Map<String, Value>) -> Result<ConditionDraft, RestError> {
    let expression = match members.get("expression") {
        Some(Value::Null) => Some(""),
        _ => Members(members).text("expression")?,
    };
    let draft = ConditionDraft::parse(expression, members.get("conditions"));
    draft.map_err(|error| RestError::InvalidData(error.to_string()))
}

/// A list of names, or the names with commas between.
fn triggers(value: &Value) -> Result<TriggerSet, RestError> {
    match value {
        Value::String(names) => names.parse().map_err(|error| RestError::invalid("triggers", error)),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let name = item.as_str().ok_or_else(|| RestError::invalid("triggers", "expected a list of names"))?;
                name.parse::<Trigger>().map_err(|error| RestError::invalid("triggers", error))
            })
            .collect(),
        _ => Err(RestError::invalid("triggers", "expected a list of names")),
    }
}

fn truth(value: &Value) -> Result<bool, RestError> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text == "true" || text == "1" => Ok(true),
        Value::String(text) if text == "false" || text == "0" => Ok(false),
        _ => Err(RestError::invalid("active", "expected `true` or `false`")),
    }
}

/// `triggers` and `active` are ours: the platform never documented them in its REST API.
fn shown(callback: &Callback) -> Value {
    json!({
        "ID": callback.id.to_string(),
        "url": callback.url.as_str(),
        "expression": callback.condition.expression(),
        "method": callback.method.name(),
        "action": callback.action.name(),
        "collection": callback.scope.collection().map_or(json!(0), |id| json!(id.to_string())),
        "database": callback.scope.database().map_or(json!(0), |id| json!(id.to_string())),
        "dialect": callback.dialect,
        "wire": callback.wire.map(WireProfile::name),
        "triggers": callback.triggers.names().collect::<Vec<_>>(),
        "conditions": callback.condition.rules(),
        "active": callback.active,
    })
}
