//! Receivers on threads of this process, so that what they work does not count as the publisher's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::post;
use callback_verifier::{DnsKeys, Verifier};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    // Ends with the receiver.
    _runtime: Runtime,
}

impl Receiver {
    /// One that accepts whatever comes.
    pub(crate) fn trusting() -> Self {
        Self::start(|router, _| router)
    }

    /// One that verifies, with keys from a name server.
    pub(crate) fn verifying(dns: SocketAddr) -> Self {
        Self::start(move |router, address| {
            let keys = DnsKeys::with_name_servers(&[dns]).expect("a name server");
            let verifier = Verifier::builder(1234).host(&address.to_string()).keys(keys).build().expect("a verifier");
            router.layer(verifier.layer())
        })
    }

    fn start(guard: impl FnOnce(Router, SocketAddr) -> Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let address = listener.local_addr().expect("an address");
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = accepted.clone();
        let hook = post(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let router = guard(Router::new().route("/hook", hook), address);
        runtime.spawn(axum::serve(listener, router).into_future());
        Self { address, accepted, _runtime: runtime }
    }

    /// How many came, and were verified if this one verifies.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}
