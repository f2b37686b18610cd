//! Registers, as debuggers number them.

/// What kind of register one is: debuggers show and describe them in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterGroup {
    /// General registers, program counter and flags: the architecture's core description.
    General,
    /// Floating-point and vector registers and what controls them.
    Float,
    /// System registers.
    System,
}

/// A register that a debugger can see. Its number is its place in [`crate::Guest::registers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterInfo {
    /// Its name, as the debugger's description of the architecture has it.
    pub name: &'static str,
    /// Its size: a multiple of 8, and at most 128.
    pub bits: u16,
    /// Its group.
    pub group: RegisterGroup,
}
