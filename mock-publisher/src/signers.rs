//! Threads that sign. An RSA signature takes a third of a millisecond of a core or more, and the threads of the server have
//! other work.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// How much the system is to prefer all other threads of this one, from 0 to 19.
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// As many threads as there are cores. They end when this is dropped.
pub(crate) struct Signers {
    jobs: Sender<Job>,
    count: usize,
}

impl Signers {
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, waiting) = channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let count = std::thread::available_parallelism()?.get();
        for _ in 0..count {
            let waiting = waiting.clone();
            std::thread::Builder::new().name("signer".to_owned()).spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs, count })
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Does a piece of work on one of the threads. `None` if it panicked.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        let job = move || {
            // Nobody may be waiting any more.
            let _ = done.send(work());
        };
        self.jobs.send(Box::new(job)).ok()?;
        result.await.ok()
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    // On Linux it is this thread's own; elsewhere it would be the whole program's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the threads that sign have the same priority as the others");
    }
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job))),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_outlives_what_panics_on_it() {
        let signers = Signers::start().unwrap();
        for _ in 0..20 {
            assert_eq!(signers.run(|| -> u8 { panic!("on purpose") }).await, None);
        }
        assert_eq!(signers.run(|| 7).await, Some(7));
    }
}
