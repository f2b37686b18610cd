//! No control: every thread runs whenever the host's kernel lets it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{Policy, Site, ThreadId, Ticket, WaitPoint, Woken};

/// The policy of ordinary runs.
#[derive(Debug)]
pub struct Os {
    created: AtomicU32,
    start: Instant,
}

impl Default for Os {
    fn default() -> Self {
        Self { created: AtomicU32::new(0), start: Instant::now() }
    }
}

impl Policy for Os {
    fn create(&self, _name: &str) -> ThreadId {
        // The main thread has number 0.
        ThreadId::new(self.created.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn begin(&self, _me: ThreadId) {}

    fn end(&self, _me: ThreadId) {}

    fn yield_point(&self, _me: ThreadId, _site: Site) {}

    fn wait(
        &self,
        _me: ThreadId,
        _site: Site,
        point: &WaitPoint,
        ticket: Ticket,
        limit: Option<Duration>,
    ) -> Woken {
        point.sleep(ticket, limit)
    }

    fn wake(&self, point: &WaitPoint) {
        point.bump();
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, _me: ThreadId, time: Duration) {
        std::thread::sleep(time);
    }

    fn leave(&self, _me: ThreadId, _site: Site) {}

    fn rejoin(&self, _me: ThreadId, _site: Site) {}
}
