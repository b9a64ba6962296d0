use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::{CALLBACK, COLLECTION, DATABASE, FIELD, INTEREST, PROFILE};
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use super::matching::{self, LENGTH, ORDER, ORDER_BY, REQUIREMENTS, START};
use super::{callback, field, unsubscribe};
use crate::callback::Scope;
use crate::platform::{Collection, Command, Database, EntityInput, EntityRef, Interest, Trigger, Within};
use crate::store::{DatabaseDraft, Owner, StoreError};

const ID: Parameter = Parameter::required("id", Kind::Id);
const IDENTIFIER: Parameter = Parameter::required("identifier", Kind::Text);
const NAME: Parameter = Parameter::required("name", Kind::Text);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Database_retrieve",
        parameters: &[ID],
        result: Shape::One(&DATABASE),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "Database_update",
        parameters: &[
            ID,
            Parameter::optional("name", Kind::Text),
            Parameter::optional("description", Kind::Text),
            Parameter::optional("archived", Kind::Truth),
        ],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(update(context, arguments)),
    },
    Operation {
        name: "Database_remove",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(remove(context, arguments)),
    },
    Operation {
        name: "Database_fields",
        parameters: &[ID, START, LENGTH],
        result: Shape::Collection(&FIELD),
        run: |context, arguments| Box::pin(fields(context, arguments)),
    },
    Operation {
        name: "Database_field",
        parameters: &[ID, IDENTIFIER],
        result: Shape::One(&FIELD),
        run: |context, arguments| Box::pin(field(context, arguments)),
    },
    Operation {
        name: "Database_createField",
        parameters: field::CREATE_PARAMETERS,
        result: Shape::One(&FIELD),
        run: |context, arguments| Box::pin(create_field(context, arguments)),
    },
    Operation {
        name: "Database_collections",
        parameters: &[ID, START, LENGTH],
        result: Shape::Collection(&COLLECTION),
        run: |context, arguments| Box::pin(collections(context, arguments)),
    },
    Operation {
        name: "Database_collection",
        parameters: &[ID, IDENTIFIER],
        result: Shape::One(&COLLECTION),
        run: |context, arguments| Box::pin(collection(context, arguments)),
    },
    Operation {
        name: "Database_createCollection",
        parameters: &[ID, NAME, Parameter::optional("description", Kind::Text)],
        result: Shape::One(&COLLECTION),
        run: |context, arguments| Box::pin(create_collection(context, arguments)),
    },
    Operation {
        name: "Database_interests",
        parameters: &[ID, START, LENGTH],
        result: Shape::Collection(&INTEREST),
        run: |context, arguments| Box::pin(interests(context, arguments)),
    },
    Operation {
        name: "Database_createInterest",
        parameters: &[ID, NAME, Parameter::optional("group", Kind::Text)],
        result: Shape::One(&INTEREST),
        run: |context, arguments| Box::pin(create_interest(context, arguments)),
    },
    Operation {
        name: "Database_profiles",
        parameters: &[ID, START, LENGTH, ORDER_BY, ORDER],
        result: Shape::Collection(&PROFILE),
        run: |context, arguments| Box::pin(search_profiles(context, arguments)),
    },
    Operation {
        name: "Database_searchProfiles",
        parameters: &[ID, REQUIREMENTS, START, LENGTH, ORDER_BY, ORDER],
        result: Shape::Collection(&PROFILE),
        run: |context, arguments| Box::pin(search_profiles(context, arguments)),
    },
    Operation {
        name: "Database_createProfile",
        parameters: &[ID, Parameter::optional("fields", Kind::Map)],
        result: Shape::One(&PROFILE),
        run: |context, arguments| Box::pin(create_profile(context, arguments)),
    },
    Operation {
        name: "Database_updateProfiles",
        parameters: &[
            ID,
            REQUIREMENTS,
            Parameter::optional("create", Kind::Truth),
            Parameter::optional("fields", Kind::Map),
        ],
        result: Shape::Value(Kind::Number),
        run: |context, arguments| Box::pin(update_profiles(context, arguments)),
    },
    Operation {
        name: "Database_removeProfiles",
        parameters: &[ID, Parameter::optional("ids", Kind::Ids)],
        result: Shape::Value(Kind::Number),
        run: |context, arguments| Box::pin(remove_profiles(context, arguments)),
    },
    Operation {
        name: "Database_callbacks",
        parameters: &[ID, START, LENGTH],
        result: Shape::Collection(&CALLBACK),
        run: |context, arguments| Box::pin(callbacks(context, arguments)),
    },
    Operation {
        name: "Database_createCallback",
        parameters: callback::CREATE_PARAMETERS,
        result: Shape::One(&CALLBACK),
        run: |context, arguments| Box::pin(create_callback(context, arguments)),
    },
    Operation {
        name: "Database_unsubscribeValues",
        parameters: &[ID],
        result: Shape::Map,
        run: |context, arguments| Box::pin(unsubscribe_values(context, arguments)),
    },
    Operation {
        name: "Database_setUnsubscribeValues",
        parameters: &[ID, Parameter::optional("fields", Kind::Map)],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(set_unsubscribe_values(context, arguments)),
    },
];

