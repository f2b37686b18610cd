use super::super::SPURIOUS;
use super::spec::*;
use super::*;
use crate::testing::{Bench, assert_loud, assert_round_trip};

const ISENABLER: u64 = 0x100;
const ISPENDR: u64 = 0x200;
const ISACTIVER: u64 = 0x300;
const IPRIORITYR: u64 = 0x400;
const ICFGR: u64 = 0xc00;
const C: u64 = CPU_INTERFACE;

/// A controller as Linux leaves it: everything enabled, priority 0xa0, shared interrupts to the first vCPU.
fn ready(vcpus: u16) -> (Bench, GicV2) {
    let (mut bench, mut gic) = (Bench::new(), GicV2::new(vcpus.into(), 256).unwrap());
    bench.write(&mut gic, GICD_CTLR, 3);
    for word in 0..9 {
        bench.write(&mut gic, ISENABLER + word * 4, u32::MAX.into());
    }
    for vcpu in (0..vcpus).rev() {
        bench.on(vcpu);
        for intid in (0..288).step_by(4) {
            bench.write(&mut gic, IPRIORITYR + intid, 0xa0a0_a0a0);
            bench.write(&mut gic, GICD_ITARGETSR + intid, 0x0101_0101);
        }
        bench.write(&mut gic, ISENABLER, u32::MAX.into());
        bench.write(&mut gic, C + GICC_PMR, 0xf0);
        bench.write(&mut gic, C + GICC_CTLR, 3);
    }
    bench.bp.attention = false;
    (bench, gic)
}

fn line(bench: &mut Bench, gic: &mut GicV2, number: u16, level: bool) {
    gic.set_line(&mut bench.bp, Line::Shared(number), level);
}

fn irq(gic: &GicV2, vcpu: u16) -> bool {
    gic.irq(VcpuId(vcpu))
}

fn priority(bench: &mut Bench, gic: &mut GicV2, intid: u64, value: u64) {
    gic.write(&mut bench.cx(), IPRIORITYR + intid, 1, value).unwrap();
}

/// Catches a level that is handled twice, once only although it stays, or that stays signalled when it falls.
#[test]
fn level_is_handled_as_long_as_it_stays() {
    let (mut bench, mut gic) = ready(1);
    line(&mut bench, &mut gic, 1, true);
    assert!(irq(&gic, 0) && bench.bp.attention && !gic.fiq(VcpuId(0)));
    assert_eq!(bench.read(&mut gic, C + GICC_HPPIR), 33);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 33);
    assert!(!irq(&gic, 0));
    assert_eq!(bench.read(&mut gic, ISACTIVER + 4), 2);
    assert_eq!(bench.read(&mut gic, ISPENDR + 4), 2);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), SPURIOUS.into());
    bench.write(&mut gic, C + GICC_EOIR, 33);
    assert!(irq(&gic, 0), "the line is still up");
    line(&mut bench, &mut gic, 1, false);
    assert!(!irq(&gic, 0));
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), SPURIOUS.into());
}

/// Catches an edge that is lost while its predecessor is handled, or that does not go away when handled.
#[test]
fn edge_during_handling_is_kept() {
    let (mut bench, mut gic) = ready(1);
    bench.write(&mut gic, ICFGR + 8, 0b10 << 2);
    for _ in 0..2 {
        line(&mut bench, &mut gic, 1, true);
        line(&mut bench, &mut gic, 1, false);
    }
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 33);
    line(&mut bench, &mut gic, 1, true);
    assert!(!irq(&gic, 0));
    bench.write(&mut gic, C + GICC_EOIR, 33);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 33);
    bench.write(&mut gic, C + GICC_EOIR, 33);
    assert!(!irq(&gic, 0));
}

/// Catches a less urgent interrupt that preempts, a more urgent one that does not, and a running priority that is
/// not restored in order.
#[test]
fn urgent_interrupts_preempt() {
    let (mut bench, mut gic) = ready(1);
    priority(&mut bench, &mut gic, 34, 0x40);
    line(&mut bench, &mut gic, 3, true);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 35);
    line(&mut bench, &mut gic, 4, true);
    assert!(!irq(&gic, 0));
    line(&mut bench, &mut gic, 2, true);
    assert!(irq(&gic, 0));
    assert_eq!(bench.read(&mut gic, C + GICC_RPR), 0xa0);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 34);
    assert_eq!(bench.read(&mut gic, C + GICC_RPR), 0x40);
    assert_eq!(bench.read(&mut gic, C + GICC_APR + 4), 1);
    bench.write(&mut gic, C + GICC_EOIR, 34);
    assert!(irq(&gic, 0), "34 is up and not active any more");
    line(&mut bench, &mut gic, 2, false);
    assert_eq!(bench.read(&mut gic, C + GICC_RPR), 0xa0);
    bench.write(&mut gic, C + GICC_EOIR, 35);
    assert_eq!(bench.read(&mut gic, C + GICC_RPR), 0xff);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 35);
}

