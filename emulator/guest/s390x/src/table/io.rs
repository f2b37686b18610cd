//! I/O instructions (Principles of Operation, chapter 14), and SERVICE CALL.

use crate::io;

instructions! {
    csch    "b230"  S       ""              @ io::csch;
    hsch    "b231"  S       ""              @ io::hsch;
    msch    "b232"  S       "s"             @ io::msch;
    ssch    "b233"  S       "s"             @ io::ssch;
    stsch   "b234"  S       "s"             @ io::stsch;
    tsch    "b235"  S       "s"             @ io::tsch;
    tpi     "b236"  S       "s"             @ io::tpi;
    sal     "b237"  S       ""              @ io::sal;
    rsch    "b238"  S       ""              @ io::rsch;
    stcrw   "b239"  S       "s"             @ io::stcrw;
    stcps   "b23a"  S       "s"             @ io::stcps;
    rchp    "b23b"  S       ""              @ io::rchp;
    schm    "b23c"  S       ""              @ io::schm;
    xsch    "b276"  S       ""              @ io::xsch;
    chsc    "b25f"  RRE     "r1"            @ io::chsc;
    servc   "b220"  RRE     "r1,r2"    ends @ io::servc;
}
