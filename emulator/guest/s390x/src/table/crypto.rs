//! The message-security assist (Principles of Operation, chapters 7 and 26), with extensions 4, 5 and 7 as far as [`crate::crypto`] goes.

use crate::{crypto, crypto_hash};

instructions! {
    kmac    "b91e"  RRE     "r1,r2"     @ crypto::kmac;
    kmf     "b92a"  RRE     "r1,r2"     @ crypto::kmf;
    kmo     "b92b"  RRE     "r1,r2"     @ crypto::kmo;
    pcc     "b92c"  RRE     ""          @ crypto::pcc;
    kmctr   "b92d"  RRF     "r1,r3,r2"  @ crypto::kmctr;
    km      "b92e"  RRE     "r1,r2"     @ crypto::km;
    kmc     "b92f"  RRE     "r1,r2"     @ crypto::kmc;
    prno    "b93c"  RRE     "r1,r2"     @ crypto_hash::prno;
    kimd    "b93e"  RRE     "r1,r2"     @ crypto_hash::kimd;
    klmd    "b93f"  RRE     "r1,r2"     @ crypto_hash::klmd;
}
