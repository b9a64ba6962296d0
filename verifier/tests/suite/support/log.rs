//! What is logged by one thread.
//!
//! One subscriber for the whole process: with one for each test, `tracing` remembers of a place in the code that nobody
//! listened to it when another test passed it first.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

thread_local! {
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What is logged by this thread meanwhile, a line each.
pub(crate) fn of_this_thread(work: impl FnOnce()) -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| tracing_subscriber::fmt().with_writer(|| Writer).with_ansi(false).init());
    LOG.set(Some(Vec::new()));
    work();
    String::from_utf8(LOG.take().unwrap()).unwrap()
}

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map_or(Ok(bytes.len()), |log| log.write(bytes)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
