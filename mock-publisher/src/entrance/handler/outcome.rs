use serde::Deserialize;
use serde_json::{Map, Value};

use super::objects::Objects;
use crate::excerpt::excerpt;
use crate::platform::{Command, EntityInput, EntityRef, Id, Keepsake};
use crate::script::ScriptError;
use crate::store::Plan;

/// How much a script may ask for.
const MAX_CALLS: usize = 100;
/// How long what it keeps with an entity may be, in bytes of JSON.
const MAX_KEEPSAKE: usize = 64 << 10;
/// How many names of nothing are told of each entity, and how much of each.
const MAX_IGNORED: usize = 3;
const MAX_NAME: usize = 60;

/// What a script asked for, as `objects.js` tells it. Entities are places in a list that is ours, so that whatever a script
/// does it reaches no others.
#[derive(Debug, Deserialize)]
struct Outcome {
    entities: Vec<Touched>,
    calls: Vec<Call>,
}

/// What an entity is to become; what was there before comes first, then what is to be created.
#[derive(Debug, Deserialize)]
struct Touched {
    fields: Map<String, Value>,
    interests: Map<String, Value>,
    secret: Option<String>,
    keepsake: Option<Kept>,
    /// Fields and interests that were written into and are not there.
    unknown: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Kept {
    extra: String,
    data: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "call", rename_all = "lowercase")]
enum Call {
    Create { entity: usize, collection: Id },
    Remove { entity: usize },
    Unsubscribe { entity: usize },
}

/// Makes a plan of what a script asked for.
///
/// Assumption: all that a script writes into one profile or subprofile is one update; the updates come first, then what it
/// called, in the order of the calls. A subprofile is created with all that was written into it.
pub(super) fn plan(told: Value, objects: &Objects) -> Result<Plan, ScriptError> {
    let outcome: Outcome = serde_json::from_value(told).map_err(|error| ScriptError::Engine(error.to_string()))?;
    if outcome.calls.len() > MAX_CALLS {
        return Err(ScriptError::thrown(&format!("the script makes more than {MAX_CALLS} calls")));
    }
    let mut plan = Plan::default();
    for (touched, entity) in outcome.entities.iter().zip(&objects.entities) {
        if let Some(input) = touched.input() {
            plan.commands.push(Command::Update { entity: *entity, input });
        }
        plan.ignored.extend(touched.ignored(&entity.to_string()));
        if let Some(kept) = &touched.keepsake {
            plan.keepsakes.push((*entity, kept.checked()?));
        }
    }
    for call in outcome.calls {
        plan.commands.push(match call {
            Call::Create { entity, collection } => {
                let touched = outcome.entities.get(entity).ok_or_else(out_of_place)?;
                if touched.secret.is_some() || touched.keepsake.is_some() {
                    let message = "only fields can be written into a subprofile that has only just been created";
                    return Err(ScriptError::thrown(message));
                }
                plan.ignored.extend(touched.ignored("the new subprofile"));
                let input = touched.input().unwrap_or_default();
                Command::CreateSubprofile { profile: objects.entity(0)?.id, collection, input }
            }
            Call::Remove { entity } => Command::Remove { entity: objects.entity(entity)?, completely: false },
            Call::Unsubscribe { entity } => Command::Unsubscribe { entity: objects.entity(entity)? },
        });
    }
    Ok(plan)
}

impl Objects {
    fn entity(&self, place: usize) -> Result<EntityRef, ScriptError> {
        self.entities.get(place).copied().ok_or_else(out_of_place)
    }
}

fn out_of_place() -> ScriptError {
    ScriptError::Engine("it asks for something to be done to nothing".to_owned())
}

impl Touched {
    /// What was written for nothing, told in words.
    fn ignored(&self, whose: &str) -> impl Iterator<Item = String> {
        let told = move |name: &String| {
            format!("{whose} has no {}: what the script wrote there was ignored", excerpt(name, MAX_NAME))
        };
        self.unknown.iter().take(MAX_IGNORED).map(told)
    }

    /// The new values, if there are any.
    fn input(&self) -> Option<EntityInput> {
        let Self { fields, interests, secret, .. } = self;
        let is_something = !fields.is_empty() || !interests.is_empty() || secret.is_some();
        is_something.then(|| EntityInput {
            fields: fields.clone(),
            // An object switches the interests that it names, and leaves the others.
            interests: EntityInput::read_interests(&Value::Object(interests.clone())),
            secret: secret.clone(),
        })
    }
}

impl Kept {
    fn checked(&self) -> Result<Keepsake, ScriptError> {
        let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
        if let Some((name, _)) = self.data.iter().find(|(_, value)| !is_scalar(value)) {
            return Err(ScriptError::thrown(&format!(
                "`data.{name}` is no text or number, and nothing else can be kept"
            )));
        }
        let length: usize = self.data.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        if length + self.extra.len() > MAX_KEEPSAKE {
            let limit = MAX_KEEPSAKE >> 10;
            return Err(ScriptError::thrown(&format!("`data` and `extra` hold more than {limit} KiB")));
        }
        Ok(Keepsake { extra: self.extra.clone(), data: self.data.clone() })
    }
}
