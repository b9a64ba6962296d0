use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ControlState;

/// `GET /mock/v1/keys`: the keys that are in DNS, each with its record; the first one signs.
pub(super) async fn list(State(state): State<ControlState>) -> Json<Value> {
    let signing = state.keyring.signing();
    let key = |(name, record): (callback_verifier::KeyName, String)| {
        json!({
            "name": name.as_str(),
            "record": record,
            "bits": signing.private.public_key().modulus_bits(),
            "public_key": signing.private.public_key_pem(),
            "signs": name == signing.name,
        })
    };
    Json(json!({"keys": state.keyring.records().into_iter().map(key).collect::<Vec<_>>()}))
}
