use lockstep_core::VcpuId;
use lockstep_cpu::Guest;

use super::*;

fn cpu() -> Vcpu<Aarch64> {
    Aarch64::reset(VcpuId(0), 0x4000_0000, 7)
}

/// Catches a name that is listed and has no value, or is listed twice.
#[test]
fn every_name_has_a_value() {
    let cpu = cpu();
    let mut all: Vec<_> = names().collect();
    assert!(all.iter().all(|name| get(&cpu, name).is_some()));
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!((get(&cpu, "x0"), get(&cpu, "PC")), (Some(7), Some(0x4000_0000)));
    assert_eq!(get(&cpu, "cpsr"), Some(0x3c5));
    assert_eq!((get(&cpu, "x31"), get(&cpu, "CNTVCT_EL0")), (None, None));
}

/// Catches a value that goes elsewhere, derived state that stays behind, and states that cannot be.
#[test]
fn setting() {
    let mut cpu = cpu();
    for name in ["x30", "sp", "pc", "TPIDR_EL0", "far_el1"] {
        assert!(set(&mut cpu, name, 0x1234), "{name}");
        assert_eq!(get(&cpu, name), Some(0x1234), "{name}");
    }
    assert!(set(&mut cpu, "cpsr", 0x6000_0000));
    assert_eq!((get(&cpu, "cpsr"), cpu.mmu.mode), (Some(0x6000_0000), 0));
    assert_eq!(get(&cpu, "sp"), Some(0));
    for (name, value) in [("cpsr", 0x8), ("MIDR_EL1", 0), ("CNTV_CVAL_EL0", 5), ("nonsense", 0)] {
        let before = cpu.clone();
        assert!(!set(&mut cpu, name, value), "{name}");
        assert_eq!((&cpu.sys, cpu.regs, cpu.pc), (&before.sys, before.regs, before.pc), "{name}");
    }
    assert!(set(&mut cpu, "SCTLR_EL1", 2));
    assert!(cpu.mmu.align);
}