/// The database that a call is about.
async fn database(context: &Context, arguments: &Arguments) -> Result<Database, Fault> {
    Ok(context.entry.store.database(&arguments.id("id")?.to_string()).await?)
}

async fn retrieve(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::one(&DATABASE, &database(&context, &arguments).await?))
}

async fn update(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let text = |name| arguments.text(name).map(str::to_owned);
    let draft = DatabaseDraft {
        name: text("name"),
        description: text("description"),
        archived: arguments.truth("archived"),
        ..DatabaseDraft::default()
    };
    context.entry.store.update_database(arguments.id("id")?, draft).await?;
    Ok(Reply::done())
}

async fn remove(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    context.entry.remove_database(arguments.id("id")?, Trigger::Soap).await?;
    Ok(Reply::done())
}

async fn fields(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::page(&FIELD, &database(&context, &arguments).await?.fields, arguments.page()))
}

async fn field(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let database = database(&context, &arguments).await?;
    Ok(Reply::found(&FIELD, field::identified(&database.fields, &arguments.text_or_empty("identifier"))))
}

async fn create_field(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    field::create(context, Owner::Database(arguments.id("id")?), arguments).await
}

async fn collections(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::page(&COLLECTION, &database(&context, &arguments).await?.collections, arguments.page()))
}

async fn collection(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let database = database(&context, &arguments).await?;
    let identifier = arguments.text_or_empty("identifier");
    let number = identifier.trim().parse().ok();
    let found = database.collections.iter().find(|collection| Some(collection.id) == number);
    Ok(Reply::found(&COLLECTION, found.or_else(|| database.collection(&identifier))))
}

async fn create_collection(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let description = arguments.text_or_empty("description");
    let collection = Collection { description, ..Collection::new(arguments.text_or_empty("name")) };
    let id = context.entry.store.create_collection(arguments.id("id")?, collection).await?;
    Ok(Reply::one(&COLLECTION, &context.entry.store.collection(id).await?))
}

async fn interests(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::page(&INTEREST, &database(&context, &arguments).await?.interests, arguments.page()))
}

async fn create_interest(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let interest = Interest { id: 0, name: arguments.text_or_empty("name"), group: arguments.text_or_empty("group") };
    let id = context.entry.store.create_interest(arguments.id("id")?, interest.clone()).await?;
    Ok(Reply::one(&INTEREST, &Interest { id, ..interest }))
}

async fn search_profiles(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let database = database(&context, &arguments).await?;
    matching::search(&context, &PROFILE, Within::Database(database.id), database.layout(), arguments).await
}

async fn create_profile(context: Context, mut arguments: Arguments) -> Result<Reply, Fault> {
    let input = EntityInput::of_fields(arguments.map("fields"));
    let command = Command::CreateProfile { database: arguments.id("id")?, input };
    let applied = context.entry.apply(command, Trigger::Soap).await?;
    let created: EntityRef = applied.created.ok_or(StoreError::Stopped)?;
    Ok(Reply::one(&PROFILE, &context.entry.store.entity(created).await?))
}

async fn update_profiles(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let database = database(&context, &arguments).await?;
    matching::update(&context, Within::Database(database.id), database.layout(), arguments).await
}

async fn remove_profiles(context: Context, mut arguments: Arguments) -> Result<Reply, Fault> {
    let database = database(&context, &arguments).await?;
    matching::remove(&context, Within::Database(database.id), arguments.ids("ids")).await
}

async fn callbacks(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let callbacks = context.entry.store.callbacks(Scope::Database(arguments.id("id")?)).await?;
    Ok(Reply::page(&CALLBACK, &callbacks, arguments.page()))
}

async fn create_callback(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    callback::create(context, Scope::Database(arguments.id("id")?), arguments).await
}

async fn unsubscribe_values(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(unsubscribe::values(&database(&context, &arguments).await?.unsubscribe))
}

async fn set_unsubscribe_values(context: Context, mut arguments: Arguments) -> Result<Reply, Fault> {
    let unsubscribe = Some(unsubscribe::with_values(arguments.map("fields")));
    let draft = DatabaseDraft { unsubscribe, ..DatabaseDraft::default() };
    context.entry.store.update_database(arguments.id("id")?, draft).await?;
    Ok(Reply::done())
}
