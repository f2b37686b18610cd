//! vector instructions.

instructions! {}
