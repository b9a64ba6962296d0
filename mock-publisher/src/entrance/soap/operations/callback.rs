use std::fmt::Display;

use serde_json::Value;

use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::CALLBACK;
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use crate::callback::{ActionType, ConditionDraft, Scope};
use crate::emit::{PayloadMethod, TargetUrl};
use crate::platform::{Dialect, TriggerSet};
use crate::store::CallbackDraft;
use crate::wire_profile::WireProfile;

const ID: Parameter = Parameter::required("id", Kind::Id);
const METHOD: Parameter = Parameter::optional("method", Kind::Text);
const EXPRESSION: Parameter = Parameter::optional("expression", Kind::Text);
// These are ours: the platform's API has never documented them.
const ACTION: Parameter = Parameter::optional("action", Kind::Text);
const TRIGGERS: Parameter = Parameter::optional("triggers", Kind::Text);
const CONDITIONS: Parameter = Parameter::optional("conditions", Kind::Text);
const DIALECT: Parameter = Parameter::optional("dialect", Kind::Text);
const WIRE: Parameter = Parameter::optional("wire", Kind::Text);
const ACTIVE: Parameter = Parameter::optional("active", Kind::Truth);

/// What a new callback can be told, in a database as in a collection.
pub(super) const CREATE_PARAMETERS: &[Parameter] = &parameters(Parameter::required("url", Kind::Text));

const UPDATE_PARAMETERS: &[Parameter] = &parameters(Parameter::optional("url", Kind::Text));

const fn parameters(url: Parameter) -> [Parameter; 10] {
    [ID, url, METHOD, EXPRESSION, ACTION, TRIGGERS, CONDITIONS, DIALECT, WIRE, ACTIVE]
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Callback_retrieve",
        parameters: &[ID],
        result: Shape::One(&CALLBACK),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "Callback_update",
        parameters: UPDATE_PARAMETERS,
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
    let rules = text("conditions").map(rules).transpose()?;
    let condition = ConditionDraft::parse(text("expression"), rules.as_ref());
    Ok(CallbackDraft {
        url: text("url").map(|url| TargetUrl::parse(url).map_err(|error| invalid("url", error))).transpose()?,
        method: named(arguments, "method", PayloadMethod::from_name, "expected `json`, `xml` or `form`")?,
        dialect: named(arguments, "dialect", Dialect::from_name, "expected `current` or `legacy`")?,
        wire: named(arguments, "wire", WireProfile::from_name, "expected `lowercase` or `documented`")?,
        action: named(arguments, "action", ActionType::from_name, "expected `create`, `update`, `delete` or `all`")?,
        triggers: word(arguments, "triggers").map(triggers).transpose()?,
        condition: condition.map_err(|error| Fault::client(error.to_string()))?,
        active: arguments.truth("active"),
    })
}

/// A text. A client that has nothing to say may well send an empty one.
fn word<'a>(arguments: &'a Arguments, parameter: &str) -> Option<&'a str> {
    arguments.text(parameter).map(str::trim).filter(|word| !word.is_empty())
}

/// What a text is the name of.
fn named<T>(
    arguments: &Arguments,
    parameter: &str,
    from_name: fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, Fault> {
    let read = |name| from_name(name).ok_or_else(|| invalid(parameter, expected));
    word(arguments, parameter).map(read).transpose()
}

/// A set of rules, which is too deep for the shallow objects of SOAP: JSON. An empty text is none, as that of an expression is.
fn rules(json: &str) -> Result<Value, Fault> {
    if json.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(json)
        .map_err(|error| invalid("conditions", format_args!("expected a set of rules as JSON: {error}")))
}

/// Names with commas between, and perhaps blanks.
fn triggers(names: &str) -> Result<TriggerSet, Fault> {
    let names: String = names.split_whitespace().collect();
    names.parse().map_err(|error| invalid("triggers", error))
}

fn invalid(parameter: &str, reason: impl Display) -> Fault {
    Fault::client(format!("`{parameter}`: {reason}"))
}
