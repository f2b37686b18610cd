//! What a driver can do wrong.
//!
//! Rings are the guest's memory: everything in them can be anything. What a device cannot make sense of is a [`Fault`];
//! the device then asks for a reset and says why, and the machine goes on.

use lockstep_memory::OutOfRange;

/// A driver did something that its device cannot go on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The device has no such queue.
    #[error("the driver notified queue {0}, which there is not")]
    NoQueue(u32),
    /// Something in a queue makes no sense.
    #[error("queue {queue}: {problem}")]
    Queue {
        /// The queue's number.
        queue: u16,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong in a queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The size is not a power of two, or larger than the device has.
    #[error("a size of {size}; powers of two up to {most} are possible")]
    Size {
        /// The driver's size.
        size: u16,
        /// The largest that is possible.
        most: u16,
    },
    /// A ring does not begin where it may.
    #[error("the {part} at {address:#x} is not aligned to {align} bytes")]
    Alignment {
        /// Which part of the queue.
        part: &'static str,
        /// Where it is.
        address: u64,
        /// Where it may be.
        align: u64,
    },
    /// Something lies outside of RAM.
    #[error("the {part}: {error}")]
    Memory {
        /// What it is.
        part: &'static str,
        /// Where it is.
        error: OutOfRange,
    },
    /// The driver's index has gone further than the ring is long.
    #[error("the available index went from {from} to {to} in a ring of {size}")]
    Index {
        /// Up to where the device has read.
        from: u16,
        /// What the driver says now.
        to: u16,
        /// Entries of the ring.
        size: u16,
    },
    /// There is no such descriptor.
    #[error("descriptor {index} in a table of {size}")]
    NoDescriptor {
        /// The driver's number.
        index: u16,
        /// Descriptors of the table.
        size: u16,
    },
    /// A chain has more descriptors than it can have: it loops, or it is too long.
    #[error("the chain at {head} loops, or has more than {most} descriptors")]
    Endless {
        /// The chain.
        head: u16,
        /// Descriptors that it can have.
        most: usize,
    },
    /// A chain is longer than the device takes.
    #[error("the chain at {head} has {len} bytes; {most} are possible")]
    TooLong {
        /// The chain.
        head: u16,
        /// Its length.
        len: u64,
        /// The largest length.
        most: u64,
    },
    /// A chain is too short, or goes in the wrong direction: what the device needs is not in it.
    #[error("the chain at {head} has {readable} bytes to read and {writable} to write; {needed}")]
    Shape {
        /// The chain.
        head: u16,
        /// Bytes for the device to read.
        readable: u64,
        /// Bytes for the device to write.
        writable: u64,
        /// What the device needs.
        needed: &'static str,
    },
    /// A part to read comes after one to write.
    #[error("the chain at {head} has something to read after something to write")]
    Order {
        /// The chain.
        head: u16,
    },
    /// A table of descriptors inside another, one that is not the end of its chain, one without the feature, or one whose
    /// length is no number of descriptors.
    #[error("the chain at {head}: an indirect table {wrong}")]
    Indirect {
        /// The chain.
        head: u16,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// A chain that the device still has was made available again.
    #[error("the chain at {head} is in use")]
    InUse {
        /// The chain.
        head: u16,
    },
}

impl Problem {
    pub(super) const fn in_queue(self, queue: u16) -> Fault {
        Fault::Queue { queue, problem: self }
    }
}
