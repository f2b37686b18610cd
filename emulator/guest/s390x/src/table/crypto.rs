//! crypto instructions.

instructions! {}
