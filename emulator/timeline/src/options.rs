//! How a timeline works: nothing here changes any answer.

use lockstep_machine::EngineChoice;

/// Something for another thread to do.
pub type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Who runs jobs side by side. Threads are the host's, so they come from outside.
pub trait Workers: Send {
    /// How many jobs can make progress at once, at least one.
    fn count(&self) -> usize;
    /// Runs all jobs, and comes back when the last has ended.
    fn run(&self, jobs: Vec<Job<'_>>);
}

/// One job after the other, here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Workers for Serial {
    fn count(&self) -> usize {
        1
    }

    fn run(&self, jobs: Vec<Job<'_>>) {
        jobs.into_iter().for_each(|job| job());
    }
}

/// How a timeline works.
pub struct Options {
    /// What executes instructions.
    pub engine: EngineChoice,
    /// Bytes of host memory that checkpoints may hold beyond what the machine itself holds.
    pub checkpoint_memory: u64,
    /// Who scans intervals side by side.
    pub workers: Box<dyn Workers>,
}

impl Default for Options {
    fn default() -> Self {
        Self { engine: EngineChoice::Auto, checkpoint_memory: 512 << 20, workers: Box::new(Serial) }
    }
}
