use std::time::Duration;

use tokio::sync::watch;

use crate::store::{Retention, Store};

/// How long to wait after an outcome, so that many are forgotten at once.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait if nothing happens: what is kept becomes too old by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Lets the log of deliveries forget, until `stop` is true.
pub(crate) async fn forget(store: Store, retention: Retention, mut stop: watch::Receiver<bool>) {
    let mut outcomes = store.outcomes();
    while !*stop.borrow() {
        match store.forget(retention).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the log of deliveries cannot be shortened"),
        }
        let some_time = async {
            let _ = tokio::time::timeout(LOOK_AGAIN, outcomes.changed()).await;
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            () = some_time => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}