/// Catches a mask that is ignored, or that changes nothing until the next interrupt.
#[test]
fn masking_acts_at_once() {
    let (mut bench, mut gic) = ready(1);
    bench.write(&mut gic, C + GICC_PMR, 0xa0);
    line(&mut bench, &mut gic, 0, true);
    assert!(!irq(&gic, 0));
    bench.write(&mut gic, C + GICC_PMR, 0xa1);
    assert!(irq(&gic, 0));
    bench.write(&mut gic, GICD_CTLR, 2);
    assert!(!irq(&gic, 0));
    bench.write(&mut gic, GICD_CTLR, 1);
    bench.write(&mut gic, C + GICC_CTLR, 2);
    assert!(!irq(&gic, 0));
}

/// Catches priority drop and deactivation that are not separate when they should be.
#[test]
fn split_end_of_interrupt() {
    let (mut bench, mut gic) = ready(1);
    bench.write(&mut gic, C + GICC_CTLR, u64::from(1 | GICC_CTLR_EOI_MODE));
    line(&mut bench, &mut gic, 0, true);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 32);
    line(&mut bench, &mut gic, 5, true);
    assert!(!irq(&gic, 0));
    bench.write(&mut gic, C + GICC_EOIR, 32);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 37, "32 is active still");
    bench.write(&mut gic, C + GICC_EOIR, 37);
    bench.write(&mut gic, C + GICC_DIR, 32);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 32);
}

/// Catches software-generated interrupts that reach the wrong vCPU, lose their sender or one of two senders.
#[test]
fn software_generated_interrupts_carry_their_sender() {
    let (mut bench, mut gic) = ready(4);
    bench.on(2).write(&mut gic, GICD_SGIR, 0b0010 << 16 | 5);
    bench.on(3).write(&mut gic, GICD_SGIR, 0b0010 << 16 | 5);
    assert_eq!([0, 1, 2, 3].map(|vcpu| irq(&gic, vcpu)), [false, true, false, false]);
    assert_eq!(bench.on(1).read(&mut gic, GICD_SPENDSGIR + 4), 0b1100 << 8);
    assert_eq!(bench.read(&mut gic, C + GICC_HPPIR), 2 << 10 | 5);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 2 << 10 | 5);
    assert!(!irq(&gic, 1));
    bench.write(&mut gic, C + GICC_EOIR, 2 << 10 | 5);
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 3 << 10 | 5);
    bench.write(&mut gic, C + GICC_EOIR, 3 << 10 | 5);
    assert!(!irq(&gic, 1));
    bench.on(1).write(&mut gic, GICD_SGIR, 1 << 24 | 9);
    assert_eq!([0, 1, 2, 3].map(|vcpu| irq(&gic, vcpu)), [true, false, true, true]);
    bench.write(&mut gic, GICD_SGIR, 2 << 24);
    assert!(irq(&gic, 1));
    gic.write(&mut bench.on(0).cx(), GICD_CPENDSGIR + 9, 1, 0b0010).unwrap();
    assert!(!irq(&gic, 0));
}

/// Catches a private line that is seen by another vCPU, and shared ones that ignore their targets.
#[test]
fn lines_find_their_vcpu() {
    let (mut bench, mut gic) = ready(2);
    let timer = Line::Private { vcpu: VcpuId(1), intid: 27 };
    gic.set_line(&mut bench.bp, timer, true);
    assert!(!irq(&gic, 0) && irq(&gic, 1));
    assert_eq!(bench.on(0).read(&mut gic, ISPENDR), 0);
    assert_eq!(bench.on(1).read(&mut gic, ISPENDR), 1 << 27);
    gic.set_line(&mut bench.bp, timer, false);
    line(&mut bench, &mut gic, 7, true);
    assert!(irq(&gic, 0) && !irq(&gic, 1));
    gic.write(&mut bench.cx(), GICD_ITARGETSR + 39, 1, 0xfe).unwrap();
    assert!(!irq(&gic, 0) && irq(&gic, 1));
    assert_eq!(bench.read(&mut gic, GICD_ITARGETSR + 36), 0x0201_0101);
    assert_eq!(bench.on(1).read(&mut gic, GICD_ITARGETSR), 0x0202_0202);
    gic.write(&mut bench.cx(), GICD_ITARGETSR + 39, 1, 3).unwrap();
    assert!(irq(&gic, 0) && irq(&gic, 1));
    assert_eq!(bench.on(0).read(&mut gic, C + GICC_IAR), 39);
    assert_eq!(bench.on(1).read(&mut gic, C + GICC_IAR), SPURIOUS.into());
}

