//! What operations on many profiles or subprofiles have in common.

use std::collections::HashSet;

use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::Object;
use super::super::operation::{Context, Kind, Parameter};
use super::super::reply::Reply;
use crate::platform::{
    Command, Entity, EntityInput, EntityRef, Filter, Id, Kind as EntityKind, Layout, Trigger, Within,
};
use crate::store::{Order, Selection};

/// The parameters of every list of profiles or subprofiles, behind those that say where to look.
pub(super) const REQUIREMENTS: Parameter = Parameter::optional("requirements", Kind::Requirements);
pub(super) const START: Parameter = Parameter::optional("start", Kind::Number);
pub(super) const LENGTH: Parameter = Parameter::optional("length", Kind::Number);
pub(super) const ORDER_BY: Parameter = Parameter::optional("orderby", Kind::Text);
pub(super) const ORDER: Parameter = Parameter::optional("order", Kind::Text);

/// Those within that meet the requirements, as far as they are asked for.
pub(super) async fn search(
    context: &Context,
    object: &Object<Entity>,
    within: Within,
    layout: Layout<'_>,
    mut arguments: Arguments,
) -> Result<Reply, Fault> {
    let filters = requirements(&mut arguments, layout)?;
    let page = arguments.page();
    let order = match arguments.text_or_empty("orderby").to_ascii_lowercase().as_str() {
        "" | "id" => Order::Id,
        "modified" => Order::Modified,
        "random" => Order::Random,
        name => Order::Field(layout.field(name).ok_or_else(|| unknown("orderby", name))?.name.clone()),
    };
    let descending = arguments.text_or_empty("order").to_ascii_lowercase().starts_with("desc");
    let selection =
        Selection { filters, order, descending, start: page.start, limit: page.length, ..Selection::default() };
    let (entities, total) = context.entry.store.entities(within, selection).await?;
    let items = entities.iter().map(|entity| object.record(entity)).collect();
    Ok(Reply::Collection { start: page.start, total, items })
}

/// Updates those within that meet the requirements; how many there were.
pub(super) async fn update(
    context: &Context,
    within: Within,
    layout: Layout<'_>,
    mut arguments: Arguments,
) -> Result<Reply, Fault> {
    let filters = requirements(&mut arguments, layout)?;
    if filters.is_empty() {
        // Whoever forgets them would update everything there is.
        return Err(Fault::client("`requirements` is empty; say which ones to update"));
    }
    let create = arguments.truth("create").unwrap_or(false);
    let input = EntityInput::of_fields(arguments.map("fields"));
    let command = Command::UpdateMatching { within, filters, input, create };
    let applied = context.entry.apply(command, Trigger::Soap).await?;
    Ok(Reply::Value(applied.touched.to_string()))
}

/// Removes those with these numbers, or none if one of them is not within; how many there were.
pub(super) async fn remove(context: &Context, within: Within, ids: Vec<Id>) -> Result<Reply, Fault> {
    let kind = match within {
        Within::Database(_) => EntityKind::Profile,
        Within::Collection(_) | Within::CollectionOfProfile { .. } => EntityKind::Subprofile,
    };
    let present: HashSet<Id> = context.entry.store.entity_ids(within, Vec::new()).await?.into_iter().collect();
    if let Some(id) = ids.iter().find(|id| !present.contains(id)) {
        return Err(Fault::client(format!("`ids`: no {} {id} is here; nothing was removed", kind.name())));
    }
    let mut seen = HashSet::new();
    let commands: Vec<_> = ids
        .into_iter()
        .filter(|id| seen.insert(*id))
        .map(|id| Command::Remove { entity: EntityRef { kind, id }, completely: false })
        .collect();
    let applied = context.entry.apply_all(commands, Trigger::Soap).await?;
    Ok(Reply::Value(applied.touched.to_string()))
}

/// Assumption: a requirement on a field that does not exist is a fault. The REST API ignores it, and then updates everything.
fn requirements(arguments: &mut Arguments, layout: Layout<'_>) -> Result<Vec<Filter>, Fault> {
    let filters = arguments.requirements();
    let is_known = |subject: &str| {
        ["id", "code", "modified"].iter().any(|special| special.eq_ignore_ascii_case(subject))
            || layout.field(subject).is_some()
    };
    match filters.iter().find(|filter| !is_known(&filter.subject)) {
        Some(filter) => Err(unknown("requirements", &filter.subject)),
        None => Ok(filters),
    }
}

fn unknown(parameter: &str, field: &str) -> Fault {
    Fault::client(format!("`{parameter}`: there is no field `{field}`"))
}
