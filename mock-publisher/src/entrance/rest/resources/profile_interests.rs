use serde_json::{Value, json};

use super::super::body::Body;
use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::Reply;
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};
use super::super::version::Version;
use super::interests;
use crate::platform::{Command, EntityInput, InterestsInput, is_true};

pub(super) const ROUTES: &[Route] = &[
    Route::list(
        "profile/{profile}/interests",
        &[
            Operation::get("The interests of a profile", Outcome::Array, |call| Box::pin(list(call))).with_query(&[
                Parameter::optional("return", Kind::Text, "`ids` or `objects`; their names if not said"),
            ]),
            Operation::post(
                "Adds interests, or switches them on and off; the others stay",
                Content::Interests,
                Outcome::Updated,
                |call| Box::pin(switch(call)),
            ),
            Operation::put("Replaces the interests of a profile", Content::Interests, |call| Box::pin(replace(call))),
        ],
    ),
    Route::exact(
        "profile/{profile}/changeinterests",
        &[Operation::post(
            "Adds interests, or switches them on and off; the others stay",
            Content::Interests,
            Outcome::Updated,
            |call| Box::pin(switch(call)),
        )
        .only_in(Version::V1)],
    ),
];

/// Assumption: a bare list, of names unless something else is asked for; the platform does not document the shape.
async fn list(call: Call) -> Result<Reply, RestError> {
    let profile = call.profile().await?;
    let shown: fn(&crate::platform::Interest) -> Value = match call.query.text("return") {
        Some("ids") => |interest| json!(interest.id.to_string()),
        Some("objects") => interests::shown,
        _ => |interest| json!(interest.name),
    };
    let database = call.store().database(&profile.home.database().to_string()).await?;
    let has = database.interests.iter().filter(|interest| profile.has_interest(&interest.name));
    Ok(Reply::Content(has.map(shown).collect()))
}

async fn switch(call: Call) -> Result<Reply, RestError> {
    let entity = call.profile().await?.reference();
    let switches = match given(&call.body()?)? {
        InterestsInput::Exactly(names) => names.into_iter().map(|name| (name, true)).collect(),
        InterestsInput::Switch(switches) => switches,
    };
    let input = EntityInput { interests: Some(InterestsInput::Switch(switches)), ..EntityInput::default() };
    call.apply(Command::Update { entity, input }).await?;
    Ok(Reply::Updated)
}

async fn replace(call: Call) -> Result<Reply, RestError> {
    let entity = call.profile().await?.reference();
    let names = match given(&call.body()?)? {
        InterestsInput::Exactly(names) => names,
        InterestsInput::Switch(switches) => switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect(),
    };
    let input = EntityInput { interests: Some(InterestsInput::Exactly(names)), ..EntityInput::default() };
    call.apply(Command::Update { entity, input }).await?;
    Ok(Reply::Updated)
}

/// A list of names, or an object of names and truth values; it may be in a member `interests`.
fn given(body: &Body) -> Result<InterestsInput, RestError> {
    let value = match &body.0 {
        Value::Object(members) => match members.get("interests") {
            Some(inner) if inner.is_array() || inner.is_object() => inner,
            _ => &body.0,
        },
        other => other,
    };
    match value {
        Value::Object(members) => {
            Ok(InterestsInput::Switch(members.iter().map(|(name, on)| (name.clone(), is_true(on))).collect()))
        }
        value => EntityInput::read_interests(value)
            .ok_or_else(|| RestError::InvalidData("the body is no list and no object of interests".to_owned())),
    }
}
