//! How the dispatcher learns that there may be something in the outbox.

use std::sync::Arc;

use tokio::sync::Notify;

/// Whoever has put something into the outbox rings; the dispatcher hears it once, however often it was rung.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until it is rung. A ring that nobody waited for is not lost.
    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}