/// Catches groups that are mixed up: signalled on the wrong line or acknowledged by the wrong register.
#[test]
fn groups_have_their_own_registers() {
    let (mut bench, mut gic) = ready(1);
    bench.write(&mut gic, 0x084, 1);
    bench.write(&mut gic, C + GICC_CTLR, u64::from(3 | GICC_CTLR_FIQ_EN));
    line(&mut bench, &mut gic, 0, true);
    assert!(irq(&gic, 0) && !gic.fiq(VcpuId(0)));
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), OTHER_GROUP.into());
    assert_eq!(bench.read(&mut gic, C + GICC_HPPIR), OTHER_GROUP.into());
    assert_eq!(bench.read(&mut gic, C + GICC_AHPPIR), 32);
    assert_eq!(bench.read(&mut gic, C + GICC_AIAR), 32);
    assert_eq!(bench.read(&mut gic, C + GICC_NSAPR + 8), 1 << 16);
    priority(&mut bench, &mut gic, 33, 0x10);
    line(&mut bench, &mut gic, 1, true);
    assert!(!irq(&gic, 0) && gic.fiq(VcpuId(0)));
    assert_eq!(bench.read(&mut gic, C + GICC_AIAR), SPURIOUS.into());
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 33);
    bench.write(&mut gic, C + GICC_EOIR, 33);
    bench.write(&mut gic, C + GICC_AEOIR, 32);
    assert_eq!(bench.read(&mut gic, C + GICC_RPR), 0xff);
    line(&mut bench, &mut gic, 1, false);
    bench.write(&mut gic, C + GICC_CTLR, u64::from(3 | GICC_CTLR_ACK_CTL));
    assert_eq!(bench.read(&mut gic, C + GICC_IAR), 32);
}

/// Catches identification and reset values other than those that drivers know from `virt`, and registers that accept
/// what they should not.
#[test]
fn registers_are_as_on_virt() {
    let (mut bench, mut gic) = (Bench::new(), GicV2::new(1, 256).unwrap());
    let expected = [
        (GICD_CTLR, u32::MAX, 3),
        (GICD_TYPER, 0, 8),
        (GICD_IIDR, 0, 0x43b),
        (ISENABLER, 0, 0xffff),
        (0x180, u32::MAX, 0xffff),
        (ISPENDR, u32::MAX, 0xffff_0000),
        (ICFGR, 0, 0xaaaa_aaaa),
        (ICFGR + 4, u32::MAX, 0xaaaa_aaaa),
        (0x084, u32::MAX, u32::MAX),
        (IPRIORITYR + 32, u32::MAX, u32::MAX),
        (GICD_ITARGETSR, 0, 0),
        (GICD_ITARGETSR + 32, u32::MAX, 0),
        (ISENABLER + 0x40, u32::MAX, 0),
        (0xfe8, 0, 0x2b),
        (0xffc, 0, 0xb1),
        (C + GICC_CTLR, u32::MAX, 0x21f),
        (C + GICC_PMR, u32::MAX, 0xff),
        (C + GICC_BPR, u32::MAX, 7),
        (C + GICC_ABPR, 0, 1),
        (C + GICC_RPR, 0, 0xff),
        (C + GICC_IIDR, 0, 0x2_043b),
    ];
    for (register, written, read) in expected {
        bench.write(&mut gic, register, written.into());
        assert_eq!(bench.read(&mut gic, register), read.into(), "at {register:#x}");
    }
    for offset in [0x00c, 0xd00, 0x1000, C + 0x2c, C + 0x1004] {
        assert_loud(&mut gic, &mut bench, offset);
    }
    assert_eq!(gic.read(&mut bench.cx(), ISENABLER, 1), Err(AccessError::Abort));
    assert_eq!(gic.read(&mut bench.on(1).cx(), GICD_CTLR, 4), Err(AccessError::Abort));
}

/// Catches state that a snapshot forgets or a reset leaves, and a restore into another controller.
#[test]
fn saved_whole_and_reset_whole() {
    let (mut bench, mut gic) = ready(2);
    bench.on(1).write(&mut gic, GICD_SGIR, 0xff << 16 | 3);
    line(&mut bench, &mut gic, 9, true);
    assert_eq!(bench.on(0).read(&mut gic, C + GICC_IAR), 1 << 10 | 3);
    assert_round_trip(&gic, GicV2::new(2, 256).unwrap());
    let mut saved = Saved::default();
    gic.save("gic", &mut saved);
    for mut other in [GicV2::new(1, 256).unwrap(), GicV2::new(2, 64).unwrap()] {
        assert!(matches!(other.restore("gic", &saved), Err(RestoreError::Damaged { .. })));
    }
    gic.reset(&mut bench.cx());
    assert_eq!(gic, GicV2::new(2, 256).unwrap());
}

/// Catches controllers that cannot exist.
#[test]
fn impossible_controllers_are_refused() {
    assert_eq!(GicV2::new(9, 256), Err(ConfigError::Vcpus { vcpus: 9, most: 8 }));
    assert_eq!(GicV2::new(1, 1000), Err(ConfigError::Shared(1000)));
    assert!(GicV2::new(8, 960).is_ok());
}
