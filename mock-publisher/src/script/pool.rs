use std::sync::{Mutex, PoisonError};

use super::realm::{Prelude, Ran, Realm};
use super::{ScriptError, limits};

/// Realms that wait for the next script. It takes milliseconds to make one, so they are kept, and any thread takes
/// them.
static IDLE: Mutex<Vec<Realm>> = Mutex::new(Vec::new());

/// Lends out a realm. It is kept only if nothing has happened in it that could be seen by the next script.
pub(super) fn with_realm(
    prelude: Prelude,
    work: impl FnOnce(&mut Realm) -> Result<Ran, ScriptError>,
) -> Result<Ran, ScriptError> {
    let kept = {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that was used last is still in the processor's caches.
        idle.iter().rposition(|realm| realm.prelude() == prelude).map(|at| idle.remove(at))
    };
    let mut realm = match kept {
        Some(realm) => realm,
        None => Realm::new(prelude)?,
    };
    let ran = work(&mut realm)?;
    let intact = ran.result.as_ref().err().is_none_or(ScriptError::leaves_realm_intact);
    if intact && realm.runs() < limits::RUNS {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limits::IDLE_REALMS {
            idle.push(realm);
        }
    }
    Ok(ran)
}
