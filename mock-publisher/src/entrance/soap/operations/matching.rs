//! What operations on many profiles or subprofiles have in common.

use std::collections::HashSet;

use super::super::arguments::Arguments;
use super::super::fault::Fault;
use super::super::object::Object;
use super::super::operation::{Context, Kind, Parameter};
use super::super::reply::Reply;
use crate::platform::{Command, Entity, EntityInput, Filter, Id, Layout, Trigger, Within};
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

/// Removes those with these numbers, or none if one of them is not within when the call begins; how many there were.
pub(super) async fn remove(context: &Context, within: Within, ids: Vec<Id>) -> Result<Reply, Fault> {
    let present: HashSet<Id> = context.entry.store.entity_ids(within, Vec::new()).await?.into_iter().collect();
    if let Some(id) = ids.iter().find(|id| !present.contains(id)) {
        return Err(Fault::client(format!("`ids`: no {} {id} is here; nothing was removed", within.kind().name())));
    }
    let applied = context.entry.apply(Command::RemoveAmong { within, ids }, Trigger::Soap).await?;
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

#[cfg(test)]
mod tests {
    use super::super::super::session::Sessions;
    use super::*;
    use crate::access_token::AccessToken;
    use crate::bell::Bell;
    use crate::entrance::Entry;
    use crate::platform::Switches;
    use crate::store::Store;

    /// They were removed in one transaction, and nobody could write until all were.
    #[tokio::test]
    async fn a_removal_of_many_lets_others_in_between() {
        const COUNT: Id = 3000;
        let entry = Entry {
            store: Store::in_memory(Switches::default()).unwrap(),
            bell: Bell::default(),
            token: AccessToken::random().unwrap(),
            base_url: String::new(),
            account: 1234,
        };
        let (store, within) = (entry.store.clone(), Within::Database(1));
        let create = Command::CreateProfile { database: 1, input: EntityInput::default() };
        store.apply_all(vec![create; COUNT as usize], Trigger::Rest, 1).await.unwrap();
        let context = Context { entry, sessions: Sessions::default() };
        let refused = remove(&context, within, vec![1, COUNT + 1]).await;
        assert!(refused.unwrap_err().message.contains("nothing was removed"));

        let removal = tokio::spawn(async move { remove(&context, within, (1..=COUNT).chain([1]).collect()).await });
        let mut left = COUNT as u64;
        let mut seen = Vec::new();
        while left > 0 {
            left = store.entities(within, Selection::default()).await.unwrap().1;
            seen.push(left);
        }
        assert!(seen.iter().any(|left| (1..COUNT as u64).contains(left)), "{seen:?}");
        assert_eq!(removal.await.unwrap().unwrap(), Reply::Value(COUNT.to_string()));
    }
}
