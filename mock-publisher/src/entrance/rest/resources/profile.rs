use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::entity::{self, Detail, OtherFields};
use crate::platform::Command;

/// What says that nothing is to be left of what is removed.
pub(super) const COMPLETELY: Content = Content::Members(&[Parameter::optional(
    "completely",
    Kind::Truth,
    "whether nothing is left of it, and it cannot be asked for any more",
)]);

pub(super) const ROUTES: &[Route] = &[
    Route::exact(
        "profile/{profile}",
        &[
            Operation::get("A profile, also one that was removed", Outcome::Object, |call| Box::pin(show(call))),
            Operation::put(
                "Changes a profile",
                Content::Members(&[
                    Parameter::optional("fields", Kind::Map, "new values of its fields"),
                    Parameter::optional("interests", Kind::Interests, "names, or names and truth values"),
                    Parameter::optional("secret", Kind::Text, "its secret code"),
                ]),
                |call| Box::pin(update(call)),
            ),
            Operation::delete("Removes a profile, with its subprofiles", COMPLETELY, |call| Box::pin(remove(call))),
        ],
    ),
    Route::list(
        "profile/{profile}/fields",
        &[
            Operation::get("The values of a profile", Outcome::Object, |call| Box::pin(fields(call))),
            Operation::put("Changes values of a profile", Content::Values, |call| Box::pin(update_fields(call))),
        ],
    ),
    Route::exact(
        "profile/{profile}/unsubscribe",
        &[Operation::put("Does what is done with those who unsubscribe", Content::Nothing, |call| {
            Box::pin(unsubscribe(call))
        })],
    ),
];

async fn show(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(entity::shown(&call.profile().await?, Detail::Everything)))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let entity = call.profile().await?.reference();
    let input = entity::input(&call.body()?, OtherFields::Ignore)?;
    call.apply(Command::Update { entity, input }).await?;
    Ok(Reply::Updated)
}

async fn remove(call: Call) -> Result<Reply, RestError> {
    let entity = call.profile().await?.reference();
    let completely = completely(&call)?;
    call.apply(Command::Remove { entity, completely }).await?;
    Ok(Reply::Removed(Some(Place { kind: "profile", id: entity.id })))
}

/// Whether a body says that nothing is to be left. The documentation's word for the default is `No`. Clients that have nothing
/// to say may well send `null` or an empty list.
pub(super) fn completely(call: &Call) -> Result<bool, RestError> {
    let body = call.body()?;
    let Ok(members) = body.members() else { return Ok(false) };
    let no = members.cast("completely").is_some_and(|word| word.eq_ignore_ascii_case("no"));
    Ok(!no && members.truth("completely").unwrap_or(false))
}

async fn fields(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(entity::fields(&call.profile().await?)))
}

async fn update_fields(call: Call) -> Result<Reply, RestError> {
    let entity = call.profile().await?.reference();
    let input = entity::values(&call.body()?)?;
    call.apply(Command::Update { entity, input }).await?;
    Ok(Reply::Updated)
}

async fn unsubscribe(call: Call) -> Result<Reply, RestError> {
    let entity = call.profile().await?.reference();
    call.apply(Command::Unsubscribe { entity }).await?;
    Ok(Reply::Updated)
}
