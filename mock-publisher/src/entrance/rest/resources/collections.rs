use serde_json::{Value, json};

use super::super::call::Call;
use super::super::error::RestError;
use super::super::paging::{Paging, whole};
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::{PAGING, fields};
use crate::platform::Collection;
use crate::store::CollectionDraft;

const DESCRIPTION: Parameter = Parameter::optional("description", Kind::Text, "what it is for");

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "database/{database}/collections",
        &[
            Operation::get("The collections of a database", Outcome::Page, |call| Box::pin(list(call)))
                .with_query(PAGING),
            Operation::post(
                "Creates a collection",
                Content::Members(&[Parameter::required("name", Kind::Text, "letters and underscores"), DESCRIPTION]),
                Outcome::Created,
                |call| Box::pin(create(call)),
            ),
        ],
    ),
    Route::exact(
        "collection/{collection}",
        &[
            Operation::get("A collection with its fields", Outcome::Object, |call| Box::pin(show(call))),
            Operation::put(
                "Changes a collection",
                Content::Members(&[Parameter::optional("name", Kind::Text, "letters and underscores"), DESCRIPTION]),
                |call| Box::pin(update(call)),
            ),
        ],
    ),
];

async fn list(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    Ok(Reply::Content(Paging::of(&call.query).page(&database.collections, shown)))
}

async fn create(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let body = call.body()?;
    let members = body.members()?;
    let collection = Collection {
        description: members.text("description")?.unwrap_or_default().to_owned(),
        ..Collection::new(members.required_text("name")?)
    };
    let id = call.store().create_collection(database.id, collection).await?;
    Ok(Reply::Created(Place { kind: "collection", id }))
}

async fn show(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(&call.collection().await?)))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    let body = call.body()?;
    let members = body.members()?;
    let draft = CollectionDraft {
        name: members.text("name")?.map(str::to_owned),
        description: members.text("description")?.map(str::to_owned),
        ..CollectionDraft::default()
    };
    call.store().update_collection(collection.id, draft).await?;
    Ok(Reply::Updated)
}

pub(super) fn shown(collection: &Collection) -> Value {
    json!({
        "ID": collection.id.to_string(),
        "name": collection.name,
        "description": collection.description,
        "database": collection.database.to_string(),
        "fields": whole(&collection.fields, fields::shown),
        "intentions": collection.intentions,
    })
}
