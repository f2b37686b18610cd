//! decimal instructions.

instructions! {}
