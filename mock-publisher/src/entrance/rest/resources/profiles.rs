use serde_json::Value;

use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::super::version::Version;
use super::entity::{self, OtherFields};
use super::{CREATE, FIELDS, listing};
use crate::platform::{Command, EntityInput, Id, Within};
use crate::store::StoreError;

const VALUES: Content = Content::MembersOrValues(&[
    Parameter::optional("fields", Kind::Map, "the values of its fields"),
    Parameter::optional("interests", Kind::Interests, "the names of its interests"),
]);

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "database/{database}/profiles",
        &[
            Operation::get("The profiles of a database", Outcome::Page, |call| Box::pin(list(call)))
                .with_query(listing::QUERY),
            Operation::post("Creates a profile", VALUES, Outcome::Created, |call| Box::pin(create(call))),
            Operation::put("Updates every profile that matches", VALUES, |call| Box::pin(update(call)))
                .or_creates()
                .with_query(&[
                    Parameter { required: true, ..FIELDS },
                    CREATE,
                    Parameter::optional("async", Kind::Truth, "changes nothing here: it is done at once"),
                ]),
            Operation::delete(
                "Removes profiles; those that are not there are passed over",
                Content::Members(&[Parameter::required("profiles", Kind::Ids, "their numbers")]),
                |call| Box::pin(remove(call)),
            ),
        ],
    ),
    Route::list(
        "database/{database}/profileids",
        &[Operation::get("The numbers of the profiles of a database", Outcome::Array, |call| Box::pin(ids(call)))
            .with_query(&[FIELDS])],
    ),
];

async fn list(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    listing::page(&call, Within::Database(database.id), database.layout()).await
}

async fn ids(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    listing::ids(&call, Within::Database(database.id), database.layout()).await
}

async fn create(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let input = input(&call)?;
    let applied = call.apply(Command::CreateProfile { database: database.id, input }).await?;
    let created = applied.created.ok_or(StoreError::Stopped)?;
    Ok(Reply::Created(Place { kind: "profile", id: created.id }))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    listing::update(&call, Within::Database(database.id), database.layout(), || input(&call)).await
}

/// In version 1 the values are the body itself.
fn input(call: &Call) -> Result<EntityInput, RestError> {
    let body = call.body()?;
    match call.version {
        Version::V1 => entity::values(&body),
        _ => entity::input(&body, OtherFields::Refuse),
    }
}

/// Assumption: what is not there, or not any more, is passed over; the platform documents an answer for nothing to remove.
async fn remove(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let body = call.body()?;
    let ids = match body.members()?.value("profiles") {
        Some(Value::Array(items)) => items.iter().map(id).collect::<Option<Vec<Id>>>(),
        _ => None,
    };
    let ids = ids.ok_or_else(|| RestError::invalid("profiles", "expected a list of numbers"))?;
    let applied = call.apply(Command::RemoveAmong { within: Within::Database(database.id), ids }).await?;
    Ok(if applied.touched > 0 { Reply::Removed(None) } else { Reply::NothingRemoved })
}

fn id(value: &Value) -> Option<Id> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
