//! What a publisher has done so far, as Prometheus reads it (OpenMetrics 1.0).

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// One name and its value: `error="http_5xx"`.
type Label = [(&'static str, &'static str); 1];

/// The upper ends of the buckets of durations, in seconds.
const DURATIONS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0];

/// Counts. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    attempts: Family<Label, Counter>,
    deliveries: Family<Label, Counter>,
    durations: Histogram,
    signatures: Counter,
    signing: Counter<f64, AtomicU64>,
    outbox: Gauge,
    changes: Gauge,
}

/// What the store holds when somebody asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    /// Deliveries that have come to no outcome.
    pub(crate) outbox: i64,
    /// The number of the last change.
    pub(crate) changes: i64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut all = Inner {
            registry: Registry::with_prefix("mock_publisher"),
            attempts: Family::default(),
            deliveries: Family::default(),
            durations: Histogram::new(DURATIONS),
            signatures: Counter::default(),
            signing: Counter::default(),
            outbox: Gauge::default(),
            changes: Gauge::default(),
        };
        let registry = &mut all.registry;
        registry.register("attempts", "Attempts by the class of their error, or `none`", all.attempts.clone());
        registry.register("deliveries", "Deliveries by their outcome", all.deliveries.clone());
        let durations = all.durations.clone();
        registry.register_with_unit("attempt_duration", "How long attempts took", Unit::Seconds, durations);
        registry.register("signatures", "Requests that were signed", all.signatures.clone());
        let signing = all.signing.clone();
        registry.register_with_unit("signing_cpu", "Processor time that signatures took", Unit::Seconds, signing);
        registry.register("outbox_deliveries", "Deliveries that have come to no outcome yet", all.outbox.clone());
        registry.register("last_change", "The number of the last change", all.changes.clone());
        Self(Arc::new(all))
    }

    /// A request was signed, which took so much of a processor.
    pub(crate) fn signed(&self, cpu: Duration) {
        self.0.signatures.inc();
        self.0.signing.inc_by(cpu.as_secs_f64());
    }

    /// An attempt has ended, with an error of that class or without.
    pub(crate) fn attempted(&self, error: Option<&'static str>, took: Duration) {
        self.0.attempts.get_or_create(&[("error", error.unwrap_or("none"))]).inc();
        self.0.durations.observe(took.as_secs_f64());
    }

    /// A delivery has come to its outcome.
    pub(crate) fn settled(&self, outcome: &'static str) {
        self.0.deliveries.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// All of it, as text.
    pub(crate) fn text(&self, stock: Stock) -> String {
        self.0.outbox.set(stock.outbox);
        self.0.changes.set(stock.changes);
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_as_open_metrics() {
        let metrics = Metrics::new();
        metrics.signed(Duration::from_millis(250));
        metrics.attempted(Some("http_5xx"), Duration::from_millis(3));
        metrics.attempted(None, Duration::from_millis(3));
        metrics.settled("delivered");
        let text = metrics.text(Stock { outbox: 7, changes: 9 });
        for line in [
            "mock_publisher_attempts_total{error=\"http_5xx\"} 1",
            "mock_publisher_attempts_total{error=\"none\"} 1",
            "mock_publisher_deliveries_total{outcome=\"delivered\"} 1",
            "mock_publisher_attempt_duration_seconds_bucket{le=\"0.005\"} 2",
            "mock_publisher_attempt_duration_seconds_bucket{le=\"0.002\"} 0",
            "mock_publisher_signatures_total 1",
            "mock_publisher_signing_cpu_seconds_total 0.25",
            "mock_publisher_outbox_deliveries 7",
            "mock_publisher_last_change 9",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
