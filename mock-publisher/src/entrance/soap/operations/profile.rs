use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::{PROFILE, SUBPROFILE};
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use super::matching::{self, LENGTH, ORDER, ORDER_BY, REQUIREMENTS, START};
use super::subprofile::{fields_of, remove_entity, unsubscribe_entity, update_fields_of};
use crate::platform::{Collection, Command, Entity, EntityInput, EntityRef, InterestsInput, Trigger, Within};
use crate::store::StoreError;

const ID: Parameter = Parameter::required("id", Kind::Id);
const COLLECTION: Parameter = Parameter::required("collection", Kind::Reference);
const FIELDS: Parameter = Parameter::optional("fields", Kind::Map);
const INTEREST: Parameter = Parameter::required("interest", Kind::Text);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Profile_retrieve",
        parameters: &[ID],
        result: Shape::One(&PROFILE),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "Profile_fields",
        parameters: &[ID],
        result: Shape::Map,
        run: |context, arguments| Box::pin(fields(context, arguments)),
    },
    Operation {
        name: "Profile_updateFields",
        parameters: &[ID, FIELDS],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(update_fields(context, arguments)),
    },
    Operation {
        name: "Profile_interests",
        parameters: &[ID],
        result: Shape::Array,
        run: |context, arguments| Box::pin(interests(context, arguments)),
    },
    Operation {
        name: "Profile_addInterest",
        parameters: &[ID, INTEREST],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(switch_interest(context, arguments, true)),
    },
    Operation {
        name: "Profile_removeInterest",
        parameters: &[ID, INTEREST],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(switch_interest(context, arguments, false)),
    },
    Operation {
        name: "Profile_unsubscribe",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(unsubscribe(context, arguments)),
    },
    Operation {
        name: "Profile_remove",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(remove(context, arguments)),
    },
    Operation {
        name: "Profile_move",
        parameters: &[ID, Parameter::required("database", Kind::Reference)],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(move_to(context, arguments)),
    },
    Operation {
        name: "Profile_createSubProfile",
        parameters: &[ID, COLLECTION, FIELDS],
        result: Shape::One(&SUBPROFILE),
        run: |context, arguments| Box::pin(create_subprofile(context, arguments)),
    },
    Operation {
        name: "Profile_subProfiles",
        parameters: &[ID, COLLECTION, START, LENGTH, ORDER_BY, ORDER],
        result: Shape::Collection(&SUBPROFILE),
        run: |context, arguments| Box::pin(search_subprofiles(context, arguments)),
    },
    Operation {
        name: "Profile_searchSubProfiles",
        parameters: &[ID, COLLECTION, REQUIREMENTS, START, LENGTH, ORDER_BY, ORDER],
        result: Shape::Collection(&SUBPROFILE),
        run: |context, arguments| Box::pin(search_subprofiles(context, arguments)),
    },
    Operation {
        name: "Profile_updateSubProfiles",
        parameters: &[ID, COLLECTION, REQUIREMENTS, Parameter::optional("create", Kind::Truth), FIELDS],
        result: Shape::Value(Kind::Number),
        run: |context, arguments| Box::pin(update_subprofiles(context, arguments)),
    },
];

/// The profile that a call is about.
async fn profile(context: &Context, arguments: &Arguments) -> Result<Entity, Fault> {
    Ok(context.entry.store.entity(reference(arguments)?).await?)
}

fn reference(arguments: &Arguments) -> Result<EntityRef, Fault> {
    Ok(EntityRef::profile(arguments.id("id")?))
}

async fn retrieve(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::one(&PROFILE, &profile(&context, &arguments).await?))
}

async fn fields(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    fields_of(&context, reference(&arguments)?).await
}

async fn update_fields(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    update_fields_of(&context, reference(&arguments)?, arguments).await
}

async fn interests(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::Array(profile(&context, &arguments).await?.interests))
}

/// Turns one interest on or off; the others stay as they are.
async fn switch_interest(context: Context, arguments: Arguments, on: bool) -> Result<Reply, Fault> {
    let profile = profile(&context, &arguments).await?;
    let database = context.entry.store.database(&profile.home.database().to_string()).await?;
    let name = arguments.text_or_empty("interest").trim().to_owned();
    if !database.interests.iter().any(|interest| interest.name.eq_ignore_ascii_case(&name)) {
        return Err(Fault::client(format!("`interest`: there is no interest `{name}` in `{}`", database.name)));
    }
    let interests = Some(InterestsInput::Switch(vec![(name, on)]));
    let input = EntityInput { interests, ..EntityInput::default() };
    context.entry.apply(Command::Update { entity: profile.reference(), input }, Trigger::Soap).await?;
    Ok(Reply::done())
}

async fn unsubscribe(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    unsubscribe_entity(&context, reference(&arguments)?).await
}

async fn remove(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    remove_entity(&context, reference(&arguments)?).await
}

async fn move_to(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let (profile, database) = (arguments.id("id")?, arguments.id("database")?);
    context.entry.apply(Command::Move { profile, database }, Trigger::Soap).await?;
    Ok(Reply::done())
}

async fn create_subprofile(context: Context, mut arguments: Arguments) -> Result<Reply, Fault> {
    let input = EntityInput::of_fields(arguments.map("fields"));
    let (profile, collection) = (arguments.id("id")?, arguments.id("collection")?);
    let command = Command::CreateSubprofile { profile, collection, input };
    let applied = context.entry.apply(command, Trigger::Soap).await?;
    let created = applied.created.ok_or(StoreError::Stopped)?;
    Ok(Reply::one(&SUBPROFILE, &context.entry.store.entity(created).await?))
}

async fn search_subprofiles(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let (within, collection) = within(&context, &arguments).await?;
    matching::search(&context, &SUBPROFILE, within, collection.layout(), arguments).await
}

async fn update_subprofiles(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let (within, collection) = within(&context, &arguments).await?;
    matching::update(&context, within, collection.layout(), arguments).await
}

/// The collection of a profile that a call is about.
async fn within(context: &Context, arguments: &Arguments) -> Result<(Within, Collection), Fault> {
    let profile = profile(context, arguments).await?;
    let collection = context.entry.store.collection(arguments.id("collection")?).await?;
    if collection.database != profile.home.database() {
        return Err(StoreError::NoCollection(collection.id.to_string()).into());
    }
    Ok((Within::CollectionOfProfile { collection: collection.id, profile: profile.id }, collection))
}
