use super::super::Entry;
use super::report::{Report, Whose};
use crate::mock_api::CallError;
use crate::platform::{Database, EntityRef, FieldKind, Filter, Within};

/// How many profiles one report may be about.
const MAX_PROFILES: usize = 100;

/// Finds whom each failure is about, in the order of the reports. That every one is known is made sure before anything changes.
pub(super) async fn find(state: &Entry, reports: &[Report]) -> Result<Vec<Vec<EntityRef>>, CallError> {
    let mut found = Vec::new();
    let mut unknown = Vec::new();
    let mut total = 0;
    for report in reports {
        let entities = match &report.whose {
            _ if !report.is_failure() => Vec::new(),
            Whose::Entity(entity) => vec![*entity],
            Whose::Addresses { addresses, database } => {
                let databases = match database {
                    Some(database) => vec![state.store.database(database).await?],
                    None => state.store.databases().await?,
                };
                let entities = with_one_of(state, &databases, addresses).await?;
                if entities.is_empty() {
                    unknown.extend(addresses.first().map(|address| format!("`{address}`")));
                }
                entities
            }
        };
        total += entities.len();
        found.push(entities);
    }
    if !unknown.is_empty() {
        return Err(CallError::UnknownRecipient(unknown.join(", ")));
    }
    if total > MAX_PROFILES {
        let message = format!("more than {MAX_PROFILES} profiles have the reported addresses; nothing was changed");
        return Err(CallError::TooLarge(message));
    }
    Ok(found)
}

/// All profiles with the first of some addresses that any has.
async fn with_one_of(state: &Entry, databases: &[Database], addresses: &[String]) -> Result<Vec<EntityRef>, CallError> {
    for address in addresses {
        let mut profiles = Vec::new();
        for database in databases {
            let Some(field) = email_field(database) else { continue };
            let filters = vec![Filter::equal(field, address.as_str())];
            let ids = state.store.entity_ids(Within::Database(database.id), filters).await?;
            profiles.extend(ids.into_iter().map(EntityRef::profile));
        }
        if !profiles.is_empty() {
            return Ok(profiles);
        }
    }
    Ok(Vec::new())
}

/// Where a database keeps addresses: in its field for that, of which it has one at most, or in one of that name.
fn email_field(database: &Database) -> Option<&str> {
    let mut fields = database.fields.iter();
    let of_kind = fields.clone().find(|field| field.kind == FieldKind::Email);
    let found = of_kind.or_else(|| fields.find(|field| field.name.eq_ignore_ascii_case("email")));
    found.map(|field| field.name.as_str())
}
