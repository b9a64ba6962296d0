use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Operation, Outcome, Route};
use super::entity::{self, Detail};
use super::profile::{COMPLETELY, completely};
use crate::platform::{Command, Entity, EntityInput, Home};
use crate::store::StoreError;

pub(super) const ROUTES: &[Route] = &[
    Route::exact(
        "subprofile/{subprofile}",
        &[
            Operation::get("A subprofile, also one that was removed", Outcome::Object, |call| Box::pin(show(call))),
            Operation::put("Changes a subprofile", Content::Values, |call| Box::pin(update(call))),
            Operation::delete("Removes a subprofile", COMPLETELY, |call| Box::pin(remove(call))),
        ],
    ),
    Route::list(
        "subprofile/{subprofile}/fields",
        &[
            Operation::get("The values of a subprofile", Outcome::Object, |call| Box::pin(fields(call))),
            Operation::put("Changes values of a subprofile", Content::Values, |call| Box::pin(update(call))),
        ],
    ),
    Route::exact(
        "subprofile/{subprofile}/unsubscribe",
        &[Operation::put("Does what is done with those who unsubscribe", Content::Nothing, |call| {
            Box::pin(unsubscribe(call))
        })],
    ),
];

async fn show(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(entity::shown(&call.subprofile().await?, Detail::Everything)))
}

async fn update(call: Call) -> Result<Reply, RestError> {
    let subprofile = call.subprofile().await?;
    let entity = subprofile.reference();
    let input = input(&call, &subprofile).await?;
    call.apply(Command::Update { entity, input }).await?;
    Ok(Reply::Updated)
}

async fn input(call: &Call, subprofile: &Entity) -> Result<EntityInput, RestError> {
    let Home::Collection { collection, .. } = subprofile.home else {
        return Err(StoreError::NoEntity(subprofile.reference()).into());
    };
    let collection = call.store().collection(collection).await?;
    entity::values_or_fields(&call.body()?, collection.layout())
}

async fn remove(call: Call) -> Result<Reply, RestError> {
    let entity = call.subprofile().await?.reference();
    let completely = completely(&call)?;
    call.apply(Command::Remove { entity, completely }).await?;
    Ok(Reply::Removed(Some(Place { kind: "subprofile", id: entity.id })))
}

async fn fields(call: Call) -> Result<Reply, RestError> {
    Ok(Reply::Content(entity::fields(&call.subprofile().await?)))
}

async fn unsubscribe(call: Call) -> Result<Reply, RestError> {
    let entity = call.subprofile().await?.reference();
    call.apply(Command::Unsubscribe { entity }).await?;
    Ok(Reply::Updated)
}
