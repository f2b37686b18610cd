//! Registers as a debugger names them.
