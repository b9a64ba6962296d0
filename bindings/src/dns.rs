use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use callback_verifier::key::{Lookup, Refresh};
use callback_verifier::{DnsKeys, DnsSetupError, KeyError, KeyName, KeySet, KeyStore};
use tokio::runtime::{Builder, Runtime};

/// Keys from DNS for callers who block: a lookup is done when it is asked for, on the thread that asks.
///
/// Each thread that looks a key up waits in the same runtime, which one of them drives; no thread stays behind. After a
/// `fork` the child makes its own: it must not touch the sockets of its parent.
pub(crate) struct BlockingDns {
    name_servers: Vec<SocketAddr>,
    current: RwLock<Arc<Resolver>>,
}

struct Resolver {
    keys: DnsKeys,
    /// Built by the first lookup.
    runtime: OnceLock<Runtime>,
    process: u32,
}

impl BlockingDns {
    /// Asks these name servers, or the system's if there are none.
    pub(crate) fn new(name_servers: Vec<SocketAddr>) -> Result<Self, DnsSetupError> {
        let current = RwLock::new(Arc::new(Resolver::new(&name_servers)?));
        Ok(Self { name_servers, current })
    }

    fn current(&self) -> Arc<Resolver> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn of_this_process(&self) -> Result<Arc<Resolver>, KeyError> {
        let current = self.current();
        if current.process == std::process::id() {
            return Ok(current);
        }
        let mut slot = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if slot.process != std::process::id() {
            *slot = Arc::new(Resolver::new(&self.name_servers).map_err(temporary)?);
            // Dropping it would close what the parent still uses; it costs a fork some memory, once.
            std::mem::forget(current);
        }
        Ok(slot.clone())
    }

    fn look_up(&self, name: &KeyName, now: SystemTime) -> Result<Arc<KeySet>, KeyError> {
        let resolver = self.of_this_process()?;
        resolver.runtime()?.block_on(resolver.keys.lookup(name, now))
    }

    fn look_up_again(
        &self,
        name: &KeyName,
        at_hand: &Arc<KeySet>,
        now: SystemTime,
    ) -> Result<Option<Arc<KeySet>>, KeyError> {
        let resolver = self.of_this_process()?;
        resolver.runtime()?.block_on(resolver.keys.refresh(name, at_hand, now))
    }
}

impl Resolver {
    fn new(name_servers: &[SocketAddr]) -> Result<Self, DnsSetupError> {
        let keys = if name_servers.is_empty() { DnsKeys::system() } else { DnsKeys::with_name_servers(name_servers) };
        Ok(Self { keys: keys?, runtime: OnceLock::new(), process: std::process::id() })
    }

    fn runtime(&self) -> Result<&Runtime, KeyError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        // If two threads come here at once, one of the two runtimes is dropped unused.
        let runtime = Builder::new_current_thread().enable_all().build().map_err(temporary)?;
        Ok(self.runtime.get_or_init(|| runtime))
    }
}

impl KeyStore for BlockingDns {
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        self.current().keys.cached(name, now)
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a> {
        Box::pin(async move {
            may_wait().await;
            self.look_up(name, now)
        })
    }

    fn refresh<'a>(&'a self, name: &'a KeyName, at_hand: &'a Arc<KeySet>, now: SystemTime) -> Refresh<'a> {
        Box::pin(async move {
            may_wait().await;
            self.look_up_again(name, at_hand, now)
        })
    }
}

thread_local! {
    /// Whether this thread must not wait for DNS.
    static NO_WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Does something that ends without an outcome where it would have to wait for DNS.
pub(crate) fn without_waiting<T>(work: impl FnOnce() -> T) -> T {
    /// Allows it again, whatever became of the work.
    struct Allowed;
    impl Drop for Allowed {
        fn drop(&mut self) {
            NO_WAITING.set(false);
        }
    }
    NO_WAITING.set(true);
    let _allowed = Allowed;
    work()
}

/// Never ends where waiting is forbidden.
async fn may_wait() {
    if NO_WAITING.get() {
        std::future::pending::<()>().await;
    }
}

fn temporary(error: impl std::fmt::Display) -> KeyError {
    KeyError::Temporary(error.to_string())
}
