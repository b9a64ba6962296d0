//! What databases and collections are told to do with those who unsubscribe, and what they may be used for.

use serde_json::{Map, Value, json};

use super::super::body::Members;
use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::Reply;
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use crate::platform::{Intentions, Unsubscribe};
use crate::store::{CollectionDraft, DatabaseDraft};

const BEHAVIOUR: Content = Content::Members(&[
    Parameter::required("behavior", Kind::Text, "`nothing`, `remove` or `update`"),
    Parameter::optional("fields", Kind::Map, "the values that `update` sets"),
]);
const INTENTIONS: Content = Content::Members(&[
    Parameter::optional("email", Kind::Truth, "mail may be sent to it"),
    Parameter::optional("sms", Kind::Truth, "text messages may be sent to it"),
    Parameter::optional("fax", Kind::Truth, "faxes may be sent to it"),
    Parameter::optional("pdf", Kind::Truth, "documents may be made for it"),
]);

pub(super) const ROUTES: &[Route] = &[
    Route::exact(
        "database/{database}/unsubscribe",
        &[
            Operation::get("What happens to profiles that unsubscribe", Outcome::Object, |call| {
                Box::pin(of_database(call))
            }),
            Operation::put("Says what happens to profiles that unsubscribe", BEHAVIOUR, |call| {
                Box::pin(set_of_database(call))
            }),
        ],
    ),
    Route::exact(
        "collection/{collection}/unsubscribe",
        &[
            Operation::get("What happens to subprofiles that unsubscribe", Outcome::Object, |call| {
                Box::pin(of_collection(call))
            }),
            Operation::put("Says what happens to subprofiles that unsubscribe", BEHAVIOUR, |call| {
                Box::pin(set_of_collection(call))
            }),
        ],
    ),
    Route::exact(
        "database/{database}/intentions",
        &[Operation::put("Says what a database may be used for", INTENTIONS, |call| {
            Box::pin(intentions_of_database(call))
        })],
    ),
    Route::exact(
        "collection/{collection}/intentions",
        &[Operation::put("Says what a collection may be used for", INTENTIONS, |call| {
            Box::pin(intentions_of_collection(call))
        })],
    ),
];

async fn of_database(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(&call.database().await?.unsubscribe)))
}

async fn of_collection(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(&call.collection().await?.unsubscribe)))
}

async fn set_of_database(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let unsubscribe = Some(behaviour(&call.body()?.members()?)?);
    let draft = DatabaseDraft { unsubscribe, ..DatabaseDraft::default() };
    call.store().update_database(database.id, draft).await?;
    Ok(Reply::Updated)
}

async fn set_of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    let unsubscribe = Some(behaviour(&call.body()?.members()?)?);
    let draft = CollectionDraft { unsubscribe, ..CollectionDraft::default() };
    call.store().update_collection(collection.id, draft).await?;
    Ok(Reply::Updated)
}

async fn intentions_of_database(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let intentions = Some(intentions(database.intentions, &call.body()?.members()?));
    let draft = DatabaseDraft { intentions, ..DatabaseDraft::default() };
    call.store().update_database(database.id, draft).await?;
    Ok(Reply::Updated)
}

async fn intentions_of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    let intentions = Some(intentions(collection.intentions, &call.body()?.members()?));
    let draft = CollectionDraft { intentions, ..CollectionDraft::default() };
    call.store().update_collection(collection.id, draft).await?;
    Ok(Reply::Updated)
}

/// PHP knows no difference between an empty list and an empty object.
fn behaviour(members: &Members<'_>) -> Result<Unsubscribe, RestError> {
    let fields = match members.value("fields") {
        Some(Value::Object(fields)) => fields.clone(),
        None | Some(Value::Null) => Map::new(),
        Some(Value::Array(items)) if items.is_empty() => Map::new(),
        Some(_) => return Err(RestError::invalid("fields", "expected an object of names and values")),
    };
    match members.required_text("behavior")? {
        "nothing" => Ok(Unsubscribe::Nothing),
        "remove" => Ok(Unsubscribe::Remove),
        "update" => Ok(Unsubscribe::Update(fields)),
        _ => Err(RestError::invalid("behavior", "expected `nothing`, `remove` or `update`")),
    }
}

fn shown(unsubscribe: &Unsubscribe) -> Value {
    match unsubscribe {
        Unsubscribe::Nothing => json!({"behavior": "nothing", "fields": []}),
        Unsubscribe::Remove => json!({"behavior": "remove", "fields": []}),
        Unsubscribe::Update(fields) if fields.is_empty() => json!({"behavior": "update", "fields": []}),
        Unsubscribe::Update(fields) => json!({"behavior": "update", "fields": fields}),
    }
}

fn intentions(present: Intentions, members: &Members<'_>) -> Intentions {
    Intentions {
        email: members.truth("email").unwrap_or(present.email),
        sms: members.truth("sms").unwrap_or(present.sms),
        fax: members.truth("fax").unwrap_or(present.fax),
        pdf: members.truth("pdf").unwrap_or(present.pdf),
    }
}
