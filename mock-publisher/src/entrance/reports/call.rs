use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::Entry;
use super::super::handler::Event;
use super::report::{Body, Report, read_occasion};
use super::{recipients, status_message};
use crate::clock;
use crate::mock_api::{CallError, Queried};
use crate::platform::{EntityRef, Occasion};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "type")]
    occasion: Option<String>,
}

/// `POST /mock/v1/reports`
///
/// Assumption: a mail message that comes back is a `bounce`, unless `?type=failure` says that the delivery failed at once.
pub(super) async fn report(
    State(state): State<Entry>,
    Queried(asked): Queried<Asked>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, CallError> {
    let occasion = asked.occasion.as_deref().map(read_occasion).transpose()?;
    let (occasion, reports) = read(&headers, body?, occasion).await?;
    let found = recipients::find(&state, &reports).await?;

    let time = clock::stamp(state.store.clock().now());
    let mut events = Vec::new();
    let mut known = HashSet::new();
    for (report, entities) in reports.iter().zip(&found) {
        // Whoever was sent the same message at two addresses is told once.
        for entity in entities.iter().filter(|entity| known.insert(**entity)) {
            let report = report.shown(occasion, &time);
            events.push(Event { entity: *entity, script: None, about: Map::new(), report });
        }
    }
    let applied = match state.handle(occasion, events).await {
        Ok(applied) => applied,
        Err(error) => {
            tracing::warn!(%error, "a report ({}) changed nothing", occasion.name());
            return Err(error.into());
        }
    };
    if !applied.ignored.is_empty() {
        tracing::warn!(ignored = applied.ignored.join("; "), "a report ({})", occasion.name());
    }
    let recipients: Vec<Value> = reports.iter().zip(&found).map(|(report, found)| shown(report, found)).collect();
    Ok(Json(json!({
        "type": occasion,
        "recipients": recipients,
        "changes": applied.changes,
        "fired": applied.fired,
        "ignored": applied.ignored,
    })))
}

/// Reads a body of whatever form it says it has.
async fn read(
    headers: &HeaderMap,
    body: Bytes,
    occasion: Option<Occasion>,
) -> Result<(Occasion, Vec<Report>), CallError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let message = match media.as_str() {
        "application/json" => {
            let read: Body = serde_json::from_slice(&body)
                .map_err(|error| CallError::BadRequest(format!("the body is no report in JSON: {error}")))?;
            let (occasion, report) = read.read(occasion)?;
            return Ok((occasion, vec![report]));
        }
        "message/rfc822" | "message/global" => body,
        // The head of the message is that of the call then.
        "multipart/report" => [format!("Content-Type: {content_type}\r\n\r\n").as_bytes(), &body].concat().into(),
        _ => {
            let expected = "send a report as `application/json`, or a mail message as `message/rfc822` or \
                            `multipart/report`";
            return Err(CallError::UnsupportedMediaType(expected.to_owned()));
        }
    };
    // A large one takes its time, and the other calls are not to wait for it.
    let reports = tokio::task::spawn_blocking(move || status_message::read(&message)).await;
    let reports = reports.map_err(|_| CallError::NoDeliveryStatus("the message could not be read".to_owned()))?;
    let reports = reports.map_err(|error| CallError::NoDeliveryStatus(error.to_string()))?;
    Ok((occasion.unwrap_or(Occasion::Bounce), reports))
}

fn shown(report: &Report, found: &[EntityRef]) -> Value {
    json!({
        "recipient": report.address(),
        "action": report.action,
        "code": report.code,
        "description": report.description,
        "found": found,
    })
}
