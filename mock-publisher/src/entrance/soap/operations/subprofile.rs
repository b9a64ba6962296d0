use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::SUBPROFILE;
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use crate::platform::{Command, EntityInput, EntityRef, Trigger};

const ID: Parameter = Parameter::required("id", Kind::Id);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "SubProfile_retrieve",
        parameters: &[ID],
        result: Shape::One(&SUBPROFILE),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "SubProfile_fields",
        parameters: &[ID],
        result: Shape::Map,
        run: |context, arguments| Box::pin(fields(context, arguments)),
    },
    Operation {
        name: "SubProfile_updateFields",
        parameters: &[ID, Parameter::optional("fields", Kind::Map)],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(update_fields(context, arguments)),
    },
    Operation {
        name: "SubProfile_unsubscribe",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(unsubscribe(context, arguments)),
    },
    Operation {
        name: "SubProfile_remove",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(remove(context, arguments)),
    },
];

fn reference(arguments: &Arguments) -> Result<EntityRef, Fault> {
    Ok(EntityRef::subprofile(arguments.id("id")?))
}

async fn retrieve(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::one(&SUBPROFILE, &context.entry.store.entity(reference(&arguments)?).await?))
}

async fn fields(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    fields_of(&context, reference(&arguments)?).await
}

async fn update_fields(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    update_fields_of(&context, reference(&arguments)?, arguments).await
}

async fn unsubscribe(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    unsubscribe_entity(&context, reference(&arguments)?).await
}

async fn remove(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    remove_entity(&context, reference(&arguments)?).await
}

/// The fields of a profile or subprofile.
pub(super) async fn fields_of(context: &Context, entity: EntityRef) -> Result<Reply, Fault> {
    Ok(Reply::Map(context.entry.store.entity(entity).await?.fields))
}

/// Updates the fields of a profile or subprofile. Fields that do not exist are ignored.
pub(super) async fn update_fields_of(
    context: &Context,
    entity: EntityRef,
    mut arguments: Arguments,
) -> Result<Reply, Fault> {
    let input = EntityInput::of_fields(arguments.map("fields"));
    context.entry.apply(Command::Update { entity, input }, Trigger::Soap).await?;
    Ok(Reply::done())
}

/// Does to a profile or subprofile what is done to those who unsubscribe.
pub(super) async fn unsubscribe_entity(context: &Context, entity: EntityRef) -> Result<Reply, Fault> {
    context.entry.apply(Command::Unsubscribe { entity }, Trigger::Soap).await?;
    Ok(Reply::done())
}

/// Removes a profile or subprofile; it can still be retrieved.
pub(super) async fn remove_entity(context: &Context, entity: EntityRef) -> Result<Reply, Fault> {
    context.entry.apply(Command::Remove { entity, completely: false }, Trigger::Soap).await?;
    Ok(Reply::done())
}
