//! A thread that works for a machine.
//!
//! See [`lockstep_core::Worker`]. Jobs and results go through bounded channels, so that a schedule decides about this
//! thread as about all others; the machine's side never waits at either.

use lockstep_core::{Done, Job, Worker};

use crate::channel::{Receiver, Sender};
use crate::schedule::Baton;
use crate::thread::{JoinHandle, SpawnError};

/// Jobs that wait at most.
const QUEUE: usize = 32;

/// A thread that does jobs. When it is dropped it gives up those that wait.
pub struct WorkThread {
    jobs: Option<Sender<Job>>,
    results: Option<Receiver<Done>>,
    thread: Option<JoinHandle<()>>,
    /// Jobs whose results have not been taken.
    open: usize,
}

impl WorkThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The host has no more threads to give.
    pub fn start(baton: &Baton, name: &str) -> Result<Self, SpawnError> {
        let (jobs, waiting) = baton.channel::<Job>(QUEUE);
        let (done, results) = baton.channel::<Done>(QUEUE);
        let thread = baton.spawn(name, move || {
            while let Ok(job) = waiting.recv() {
                if done.send(job()).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), results: Some(results), thread: Some(thread), open: 0 })
    }
}

impl Worker for WorkThread {
    fn submit(&mut self, job: Job) -> Result<(), Job> {
        // As many as either channel holds, so that nobody ever waits for room.
        let Some(jobs) = self.jobs.as_ref().filter(|_| self.open < QUEUE) else { return Err(job) };
        jobs.send(job).map_err(|error| error.0)?;
        self.open += 1;
        Ok(())
    }

    fn take(&mut self) -> Option<Done> {
        if self.open == 0 {
            return None;
        }
        let done = self.results.as_ref()?.try_recv().ok()?;
        self.open -= 1;
        Some(done)
    }
}

impl Drop for WorkThread {
    fn drop(&mut self) {
        // The thread sees a closed channel when it is through with the job that it is at.
        (self.jobs, self.results) = (None, None);
        if let Some(thread) = self.thread.take() {
            // A panic there has cost speed and nothing else.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches results that are lost or come in another order, a worker that takes more than it can hold, and one that
    /// does not come to an end.
    #[test]
    fn works_in_order() {
        for baton in [Baton::os(), Baton::random(3)] {
            let mut worker = WorkThread::start(&baton, "worker").expect("started");
            let mut next = 0_usize;
            for number in 0..200_usize {
                let mut job: Job = Box::new(move || Box::new(number));
                while let Err(back) = worker.submit(job) {
                    job = back;
                    let Some(done) = worker.take() else { continue };
                    assert_eq!(done.downcast_ref(), Some(&next));
                    next += 1;
                }
            }
            drop(worker);
            assert!(next >= 200 - QUEUE);
        }
    }
}
