//! Control instructions (Principles of Operation, chapter 10).

use crate::{
    access, asn, authority, control_ops, keys_ops, linkage, mvc_ops, program_call, signal, sort,
    system, timing_ops, trace, translation_ops, trap,
};

instructions! {
    // PSW and control registers.
    lpsw    "82"    S       "s"        ends @ control_ops::lpsw;
    lpswe   "b2b2"  S       "s"        ends @ control_ops::lpswe;
    ssm     "80"    S       "s"        ends @ control_ops::ssm;
    stnsm   "ac"    SI      "s,u"      ends @ control_ops::stnsm;
    stosm   "ad"    SI      "s,u"      ends @ control_ops::stosm;
    epsw    "b98d"  RRE     "r1,r2"         @ control_ops::epsw;
    spka    "b20a"  S       "s"             @ control_ops::spka;
    ipk     "b20b"  S       ""              @ control_ops::ipk;
    sac     "b219"  S       "s"        ends @ control_ops::sac;
    sacf    "b279"  S       "s"        ends @ control_ops::sacf;
    iac     "b224"  RRE     "r1"            @ control_ops::iac;
    lctl    "b7"    RS      "c1,c3,s"  ends @ control_ops::lctl;
    lctlg   "eb2f"  RSY     "c1,c3,s"  ends @ control_ops::lctlg;
    stctl   "b6"    RS      "c1,c3,s"       @ control_ops::stctl;
    stctg   "eb25"  RSY     "c1,c3,s"       @ control_ops::stctg;
    spx     "b210"  S       "s"        ends @ control_ops::spx;
    stpx    "b211"  S       "s"             @ control_ops::stpx;
    lpp     "b280"  S       "s"             @ control_ops::lpp;

    // Identification.
    stidp   "b202"  S       "s"             @ system::stidp;
    stap    "b212"  S       "s"             @ system::stap;
    stfl    "b2b1"  S       "s"             @ system::stfl;
    stsi    "b27d"  S       "s"             @ system::stsi;
    ptf     "b9a2"  RRE     "r1"            @ system::ptf;

    // Clocks.
    sck     "b204"  S       "s"             @ timing_ops::sck;
    sckpf   "0107"  E       ""              @ timing_ops::sckpf;
    sckc    "b206"  S       "s"             @ timing_ops::sckc;
    stckc   "b207"  S       "s"             @ timing_ops::stckc;
    spt     "b208"  S       "s"             @ timing_ops::spt;
    stpt    "b209"  S       "s"             @ timing_ops::stpt;

    // Storage keys and protection.
    iske    "b229"  RRE     "r1,r2"         @ keys_ops::iske;
    sske    "b22b"  RRF     "r1,r2,m3?" ends @ keys_ops::sske;
    rrbe    "b22a"  RRE     "r1,r2"    ends @ keys_ops::rrbe;
    rrbm    "b9ae"  RRE     "r1,r2"         @ keys_ops::rrbm;
    irbm    "b9ac"  RRE     "r1,r2"         @ keys_ops::irbm;
    ivsk    "b223"  RRE     "r1,r2"         @ keys_ops::ivsk;
    pfmf    "b9af"  RRE     "r1,r2"    ends @ keys_ops::pfmf;
    tb      "b22c"  RRE     "r1,r2"         @ keys_ops::tb;
    tprot   "e501"  SSE     "s1,s"          @ keys_ops::tprot;

    // Translation.
    lra     "b1"    RX      "r1,x"          @ translation_ops::lra;
    lray    "e313"  RXY     "r1,x"          @ translation_ops::lra;
    lrag    "e303"  RXY     "r1,x"          @ translation_ops::lrag;
    strag   "e502"  SSE     "s1,s"          @ translation_ops::strag;
    lptea   "b9aa"  RRF     "r1,r3,r2,m4"   @ translation_ops::lptea;
    lura    "b24b"  RRE     "r1,r2"         @ translation_ops::lura;
    lurag   "b905"  RRE     "r1,r2"         @ translation_ops::lurag;
    stura   "b246"  RRE     "r1,r2"         @ translation_ops::stura;
    sturg   "b925"  RRE     "r1,r2"         @ translation_ops::sturg;
    ptlb    "b20d"  S       ""         ends @ translation_ops::ptlb;
    ipte    "b221"  RRF     "r1,r2,r3?,m4?" ends @ translation_ops::ipte;
    idte    "b98e"  RRF     "r1,r3,r2,m4?" ends @ translation_ops::idte;
    crdte   "b98f"  RRF     "r1,r3,r2,m4?" ends @ translation_ops::crdte;
    csp     "b250"  RRE     "r1,r2"    ends @ translation_ops::csp;
    cspg    "b98a"  RRE     "r1,r2"    ends @ translation_ops::cspg;

    // Other address spaces.
    mvcos   "c80"   SSF     "s1,s,r1"       @ mvc_ops::mvcos;
    mvcp    "da"    SS      "lr,s,r3"       @ mvc_ops::mvcp;
    mvcs    "db"    SS      "lr,s,r3"       @ mvc_ops::mvcs;
    mvck    "d9"    SS      "lr,s,r3"       @ mvc_ops::mvck;
    mvcsk   "e50e"  SSE     "s1,s"          @ mvc_ops::mvcsk;
    mvcdk   "e50f"  SSE     "s1,s"          @ mvc_ops::mvcdk;
    epar    "b226"  RRE     "r1"            @ asn::epar;
    epair   "b99a"  RRE     "r1"            @ asn::epair;
    esar    "b227"  RRE     "r1"            @ asn::esar;
    esair   "b99b"  RRE     "r1"            @ asn::esair;
    ssar    "b225"  RRE     "r1"            @ asn::ssar;
    ssair   "b99f"  RRE     "r1"            @ asn::ssair;
    esea    "b99d"  RRE     "r1"            @ asn::esea;
    pc      "b218"  S       "s"        ends @ program_call::pc;
    pr      "0101"  E       ""         ends @ program_call::pr;
    pt      "b228"  RRE     "r1,r2"    ends @ program_call::pt;
    pti     "b99e"  RRE     "r1,r2"    ends @ program_call::pti;
    bakr    "b240"  RRE     "r1,r2"    ends @ linkage::bakr;
    bsa     "b25a"  RRE     "r1,r2"    ends @ authority::bsa;
    bsg     "b258"  RRE     "r1,r2"    ends @ authority::bsg;
    ereg    "b249"  RRE     "r1,r2"         @ linkage::ereg;
    eregg   "b90e"  RRE     "r1,r2"         @ linkage::eregg;
    esta    "b24a"  RRE     "r1,r2"         @ linkage::esta;
    msta    "b247"  RRE     "r1"            @ linkage::msta;
    tar     "b24c"  RRE     "a1,r2"         @ access::tar;
    lasp    "e500"  SSE     "s1,s"          @ asn::lasp;
    palb    "b248"  RRE     ""              @ access::palb;
    rp      "b277"  S       "s"        ends @ trap::rp;

    // Processors, tracing, hypervisor.
    sigp    "ae"    RS      "r1,r3,s"  ends @ signal::sigp;
    diag    "83"    RS      "r1,r3,s"  ends @ system::diagnose;
    trace   "99"    RS      "r1,r3,s"       @ trace::trace;
    tracg   "eb0f"  RSY     "r1,r3,s"       @ trace::trace_long;
    trap2   "01ff"  E       ""         ends @ trap::trap2;
    trap4   "b2ff"  S       "s"        ends @ trap::trap4;
    upt     "0102"  E       ""         ends @ sort::update_tree;
}
