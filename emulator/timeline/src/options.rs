//! How a timeline works: nothing here changes any answer.

use lockstep_machine::EngineChoice;

/// Something to do beside something else.
pub type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Runs jobs side by side and comes back when the last has ended. Threads are the host's, so this comes from outside.
pub type SideBySide = for<'a> fn(Vec<Job<'a>>);

/// How a timeline works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What executes instructions.
    pub engine: EngineChoice,
    /// Bytes of host memory that checkpoints may hold beyond what the machine itself holds.
    pub checkpoint_memory: u64,
    /// Who looks at two intervals of the past side by side; without it, one is looked at after the other.
    pub side_by_side: Option<SideBySide>,
}

impl Default for Options {
    fn default() -> Self {
        let engine = EngineChoice::Auto;
        Self { engine, checkpoint_memory: 512 << 20, side_by_side: None }
    }
}
