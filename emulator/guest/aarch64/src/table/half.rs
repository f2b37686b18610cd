//! The instructions of Advanced SIMD and floating point that Armv8.2 has added, as `vector` has the others: arithmetic in
//! half precision (FEAT_FP16), which is that of the other formats with its own encodings, and dot products (FEAT_DotProd).

use lockstep_cpu::{Emit, Meaning};

use super::Row;
use crate::decode::Format;
use crate::decode_vector::Lanes;
use crate::vector::{self, bitwise, float, from_general, integer, to_general, v};
use crate::{Aarch64, Insn, system};

instructions! {
    // Half precision. Three registers of one shape.
    fmaxnm_half_v          "0. 0 01110 010 ..... 00 000 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::maxnm);
    fmla_half_v            "0. 0 01110 010 ..... 00 001 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::mla);
    fadd_half_v            "0. 0 01110 010 ..... 00 010 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::add);
    fmulx_half_v           "0. 0 01110 010 ..... 00 011 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::mulx);
    fcmeq_half_v           "0. 0 01110 010 ..... 00 100 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::equal);
    fmax_half_v            "0. 0 01110 010 ..... 00 110 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::max);
    frecps_half_v          "0. 0 01110 010 ..... 00 111 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::recps);
    fminnm_half_v          "0. 0 01110 110 ..... 00 000 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::minnm);
    fmls_half_v            "0. 0 01110 110 ..... 00 001 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::mls);
    fsub_half_v            "0. 0 01110 110 ..... 00 010 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::sub);
    fmin_half_v            "0. 0 01110 110 ..... 00 110 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::min);
    frsqrts_half_v         "0. 0 01110 110 ..... 00 111 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::rsqrts);
    fmaxnmp_half_v         "0. 1 01110 010 ..... 00 000 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::maxnmp);
    faddp_half_v           "0. 1 01110 010 ..... 00 010 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::addp);
    fmul_half_v            "0. 1 01110 010 ..... 00 011 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::mul);
    fcmge_half_v           "0. 1 01110 010 ..... 00 100 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::greater_equal);
    facge_half_v           "0. 1 01110 010 ..... 00 101 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::abs_greater_equal);
    fmaxp_half_v           "0. 1 01110 010 ..... 00 110 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::maxp);
    fdiv_half_v            "0. 1 01110 010 ..... 00 111 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::div);
    fminnmp_half_v         "0. 1 01110 110 ..... 00 000 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::minnmp);
    fabd_half_v            "0. 1 01110 110 ..... 00 010 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::abd);
    fcmgt_half_v           "0. 1 01110 110 ..... 00 100 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::greater);
    facgt_half_v           "0. 1 01110 110 ..... 00 101 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::abs_greater);
    fminp_half_v           "0. 1 01110 110 ..... 00 110 1 ..... ....."          Vector @ H "Vd, Vn, Vm" v!(float::minp);
    fmulx_half_s           "01 0 11110 010 ..... 00 011 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::mulx);
    fcmeq_half_s           "01 0 11110 010 ..... 00 100 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::equal);
    frecps_half_s          "01 0 11110 010 ..... 00 111 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::recps);
    frsqrts_half_s         "01 0 11110 110 ..... 00 111 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::rsqrts);
    fcmge_half_s           "01 1 11110 010 ..... 00 100 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::greater_equal);
    facge_half_s           "01 1 11110 010 ..... 00 101 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::abs_greater_equal);
    fabd_half_s            "01 1 11110 110 ..... 00 010 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::abd);
    fcmgt_half_s           "01 1 11110 110 ..... 00 100 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::greater);
    facgt_half_s           "01 1 11110 110 ..... 00 101 1 ..... ....."          Vector @ H "Sd, Sn, Sm" v!(float::abs_greater);

    // Half precision. Two registers.
    frintn_half_v          "0. 0 01110 0 111100 11000 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rintn);
    frintm_half_v          "0. 0 01110 0 111100 11001 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rintm);
    frintp_half_v          "0. 0 01110 1 111100 11000 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rintp);
    frintz_half_v          "0. 0 01110 1 111100 11001 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rintz);
    frinta_half_v          "0. 1 01110 0 111100 11000 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rinta);
    frintx_half_v          "0. 1 01110 0 111100 11001 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rintx);
    frinti_half_v          "0. 1 01110 1 111100 11001 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rinti);
    fabs_half_v            "0. 0 01110 1 111100 01111 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::abs);
    fneg_half_v            "0. 1 01110 1 111100 01111 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::neg);
    fsqrt_half_v           "0. 1 01110 1 111100 11111 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::sqrt);
    fcvtns_half_v          "0. 0 01110 0 111100 11010 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtn);
    fcvtns_half_s          "01 0 11110 0 111100 11010 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtn);
    fcvtms_half_v          "0. 0 01110 0 111100 11011 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtm);
    fcvtms_half_s          "01 0 11110 0 111100 11011 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtm);
    fcvtas_half_v          "0. 0 01110 0 111100 11100 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvta);
    fcvtas_half_s          "01 0 11110 0 111100 11100 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvta);
    fcvtps_half_v          "0. 0 01110 1 111100 11010 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtp);
    fcvtps_half_s          "01 0 11110 1 111100 11010 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtp);
    fcvtzs_half_v          "0. 0 01110 1 111100 11011 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtz);
    fcvtzs_half_s          "01 0 11110 1 111100 11011 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtz);
    scvtf_half_v           "0. 0 01110 0 111100 11101 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtf);
    scvtf_half_s           "01 0 11110 0 111100 11101 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtf);
    fcvtnu_half_v          "0. 1 01110 0 111100 11010 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtn);
    fcvtnu_half_s          "01 1 11110 0 111100 11010 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtn);
    fcvtmu_half_v          "0. 1 01110 0 111100 11011 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtm);
    fcvtmu_half_s          "01 1 11110 0 111100 11011 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtm);
    fcvtau_half_v          "0. 1 01110 0 111100 11100 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvta);
    fcvtau_half_s          "01 1 11110 0 111100 11100 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvta);
    fcvtpu_half_v          "0. 1 01110 1 111100 11010 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtp);
    fcvtpu_half_s          "01 1 11110 1 111100 11010 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtp);
    fcvtzu_half_v          "0. 1 01110 1 111100 11011 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtz);
    fcvtzu_half_s          "01 1 11110 1 111100 11011 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtz);
    ucvtf_half_v           "0. 1 01110 0 111100 11101 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::cvtf);
    ucvtf_half_s           "01 1 11110 0 111100 11101 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::cvtf);
    fcmgt_zero_half_v      "0. 0 01110 1 111100 01100 10 ..... ....."           Vector @ H "Vd, Vn, #0.0" v!(float::greater_zero);
    fcmgt_zero_half_s      "01 0 11110 1 111100 01100 10 ..... ....."           Vector @ H "Sd, Sn, #0.0" v!(float::greater_zero);
    fcmeq_zero_half_v      "0. 0 01110 1 111100 01101 10 ..... ....."           Vector @ H "Vd, Vn, #0.0" v!(float::equal_zero);
    fcmeq_zero_half_s      "01 0 11110 1 111100 01101 10 ..... ....."           Vector @ H "Sd, Sn, #0.0" v!(float::equal_zero);
    fcmlt_zero_half_v      "0. 0 01110 1 111100 01110 10 ..... ....."           Vector @ H "Vd, Vn, #0.0" v!(float::less_zero);
    fcmlt_zero_half_s      "01 0 11110 1 111100 01110 10 ..... ....."           Vector @ H "Sd, Sn, #0.0" v!(float::less_zero);
    fcmge_zero_half_v      "0. 1 01110 1 111100 01100 10 ..... ....."           Vector @ H "Vd, Vn, #0.0" v!(float::greater_equal_zero);
    fcmge_zero_half_s      "01 1 11110 1 111100 01100 10 ..... ....."           Vector @ H "Sd, Sn, #0.0" v!(float::greater_equal_zero);
    fcmle_zero_half_v      "0. 1 01110 1 111100 01101 10 ..... ....."           Vector @ H "Vd, Vn, #0.0" v!(float::less_equal_zero);
    fcmle_zero_half_s      "01 1 11110 1 111100 01101 10 ..... ....."           Vector @ H "Sd, Sn, #0.0" v!(float::less_equal_zero);
    frecpe_half_v          "0. 0 01110 1 111100 11101 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::recpe);
    frecpe_half_s          "01 0 11110 1 111100 11101 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::recpe);
    frsqrte_half_v         "0. 1 01110 1 111100 11101 10 ..... ....."           Vector @ H "Vd, Vn" v!(float::rsqrte);
    frsqrte_half_s         "01 1 11110 1 111100 11101 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::rsqrte);
    frecpx_half_s          "01 0 11110 1 111100 11111 10 ..... ....."           Vector @ H "Sd, Sn" v!(float::recpx);

    // Half precision. Across lanes.
    fmaxnmv_half_v         "0. 0 01110 00 11000 01100 10 ..... ....."           Vector @ H "Sd, Vn" v!(float::maxnmv);
    fminnmv_half_v         "0. 0 01110 10 11000 01100 10 ..... ....."           Vector @ H "Sd, Vn" v!(float::minnmv);
    fmaxv_half_v           "0. 0 01110 00 11000 01111 10 ..... ....."           Vector @ H "Sd, Vn" v!(float::maxv);
    fminv_half_v           "0. 0 01110 10 11000 01111 10 ..... ....."           Vector @ H "Sd, Vn" v!(float::minv);

    // Half precision. Of a pair of lanes.
    fmaxnmp_half_s         "01 0 11110 00 11000 01100 10 ..... ....."           Vector @ H "Sd, On" v!(float::maxnmp_scalar);
    fminnmp_half_s         "01 0 11110 10 11000 01100 10 ..... ....."           Vector @ H "Sd, On" v!(float::minnmp_scalar);
    faddp_half_s           "01 0 11110 00 11000 01101 10 ..... ....."           Vector @ H "Sd, On" v!(float::addp_scalar);
    fmaxp_half_s           "01 0 11110 00 11000 01111 10 ..... ....."           Vector @ H "Sd, On" v!(float::maxp_scalar);
    fminp_half_s           "01 0 11110 10 11000 01111 10 ..... ....."           Vector @ H "Sd, On" v!(float::minp_scalar);

    // Half precision. By one element.
    fmla_element_half_v    "0. 0 01111 00 . . .... 0001 . 0 ..... ....."        Vector @ H "Vd, Vn, Em" v!(float::mla);
    fmla_element_half_s    "01 0 11111 00 . . .... 0001 . 0 ..... ....."        Vector @ H "Sd, Sn, Em" v!(float::mla);
    fmls_element_half_v    "0. 0 01111 00 . . .... 0101 . 0 ..... ....."        Vector @ H "Vd, Vn, Em" v!(float::mls);
    fmls_element_half_s    "01 0 11111 00 . . .... 0101 . 0 ..... ....."        Vector @ H "Sd, Sn, Em" v!(float::mls);
    fmul_element_half_v    "0. 0 01111 00 . . .... 1001 . 0 ..... ....."        Vector @ H "Vd, Vn, Em" v!(float::mul);
    fmul_element_half_s    "01 0 11111 00 . . .... 1001 . 0 ..... ....."        Vector @ H "Sd, Sn, Em" v!(float::mul);
    fmulx_element_half_v   "0. 1 01111 00 . . .... 1001 . 0 ..... ....."        Vector @ H "Vd, Vn, Em" v!(float::mulx);
    fmulx_element_half_s   "01 1 11111 00 . . .... 1001 . 0 ..... ....."        Vector @ H "Sd, Sn, Em" v!(float::mulx);

    // Half precision. Scalars: one source.
    fmov_half_s            "000 11110 11 1 000000 10000 ..... ....."            Vector @ H "Sd, Sn" bitwise::copy;
    fabs_half_s            "000 11110 11 1 000001 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::abs);
    fneg_half_s            "000 11110 11 1 000010 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::neg);
    fsqrt_half_s           "000 11110 11 1 000011 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::sqrt);
    frintn_half_s          "000 11110 11 1 001000 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rintn);
    frintp_half_s          "000 11110 11 1 001001 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rintp);
    frintm_half_s          "000 11110 11 1 001010 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rintm);
    frintz_half_s          "000 11110 11 1 001011 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rintz);
    frinta_half_s          "000 11110 11 1 001100 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rinta);
    frintx_half_s          "000 11110 11 1 001110 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rintx);
    frinti_half_s          "000 11110 11 1 001111 10000 ..... ....."            Vector @ H "Sd, Sn" v!(float::rinti);

    // Half precision. Scalars: two and three sources.
    fmul_half_s            "000 11110 11 1 ..... 000010 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::mul);
    fdiv_half_s            "000 11110 11 1 ..... 000110 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::div);
    fadd_half_s            "000 11110 11 1 ..... 001010 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::add);
    fsub_half_s            "000 11110 11 1 ..... 001110 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::sub);
    fmax_half_s            "000 11110 11 1 ..... 010010 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::max);
    fmin_half_s            "000 11110 11 1 ..... 010110 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::min);
    fmaxnm_half_s          "000 11110 11 1 ..... 011010 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::maxnm);
    fminnm_half_s          "000 11110 11 1 ..... 011110 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::minnm);
    fnmul_half_s           "000 11110 11 1 ..... 100010 ..... ....."            Vector @ H "Sd, Sn, Sm" v!(float::nmul);
    fmadd_half_s           "000 11111 11 0 ..... 0..... ..... ....."            Vector @ H "Sd, Sn, Sm, Sa" v!(float::fused);
    fmsub_half_s           "000 11111 11 0 ..... 1..... ..... ....."            Vector @ H "Sd, Sn, Sm, Sa" v!(float::fused);
    fnmadd_half_s          "000 11111 11 1 ..... 0..... ..... ....."            Vector @ H "Sd, Sn, Sm, Sa" v!(float::fused);
    fnmsub_half_s          "000 11111 11 1 ..... 1..... ..... ....."            Vector @ H "Sd, Sn, Sm, Sa" v!(float::fused);

    // Half precision. Scalars: comparison, selection, constants.
    fcmp_half_s            "000 11110 11 1 ..... 001000 ..... 00000"            Vector @ H "Sn, Sm" vector::compare;
    fcmp_zero_half_s       "000 11110 11 1 ..... 001000 ..... 01000"            Vector @ H "Sn, #0.0" vector::compare;
    fcmpe_half_s           "000 11110 11 1 ..... 001000 ..... 10000"            Vector @ H "Sn, Sm" vector::compare;
    fcmpe_zero_half_s      "000 11110 11 1 ..... 001000 ..... 11000"            Vector @ H "Sn, #0.0" vector::compare;
    fccmp_half_s           "000 11110 11 1 ..... ....01 ..... 0...."            Vector @ H "Sn, Sm, #nzcv, cond" vector::compare_when;
    fccmpe_half_s          "000 11110 11 1 ..... ....01 ..... 1...."            Vector @ H "Sn, Sm, #nzcv, cond" vector::compare_when;
    fcsel_half_s           "000 11110 11 1 ..... ....11 ..... ....."            Vector @ H "Sd, Sn, Sm, cond" bitwise::select;
    fmov_imm_half_s        "000 11110 11 1 ..... ...100 00000 ....."            Vector @ H "Sd, constant" bitwise::scalar_constant;

    // Half precision. Between general and floating-point registers.
    fcvtns_half_w          "0 00 11110 11 1 00 000 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtnu_half_w          "0 00 11110 11 1 00 001 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtas_half_w          "0 00 11110 11 1 00 100 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtau_half_w          "0 00 11110 11 1 00 101 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtps_half_w          "0 00 11110 11 1 01 000 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtpu_half_w          "0 00 11110 11 1 01 001 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtms_half_w          "0 00 11110 11 1 10 000 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtmu_half_w          "0 00 11110 11 1 10 001 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtzs_half_w          "0 00 11110 11 1 11 000 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    fcvtzu_half_w          "0 00 11110 11 1 11 001 000000 ..... ....."          Vector @ H "wd, Sn" to_general!(float::to_integer);
    scvtf_half_w           "0 00 11110 11 1 00 010 000000 ..... ....."          Vector @ H "Sd, wn" from_general!(float::from_integer);
    scvtf_fixed_half_w     "0 00 11110 11 0 00 010 1..... ..... ....."          Vector @ H "Sd, wn, #fraction" from_general!(float::from_integer);
    ucvtf_half_w           "0 00 11110 11 1 00 011 000000 ..... ....."          Vector @ H "Sd, wn" from_general!(float::from_integer);
    ucvtf_fixed_half_w     "0 00 11110 11 0 00 011 1..... ..... ....."          Vector @ H "Sd, wn, #fraction" from_general!(float::from_integer);
    fcvtzs_fixed_half_w    "0 00 11110 11 0 11 000 1..... ..... ....."          Vector @ H "wd, Sn, #fraction" to_general!(float::to_integer);
    fcvtzu_fixed_half_w    "0 00 11110 11 0 11 001 1..... ..... ....."          Vector @ H "wd, Sn, #fraction" to_general!(float::to_integer);
    fcvtns_half_x          "1 00 11110 11 1 00 000 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtnu_half_x          "1 00 11110 11 1 00 001 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtas_half_x          "1 00 11110 11 1 00 100 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtau_half_x          "1 00 11110 11 1 00 101 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtps_half_x          "1 00 11110 11 1 01 000 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtpu_half_x          "1 00 11110 11 1 01 001 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtms_half_x          "1 00 11110 11 1 10 000 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtmu_half_x          "1 00 11110 11 1 10 001 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtzs_half_x          "1 00 11110 11 1 11 000 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    fcvtzu_half_x          "1 00 11110 11 1 11 001 000000 ..... ....."          Vector @ H "xd, Sn" to_general!(float::to_integer);
    scvtf_half_x           "1 00 11110 11 1 00 010 000000 ..... ....."          Vector @ H "Sd, xn" from_general!(float::from_integer);
    scvtf_fixed_half_x     "1 00 11110 11 0 00 010 ...... ..... ....."          Vector @ H "Sd, xn, #fraction" from_general!(float::from_integer);
    ucvtf_half_x           "1 00 11110 11 1 00 011 000000 ..... ....."          Vector @ H "Sd, xn" from_general!(float::from_integer);
    ucvtf_fixed_half_x     "1 00 11110 11 0 00 011 ...... ..... ....."          Vector @ H "Sd, xn, #fraction" from_general!(float::from_integer);
    fcvtzs_fixed_half_x    "1 00 11110 11 0 11 000 ...... ..... ....."          Vector @ H "xd, Sn, #fraction" to_general!(float::to_integer);
    fcvtzu_fixed_half_x    "1 00 11110 11 0 11 001 ...... ..... ....."          Vector @ H "xd, Sn, #fraction" to_general!(float::to_integer);
    fmov_half_to_w         "0 00 11110 11 1 00 110 000000 ..... ....."           Vector @ H "wd, Sn" bitwise::to_general;
    fmov_half_from_w       "0 00 11110 11 1 00 111 000000 ..... ....."           Vector @ H "Sd, wn" bitwise::from_general;
    fmov_half_to_x         "1 00 11110 11 1 00 110 000000 ..... ....."           Vector @ H "xd, Sn" bitwise::to_general;
    fmov_half_from_x       "1 00 11110 11 1 00 111 000000 ..... ....."           Vector @ H "Sd, xn" bitwise::from_general;

    // Half precision. Constants.
    fmov_half_v            "0 . 0 0111100000 ... 1111 1 1 ..... ....."            Vector @ H "Vd, constant" bitwise::half_constant;

    // Dot products.
    sdot_v                 "0 . 0 01110 10 0 ..... 10010 1 ..... ....."           Vector @ S "Vd, Yn, Ym" v!(integer::dot);
    udot_v                 "0 . 1 01110 10 0 ..... 10010 1 ..... ....."           Vector @ S "Vd, Yn, Ym" v!(integer::dot);
    sdot_element_v         "0 . 0 01111 10 . . .... 1110 . 0 ..... ....."         Vector @ S "Vd, Yn, Zm" v!(integer::dot);
    udot_element_v         "0 . 1 01111 10 . . .... 1110 . 0 ..... ....."         Vector @ S "Vd, Yn, Zm" v!(integer::dot);
}
