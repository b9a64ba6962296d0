use serde::Deserialize;
use serde_json::{Value, json};

use crate::mock_api::CallError;
use crate::platform::{EntityRef, Id, Occasion};

/// What became of a message for one of those whom it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) whose: Whose,
    /// `failed`; or what else a mail server has to tell, which is no failure.
    pub(super) action: String,
    /// An enhanced status code such as `5.1.1`; empty if nobody said.
    pub(super) code: String,
    pub(super) description: String,
}

/// Whose message it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    Entity(EntityRef),
    /// Of all who have one of these addresses: the first one that somebody has.
    Addresses {
        addresses: Vec<String>,
        database: Option<String>,
    },
}

/// A report in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    #[serde(rename = "type")]
    occasion: Option<String>,
    profile: Option<Id>,
    subprofile: Option<Id>,
    email: Option<String>,
    /// By its number or name.
    database: Option<Value>,
    #[serde(default)]
    code: String,
    #[serde(default)]
    description: String,
}

impl Report {
    /// Whether the message was given up. One that is late, or has been passed on, may still arrive.
    pub(super) fn is_failure(&self) -> bool {
        self.action == "failed"
    }

    /// As scripts see it.
    pub(super) fn shown(&self, occasion: Occasion, time: &str) -> Value {
        json!({
            "type": occasion,
            "action": self.action,
            "recipient": self.address(),
            "code": self.code,
            "description": self.description,
            "time": time,
        })
    }

    /// The address that the message was sent to, if it was told.
    pub(super) fn address(&self) -> Option<&str> {
        match &self.whose {
            Whose::Entity(_) => None,
            Whose::Addresses { addresses, .. } => addresses.first().map(String::as_str),
        }
    }
}

impl Body {
    /// The report, and of what; `occasion` counts if the body does not say that.
    pub(super) fn read(self, occasion: Option<Occasion>) -> Result<(Occasion, Report), CallError> {
        let occasion = match self.occasion.as_deref() {
            Some(name) => read_occasion(name)?,
            None => occasion.ok_or_else(|| bad("`type` is missing: `failure` or `bounce`"))?,
        };
        let database = match self.database {
            None => None,
            Some(Value::String(name)) => Some(name),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => return Err(bad("`database` must be a number or a name")),
        };
        let whose = match (self.profile, self.subprofile, self.email) {
            (Some(id), None, None) if database.is_none() => Whose::Entity(EntityRef::profile(id)),
            (None, Some(id), None) if database.is_none() => Whose::Entity(EntityRef::subprofile(id)),
            (None, None, Some(email)) if email.contains('@') => {
                Whose::Addresses { addresses: vec![email.trim().to_owned()], database }
            }
            (None, None, Some(email)) => return Err(bad(&format!("`email` is no address: `{email}`"))),
            _ => {
                return Err(bad("say whose message it was: the number of a `profile`, or of a `subprofile`, or an \
                                `email`, and with that perhaps a `database`"));
            }
        };
        let (code, description) = (self.code, self.description);
        Ok((occasion, Report { whose, action: "failed".to_owned(), code, description }))
    }
}

pub(super) fn read_occasion(name: &str) -> Result<Occasion, CallError> {
    match Occasion::from_name(name) {
        Some(occasion @ (Occasion::Failure | Occasion::Bounce)) => Ok(occasion),
        _ => Err(bad(&format!("no report is of type `{name}`: use `failure` or `bounce`"))),
    }
}

fn bad(message: &str) -> CallError {
    CallError::BadRequest(message.to_owned())
}
