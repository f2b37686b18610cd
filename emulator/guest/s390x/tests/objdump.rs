//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is an instruction must agree, and the text must be
//! equal. `objdump` knows facilities that this processor does not have; [`is_absent`] is the reviewed list of them.

use lockstep_s390x::{Row, UNDEFINED, decode, disassemble, rows};
use lockstep_testing::{Judgement, Objdump, Random, single_spaced};

const OBJDUMP: Objdump = Objdump {
    program: "s390x-linux-gnu-objdump",
    package: "binutils-s390x-linux-gnu",
    options: &["-m", "s390:64-bit", "-M", "zarch"],
    stride: 16,
    // NOPR.
    filler: &[0x07, 0x00],
};

fn length(first: u8) -> usize {
    [2, 4, 4, 6][usize::from(first >> 6)]
}

/// With single spaces, and the closing parenthesis that 2.40 forgets.
fn normal(text: &str) -> String {
    let text = single_spaced(text);
    let open = text.matches('(').count() - text.matches(')').count();
    text + &")".repeat(open)
}

/// The mnemonics of `objdump`'s instructions that this processor does not have, by the reason. A star stands for any ending.
const ABSENT: &[(&str, &str)] = &[
    (
        "vlebr* vllebrz* ldrv lerv vlbr* vler* vstebr* stdrv sterv vstbr* vster* vsld vsrd vstrs* vcnf vclfn* \
         vcfn vcrnf nnpa",
        "vectors after the z14",
    ),
    (
        "vpkz* vlrl* vupkz* vstrl* vlip vcvb* vclzdp vcvd* vsrp* vpsop vap vsp vsch* vmp vmsp vdp vrp vscshp \
         vcsph vsdp vtp vcp",
        "packed decimal in vectors",
    ),
    ("tabort tbegin tbeginc tend etnd", "transactions"),
    (
        "ad adr ae aer au aur aw awr axr cd cdr ce cer cxr cxf* cdf* cef* cxg* cdg* ceg* cfe* cfd* cfx* \
         cge* cgd* cgx* dd ddr dxr de der hdr her lcdr lcer lcxr ldx* ledr lex* lndr lner lnxr \
         lpdr lper lpxr lrdr lrer ltdr lter ltxr lxd* lxe* mad* mae* may* md mdr mde mder me* mee* ms* mxd \
         mxdr mxr my* sd sdr se ser sq* su sur sw swr sxr tbdr tbedr thder thdr fi* m ler",
        "hexadecimal floating point",
    ),
    (
        "*tr *tra cd* cz* cp* cx* *pt pfpo srnmt sla* sld* srd* srx* slx* td* qad* qax* rrd* rrx* iedtr \
         iextr es* ce* ld* le* lt* cl* cu* cs* ie* te* th*",
        "decimal floating point",
    ),
    (
        "kma kdsa pckmo dfltcc sort*",
        "message security with wrapped keys and after the z14, compression, sorting",
    ),
    (
        "sel* nc* nn* no* nx* oc* mvcrl lgg llgfsg lgsc stgsc rdp lbear stbear lpswey nnpa qpaci bdepg clzg ctzg",
        "after the z14",
    ),
    (
        "lcctl lpctl lsctl qctri qsi ecctr ecpga epctr ectr lpp* scctr spctr qpaci",
        "CPU measurement",
    ),
    ("sie siga lkpg", "interpretive execution, queued I/O"),
    ("cmpsc", "compression"),
];

/// Instructions that `objdump` does not know.
const UNKNOWN: &[&str] = &["chsc ", "servc "];

fn is_listed(mnemonic: &str) -> bool {
    let names = ABSENT.iter().flat_map(|(list, _)| list.split_whitespace());
    names.into_iter().any(|absent| {
        if let Some(beginning) = absent.strip_suffix('*') {
            mnemonic.starts_with(beginning)
        } else if let Some(end) = absent.strip_prefix('*') {
            mnemonic.ends_with(end)
        } else {
            mnemonic == absent
        }
    })
}

/// With zeros where the row has no operands: this processor takes no notice of them, and `objdump` insists.
fn cleaned(insn: &[u8], row: &Row) -> Vec<u8> {
    let keep = |place: usize| if row.used() >> place & 1 != 0 { 0xf } else { 0 };
    insn.iter().enumerate().map(|(k, byte)| byte & (keep(2 * k) << 4 | keep(2 * k + 1))).collect()
}

fn judge(insn: &[u8], pc: u64, theirs: &str) -> Judgement<u16> {
    let (ours, theirs) = (normal(&disassemble(insn, pc)), normal(theirs));
    let row = Some(decode(insn).row).filter(|row| *row != UNDEFINED);
    let (is_defined, is_theirs) = (row.is_some(), !theirs.starts_with('.') && !theirs.is_empty());
    let mnemonic = theirs.split(' ').next().unwrap_or_default();
    let verdict = if is_defined && ours == theirs || !is_defined && !is_theirs {
        Some("equal")
    } else if !is_theirs && UNKNOWN.iter().any(|name| ours.starts_with(name)) {
        Some("unknown there")
    } else if !is_defined && is_listed(mnemonic) {
        Some("not ours")
    } else {
        None
    };
    Judgement { row, ours, verdict }
}

/// Catches an operand that is taken from the wrong place, a missing alias, a row that nothing reaches.
#[test]
fn every_row_agrees() {
    if !OBJDUMP.is_installed() {
        return;
    }
    let mut random = Random::new(1);
    let mut insns: Vec<Vec<u8>> = Vec::new();
    for row in rows() {
        for _ in 0..200 {
            let fill = u64::from(random.fields()) << 32 | u64::from(random.fields());
            let mut fill = fill.to_be_bytes();
            fill[0] = row.first;
            match row.first {
                0x01 | 0xb2 | 0xb3 | 0xb9 | 0xe5 => fill[1] = row.second,
                0xa5 | 0xa7 | 0xc0 | 0xc2 | 0xc4 | 0xc6 | 0xc8 | 0xcc => {
                    fill[1] = fill[1] & 0xf0 | row.second;
                }
                0xe3 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed => fill[5] = row.second,
                _ => {}
            }
            insns.push(cleaned(&fill[..length(row.first)], row));
        }
    }
    let tally = OBJDUMP.compare(&insns, judge);
    assert_eq!(tally.reached(), rows().len());
    tally.report("every row", rows().len());
}

/// Catches a row that is missing, or that covers what it should not.
#[test]
fn random_words_agree() {
    if !OBJDUMP.is_installed() {
        return;
    }
    let mut random = Random::new(2);
    let mut insns = Vec::new();
    for _ in 0..1 << 18 {
        let bytes = random.next().to_be_bytes();
        let insn = bytes[..length(bytes[0])].to_vec();
        let row = rows().get(usize::from(decode(&insn).row));
        insns.push(row.map_or(insn.clone(), |row| cleaned(&insn, row)));
    }
    OBJDUMP.compare(&insns, judge).report("random words", rows().len());
}
