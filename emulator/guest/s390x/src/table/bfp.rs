//! bfp instructions.

instructions! {}
