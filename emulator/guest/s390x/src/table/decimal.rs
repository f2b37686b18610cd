//! Packed decimal (Principles of Operation, chapters 7 and 8).

use crate::decimal;

instructions! {
    cvb     "4f"    RX      "r1,x"          @ decimal::cvb;
    cvby    "e306"  RXY     "r1,x"          @ decimal::cvb;
    cvbg    "e30e"  RXY     "r1,x"          @ decimal::cvbg;
    cvd     "4e"    RX      "r1,x"          @ decimal::cvd;
    cvdy    "e326"  RXY     "r1,x"          @ decimal::cvd;
    cvdg    "e32e"  RXY     "r1,x"          @ decimal::cvdg;
    pack    "f2"    SS      "l1n,l2n"       @ decimal::pack;
    unpk    "f3"    SS      "l1n,l2n"       @ decimal::unpk;
    pka     "e9"    SS      "s1,l2"         @ decimal::pka;
    pku     "e1"    SS      "s1,l2"         @ decimal::pku;
    unpka   "ea"    SS      "l1,s"          @ decimal::unpka;
    unpku   "e2"    SS      "l1,s"          @ decimal::unpku;
    mvo     "f1"    SS      "l1n,l2n"       @ decimal::mvo;
    zap     "f8"    SS      "l1n,l2n"       @ decimal::zap;
    cp      "f9"    SS      "l1n,l2n"       @ decimal::cp;
    ap      "fa"    SS      "l1n,l2n"       @ decimal::ap;
    sp      "fb"    SS      "l1n,l2n"       @ decimal::sp;
    mp      "fc"    SS      "l1n,l2n"       @ decimal::mp;
    dp      "fd"    SS      "l1n,l2n"       @ decimal::dp;
    srp     "f0"    SS      "l1n,s,n3"      @ decimal::srp;
    tp      "ebc0"  RSL     "l1n"           @ decimal::tp;
    ed      "de"    SS      "l1,s"          @ decimal::ed;
    edmk    "df"    SS      "l1,s"          @ decimal::edmk;
}
