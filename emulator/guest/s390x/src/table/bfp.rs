//! Floating-point support and binary floating-point instructions (Principles of Operation, chapters 9 and 19).

use crate::{float, float_control, float_convert, float_registers};

instructions! {
    // Support.
    ld      "68"    RX      "f1,x"          = float_registers::ld;
    ldy     "ed65"  RXY     "f1,x"          = float_registers::ld;
    le      "78"    RX      "f1,x"          = float_registers::le;
    ley     "ed64"  RXY     "f1,x"          = float_registers::le;
    std     "60"    RX      "f1,x"          = float_registers::std;
    stdy    "ed67"  RXY     "f1,x"          = float_registers::std;
    ste     "70"    RX      "f1,x"          = float_registers::ste;
    stey    "ed66"  RXY     "f1,x"          = float_registers::ste;
    ldr     "28"    RR      "f1,f2"         = float_registers::ldr;
    ler     "38"    RR      "f1,f2"         = float_registers::ler;
    lde     "ed24"  RXE     "f1,x"          = float_registers::lde;
    lder    "b324"  RRE     "f1,f2"         = float_registers::lder;
    lxr     "b365"  RRE     "f1,f2"         = float_registers::lxr;
    lzer    "b374"  RRE     "f1"            = float_registers::lzer;
    lzdr    "b375"  RRE     "f1"            = float_registers::lzdr;
    lzxr    "b376"  RRE     "f1"            = float_registers::lzxr;
    ldgr    "b3c1"  RRE     "f1,r2"         = float_registers::ldgr;
    lgdr    "b3cd"  RRE     "r1,f2"         = float_registers::lgdr;
    cpsdr   "b372"  RRF     "f1,f3,f2"      = float_registers::cpsdr;
    lpdfr   "b370"  RRE     "f1,f2"         = float_registers::lpdfr;
    lndfr   "b371"  RRE     "f1,f2"         = float_registers::lndfr;
    lcdfr   "b373"  RRE     "f1,f2"         = float_registers::lcdfr;
    lfpc    "b29d"  S       "s"             @ float_control::lfpc;
    stfpc   "b29c"  S       "s"             @ float_control::stfpc;
    sfpc    "b384"  RRE     "r1"            @ float_control::sfpc;
    efpc    "b38c"  RRE     "r1"            @ float_control::efpc;
    sfasr   "b385"  RRE     "r1"            @ float_control::sfasr;
    lfas    "b2bd"  S       "s"             @ float_control::lfas;
    srnm    "b299"  S       "s"             @ float_control::srnm;
    srnmb   "b2b8"  S       "s"             @ float_control::srnmb;

    // Arithmetic.
    aebr    "b30a"  RRE     "f1,f2"         @ float::aebr;
    adbr    "b31a"  RRE     "f1,f2"         @ float::adbr;
    axbr    "b34a"  RRE     "f1,f2"         @ float::axbr;
    aeb     "ed0a"  RXE     "f1,x"          @ float::aeb;
    adb     "ed1a"  RXE     "f1,x"          @ float::adb;
    sebr    "b30b"  RRE     "f1,f2"         @ float::sebr;
    sdbr    "b31b"  RRE     "f1,f2"         @ float::sdbr;
    sxbr    "b34b"  RRE     "f1,f2"         @ float::sxbr;
    seb     "ed0b"  RXE     "f1,x"          @ float::seb;
    sdb     "ed1b"  RXE     "f1,x"          @ float::sdb;
    meebr   "b317"  RRE     "f1,f2"         @ float::meebr;
    mdbr    "b31c"  RRE     "f1,f2"         @ float::mdbr;
    mxbr    "b34c"  RRE     "f1,f2"         @ float::mxbr;
    mdebr   "b30c"  RRE     "f1,f2"         @ float_convert::mdebr;
    mxdbr   "b307"  RRE     "f1,f2"         @ float_convert::mxdbr;
    meeb    "ed17"  RXE     "f1,x"          @ float::meeb;
    mdb     "ed1c"  RXE     "f1,x"          @ float::mdb;
    mdeb    "ed0c"  RXE     "f1,x"          @ float_convert::mdeb;
    mxdb    "ed07"  RXE     "f1,x"          @ float_convert::mxdb;
    debr    "b30d"  RRE     "f1,f2"         @ float::debr;
    ddbr    "b31d"  RRE     "f1,f2"         @ float::ddbr;
    dxbr    "b34d"  RRE     "f1,f2"         @ float::dxbr;
    deb     "ed0d"  RXE     "f1,x"          @ float::deb;
    ddb     "ed1d"  RXE     "f1,x"          @ float::ddb;
    sqebr   "b314"  RRE     "f1,f2"         @ float::sqebr;
    sqdbr   "b315"  RRE     "f1,f2"         @ float::sqdbr;
    sqxbr   "b316"  RRE     "f1,f2"         @ float::sqxbr;
    sqeb    "ed14"  RXE     "f1,x"          @ float::sqeb;
    sqdb    "ed15"  RXE     "f1,x"          @ float::sqdb;
    maebr   "b30e"  RRD     "f1,f3,f2"      @ float::maebr;
    madbr   "b31e"  RRD     "f1,f3,f2"      @ float::madbr;
    maeb    "ed0e"  RXF     "f1,f3,x"       @ float::maeb;
    madb    "ed1e"  RXF     "f1,f3,x"       @ float::madb;
    msebr   "b30f"  RRD     "f1,f3,f2"      @ float::msebr;
    msdbr   "b31f"  RRD     "f1,f3,f2"      @ float::msdbr;
    mseb    "ed0f"  RXF     "f1,f3,x"       @ float::mseb;
    msdb    "ed1f"  RXF     "f1,f3,x"       @ float::msdb;
    diebr   "b353"  RRF     "f1,f3,f2,m4"   @ float::diebr;
    didbr   "b35b"  RRF     "f1,f3,f2,m4"   @ float::didbr;

    // Signs and tests.
    lpebr   "b300"  RRE     "f1,f2"         @ float::lpebr;
    lpdbr   "b310"  RRE     "f1,f2"         @ float::lpdbr;
    lpxbr   "b340"  RRE     "f1,f2"         @ float::lpxbr;
    lnebr   "b301"  RRE     "f1,f2"         @ float::lnebr;
    lndbr   "b311"  RRE     "f1,f2"         @ float::lndbr;
    lnxbr   "b341"  RRE     "f1,f2"         @ float::lnxbr;
    ltebr   "b302"  RRE     "f1,f2"         @ float::ltebr;
    ltdbr   "b312"  RRE     "f1,f2"         @ float::ltdbr;
    ltxbr   "b342"  RRE     "f1,f2"         @ float::ltxbr;
    lcebr   "b303"  RRE     "f1,f2"         @ float::lcebr;
    lcdbr   "b313"  RRE     "f1,f2"         @ float::lcdbr;
    lcxbr   "b343"  RRE     "f1,f2"         @ float::lcxbr;
    tceb    "ed10"  RXE     "f1,x"          @ float::tceb;
    tcdb    "ed11"  RXE     "f1,x"          @ float::tcdb;
    tcxb    "ed12"  RXE     "f1,x"          @ float::tcxb;

    // Comparisons.
    cebr    "b309"  RRE     "f1,f2"         @ float::cebr;
    cdbr    "b319"  RRE     "f1,f2"         @ float::cdbr;
    cxbr    "b349"  RRE     "f1,f2"         @ float::cxbr;
    ceb     "ed09"  RXE     "f1,x"          @ float::ceb;
    cdb     "ed19"  RXE     "f1,x"          @ float::cdb;
    kebr    "b308"  RRE     "f1,f2"         @ float::kebr;
    kdbr    "b318"  RRE     "f1,f2"         @ float::kdbr;
    kxbr    "b348"  RRE     "f1,f2"         @ float::kxbr;
    keb     "ed08"  RXE     "f1,x"          @ float::keb;
    kdb     "ed18"  RXE     "f1,x"          @ float::kdb;

    // Between formats, and between these and integers.
    ldebr   "b304"  RRE     "f1,f2"         @ float_convert::ldebr;
    lxdbr   "b305"  RRE     "f1,f2"         @ float_convert::lxdbr;
    lxebr   "b306"  RRE     "f1,f2"         @ float_convert::lxebr;
    ldeb    "ed04"  RXE     "f1,x"          @ float_convert::ldeb;
    lxdb    "ed05"  RXE     "f1,x"          @ float_convert::lxdb;
    lxeb    "ed06"  RXE     "f1,x"          @ float_convert::lxeb;
    ledbra  "b344"  RRF     "f1,m3,f2,m4"   @ float_convert::ledbra;
    ldxbra  "b345"  RRF     "f1,m3,f2,m4"   @ float_convert::ldxbra;
    lexbra  "b346"  RRF     "f1,m3,f2,m4"   @ float_convert::lexbra;
    fiebra  "b357"  RRF     "f1,m3,f2,m4"   @ float_convert::fiebra;
    fidbra  "b35f"  RRF     "f1,m3,f2,m4"   @ float_convert::fidbra;
    fixbra  "b347"  RRF     "f1,m3,f2,m4"   @ float_convert::fixbra;
    cefbra  "b394"  RRF     "f1,m3,r2,m4"   @ float_convert::cefbra;
    cdfbra  "b395"  RRF     "f1,m3,r2,m4"   @ float_convert::cdfbra;
    cxfbra  "b396"  RRF     "f1,m3,r2,m4"   @ float_convert::cxfbra;
    cegbra  "b3a4"  RRF     "f1,m3,r2,m4"   @ float_convert::cegbra;
    cdgbra  "b3a5"  RRF     "f1,m3,r2,m4"   @ float_convert::cdgbra;
    cxgbra  "b3a6"  RRF     "f1,m3,r2,m4"   @ float_convert::cxgbra;
    celfbr  "b390"  RRF     "f1,m3,r2,m4"   @ float_convert::celfbr;
    cdlfbr  "b391"  RRF     "f1,m3,r2,m4"   @ float_convert::cdlfbr;
    cxlfbr  "b392"  RRF     "f1,m3,r2,m4"   @ float_convert::cxlfbr;
    celgbr  "b3a0"  RRF     "f1,m3,r2,m4"   @ float_convert::celgbr;
    cdlgbr  "b3a1"  RRF     "f1,m3,r2,m4"   @ float_convert::cdlgbr;
    cxlgbr  "b3a2"  RRF     "f1,m3,r2,m4"   @ float_convert::cxlgbr;
    cfebra  "b398"  RRF     "r1,m3,f2,m4"   @ float_convert::cfebra;
    cfdbra  "b399"  RRF     "r1,m3,f2,m4"   @ float_convert::cfdbra;
    cfxbra  "b39a"  RRF     "r1,m3,f2,m4"   @ float_convert::cfxbra;
    cgebra  "b3a8"  RRF     "r1,m3,f2,m4"   @ float_convert::cgebra;
    cgdbra  "b3a9"  RRF     "r1,m3,f2,m4"   @ float_convert::cgdbra;
    cgxbra  "b3aa"  RRF     "r1,m3,f2,m4"   @ float_convert::cgxbra;
    clfebr  "b39c"  RRF     "r1,m3,f2,m4"   @ float_convert::clfebr;
    clfdbr  "b39d"  RRF     "r1,m3,f2,m4"   @ float_convert::clfdbr;
    clfxbr  "b39e"  RRF     "r1,m3,f2,m4"   @ float_convert::clfxbr;
    clgebr  "b3ac"  RRF     "r1,m3,f2,m4"   @ float_convert::clgebr;
    clgdbr  "b3ad"  RRF     "r1,m3,f2,m4"   @ float_convert::clgdbr;
    clgxbr  "b3ae"  RRF     "r1,m3,f2,m4"   @ float_convert::clgxbr;
}
