//! Conditions in JavaScript.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::decision::Look;
use super::super::{World, WorldError};
use super::{ConditionError, Evaluation};
use crate::platform::{Change, Database, Entity, Home, Interest, Kind};
use crate::script::{Prelude, Script};

/// How many subprofiles in a collection are handed to a script.
const MAX_SUBPROFILES: usize = 500;

const PRELUDE: Prelude = Prelude { name: "condition", source: include_str!("expression.js") };

/// JavaScript whose last statement decides: the callback fires if its value counts as true.
///
/// It finds `profile` with the values of the fields (all are texts, as everywhere on the platform), `true` or `false`
/// for each interest, an array of subprofiles for each collection, `id` and `code`; of an event of a subprofile also
/// `subprofile`, with its fields, `id`, `code` and `profile`. The fields of whichever changed are there by their bare
/// names too. Values are the new ones; of something removed, the last ones. An expression that asks for the subprofiles of a
/// collection in which the profile has more than 500 does not fire, and that is said.
///
/// Assumptions, since the platform does not document them: names are written exactly as they were given; `id` and
/// `code` come before a field of that name, a field before an interest, an interest before a collection; what the
/// language calls something itself, such as `Date`, is not a field unless `profile.` stands before it.
#[derive(Debug, Clone)]
pub(super) struct Expression(Script);

impl Expression {
    /// Reads an expression; `None` if there is nothing in it.
    pub(super) fn parse(source: &str) -> Result<Option<Self>, ConditionError> {
        if source.trim().is_empty() {
            return Ok(None);
        }
        let script = Script::compile(source);
        script.map(|script| Some(Self(script))).map_err(|error| ConditionError(format!("not JavaScript: {error}")))
    }

    pub(super) fn source(&self) -> &str {
        self.0.source()
    }

    pub(super) fn evaluate(&self, change: &Change, world: &dyn World) -> Evaluation {
        let Outcome { result, read } =
            self.run(change, world).unwrap_or_else(|error| Outcome::failed(error.to_string()));
        let holds = result == Ok(true);
        let looks = vec![Look::new(self.source(), read, holds)];
        Evaluation { holds, looks, error: result.err() }
    }

    fn run(&self, change: &Change, world: &dyn World) -> Result<Outcome, WorldError> {
        let database = world.database(change.entity.home.database())?;
        let mut view = View::of(change, &database);
        // One round more for each thing that it can ask for.
        for _ in 0..database.collections.len() + 2 {
            let ran = self.0.run(PRELUDE, world.now(), &view)?;
            let Some(need) = ran.needs else {
                let read = serde_json::from_value(ran.output).unwrap_or_default();
                return Ok(Outcome { result: ran.result.map_err(|error| error.to_string()), read });
            };
            view.add(&need, world)?;
        }
        Ok(Outcome::failed("asks for more than there is".to_owned()))
    }
}

/// What the script came to, and the values that it read.
struct Outcome {
    result: Result<bool, String>,
    read: Vec<(String, String)>,
}

impl Outcome {
    fn failed(reason: String) -> Self {
        Self { result: Err(reason), read: Vec::new() }
    }
}

/// What a script can see. What takes a query is fetched when the script asks for it.
#[derive(Serialize)]
struct View<'a> {
    /// The profile that changed, or that of the subprofile that changed.
    profile: Option<Values<'a>>,
    subprofile: Option<Values<'a>>,
    /// The names of all collections.
    collections: Vec<&'a str>,
    subprofiles: BTreeMap<&'a str, Vec<Values<'a>>>,
    #[serde(skip)]
    change: &'a Change,
    #[serde(skip)]
    database: &'a Database,
}

impl<'a> View<'a> {
    fn of(change: &'a Change, database: &'a Database) -> Self {
        let changed = Values { entity: Known::Changed(&change.entity), interests: &database.interests };
        let (profile, subprofile) = match change.entity.home.kind() {
            Kind::Profile => (Some(changed), None),
            Kind::Subprofile => (None, Some(changed)),
        };
        let collections = database.collections.iter().map(|collection| collection.name.as_str()).collect();
        Self { profile, subprofile, collections, subprofiles: BTreeMap::new(), change, database }
    }

    /// Fetches what the prelude has asked for.
    fn add(&mut self, need: &str, world: &dyn World) -> Result<(), WorldError> {
        let profile = match self.change.entity.home {
            Home::Database(_) => self.change.entity.id,
            Home::Collection { profile, .. } => profile,
        };
        let wanted = need.strip_prefix("subprofiles ");
        match wanted.and_then(|name| self.database.collections.iter().find(|known| known.name == name)) {
            Some(collection) => {
                let subprofiles = world.subprofiles(profile, collection.id, MAX_SUBPROFILES + 1)?;
                if subprofiles.len() > MAX_SUBPROFILES {
                    let name = &collection.name;
                    return Err(format!(
                        "the profile has more than {MAX_SUBPROFILES} subprofiles in `{name}`, too many for a script"
                    )
                    .into());
                }
                let values = |entity| Values { entity: Known::Fetched(Box::new(entity)), interests: &[] };
                self.subprofiles.insert(&collection.name, subprofiles.into_iter().map(values).collect());
            }
            None => {
                let entity = Known::Fetched(Box::new(world.profile(profile)?));
                self.profile = Some(Values { entity, interests: &self.database.interests });
            }
        }
        Ok(())
    }
}

/// The values of an entity, by name.
struct Values<'a> {
    entity: Known<'a>,
    interests: &'a [Interest],
}

enum Known<'a> {
    Changed(&'a Entity),
    Fetched(Box<Entity>),
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entity = match &self.entity {
            Known::Changed(entity) => entity,
            Known::Fetched(entity) => &**entity,
        };
        let mut map = serializer.serialize_map(None)?;
        // Of members with the same name, the last counts.
        if entity.home.kind() == Kind::Profile {
            for interest in self.interests {
                map.serialize_entry(&interest.name, &entity.interests.contains(&interest.name))?;
            }
        }
        for (name, value) in &entity.fields {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("id", &entity.id.to_string())?;
        map.serialize_entry("code", &entity.secret)?;
        map.end()
    }
}
