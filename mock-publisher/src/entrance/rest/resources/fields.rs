use serde_json::{Value, json};

use super::super::body::Members;
use super::super::call::Call;
use super::super::error::RestError;
use super::super::paging::Paging;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::PAGING;
use crate::platform::{Field, FieldKind};
use crate::store::{Owner, StoreError};

const NEW: Content = Content::Members(&[
    Parameter::required("name", Kind::Text, "letters, digits and underscores"),
    TYPE,
    VALUE,
    DISPLAYED,
    ORDERED,
    LENGTH,
    TEXTLINES,
    HIDDEN,
    INDEX,
]);
const CHANGED: Content = Content::Members(&[
    Parameter::optional("name", Kind::Text, "letters, digits and underscores"),
    TYPE,
    VALUE,
    DISPLAYED,
    ORDERED,
    LENGTH,
    TEXTLINES,
    HIDDEN,
    INDEX,
]);
const TYPE: Parameter = Parameter::optional("type", Kind::Text, "such as `text`, `integer` or `select`");
const VALUE: Parameter =
    Parameter::optional("value", Kind::Text, "the default; of a `select` the choices, the default one with a `*`");
const DISPLAYED: Parameter = Parameter::optional("displayed", Kind::Truth, "whether lists show it");
const ORDERED: Parameter = Parameter::optional("ordered", Kind::Truth, "whether lists are sorted by it");
const LENGTH: Parameter = Parameter::optional("length", Kind::Number, "how many characters are meant to fit");
const TEXTLINES: Parameter = Parameter::optional("textlines", Kind::Number, "how many lines a form shows");
const HIDDEN: Parameter = Parameter::optional("hidden", Kind::Truth, "whether forms leave it out");
const INDEX: Parameter = Parameter::optional("index", Kind::Truth, "whether it is searched quickly");

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "database/{database}/fields",
        &[
            Operation::get("The fields of a database", Outcome::Page, |call| Box::pin(of_database(call)))
                .with_query(PAGING),
            Operation::post("Adds a field to a database", NEW, Outcome::Created, |call| {
                Box::pin(create_in_database(call))
            }),
        ],
    ),
    Route::exact(
        "database/{database}/field/{field}",
        &[
            Operation::get("A field of a database", Outcome::Object, |call| Box::pin(show_of_database(call))),
            Operation::put("Changes a field of a database", CHANGED, |call| Box::pin(update_of_database(call))),
            Operation::delete("Removes a field of a database, with its values", Content::Nothing, |call| {
                Box::pin(remove_of_database(call))
            }),
        ],
    ),
    Route::list(
        "collection/{collection}/fields",
        &[
            Operation::get("The fields of a collection", Outcome::Page, |call| Box::pin(of_collection(call)))
                .with_query(PAGING),
            Operation::post("Adds a field to a collection", NEW, Outcome::Created, |call| {
                Box::pin(create_in_collection(call))
            }),
        ],
    ),
    Route::exact(
        "collection/{collection}/field/{field}",
        &[
            Operation::get("A field of a collection", Outcome::Object, |call| Box::pin(show_of_collection(call))),
            Operation::put("Changes a field of a collection", CHANGED, |call| Box::pin(update_of_collection(call))),
            Operation::delete("Removes a field of a collection, with its values", Content::Nothing, |call| {
                Box::pin(remove_of_collection(call))
            }),
        ],
    ),
];

async fn of_database(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    Ok(Reply::Content(Paging::of(&call.query).page(&database.fields, shown)))
}

async fn of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    Ok(Reply::Content(Paging::of(&call.query).page(&collection.fields, shown)))
}

async fn create_in_database(call: Call) -> Result<Reply, RestError> {
    let owner = Owner::Database(call.database().await?.id);
    create(call, owner).await
}

async fn create_in_collection(call: Call) -> Result<Reply, RestError> {
    let owner = Owner::Collection(call.collection().await?.id);
    create(call, owner).await
}

async fn create(call: Call, owner: Owner) -> Result<Reply, RestError> {
    let body = call.body()?;
    let members = body.members()?;
    let field = changed(Field::new(members.required_text("name")?, FieldKind::Text), &members)?;
    let id = call.store().create_field(owner, field).await?;
    Ok(Reply::Created(Place { kind: "field", id }))
}

async fn show_of_database(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(named(&call, &call.database().await?.fields)?)))
}

async fn show_of_collection(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(named(&call, &call.collection().await?.fields)?)))
}

async fn update_of_database(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    update(&call, Owner::Database(database.id), named(&call, &database.fields)?).await
}

async fn update_of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    update(&call, Owner::Collection(collection.id), named(&call, &collection.fields)?).await
}

async fn update(call: &Call, owner: Owner, field: &Field) -> Result<Reply, RestError> {
    let body = call.body()?;
    call.store().update_field(owner, changed(field.clone(), &body.members()?)?).await?;
    Ok(Reply::Updated)
}

async fn remove_of_database(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    remove(&call, Owner::Database(database.id), named(&call, &database.fields)?).await
}

async fn remove_of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    remove(&call, Owner::Collection(collection.id), named(&call, &collection.fields)?).await
}

async fn remove(call: &Call, owner: Owner, field: &Field) -> Result<Reply, RestError> {
    call.store().remove_field(owner, field.id).await?;
    Ok(Reply::Removed(Some(Place { kind: "field", id: field.id })))
}

/// The field that the path names by its number.
fn named<'a>(call: &Call, fields: &'a [Field]) -> Result<&'a Field, RestError> {
    let id = call.number(1);
    let found = fields.iter().find(|field| field.id == id);
    found.ok_or_else(|| StoreError::NoField(call.name(1).to_owned()).into())
}

/// A field with what a body says of it.
fn changed(field: Field, members: &Members<'_>) -> Result<Field, RestError> {
    let kind = match members.text("type")? {
        None => field.kind,
        Some(name) => FieldKind::from_name(name).ok_or_else(|| {
            let known: Vec<_> = FieldKind::ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
            RestError::invalid("type", format!("expected one of {}", known.join(", ")))
        })?,
    };
    Ok(Field {
        id: field.id,
        name: members.text("name")?.map_or(field.name, str::to_owned),
        kind,
        value: members.cast("value").unwrap_or(field.value),
        displayed: members.truth("displayed").unwrap_or(field.displayed),
        ordered: members.truth("ordered").unwrap_or(field.ordered),
        length: members.number("length")?.unwrap_or(field.length),
        textlines: members.number("textlines")?.unwrap_or(field.textlines),
        hidden: members.truth("hidden").unwrap_or(field.hidden),
        index: members.truth("index").unwrap_or(field.index),
    })
}

pub(super) fn shown(field: &Field) -> Value {
    json!({
        "ID": field.id.to_string(),
        "name": field.name,
        "type": field.kind.name(),
        "value": field.value,
        "displayed": field.displayed,
        "ordered": field.ordered,
        "length": field.length.to_string(),
        "textlines": field.textlines.to_string(),
        "hidden": field.hidden,
        "index": field.index,
    })
}
