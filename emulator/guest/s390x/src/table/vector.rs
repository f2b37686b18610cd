//! Vector instructions (Principles of Operation, chapters 21 to 24): the facility of the z13, and its first enhancements.
//!
//! Operands are named in [`crate::disassemble_vector`]; behind the slash is how mnemonics are extended.

use crate::vector::memory::addressed;
use crate::vector::{self, float, integer, memory, multiply, permute, shift, string, v};

instructions! {
    // Support: loads, stores, and what moves elements.
    vleb    "e700"  VRX "v1,x,n8"               = memory::load_element::<_, 0>;
    vleh    "e701"  VRX "v1,x,n8"               = memory::load_element::<_, 1>;
    vleg    "e702"  VRX "v1,x,n8"               = memory::load_element::<_, 3>;
    vlef    "e703"  VRX "v1,x,n8"               = memory::load_element::<_, 2>;
    vllez   "e704"  VRX "v1,x,n8/E.b.h.f.g...lf" = memory::load_element_and_zero;
    vlrep   "e705"  VRX "v1,x,n8/E.b.h.f.g"     = memory::load_and_replicate;
    vl      "e706"  VRX "v1,x,n8?"              = memory::load;
    vlbb    "e707"  VRX "v1,x,n8"               = addressed!(memory::load_to_boundary);
    vsteb   "e708"  VRX "v1,x,n8"               = memory::store_element::<_, 0>;
    vsteh   "e709"  VRX "v1,x,n8"               = memory::store_element::<_, 1>;
    vsteg   "e70a"  VRX "v1,x,n8"               = memory::store_element::<_, 3>;
    vstef   "e70b"  VRX "v1,x,n8"               = memory::store_element::<_, 2>;
    vst     "e70e"  VRX "v1,x,n8?"              = memory::store;
    vgeg    "e712"  VRS "v1,xv,n8"              = addressed!(memory::gather::<3>);
    vgef    "e713"  VRS "v1,xv,n8"              = addressed!(memory::gather::<2>);
    vsceg   "e71a"  VRS "v1,xv,n8"              = addressed!(memory::scatter::<3>);
    vscef   "e71b"  VRS "v1,xv,n8"              = addressed!(memory::scatter::<2>);
    vlgv    "e721"  VRS "r1,v2,s,n8/E.b.h.f.g"  = memory::element_to_general;
    vlvg    "e722"  VRS "v1,r3,s,n8/E.b.h.f.g"  = memory::general_to_element;
    lcbb    "e727"  VRX "r1,x,n8"               @ memory::count_to_boundary;
    vlm     "e736"  VRS "v1,v2,s,n8?"           = addressed!(memory::load_multiple);
    vll     "e737"  VRS "v1,r3,s"               = addressed!(memory::load_with_length);
    vstm    "e73e"  VRS "v1,v2,s,n8?"           = addressed!(memory::store_multiple);
    vstl    "e73f"  VRS "v1,r3,s"               = addressed!(memory::store_with_length);
    vleib   "e740"  V   "v1,i16,n8"             = memory::load_element_immediate::<_, 0>;
    vleih   "e741"  V   "v1,i16,n8"             = memory::load_element_immediate::<_, 1>;
    vleig   "e742"  V   "v1,i16,n8"             = memory::load_element_immediate::<_, 3>;
    vleif   "e743"  V   "v1,i16,n8"             = memory::load_element_immediate::<_, 2>;
    vgbm    "e744"  V   "v1,u16/B"              = permute::byte_mask;
    vrepi   "e745"  V   "v1,i16,n8/E.b.h.f.g"   = permute::replicate_immediate;
    vgm     "e746"  V   "v1,b4,b6,n8/E.b.h.f.g" = v!(permute::mask);
    vrep    "e74d"  V   "v1,v2,u16,n8/E.b.h.f.g" = v!(permute::replicate);
    vlr     "e756"  V   "v1,v2"                 = permute::copy;
    vlvgp   "e762"  V   "v1,r2,q3"              = memory::from_pair;
    vseg    "e75f"  V   "v1,v2,n8/E.b.h.f"      = v!(permute::sign_extend);
    vmrl    "e760"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(permute::merge_low);
    vmrh    "e761"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(permute::merge_high);
    vpdi    "e784"  V   "v1,v2,v3,n8"           = permute::doublewords;
    vbperm  "e785"  V   "v1,v2,v3"              = v!(permute::chosen_bits);
    vperm   "e78c"  V   "v1,v2,v3,v4"           = v!(permute::bytes);
    vsel    "e78d"  V   "v1,v2,v3,v4"           = permute::select;
    vpk     "e794"  V   "v1,v2,v3,n8/E..h.f.g"  = v!(permute::pack);
    vpkls   "e795"  V   "v1,v2,v3,n8,n6/S..h.f.g" = v!(permute::pack_logical_saturate);
    vpks    "e797"  V   "v1,v2,v3,n8,n6/S..h.f.g" = v!(permute::pack_saturate);
    vupll   "e7d4"  V   "v1,v2,n8/E.b.h.f"      = v!(permute::unpack_logical_low);
    vuplh   "e7d5"  V   "v1,v2,n8/E.b.h.f"      = v!(permute::unpack_logical_high);
    vupl    "e7d6"  V   "v1,v2,n8/E.b.hw.f"     = v!(permute::unpack_low);
    vuph    "e7d7"  V   "v1,v2,n8/E.b.h.f"      = v!(permute::unpack_high);

    // Integers.
    vpopct  "e750"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::popcount);
    vctz    "e752"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::trailing_zeros);
    vclz    "e753"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::leading_zeros);
    vsum    "e764"  V   "v1,v2,v3,n8/E.b.h"     = v!(integer::sum_words);
    vsumg   "e765"  V   "v1,v2,v3,n8/E..h.f"    = v!(integer::sum_doublewords);
    vcksm   "e766"  V   "v1,v2,v3"              = v!(integer::checksum);
    vsumq   "e767"  V   "v1,v2,v3,n8/E...f.g"   = v!(integer::sum_quadwords);
    vn      "e768"  V   "v1,v2,v3"              = integer::and;
    vnc     "e769"  V   "v1,v2,v3"              = integer::and_complement;
    vo      "e76a"  V   "v1,v2,v3"              = integer::or;
    vno     "e76b"  V   "v1,v2,v3"              = integer::nor;
    vnx     "e76c"  V   "v1,v2,v3"              = integer::not_xor;
    vx      "e76d"  V   "v1,v2,v3"              = integer::xor;
    vnn     "e76e"  V   "v1,v2,v3"              = integer::nand;
    voc     "e76f"  V   "v1,v2,v3"              = integer::or_complement;
    vaccc   "e7b9"  V   "v1,v2,v3,v4,n5/E.....q" = v!(integer::add_with_carry_carry);
    vac     "e7bb"  V   "v1,v2,v3,v4,n5/E.....q" = v!(integer::add_with_carry);
    vsbcbi  "e7bd"  V   "v1,v2,v3,v4,n5/E.....q" = v!(integer::subtract_with_borrow_borrow);
    vsbi    "e7bf"  V   "v1,v2,v3,v4,n5/E.....q" = v!(integer::subtract_with_borrow);
    vtm     "e7d8"  V   "v1,v2"                 = v!(integer::test_under_mask);
    vecl    "e7d9"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::element_compare_logical);
    vec     "e7db"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::element_compare);
    vlc     "e7de"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::complement);
    vlp     "e7df"  V   "v1,v2,n8/E.b.h.f.g"    = v!(integer::positive);
    vavgl   "e7f0"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(integer::average_logical);
    vacc    "e7f1"  V   "v1,v2,v3,n8/E.b.h.f.g.q" = v!(integer::carry);
    vavg    "e7f2"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(integer::average);
    va      "e7f3"  V   "v1,v2,v3,n8/E.b.h.f.g.q" = integer::add;
    vscbi   "e7f5"  V   "v1,v2,v3,n8/E.b.h.f.g.q" = v!(integer::borrow);
    vs      "e7f7"  V   "v1,v2,v3,n8/E.b.h.f.g.q" = integer::subtract;
    vceq    "e7f8"  V   "v1,v2,v3,n8,n6/S.b.h.f.g" = v!(integer::compare_equal);
    vchl    "e7f9"  V   "v1,v2,v3,n8,n6/S.b.h.f.g" = v!(integer::compare_high_logical);
    vch     "e7fb"  V   "v1,v2,v3,n8,n6/S.b.h.f.g" = v!(integer::compare_high);
    vmnl    "e7fc"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(integer::minimum_logical);
    vmxl    "e7fd"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(integer::maximum_logical);
    vmn     "e7fe"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(integer::minimum);
    vmx     "e7ff"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(integer::maximum);

    // Products.
    vmlh    "e7a1"  V   "v1,v2,v3,n8/E.b.h.f"   = v!(multiply::logical_high);
    vml     "e7a2"  V   "v1,v2,v3,n8/E.b.hw.f"  = v!(multiply::low);
    vmh     "e7a3"  V   "v1,v2,v3,n8/E.b.h.f"   = v!(multiply::high);
    vmle    "e7a4"  V   "v1,v2,v3,n8/E.b.h.f"   = v!(multiply::logical_even);
    vmlo    "e7a5"  V   "v1,v2,v3,n8/E.b.h.f"   = v!(multiply::logical_odd);
    vme     "e7a6"  V   "v1,v2,v3,n8/E.b.h.f"   = v!(multiply::even);
    vmo     "e7a7"  V   "v1,v2,v3,n8/E.b.h.f"   = v!(multiply::odd);
    vmalh   "e7a9"  V   "v1,v2,v3,v4,n5/E.b.h.f" = v!(multiply::add_logical_high);
    vmal    "e7aa"  V   "v1,v2,v3,v4,n5/E.b.hw.f" = v!(multiply::add_low);
    vmah    "e7ab"  V   "v1,v2,v3,v4,n5/E.b.h.f" = v!(multiply::add_high);
    vmale   "e7ac"  V   "v1,v2,v3,v4,n5/E.b.h.f" = v!(multiply::add_logical_even);
    vmalo   "e7ad"  V   "v1,v2,v3,v4,n5/E.b.h.f" = v!(multiply::add_logical_odd);
    vmae    "e7ae"  V   "v1,v2,v3,v4,n5/E.b.h.f" = v!(multiply::add_even);
    vmao    "e7af"  V   "v1,v2,v3,v4,n5/E.b.h.f" = v!(multiply::add_odd);
    vgfm    "e7b4"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(multiply::galois);
    vmsl    "e7b8"  V   "v1,v2,v3,v4,n5,n6/E....g" = v!(multiply::sum_logical);
    vgfma   "e7bc"  V   "v1,v2,v3,v4,n5/E.b.h.f.g" = v!(multiply::galois_and_add);

    // Shifts and rotations.
    vesl    "e730"  VRS "v1,v2,s,n8/E.b.h.f.g"  = addressed!(shift::left);
    verll   "e733"  VRS "v1,v2,s,n8/E.b.h.f.g"  = addressed!(shift::rotate);
    vesrl   "e738"  VRS "v1,v2,s,n8/E.b.h.f.g"  = addressed!(shift::right_logical);
    vesra   "e73a"  VRS "v1,v2,s,n8/E.b.h.f.g"  = addressed!(shift::right);
    veslv   "e770"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(shift::left_by_elements);
    verim   "e772"  V   "v1,v2,v3,b6,n8/E.b.h.f.g" = v!(shift::rotate_and_insert);
    verllv  "e773"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(shift::rotate_by_elements);
    vsl     "e774"  V   "v1,v2,v3"              = v!(shift::bits_left);
    vslb    "e775"  V   "v1,v2,v3"              = v!(shift::bytes_left);
    vsldb   "e777"  V   "v1,v2,v3,b6"           = v!(shift::double_bytes_left);
    vesrlv  "e778"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(shift::right_logical_by_elements);
    vesrav  "e77a"  V   "v1,v2,v3,n8/E.b.h.f.g" = v!(shift::right_by_elements);
    vsrl    "e77c"  V   "v1,v2,v3"              = v!(shift::bits_right_logical);
    vsrlb   "e77d"  V   "v1,v2,v3"              = v!(shift::bytes_right_logical);
    vsra    "e77e"  V   "v1,v2,v3"              = v!(shift::bits_right);
    vsrab   "e77f"  V   "v1,v2,v3"              = v!(shift::bytes_right);

    // Strings.
    vistr   "e75c"  V   "v1,v2,n8,n6?/I.b.h.f"  = v!(string::isolate);
    vfee    "e780"  V   "v1,v2,v3,n8,n6?/Z.b.h.f" = v!(string::find_equal);
    vfene   "e781"  V   "v1,v2,v3,n8,n6?/Z.b.h.f" = v!(string::find_not_equal);
    vfae    "e782"  V   "v1,v2,v3,n8,n6?/A.b.h.f" = v!(string::find_any);
    vstrc   "e78a"  V   "v1,v2,v3,v4,n5,n6?/A.b.h.f" = v!(string::compare_ranges);

    // Floating point.
    vftci   "e74a"  V   "v1,v2,i12,n8,n7/F"     = v!(float::test_class);
    vfms    "e78e"  V   "v1,v2,v3,v4,n7,n5/F"   = v!(float::multiply_and_subtract);
    vfma    "e78f"  V   "v1,v2,v3,v4,n7,n5/F"   = v!(float::multiply_and_add);
    vfnms   "e79e"  V   "v1,v2,v3,v4,n7,n5/F"   = v!(float::negative_multiply_and_subtract);
    vfnma   "e79f"  V   "v1,v2,v3,v4,n7,n5/F"   = v!(float::negative_multiply_and_add);
    vclfp   "e7c0"  V   "v1,v2,n8,n7,n6/C...vclfeb.vclgdb"  = v!(float::to_logical);
    vcfpl   "e7c1"  V   "v1,v2,n8,n7,n6/C...vcelfb.vcdlgb"  = v!(float::from_logical);
    vcsfp   "e7c2"  V   "v1,v2,n8,n7,n6/C...vcfeb.vcgdb"    = v!(float::to_fixed);
    vcfps   "e7c3"  V   "v1,v2,n8,n7,n6/C...vcefb.vcdgb"    = v!(float::from_fixed);
    vfll    "e7c4"  V   "v1,v2,n8,n7/L"         = v!(float::lengthen);
    vflr    "e7c5"  V   "v1,v2,n8,n7,n6/C....vflrd.?vflrx"  = v!(float::round);
    vfi     "e7c7"  V   "v1,v2,n8,n7,n6/C...vfisb.vfidb.?vfixb" = v!(float::to_integral);
    wfk     "e7ca"  V   "v1,v2,n8,n7/W"         = v!(float::compare_and_signal);
    wfc     "e7cb"  V   "v1,v2,n8,n7/W"         = v!(float::compare);
    vfpso   "e7cc"  V   "v1,v2,n8,n7,n6/P"      = v!(float::sign_operation);
    vfsq    "e7ce"  V   "v1,v2,n8,n7/F"         = v!(float::square_root);
    vfs     "e7e2"  V   "v1,v2,v3,n8,n7/F"      = v!(float::subtract);
    vfa     "e7e3"  V   "v1,v2,v3,n8,n7/F"      = v!(float::add);
    vfd     "e7e5"  V   "v1,v2,v3,n8,n7/F"      = v!(float::divide);
    vfm     "e7e7"  V   "v1,v2,v3,n8,n7/F"      = v!(float::multiply);
    vfce    "e7e8"  V   "v1,v2,v3,n8,n7,n6/K"   = v!(float::compare_equal);
    vfche   "e7ea"  V   "v1,v2,v3,n8,n7,n6/K"   = v!(float::compare_high_or_equal);
    vfch    "e7eb"  V   "v1,v2,v3,n8,n7,n6/K"   = v!(float::compare_high);
    vfmin   "e7ee"  V   "v1,v2,v3,n8,n7,n6/F"   = v!(float::minimum);
    vfmax   "e7ef"  V   "v1,v2,v3,n8,n7,n6/F"   = v!(float::maximum);
}
