//! General instructions (Principles of Operation, chapter 7).

use crate::system;

instructions! {
    svc     "0a"    I       "u"             = system::svc;
}
