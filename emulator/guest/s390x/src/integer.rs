//! integer
