use serde_json::{Value, json};

use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::super::version::Version;
use crate::clock;
use crate::entrance::import::{Format, ImportOrder};
use crate::platform::ImportAction;
use crate::store::{Import, ImportStatus};

/// As on the platform, versions 3 and 4 have imports.
pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "imports",
        &[Operation::post(
            "Begins an import",
            Content::Members(&[
                Parameter::required("database", Kind::Text, "the number or the name of a database"),
                Parameter::required("source", Kind::Anything, "an array of records, or a text"),
                Parameter::optional("name", Kind::Text, "what it is called"),
                Parameter::optional(
                    "action",
                    Kind::Text,
                    "`add`, `update`, `update or add`, `ignore or add` or `delete`",
                ),
                Parameter::optional("keyFields", Kind::Texts, "the columns by which profiles are found"),
                Parameter::optional("format", Kind::Text, "`csv` or `json`, if the source is a text"),
                Parameter::optional("delimiter", Kind::Text, "what stands between two values: a tab, `,` or `;`"),
                Parameter::optional("ignoreEmptyFields", Kind::Truth, "whether empty values change nothing"),
                Parameter::optional("removeMissing", Kind::Truth, "whether to remove what the source does not name"),
                Parameter::optional("deleteTarget", Kind::Text, "`profile` or `subprofile`"),
                Parameter::optional("autostart", Kind::Truth, "whether it starts by itself"),
            ]),
            Outcome::Created,
            |call| Box::pin(create(call)),
        )
        .since(Version::V3)],
    ),
    Route::exact(
        "import/{import}",
        &[Operation::get("An import, and how far it is", Outcome::Object, |call| Box::pin(show(call)))
            .since(Version::V3)],
    ),
];

async fn create(call: Call) -> Result<Reply, RestError> {
    let body = call.body()?;
    let members = body.members()?;
    let database = match members.value("database") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(RestError::InvalidData("`database` is missing: the number or the name of one".to_owned())),
    };
    let database = call.store().database(&database).await?;
    let order = ImportOrder::read(members.0, &database).map_err(RestError::InvalidData)?;
    let (format, content) = match members.value("source") {
        Some(rows @ Value::Array(_)) => (Format::Json, rows.to_string()),
        Some(Value::String(text)) => (order.format.unwrap_or(Format::Csv), text.clone()),
        None => return Err(RestError::InvalidData("`source` is missing: an array of records, or a text".to_owned())),
        Some(_) => return Err(RestError::invalid("source", "expected an array of records, or a text")),
    };
    let id = call.imports.take_text(order, format, &content).await?;
    Ok(Reply::Created(Place { kind: "import", id }))
}

async fn show(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(&call.store().import(call.number(0)).await?)))
}

/// An import in the shape that the documentation has. Numbers of lines are texts there, and one of them has two spellings.
///
/// Assumption: only the status `ready for start` and the type `add or update` are documented; the others are ours.
fn shown(import: &Import) -> Value {
    let kind = match ImportAction::from_name(&import.action) {
        Some(ImportAction::UpdateOrAdd) => "add or update",
        _ => &import.action,
    };
    let status = match import.status {
        ImportStatus::Ready => "ready for start",
        other => other.name(),
    };
    let processed = import.processed.to_string();
    json!({
        "ID": import.id.to_string(),
        "name": import.name,
        "type": kind,
        "status": status,
        "totallines": import.total.to_string(),
        "processedLines": processed,
        "processedlines": processed,
        "lastrun": import.begun.map_or(json!(false), |begun| json!(clock::stamp(begun))),
        "nextrun": false,
        "lasterror": import.error.as_ref().map_or(json!(false), |error| json!(error)),
    })
}
