//! io instructions.

instructions! {}
