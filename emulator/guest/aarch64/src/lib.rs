//! The AArch64 guest: instruction table, meanings, MMU, exceptions, system registers.
