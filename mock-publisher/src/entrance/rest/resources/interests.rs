use serde_json::{Value, json};

use super::super::call::Call;
use super::super::error::RestError;
use super::super::paging::Paging;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::PAGING;
use crate::platform::Interest;

const GROUP: Parameter = Parameter::optional("group", Kind::Text, "the group that it is shown in");

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "database/{database}/interests",
        &[
            Operation::get("The interests of a database", Outcome::Page, |call| Box::pin(list(call)))
                .with_query(PAGING),
            Operation::post(
                "Adds an interest to a database",
                Content::Members(&[Parameter::required("name", Kind::Text, "its name"), GROUP]),
                Outcome::Created,
                |call| Box::pin(create(call)),
            ),
        ],
    ),
    Route::exact(
        "interest/{interest}",
        &[
            Operation::get("An interest", Outcome::Object, |call| Box::pin(show(call))),
            Operation::put(
                "Changes an interest",
                Content::Members(&[Parameter::optional("name", Kind::Text, "its name"), GROUP]),
                |call| Box::pin(update(call)),
            ),
            Operation::delete("Removes an interest; no profile has it any more", Content::Nothing, |call| {
                Box::pin(remove(call))
            }),
        ],
    ),
];

async fn list(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    Ok(Reply::Content(Paging::of(&call.query).page(&database.interests, shown)))
}

async fn create(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let body = call.body()?;
    let members = body.members()?;
    let interest = Interest {
        id: 0,
        name: members.required_text("name")?.to_owned(),
        group: members.text("group")?.unwrap_or_default().to_owned(),
    };
    let id = call.store().create_interest(database.id, interest).await?;
    Ok(Reply::Created(Place { kind: "interest", id }))
}

async fn show(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(shown(&call.store().interest(call.number(0)).await?)))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let interest = call.store().interest(call.number(0)).await?;
    let body = call.body()?;
    let members = body.members()?;
    let text = |name| Ok::<_, RestError>(members.text(name)?.map(str::to_owned));
    call.store().update_interest(interest.id, text("name")?, text("group")?).await?;
    Ok(Reply::Updated)
}

async fn remove(call: Call) -> Result<Reply, RestError> {
    let id = call.number(0);
    call.store().remove_interest(id).await?;
    Ok(Reply::Removed(Some(Place { kind: "interest", id })))
}

pub(super) fn shown(interest: &Interest) -> Value {
    json!({"ID": interest.id.to_string(), "name": interest.name, "group": interest.group})
}
