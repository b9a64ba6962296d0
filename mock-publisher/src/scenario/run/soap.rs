//! Steps through SOAP, as a client of the WSDL makes its calls.

use anyhow::Context;
use http::Method;
use quick_xml::escape::{escape, unescape};
use serde_json::{Map, Value};

use super::calls::Calls;
use crate::platform::{Id, Kind};

impl Calls {
    /// The number of what was created in a database.
    pub(super) async fn create_by_soap(
        &self,
        database: &str,
        fields: &Map<String, Value>,
    ) -> anyhow::Result<Result<Id, String>> {
        let found = self.soap("Account_database", &format!("<identifier>{}</identifier>", escape(database))).await?;
        let database = match found {
            Ok(answer) => number_in(&answer, "id")?,
            Err(reason) => return Ok(Err(reason)),
        };
        self.creating("Database_createProfile", &format!("<id>{database}</id>{}", pairs(fields))).await
    }

    /// The number of what was created for a profile.
    pub(super) async fn create_subprofile_by_soap(
        &self,
        profile: Id,
        collection: &str,
        fields: &Map<String, Value>,
    ) -> anyhow::Result<Result<Id, String>> {
        // The API wants its number, which the database knows.
        let database = match self.soap("Profile_retrieve", &format!("<id>{profile}</id>")).await? {
            Ok(answer) => number_in(&answer, "database")?,
            Err(reason) => return Ok(Err(reason)),
        };
        let named = format!("<id>{database}</id><identifier>{}</identifier>", escape(collection));
        let collection = match self.soap("Database_collection", &named).await? {
            Ok(answer) => number_in(&answer, "id")?,
            Err(reason) => return Ok(Err(reason)),
        };
        let place = format!("<id>{profile}</id><collection>{collection}</collection>");
        self.creating("Profile_createSubProfile", &format!("{place}{}", pairs(fields))).await
    }

    pub(super) async fn update_by_soap(
        &self,
        kind: Kind,
        id: Id,
        fields: &Map<String, Value>,
    ) -> anyhow::Result<Result<(), String>> {
        let operation = format!("{}_updateFields", class(kind));
        Ok(self.soap(&operation, &format!("<id>{id}</id>{}", pairs(fields))).await?.map(drop))
    }

    pub(super) async fn remove_by_soap(&self, kind: Kind, id: Id) -> anyhow::Result<Result<(), String>> {
        Ok(self.soap(&format!("{}_remove", class(kind)), &format!("<id>{id}</id>")).await?.map(drop))
    }

    async fn creating(&self, operation: &str, parameters: &str) -> anyhow::Result<Result<Id, String>> {
        match self.soap(operation, parameters).await? {
            Ok(answer) => number_in(&answer, "id").map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// The answer to a call, or the text of a fault.
    async fn soap(&self, operation: &str, parameters: &str) -> anyhow::Result<Result<String, String>> {
        let envelope = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:api=\"urn:POMSOAPAPI\">\
             <soap:Body><api:{operation}>{parameters}</api:{operation}></soap:Body></soap:Envelope>"
        );
        let answer = self.0.send(Method::POST, "/soap", "text/xml; charset=utf-8", envelope.into()).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status.is_success() {
            return Ok(Ok(text));
        }
        let fault = between(&text, "<faultstring>", "</faultstring>").unwrap_or(&text);
        let fault = unescape(fault).map_or_else(|_| fault.to_owned(), std::borrow::Cow::into_owned);
        Ok(Err(format!("answered {}: {fault}", answer.status.as_u16())))
    }
}

/// Names and values, as a parameter of the type `Map`.
fn pairs(fields: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pair = |(name, value): (&String, &Value)| {
        format!("<pair><key>{}</key><value>{}</value></pair>", escape(name.as_str()), escape(text(value)))
    };
    format!("<fields>{}</fields>", fields.iter().map(pair).collect::<String>())
}

const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Profile => "Profile",
        Kind::Subprofile => "SubProfile",
    }
}

/// The first member with this name.
fn number_in(answer: &str, name: &str) -> anyhow::Result<Id> {
    let number = between(answer, &format!("<{name}>"), &format!("</{name}>")).and_then(|number| number.parse().ok());
    number.with_context(|| format!("the answer has no number `{name}`"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}
