//! What both generations of the controller share: the state of every interrupt, how the most urgent one for a vCPU
//! is chosen, and the priorities of a CPU interface.

mod bank;
mod priorities;
mod select;

pub(super) use bank::{Bank, BankRegister, Interrupts};
pub(super) use priorities::{Priorities, Shape};
pub(super) use select::{Group, Groups, Outputs, Pending, Signals, select};
