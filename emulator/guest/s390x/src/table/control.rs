//! control instructions.

instructions! {}
