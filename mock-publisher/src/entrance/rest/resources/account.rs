use serde_json::json;

use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::Reply;
use super::super::route::{Kind, Operation, Outcome, Parameter, Route};

pub(super) const ROUTES: &[Route] = &[
    Route::exact(
        "identity",
        &[Operation::get("The account that the access token belongs to", Outcome::Object, |call| {
            Box::pin(identity(call))
        })],
    ),
    Route::exact(
        "consumption",
        &[Operation::get(
            "What was used in a period: nothing, since nothing here costs anything",
            Outcome::Object,
            |_| Box::pin(consumption()),
        )
        .with_query(&[
            Parameter::optional("begin", Kind::Text, "the first day, `YYYY-MM-DD`"),
            Parameter::optional("end", Kind::Text, "the day after the last one"),
        ])],
    ),
];

async fn identity(call: Call) -> Result<Reply, RestError> {
    let id = call.entry.account.to_string();
    let description = "the account of a mock publisher";
    Ok(Reply::Content(json!({"id": id, "name": "mock", "description": description, "company": "mock-publisher"})))
}

async fn consumption() -> Result<Reply, RestError> {
    Ok(Reply::Content(json!({
        "emails": 0, "texts": 0, "fax": 0, "webpages": 0, "apicalls": 0, "litmustests": 0, "twofiftyoktests": 0
    })))
}
