//! The calls that steps make, each as the entrance wants it.

use anyhow::Context;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::super::step::{Change, Message, Names, Values, Via, What, number};
use super::super::values::Reference;
use crate::local_client::{LocalAnswer, LocalClient};
use crate::platform::{EntityInput, EntityRef, Id, InterestsInput, Kind, Occasion};

/// What was done, or why it was not.
pub(super) type Outcome = Result<String, String>;

pub(super) struct Calls(pub(super) LocalClient);

impl Calls {
    pub(super) const fn new(server: LocalClient) -> Self {
        Self(server)
    }

    pub(super) async fn change(&self, change: Change, names: &mut Names) -> anyhow::Result<Outcome> {
        let Change { via, what } = change;
        match what {
            What::CreateProfile { database, values, known_as } => {
                let created = self.create_profile(via, &database, values).await?;
                Ok(created.map(|id| remember(names, known_as, EntityRef::profile(id), &format!("`{database}`"))))
            }
            What::CreateSubprofile { profile, collection, values, known_as } => {
                let Some(profile) = number(Kind::Profile, &profile, names) else { return Ok(Err(missing(&profile))) };
                let created = match via {
                    Via::Soap => self.create_subprofile_by_soap(profile, &collection, &values.fields).await?,
                    Via::Publisher | Via::Rest => {
                        let base = if via == Via::Rest { "/v4/profile" } else { "/mock/v1/ui/profiles" };
                        let path = format!("{base}/{profile}/subprofiles/{}", segment(&collection));
                        self.create(via, &path, &body(values)).await?
                    }
                };
                let place = format!("`{collection}` of profile {profile}");
                Ok(created.map(|id| remember(names, known_as, EntityRef::subprofile(id), &place)))
            }
            What::CreateInvented { database, profiles } => {
                let mut count = 0;
                for input in profiles {
                    if let Err(reason) = self.create_profile(via, &database, invented(via, input)).await? {
                        return Ok(Err(format!("{reason}, after {count} profiles")));
                    }
                    count += 1;
                }
                Ok(Ok(format!("create   {count} profiles in `{database}`")))
            }
            What::Update { target, values } => {
                let Some(id) = target.number(names) else { return Ok(Err(missing(&target.reference))) };
                let done = match path_of(via, target.kind, id) {
                    None => self.update_by_soap(target.kind, id, &values.fields).await?,
                    Some(path) => judged(&self.0.call(Method::PUT, &path, Some(&body(values))).await?),
                };
                Ok(done.map(|()| format!("update   {} {id}", target.kind.name())))
            }
            What::Remove { target } => {
                let Some(id) = target.number(names) else { return Ok(Err(missing(&target.reference))) };
                let done = match path_of(via, target.kind, id) {
                    None => self.remove_by_soap(target.kind, id).await?,
                    Some(path) => judged(&self.0.call(Method::DELETE, &path, None).await?),
                };
                Ok(done.map(|()| format!("remove   {} {id}", target.kind.name())))
            }
        }
    }

    async fn create_profile(&self, via: Via, database: &str, values: Values) -> anyhow::Result<Result<Id, String>> {
        let path = match via {
            Via::Soap => return self.create_by_soap(database, &values.fields).await,
            Via::Publisher => format!("/mock/v1/ui/databases/{}/profiles", segment(database)),
            Via::Rest => format!("/v4/database/{}/profiles", segment(database)),
        };
        self.create(via, &path, &body(values)).await
    }

    /// The number of what was created.
    async fn create(&self, via: Via, path: &str, body: &Value) -> anyhow::Result<Result<Id, String>> {
        let answer = self.0.call(Method::POST, path, Some(body)).await?;
        if let Err(reason) = judged(&answer) {
            return Ok(Err(reason));
        }
        if via == Via::Rest {
            return created(&answer.headers).map(Ok);
        }
        let number = serde_json::from_slice::<Value>(&answer.body)?["id"].as_i64();
        Ok(Ok(number.context("the answer does not say what was created")?))
    }

