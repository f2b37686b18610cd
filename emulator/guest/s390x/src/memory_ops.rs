//! memory_ops
