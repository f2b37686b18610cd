//! What every guest processor shares: Guest and Emit traits, the TLB, the interpreter.
