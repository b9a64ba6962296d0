//! What calls about many profiles or subprofiles have in common.

use super::super::call::Call;
use super::super::error::RestError;
use super::super::paging::Paging;
use super::super::reply::{Place, Reply};
use super::super::route::{Kind, Parameter};
use super::entity::{Detail, shown};
use super::{FIELDS, LIMIT, START, TOTAL};
use crate::platform::{Command, EntityInput, Kind as EntityKind, Layout, Within};
use crate::store::{Order, Selection};

/// The query of a list of profiles or subprofiles.
pub(super) const QUERY: &[Parameter] = &[
    FIELDS,
    START,
    LIMIT,
    TOTAL,
    Parameter::optional("orderby", Kind::Text, "a field, `id`, `modified` or `random`"),
    Parameter::optional("order", Kind::Text, "`asc` or `desc`"),
    Parameter::optional("dataonly", Kind::Truth, "whether to leave out what is no data, such as when it was created"),
];

pub(super) async fn page(call: &Call, within: Within, layout: Layout<'_>) -> Result<Reply, RestError> {
    let paging = Paging::of(&call.query);
    let filters = call.query.filters(layout)?.unwrap_or_default();
    let (order, descending) = call.query.order(layout);
    // The newer versions tell which one is next, so that a caller can go on at `fields[]=id>=...` without counting.
    let tells_next = !call.version.redirects() && order == Order::Id && !descending && paging.limit > 0;
    let limit = paging.limit + u64::from(tells_next);
    let selection = Selection { filters, order, descending, start: paging.start, limit, ..Selection::default() };
    let (mut entities, total) = call.store().entities(within, selection).await?;
    let next = if entities.len() as u64 > paging.limit { entities.pop() } else { None };
    let detail = match call.query.truth("dataonly") {
        Some(true) => Detail::Data,
        _ => Detail::Everything,
    };
    let data = entities.iter().map(|entity| shown(entity, detail)).collect();
    Ok(Reply::Content(paging.wrap(data, next.map(|entity| entity.id), total)))
}

/// The numbers of those that match: a bare list.
pub(super) async fn ids(call: &Call, within: Within, layout: Layout<'_>) -> Result<Reply, RestError> {
    let filters = call.query.filters(layout)?.unwrap_or_default();
    let ids = call.store().entity_ids(within, filters).await?;
    Ok(Reply::Content(ids.into_iter().map(|id| id.to_string()).collect()))
}

/// Updates those that match; the values are read when it is known that the call says which ones it means.
pub(super) async fn update(
    call: &Call,
    within: Within,
    layout: Layout<'_>,
    input: impl FnOnce() -> Result<EntityInput, RestError>,
) -> Result<Reply, RestError> {
    let filters = call.query.filters(layout)?.ok_or(RestError::NoFilters)?;
    let create = call.query.truth("create").unwrap_or(false);
    let applied = call.apply(Command::UpdateMatching { within, filters, input: input()?, create }).await?;
    Ok(match applied.created {
        None => Reply::Updated,
        // As observed: of a subprofile that such a call creates, the number is not told.
        Some(_) if within.kind() == EntityKind::Subprofile => Reply::CreatedUntold,
        Some(created) => Reply::Created(Place { kind: created.kind.name(), id: created.id }),
    })
}
