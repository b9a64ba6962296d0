use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::{CALLBACK, COLLECTION, FIELD, SUBPROFILE};
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use super::matching::{self, LENGTH, ORDER, ORDER_BY, REQUIREMENTS, START};
use super::{callback, field, unsubscribe};
use crate::callback::Scope;
use crate::platform::{Collection, Within};
use crate::store::{CollectionDraft, Owner};

const ID: Parameter = Parameter::required("id", Kind::Id);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Collection_retrieve",
        parameters: &[ID],
        result: Shape::One(&COLLECTION),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "Collection_update",
        parameters: &[ID, Parameter::optional("name", Kind::Text), Parameter::optional("description", Kind::Text)],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(update(context, arguments)),
    },
    Operation {
        name: "Collection_fields",
        parameters: &[ID, START, LENGTH],
        result: Shape::Collection(&FIELD),
        run: |context, arguments| Box::pin(fields(context, arguments)),
    },
    Operation {
        name: "Collection_field",
        parameters: &[ID, Parameter::required("identifier", Kind::Text)],
        result: Shape::One(&FIELD),
        run: |context, arguments| Box::pin(field(context, arguments)),
    },
    Operation {
        name: "Collection_createField",
        parameters: field::CREATE_PARAMETERS,
        result: Shape::One(&FIELD),
        run: |context, arguments| Box::pin(create_field(context, arguments)),
    },
    Operation {
        name: "Collection_subProfiles",
        parameters: &[ID, START, LENGTH, ORDER_BY, ORDER],
        result: Shape::Collection(&SUBPROFILE),
        run: |context, arguments| Box::pin(search_subprofiles(context, arguments)),
    },
    Operation {
        name: "Collection_searchSubProfiles",
        parameters: &[ID, REQUIREMENTS, START, LENGTH, ORDER_BY, ORDER],
        result: Shape::Collection(&SUBPROFILE),
        run: |context, arguments| Box::pin(search_subprofiles(context, arguments)),
    },
    Operation {
        name: "Collection_removeSubProfiles",
        parameters: &[ID, Parameter::optional("ids", Kind::Ids)],
        result: Shape::Value(Kind::Number),
        run: |context, arguments| Box::pin(remove_subprofiles(context, arguments)),
    },
    Operation {
        name: "Collection_callbacks",
        parameters: &[ID, START, LENGTH],
        result: Shape::Collection(&CALLBACK),
        run: |context, arguments| Box::pin(callbacks(context, arguments)),
    },
    Operation {
        name: "Collection_createCallback",
        parameters: callback::CREATE_PARAMETERS,
        result: Shape::One(&CALLBACK),
        run: |context, arguments| Box::pin(create_callback(context, arguments)),
    },
    Operation {
        name: "Collection_unsubscribeValues",
        parameters: &[ID],
        result: Shape::Map,
        run: |context, arguments| Box::pin(unsubscribe_values(context, arguments)),
    },
    Operation {
        name: "Collection_setUnsubscribeValues",
        parameters: &[ID, Parameter::optional("fields", Kind::Map)],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(set_unsubscribe_values(context, arguments)),
    },
];

/// The collection that a call is about.
async fn collection(context: &Context, arguments: &Arguments) -> Result<Collection, Fault> {
    Ok(context.entry.store.collection(arguments.id("id")?).await?)
}

async fn retrieve(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::one(&COLLECTION, &collection(&context, &arguments).await?))
}

async fn update(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let text = |name| arguments.text(name).map(str::to_owned);
    let draft = CollectionDraft { name: text("name"), description: text("description"), ..CollectionDraft::default() };
    context.entry.store.update_collection(arguments.id("id")?, draft).await?;
    Ok(Reply::done())
}

async fn fields(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::page(&FIELD, &collection(&context, &arguments).await?.fields, arguments.page()))
}

async fn field(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let collection = collection(&context, &arguments).await?;
    Ok(Reply::found(&FIELD, field::identified(&collection.fields, &arguments.text_or_empty("identifier"))))
}

async fn create_field(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    field::create(context, Owner::Collection(arguments.id("id")?), arguments).await
}

async fn search_subprofiles(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let collection = collection(&context, &arguments).await?;
    matching::search(&context, &SUBPROFILE, Within::Collection(collection.id), collection.layout(), arguments).await
}

async fn remove_subprofiles(context: Context, mut arguments: Arguments) -> Result<Reply, Fault> {
    let collection = collection(&context, &arguments).await?;
    matching::remove(&context, Within::Collection(collection.id), arguments.ids("ids")).await
}

async fn callbacks(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let callbacks = context.entry.store.callbacks(Scope::Collection(arguments.id("id")?)).await?;
    Ok(Reply::page(&CALLBACK, &callbacks, arguments.page()))
}

async fn create_callback(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    callback::create(context, Scope::Collection(arguments.id("id")?), arguments).await
}

async fn unsubscribe_values(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(unsubscribe::values(&collection(&context, &arguments).await?.unsubscribe))
}

async fn set_unsubscribe_values(context: Context, mut arguments: Arguments) -> Result<Reply, Fault> {
    let unsubscribe = Some(unsubscribe::with_values(arguments.map("fields")));
    let draft = CollectionDraft { unsubscribe, ..CollectionDraft::default() };
    context.entry.store.update_collection(arguments.id("id")?, draft).await?;
    Ok(Reply::done())
}
