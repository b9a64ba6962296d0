use serde_json::{Value, json};

use super::super::call::Call;
use super::super::error::RestError;
use super::super::paging::{Paging, whole};
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::{PAGING, collections, fields, interests};
use crate::clock;
use crate::platform::Database;
use crate::store::DatabaseDraft;

const DESCRIPTION: Parameter = Parameter::optional("description", Kind::Text, "what it is for");
const ARCHIVED: Parameter = Parameter::optional("archived", Kind::Truth, "whether it is out of use");

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "databases",
        &[
            Operation::get("The databases of the account", Outcome::Page, |call| Box::pin(list(call)))
                .with_query(PAGING),
            Operation::post(
                "Creates a database",
                Content::Members(&[
                    Parameter::required("name", Kind::Text, "its name, which no other has"),
                    DESCRIPTION,
                    ARCHIVED,
                ]),
                Outcome::Created,
                |call| Box::pin(create(call)),
            ),
        ],
    ),
    Route::exact(
        "database/{database}",
        &[
            Operation::get("A database with its fields, interests and collections", Outcome::Object, |call| {
                Box::pin(show(call))
            }),
            Operation::put(
                "Changes a database",
                Content::Members(&[
                    Parameter::optional("name", Kind::Text, "its name, which no other has"),
                    DESCRIPTION,
                    ARCHIVED,
                ]),
                |call| Box::pin(update(call)),
            ),
        ],
    ),
];

async fn list(call: Call) -> Result<Reply, RestError> {
    let databases = call.store().databases().await?;
    Ok(Reply::Content(Paging::of(&call.query).page(&databases, shown)))
}

async fn create(call: Call) -> Result<Reply, RestError> {
    let body = call.body()?;
    let members = body.members()?;
    let database = Database {
        description: members.text("description")?.unwrap_or_default().to_owned(),
        archived: members.truth("archived").unwrap_or(false),
        created: call.store().clock().now(),
        ..Database::new(members.required_text("name")?)
    };
    let id = call.store().create_database(database).await?;
    Ok(Reply::Created(Place { kind: "database", id }))
}

async fn show(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(&call.database().await?)))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let body = call.body()?;
    let members = body.members()?;
    let draft = DatabaseDraft {
        name: members.text("name")?.map(str::to_owned),
        description: members.text("description")?.map(str::to_owned),
        archived: members.truth("archived"),
        ..DatabaseDraft::default()
    };
    call.store().update_database(database.id, draft).await?;
    Ok(Reply::Updated)
}

fn shown(database: &Database) -> Value {
    json!({
        "ID": database.id.to_string(),
        "name": database.name,
        "description": database.description,
        "archived": database.archived,
        "created": clock::stamp(database.created),
        "fields": whole(&database.fields, fields::shown),
        "interests": whole(&database.interests, interests::shown),
        "collections": whole(&database.collections, collections::shown),
        "intentions": database.intentions,
    })
}
