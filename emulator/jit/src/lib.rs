//! The engine that compiles.
//!
//! An interpreter spends most of its time finding out what to do next. This engine compiles the regions of code that run
//! often, with Cranelift, from the same meanings that the interpreter runs. Compiled code knows nothing of
//! faults, devices, helpers or time: it computes and uses pages that are known to be plain memory, and whenever an
//! instruction wants more, it goes back to the state before that instruction and leaves it to the interpreter. So the
//! two agree because all that can differ is arithmetic, and the arithmetic is tested.
//!
//! `scan` finds out what instructions do, `region` which belong together, `emit` and `compile` make host code,
//! `arena` holds it, `table` has the host's addresses of guest pages.

mod compile;
mod emit;
mod engine;
mod frame;
mod memory;
mod outside;
mod pages;
mod queue;
mod region;
mod scan;
mod table;

pub use engine::{Hotness, Jit};
