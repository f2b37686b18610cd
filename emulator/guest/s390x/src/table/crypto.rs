//! The message-security assist (Principles of Operation, chapters 7 and 26), with extensions 4, 5 and 7 as far as [`crate::crypto`] goes.

use crate::{crypto, crypto_hash};

instructions! {
    kmac    "b91e"  RRE     "r1,r2" ends @ crypto::kmac;
    kmf     "b92a"  RRE     "r1,r2" ends @ crypto::kmf;
    kmo     "b92b"  RRE     "r1,r2" ends @ crypto::kmo;
    pcc     "b92c"  RRE     ""     ends @ crypto::pcc;
    kmctr   "b92d"  RRF     "r1,r3,r2" ends @ crypto::kmctr;
    km      "b92e"  RRE     "r1,r2" ends @ crypto::km;
    kmc     "b92f"  RRE     "r1,r2" ends @ crypto::kmc;
    prno    "b93c"  RRE     "r1,r2" ends @ crypto_hash::prno;
    kimd    "b93e"  RRE     "r1,r2" ends @ crypto_hash::kimd;
    klmd    "b93f"  RRE     "r1,r2" ends @ crypto_hash::klmd;
}
