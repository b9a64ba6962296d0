use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::FIELD;
use super::super::operation::{Context, Kind, Operation, Parameter, Shape};
use super::super::reply::Reply;
use crate::platform::{Field, FieldKind};
use crate::store::Owner;

const ID: Parameter = Parameter::required("id", Kind::Id);
const DISPLAY: Parameter = Parameter::optional("display", Kind::Truth);
const SPECIAL_CONTENT: Parameter = Parameter::optional("specialcontent", Kind::Text);
const LENGTH: Parameter = Parameter::optional("length", Kind::Number);
const VALUE: Parameter = Parameter::optional("value", Kind::Text);
const ORDERED: Parameter = Parameter::optional("ordered", Kind::Truth);
const TEXTLINES: Parameter = Parameter::optional("textlines", Kind::Number);
const HIDDEN: Parameter = Parameter::optional("hidden", Kind::Truth);
const INDEX: Parameter = Parameter::optional("index", Kind::Truth);

/// What a new field can be told, in a database as in a collection.
pub(super) const CREATE_PARAMETERS: &[Parameter] = &[
    ID,
    Parameter::required("name", Kind::Text),
    Parameter::optional("type", Kind::Text),
    DISPLAY,
    SPECIAL_CONTENT,
    LENGTH,
    VALUE,
    ORDERED,
    TEXTLINES,
    HIDDEN,
    INDEX,
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Field_retrieve",
        parameters: &[ID],
        result: Shape::One(&FIELD),
        run: |context, arguments| Box::pin(retrieve(context, arguments)),
    },
    Operation {
        name: "Field_update",
        parameters: &[
            ID,
            Parameter::optional("name", Kind::Text),
            Parameter::optional("type", Kind::Text),
            DISPLAY,
            SPECIAL_CONTENT,
            LENGTH,
            VALUE,
            ORDERED,
            TEXTLINES,
            HIDDEN,
            INDEX,
        ],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(update(context, arguments)),
    },
    Operation {
        name: "Field_remove",
        parameters: &[ID],
        result: Shape::Value(Kind::Truth),
        run: |context, arguments| Box::pin(remove(context, arguments)),
    },
];

/// A field by its number or its name.
pub(super) fn identified<'a>(fields: &'a [Field], identifier: &str) -> Option<&'a Field> {
    let number = identifier.trim().parse().ok();
    let by_number = fields.iter().find(|field| Some(field.id) == number);
    by_number.or_else(|| fields.iter().find(|field| field.name.eq_ignore_ascii_case(identifier)))
}

/// Adds a field to a database or collection.
pub(super) async fn create(context: Context, owner: Owner, arguments: Arguments) -> Result<Reply, Fault> {
    let field = changed(Field::new(arguments.text_or_empty("name"), FieldKind::Text), &arguments)?;
    let id = context.entry.store.create_field(owner, field.clone()).await?;
    Ok(Reply::one(&FIELD, &Field { id, ..field }))
}

async fn retrieve(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let (_, field) = context.entry.store.field(arguments.id("id")?).await?;
    Ok(Reply::one(&FIELD, &field))
}

async fn update(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let (owner, field) = context.entry.store.field(arguments.id("id")?).await?;
    context.entry.store.update_field(owner, changed(field, &arguments)?).await?;
    Ok(Reply::done())
}

async fn remove(context: Context, arguments: Arguments) -> Result<Reply, Fault> {
    let (owner, field) = context.entry.store.field(arguments.id("id")?).await?;
    context.entry.store.remove_field(owner, field.id).await?;
    Ok(Reply::done())
}

/// A field with what a call says of it.
fn changed(field: Field, arguments: &Arguments) -> Result<Field, Fault> {
    let text = |name, present| arguments.text(name).map_or(present, str::to_owned);
    let truth = |name, present| arguments.truth(name).unwrap_or(present);
    let number = |name, present| match arguments.number(name) {
        None => Ok(present),
        Some(number) => u32::try_from(number)
            .map_err(|_| Fault::client(format!("`{name}`: {number} is more than a field can have"))),
    };
    Ok(Field {
        id: field.id,
        kind: kind(arguments, field.kind)?,
        name: text("name", field.name),
        value: text("value", field.value),
        displayed: truth("display", field.displayed),
        ordered: truth("ordered", field.ordered),
        length: number("length", field.length)?,
        textlines: number("textlines", field.textlines)?,
        hidden: truth("hidden", field.hidden),
        index: truth("index", field.index),
    })
}

/// Assumption: a `specialcontent` such as `email` is the type of a field that is otherwise a text; the platform's clients
/// send it, and nothing documents it.
fn kind(arguments: &Arguments, present: FieldKind) -> Result<FieldKind, Fault> {
    let special = arguments.text("specialcontent").map(str::trim).unwrap_or_default().to_ascii_lowercase();
    if !matches!(special.as_str(), "" | "none" | "no" | "false" | "0") {
        return FieldKind::from_name(&special).ok_or_else(|| unknown("specialcontent", &special));
    }
    match arguments.text("type").map(|name| name.trim().to_ascii_lowercase()) {
        None => Ok(present),
        Some(name) => FieldKind::from_name(&name).ok_or_else(|| unknown("type", &name)),
    }
}

fn unknown(parameter: &str, name: &str) -> Fault {
    let known = FieldKind::ALL.map(FieldKind::name).join(", ");
    let name: String = name.chars().take(60).collect();
    Fault::client(format!("`{parameter}`: unknown type of field `{name}`, expected one of {known}"))
}
