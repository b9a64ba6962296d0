//! What changes many profiles at once: an import, and a copy of a database that takes its callbacks with it.

use http::Method;
use serde_json::json;

use super::{RestCalls, Score, show_deliveries};
use crate::receiver::Receiver;

pub(super) async fn show(rest: &RestCalls, receiver: &mut Receiver, score: &mut Score) -> anyhow::Result<()> {
    let import = json!({"database": "customers", "source": "name,city\nJessica,Delft\n"});
    rest.call(Method::POST, "/v4/imports", &import).await?;
    show_deliveries(rest, receiver, score).await?;
    rest.call(Method::POST, "/v4/database/customers/copy", &json!({"name": "copied"})).await?;
    show_deliveries(rest, receiver, score).await
}
