use super::super::call::Call;
use super::super::error::RestError;
use super::super::reply::{Place, Reply};
use super::super::route::{Content, Kind, Operation, Outcome, Parameter, Route};

pub(super) const ROUTES: &[Route] = &[Route::exact(
    "database/{database}/copy",
    &[Operation::post(
        "Copies a database; answers once the new one is there, and its profiles follow",
        Content::Members(&[
            Parameter::required("name", Kind::Text, "that of the copy, which no other database has"),
            Parameter::optional(
                "options",
                Kind::Map,
                "truth values of `collections`, `profiles`, `subprofiles`, `views` and `miniviews`; all are true if not said",
            ),
        ]),
        Outcome::Created,
        |call| Box::pin(copy(call)),
    )],
)];

async fn copy(call: Call) -> Result<Reply, RestError> {
    let database = call.database().await?;
    let body = call.body()?;
    let members = body.members()?;
    let name = members.required_text("name")?;
    let id = call.copies.copy(&database, name, members.value("options")).await?;
    Ok(Reply::Created(Place { kind: "database", id }))
}
