use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Operation, Outcome, Parameter, Route};
use super::{CREATE, FIELDS, entity, listing};
use crate::platform::{Collection, Command, Entity, Within};
use crate::store::StoreError;

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "profile/{profile}/subprofiles/{collection}",
        &[
            Operation::get("The subprofiles of a profile in a collection", Outcome::Page, |call| {
                Box::pin(of_profile(call))
            })
            .with_query(listing::QUERY),
            Operation::post("Creates a subprofile", Content::Values, Outcome::Created, |call| Box::pin(create(call))),
            Operation::put("Updates every subprofile of a profile that matches", Content::Values, |call| {
                Box::pin(update_of_profile(call))
            })
            .or_creates()
            .with_query(&[Parameter { required: true, ..FIELDS }, CREATE]),
        ],
    ),
    Route::list(
        "collection/{collection}/subprofiles",
        &[
            Operation::get("The subprofiles in a collection", Outcome::Page, |call| Box::pin(of_collection(call)))
                .with_query(listing::QUERY),
            Operation::put("Updates every subprofile that matches", Content::Values, |call| {
                Box::pin(update_of_collection(call))
            })
            .strictly()
            .with_query(&[Parameter { required: true, ..FIELDS }]),
        ],
    ),
    Route::list(
        "collection/{collection}/subprofileids",
        &[Operation::get("The numbers of the subprofiles in a collection", Outcome::Array, |call| Box::pin(ids(call)))
            .with_query(&[FIELDS])],
    ),
];

/// The profile, and the collection of its database, that a path names.
async fn place(call: &Call) -> Result<(Entity, Collection), RestError> {
    let profile = call.profile().await?;
    let database = call.store().database(&profile.home.database().to_string()).await?;
    let number = call.number(1);
    let by_number = database.collections.iter().find(|collection| collection.id == number);
    let found = by_number.or_else(|| database.collection(call.name(1)));
    let collection = found.ok_or_else(|| StoreError::NoCollection(call.name(1).to_owned()))?;
    Ok((profile, collection.clone()))
}

async fn of_profile(call: Call) -> Result<Reply, RestError> {
    let (profile, collection) = place(&call).await?;
    let within = Within::CollectionOfProfile { collection: collection.id, profile: profile.id };
    listing::page(&call, within, collection.layout()).await
}

async fn create(call: Call) -> Result<Reply, RestError> {
    let (profile, collection) = place(&call).await?;
    let input = entity::values_or_fields(&call.body()?, collection.layout())?;
    let command = Command::CreateSubprofile { profile: profile.id, collection: collection.id, input };
    let applied = call.apply(command).await.map_err(not_created)?;
    let created = applied.created.ok_or(StoreError::Stopped)?;
    Ok(Reply::Created(Place { kind: "subprofile", id: created.id }))
}

/// A profile that was removed gets no subprofiles any more.
fn not_created(error: RestError) -> RestError {
    match error {
        RestError::Store(error @ StoreError::Removed(_)) => RestError::SubprofileNotCreated(error),
        error => error,
    }
}

async fn update_of_profile(call: Call) -> Result<Reply, RestError> {
    let (profile, collection) = place(&call).await?;
    let (within, layout) =
        (Within::CollectionOfProfile { collection: collection.id, profile: profile.id }, collection.layout());
    let input = || entity::values_or_fields(&call.body()?, layout);
    listing::update(&call, within, layout, input).await.map_err(not_created)
}

async fn of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    listing::page(&call, Within::Collection(collection.id), collection.layout()).await
}

async fn ids(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    listing::ids(&call, Within::Collection(collection.id), collection.layout()).await
}

async fn update_of_collection(call: Call) -> Result<Reply, RestError> {
    let collection = call.collection().await?;
    let layout = collection.layout();
    let input = || entity::values_or_fields(&call.body()?, layout);
    listing::update(&call, Within::Collection(collection.id), layout, input).await
}
