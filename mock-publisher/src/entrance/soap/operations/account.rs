use std::time::Instant;

use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::DATABASE;
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use crate::platform::Database;
use crate::store::StoreError;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: LOGIN,
        parameters: &[
            Parameter::required("username", Kind::Text),
            Parameter::required("password", Kind::Text),
            Parameter::optional("account", Kind::Text),
        ],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(login(context, arguments)),
    },
    Operation {
        name: "Account_database",
        parameters: &[Parameter::required("identifier", Kind::Text)],
        result: Shape::One(&DATABASE),
        run: |context, arguments| Box::pin(database(context, arguments)),
    },
    Operation {
        name: "Account_databases",
        parameters: &[Parameter::optional("start", Kind::Number), Parameter::optional("length", Kind::Number)],
        result: Shape::Collection(&DATABASE),
        run: |context, arguments| Box::pin(databases(context, arguments)),
    },
    Operation {
        name: "Account_createDatabase",
        parameters: &[Parameter::required("name", Kind::Text), Parameter::optional("description", Kind::Text)],
        result: Shape::One(&DATABASE),
        run: |context, arguments| Box::pin(create_database(context, arguments)),
    },
];

/// The one operation that can be called by somebody who is not logged on.
pub(in super::super) const LOGIN: &str = "login";

/// Any user name will do, and any account; what counts is the access token, given as the password.
async fn login(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    if !context.entry.token.matches(arguments.text("password").unwrap_or_default().trim()) {
        return Err(Fault::wrong_password());
    }
    let cookie = context.sessions.begin(Instant::now()).map_err(StoreError::from)?;
    Ok(Reply::LoggedIn { cookie })
}

/// Assumption: a database that is not there is an empty result and no fault, so that a client can ask for it before it
/// creates it.
async fn database(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    match context.entry.store.database(&arguments.text_or_empty("identifier")).await {
        Ok(database) => Ok(Reply::one(&DATABASE, &database)),
        Err(StoreError::NoDatabase(_)) => Ok(Reply::Nothing),
        Err(error) => Err(error.into()),
    }
}

async fn databases(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::page(&DATABASE, &context.entry.store.databases().await?, arguments.page()))
}

async fn create_database(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let description = arguments.text_or_empty("description");
    let created = context.entry.store.clock().now();
    let database = Database { description, created, ..Database::new(arguments.text_or_empty("name")) };
    let id = context.entry.store.create_database(database).await?;
    Ok(Reply::one(&DATABASE, &context.entry.store.database(&id.to_string()).await?))
}
