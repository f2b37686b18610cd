//! Work that somebody else may do meanwhile.
//!
//! Compiling code takes long and changes nothing that can be seen in a run, so another thread may do it. The machine hands
//! jobs out and takes results back when it comes by; it never waits, and a run does not depend on when, or whether, a
//! result comes. Who does the work is not for the machine to know: the host lends it a [`Worker`].

use std::any::Any;

/// Something to do.
pub type Job = Box<dyn FnOnce() -> Done + Send>;
/// What came of it.
pub type Done = Box<dyn Any + Send>;

/// Does jobs, one after the other, while the machine goes on.
pub trait Worker: Send {
    /// Takes a job, unless it has too many already: then it comes back.
    fn submit(&mut self, job: Job) -> Result<(), Job>;
    /// What came of a job that is done, if there is one. Does not wait.
    fn take(&mut self) -> Option<Done>;
}