    /// Something happens to a message that was sent to a profile.
    pub(super) async fn fault(&self, fault: &Value) -> anyhow::Result<Outcome> {
        let answer = self.0.call(Method::POST, "/mock/v1/faults", Some(fault)).await?;
        Ok(judged(&answer).map(|()| fault["fault"].as_str().unwrap_or_default().to_owned()))
    }

    pub(super) async fn no_fault(&self) -> anyhow::Result<Outcome> {
        let answer = self.0.call(Method::DELETE, "/mock/v1/faults", None).await?;
        Ok(judged(&answer).map(|()| "none".to_owned()))
    }

    pub(super) async fn message(&self, message: Message, names: &Names) -> anyhow::Result<Outcome> {
        let Message { occasion, to, script, code, description } = message;
        let Some(profile) = number(Kind::Profile, &to, names) else { return Ok(Err(missing(&to))) };
        let answer = match occasion {
            Occasion::Click | Occasion::Open => {
                let mut link = json!({"profile": profile, "kind": occasion.name()});
                if let Some(script) = script {
                    link["script"] = script.into();
                }
                let made = self.0.call(Method::POST, "/mock/v1/links", Some(&link)).await?;
                if let Err(reason) = judged(&made) {
                    return Ok(Err(reason));
                }
                let made: Value = serde_json::from_slice(&made.body)?;
                self.0.follow(made["link"].as_str().context("the link has no address")?).await?
            }
            Occasion::Failure | Occasion::Bounce => {
                let mut report = json!({"type": occasion.name(), "profile": profile});
                for (key, value) in [("code", code), ("description", description)] {
                    if let Some(value) = value {
                        report[key] = value.into();
                    }
                }
                self.0.call(Method::POST, "/mock/v1/reports", Some(&report)).await?
            }
        };
        // A click without a destination is answered well, one with another one is led there.
        if answer.status.is_redirection() {
            return Ok(Ok(format!("message to profile {profile}")));
        }
        Ok(judged(&answer).map(|()| format!("message to profile {profile}")))
    }
}

pub(super) fn judged(answer: &LocalAnswer) -> Result<(), String> {
    if answer.status.is_success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&answer.body);
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["error"];
    let reason = error["detail"].as_str().or(error["message"].as_str()).unwrap_or(&text);
    Err(format!("answered {}: {}", answer.status.as_u16(), reason.trim_end()))
}

/// The number of what was created.
pub(super) fn created(headers: &HeaderMap) -> anyhow::Result<Id> {
    let number = headers.get("x-created").and_then(|value| value.to_str().ok()?.parse().ok());
    number.context("the answer does not say what was created")
}

fn body(values: Values) -> Value {
    let mut body = Map::new();
    body.insert("fields".to_owned(), values.fields.into());
    if let Some(interests) = values.interests {
        body.insert("interests".to_owned(), interests.into());
    }
    body.into()
}

fn invented(via: Via, input: EntityInput) -> Values {
    let interests = match input.interests {
        // SOAP creates a profile without them.
        Some(InterestsInput::Exactly(names)) if via != Via::Soap => Some(names),
        _ => None,
    };
    Values { fields: input.fields, interests }
}

/// Where something is; `None` where SOAP has operations instead of paths.
fn path_of(via: Via, kind: Kind, id: Id) -> Option<String> {
    match via {
        Via::Publisher => Some(format!("/mock/v1/ui/{}s/{id}", kind.name())),
        Via::Rest => Some(format!("/v4/{}/{id}", kind.name())),
        Via::Soap => None,
    }
}

fn remember(names: &mut Names, known_as: Option<String>, entity: EntityRef, place: &str) -> String {
    let text = format!("create   {entity} in {place}");
    if let Some(name) = known_as {
        names.insert(name, entity);
    }
    text
}

fn missing(reference: &Reference) -> String {
    match reference {
        Reference::Number(number) => format!("there is no {number}"),
        Reference::Name(name) => format!("`{name}` was not created"),
    }
}

/// A part of a path: whatever could mean something there is encoded.
pub(super) fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}
