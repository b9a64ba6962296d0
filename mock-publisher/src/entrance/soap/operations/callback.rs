use std::fmt::Display;

use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::CALLBACK;
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use crate::callback::{ActionType, ConditionDraft, Scope};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::TriggerSet;
use crate::store::CallbackDraft;

const ID: Parameter = Parameter::required("id", Kind::Id);
const METHOD: Parameter = Parameter::optional("method", Kind::Text);
const EXPRESSION: Parameter = Parameter::optional("expression", Kind::Text);
// These are ours: the platform's API has never documented them.
const ACTION: Parameter = Parameter::optional("action", Kind::Text);
const TRIGGERS: Parameter = Parameter::optional("triggers", Kind::Text);
const ACTIVE: Parameter = Parameter::optional("active", Kind::Truth);

/// What a new callback can be told, in a database as in a collection.
pub(super) const CREATE_PARAMETERS: &[Parameter] =
    &[ID, Parameter::required("url", Kind::Text), METHOD, EXPRESSION, ACTION, TRIGGERS, ACTIVE];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Callback_retrieve",
        parameters: &[ID],
        result: Shape::One(&CALLBACK),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "Callback_update",
        parameters: &[ID, Parameter::optional("url", Kind::Text), METHOD, EXPRESSION, ACTION, TRIGGERS, ACTIVE],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(update(context, arguments)),
    },
    Operation {
        name: "Callback_remove",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(remove(context, arguments)),
    },
];

/// Sets up a callback of a database or collection.
pub(super) async fn create(context: Context, scope: Scope, arguments: Arguments) -> Result<Reply, Fault> {
    let mut draft = draft(&arguments)?;
    let url = draft.url.take().ok_or_else(|| invalid("url", "it is missing"))?;
    let id = context.entry.store.create_callback(scope, url, draft).await?;
    Ok(Reply::one(&CALLBACK, &context.entry.store.callback(id).await?))
}

async fn retrieve(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    Ok(Reply::one(&CALLBACK, &context.entry.store.callback(arguments.id("id")?).await?))
}

async fn update(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    context.entry.store.update_callback(arguments.id("id")?, draft(&arguments)?).await?;
    Ok(Reply::done())
}

async fn remove(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    context.entry.store.remove_callback(arguments.id("id")?).await?;
    Ok(Reply::done())
}

fn draft(arguments: &Arguments) -> Result<CallbackDraft, Fault> {
    let text = |name| arguments.text(name).map(str::trim);
    // A client that has nothing to say of these may well send an empty text.
    let word = |name| text(name).filter(|word| !word.is_empty());
    Ok(CallbackDraft {
        url: text("url").map(|url| TargetUrl::parse(url).map_err(|error| invalid("url", error))).transpose()?,
        method: word("method")
            .map(|name| {
                PayloadMethod::from_name(name).ok_or_else(|| invalid("method", "expected `json`, `xml` or `form`"))
            })
            .transpose()?,
        action: word("action")
            .map(|name| {
                let expected = "expected `create`, `update`, `delete` or `all`";
                ActionType::from_name(name).ok_or_else(|| invalid("action", expected))
            })
            .transpose()?,
        triggers: word("triggers").map(triggers).transpose()?,
        condition: ConditionDraft::parse(text("expression"), None).map_err(|error| Fault::client(error.to_string()))?,
        active: arguments.truth("active"),
        ..CallbackDraft::default()
    })
}

/// Names with commas between, and perhaps blanks.
fn triggers(names: &str) -> Result<TriggerSet, Fault> {
    let names: String = names.split_whitespace().collect();
    names.parse().map_err(|error| invalid("triggers", error))
}

fn invalid(parameter: &str, reason: impl Display) -> Fault {
    Fault::client(format!("`{parameter}`: {reason}"))
}
