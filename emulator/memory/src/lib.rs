//! Guest physical memory.
//!
//! A time-travelling machine copies its memory all the time: checkpoints, digests, branches for a debugger. Memory is
//! therefore kept in pages that checkpoints share until one of them writes (copy on first write), a digest is a
//! sum to which only changed pages have to be added again, and a page knows which of its lines hold decoded code.
//! All of that hangs on one bit per page, *hot*: a hot page may be written without looking further.

mod changes;
mod device_cx;
mod image;
mod page;
mod phys;
mod region;

pub use changes::{Changed, Changes};
pub use device_cx::DeviceCx;
pub use image::{MemImage, MismatchError};
pub use page::{CODE_LINE, PAGE_SIZE};
pub use phys::{OutOfRange, PhysMem, StoreId, WriteOutcome};
pub use region::RegionKind;
