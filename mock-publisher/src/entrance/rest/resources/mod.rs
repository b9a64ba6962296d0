//! The table of routes, by what they are about. One file has one resource: its routes, what they do, and how it is shown.

mod account;
mod callbacks;
mod collections;
mod copies;
mod databases;
mod entity;
mod fields;
mod imports;
mod interests;
mod listing;
mod profile;
mod profile_interests;
mod profiles;
mod settings;
mod subprofile;
mod subprofiles;

use super::error::RestError;
use super::route::{Kind, Parameter, Route};
use crate::entrance::Entry;
use crate::platform::EntityRef;

const TABLE: [&[Route]; 14] = [
    account::ROUTES,
    databases::ROUTES,
    copies::ROUTES,
    imports::ROUTES,
    collections::ROUTES,
    fields::ROUTES,
    interests::ROUTES,
    settings::ROUTES,
    profiles::ROUTES,
    profile::ROUTES,
    profile_interests::ROUTES,
    subprofiles::ROUTES,
    subprofile::ROUTES,
    callbacks::ROUTES,
];

/// Every route.
pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    TABLE.into_iter().flatten()
}

const START: Parameter = Parameter::optional("start", Kind::Number, "how many to pass over");
const LIMIT: Parameter = Parameter::optional("limit", Kind::Number, "how many to show, at most 1000; 100 if not said");
const TOTAL: Parameter = Parameter::optional("total", Kind::Truth, "whether to say how many there are in all");
const FIELDS: Parameter = Parameter::optional(
    "fields[]",
    Kind::Texts,
    "filters such as `city==Utrecht`, all of which must hold; a filter on a field that does not exist is ignored",
);
const CREATE: Parameter = Parameter::optional("create", Kind::Truth, "whether to create one if none matches");

/// The parameters of a list.
const PAGING: &[Parameter] = &[START, LIMIT, TOTAL];

/// Looks up what a path begins with, as far as that is something with a number or a name.
pub(super) async fn look_up(entry: &Entry, parts: &[String]) -> Result<(), RestError> {
    let [head, name, ..] = parts else { return Ok(()) };
    let (store, number) = (&entry.store, name.parse().unwrap_or(0));
    match head.as_str() {
        "database" => store.database(name).await.map(drop)?,
        "collection" => store.named_collection(name).await.map(drop)?,
        "profile" => store.entity(EntityRef::profile(number)).await.map(drop)?,
        "subprofile" => store.entity(EntityRef::subprofile(number)).await.map(drop)?,
        "interest" => store.interest(number).await.map(drop)?,
        "import" => store.import(number).await.map(drop)?,
        "callback" => store.callback(number).await.map(drop)?,
        _ => {}
    }
    Ok(())
}
